"""Alembic's entry: migrate over the connection that `server.migrations.upgrade` hands in."""

from alembic import context

from server import parties, tables  # noqa: F401  # they say what the schema is
from server.database import db

context.configure(connection=context.config.attributes["connection"], target_metadata=db.metadata)
context.run_migrations()
