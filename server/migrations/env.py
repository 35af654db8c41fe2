"""Alembic's entry: migrate over the connection that `server.migrations` hands in."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

from server import parties, tables  # noqa: F401  # they say what the schema is
from server.database import db


def portable(kind: str, default: Any, _context: Any) -> str | Literal[False]:
    """Write a default of true as such: SQLite's own word for it is 1, which PostgreSQL refuses."""
    is_true = kind == "server_default" and isinstance(getattr(default, "arg", None), sa.True_)
    return "sa.true()" if is_true else False


context.configure(connection=context.config.attributes["connection"], target_metadata=db.metadata, render_item=portable)
context.run_migrations()
