"""Alembic's entry: migrate over the connection that `server.migrations.upgrade` hands in."""

from alembic import context

from server import parties  # noqa: F401  # its table belongs to the schema too
from server.tables import db

context.configure(connection=context.config.attributes["connection"], target_metadata=db.metadata)
context.run_migrations()
