"""The schema's versions: an empty database, or one of any earlier release, becomes the one of `server/tables.py`.

Alembic runs inside one transaction of ours, on both databases: a migration that fails leaves nothing half done.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

_HERE: Final = Path(__file__).parent
_LOCK: Final = 0x5CA_0001
"""Number of the advisory lock that two starting servers queue at (PostgreSQL)."""


class NewerDatabase(RuntimeError):
    """The database was made by a newer release than this one."""


def head() -> str:
    """The version that this release works with."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def current(connection: sa.Connection) -> str | None:
    """The version that the database has; None where it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: sa.Connection) -> tuple[str | None, str]:
    """Bring the database up to date within the caller's transaction; returns its versions before and after.

    Raises:
        NewerDatabase: its version is not known here.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    before = current(connection)
    config = _config()
    known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}
    if before is not None and before not in known:
        raise NewerDatabase(
            f"The database has version {before}, which this release does not know: install a newer one."
        )
    if before != head():
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    return config


def revise(connection: sa.Connection, message: str) -> list[str]:
    """Write the migration from an up-to-date database to today's tables; returns the files written."""
    config = _config()
    config.attributes["connection"] = connection
    written = command.revision(config, message=message, autogenerate=True, rev_id=f"{_count() + 1:04d}")
    return [str(script.path) for script in written if script] if isinstance(written, list) else [str(written.path)] if written else []


def _count() -> int:
    return len(list((_HERE / "versions").glob("*.py")))
