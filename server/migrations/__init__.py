"""The schema's versions: an empty database, or one of any earlier release, becomes the one of `server/tables/`.

Alembic runs inside one transaction of ours, on both databases: a migration that fails leaves nothing half done.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from server.database import db

_HERE: Final = Path(__file__).parent
_VERSION_TABLE: Final = "alembic_version"
_LOCK: Final = 0x5CA_0001
"""Number of the advisory lock that two starting servers queue at (PostgreSQL)."""


class NewerDatabase(ValueError):
    """The database was made by a newer release than this one."""


def head() -> str:
    """The version that this release works with."""
    return str(_scripts().get_current_head())


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
    known = {revision.revision for revision in _scripts().walk_revisions()}
    if before is not None and before not in known:
        raise NewerDatabase(
            f"The database has version {before}, which this release does not know: install a newer one."
        )
    if known and before != head():
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, head()


def replace(connection: sa.Connection, revision: str) -> None:
    """Throw this program's tables away and make those of a version; the caller's transaction decides whether it holds.

    Raises:
        NewerDatabase: the version is not known here.
    """
    if revision not in {known.revision for known in _scripts().walk_revisions()}:
        raise NewerDatabase(f"The backup has version {revision}, which this release does not know.")
    ours = {*db.metadata.tables, _VERSION_TABLE}
    there = sa.MetaData()
    there.reflect(connection, only=lambda name, _: name in ours)
    there.drop_all(connection)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def revise(connection: sa.Connection, message: str) -> Path:
    """Write the migration from an up-to-date database to the tables of today; returns the file."""
    config = _config()
    config.attributes["connection"] = connection
    number = len(list((_HERE / "versions").glob("*.py"))) + 1
    command.revision(config, message=message, autogenerate=True, rev_id=f"{number:04d}")
    return next((_HERE / "versions").glob(f"{number:04d}_*.py"))


@cache
def _scripts() -> ScriptDirectory:
    """The versions that this release has; reading them takes as long as everything else of an upgrade that is none."""
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    return config
