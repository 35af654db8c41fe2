"""Backups: a copy of the SQLite file while it is in use, or a portable dump that either database can be made from.

A backup is good news for handhelds: what is in it they need not keep any longer (`safe_through`). A restore makes a
new incarnation, so that they send again what it lost. What only the server had made since (decisions, imports,
enrolments) cannot come from handhelds, and is named.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from server import damage, dump, migrations, shut_again
from server.database import db, keep_private, sqlite_module, writing
from server.durable import sync
from server.ledger import SERVER_DEVICE, record
from server.printing import numbers
from server.setup import is_ready, new_incarnation
from server.shut_again import Shut
from server.tables import (
    chains,
    enrolment_codes,
    events,
    identifier_claims,
    reference,
    server_state,
    sites,
    stock_levels,
    unit_states,
)
from sync.event import TEXT_MAX

PAGES_AT_ONCE: Final = 2_048
LOST_MAX: Final = 1_000
_SQLITE_MAGIC: Final = b"SQLite format 3\0"
_OURS: Final = "scan_backup"
"""Table of a SQLite backup that says when it was made."""


class BackupError(ValueError):
    """The backup cannot be made or restored; the message says why. Nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore brought back, and what it cannot bring back."""

    made_ms: int
    """When the backup was made: what the server alone made between then and now is gone."""
    incarnation: str
    lost: tuple[str, ...]
    """Facts that the server had made after the backup, as far as the replaced database could still tell."""
    kept_at: Path | None
    """Copy of the database that was replaced; None where there was none, and on PostgreSQL."""
    shut: Shut | None
    """What was shut in the replaced database (`shut_again.shut`); None where that cannot be known."""


def back_up(path: Path, *, now_ms: int, portable: bool = False) -> int:
    """Write a backup and tell handhelds that what is in it is safe; returns its size in bytes.

    Args:
        path: the file; one that is there is replaced once the new one is whole.
        portable: dump rows instead of copying the SQLite file; PostgreSQL is always dumped.

    Raises:
        BackupError: there is nothing to back up yet, or the file cannot be written.
    """
    check(path)
    made = path.with_name(path.name + ".part")
    copies = db.engine.dialect.name == "sqlite" and not portable
    try:
        made.unlink(missing_ok=True)
        made.touch(mode=0o600)  # it holds keys and the digests of passwords
        marks = (_copy_sqlite if copies else _dump)(made, now_ms)
        sync(made)
        made.replace(path)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror or error}.") from None
    finally:
        made.unlink(missing_ok=True)
    sync(path.absolute().parent)
    with writing() as connection:
        for device_no, epoch, acked in marks:
            key = (chains.c.device_no == device_no) & (chains.c.epoch == epoch) & (chains.c.safe_through < acked)
            connection.execute(chains.update().where(key).values(safe_through=acked))
    return path.stat().st_size


def check(path: Path, *, replace: bool = True) -> None:
    """Whether there is something to back up, and the file is none in whose place a rename must put nothing.

    Raises:
        BackupError: there is not, or it is a device, a folder, or a file that is not to be replaced.
    """
    if not path.absolute().parent.is_dir():
        raise BackupError(f"There is no folder {path.parent}.")
    if path.exists() and not path.is_file():
        raise BackupError(f"{path} is there and is no ordinary file: name one that a backup may replace.")
    if path.exists() and not replace:
        raise BackupError(f"{path} is there already: name another file, or replace this one with --replace.")
    if not is_ready():
        raise BackupError("There is nothing to back up: make this server ready with `flask --app server init`.")


def restore(path: Path) -> Restored:
    """Put a backup in the place of this server's database, as a new incarnation.

    Raises:
        BackupError: it is no backup, or not one for this database.
    """
    with path.open("rb") as file:
        magic = file.read(len(_SQLITE_MAGIC))
    if magic.startswith(dump.MAGIC):
        return _restore_dump(path)
    if magic != _SQLITE_MAGIC:
        raise BackupError(f"{path} is no backup of this program.")
    if db.engine.dialect.name != "sqlite":
        raise BackupError(f"{path} is a SQLite file, and this server keeps PostgreSQL: make a backup with --portable.")
    return _restore_sqlite(path)


def note_begun(connection: sa.Connection, path: Path, *, operator: str, now_ms: int) -> None:
    """Let the audit of every site show that all there is was copied: before it is, so that no kill keeps it quiet."""
    _note(connection, f"a backup of everything was begun, into {path.absolute()}", operator=operator, now_ms=now_ms)


def note(connection: sa.Connection, done: Restored, *, operator: str, now_ms: int) -> None:
    """Let the audit of every site show that this was restored."""
    made = datetime.fromtimestamp(done.made_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    reason = f"the backup of {made} was put in the place of the database"
    _note(connection, reason, operator=operator, now_ms=now_ms)


def _note(connection: sa.Connection, reason: str, *, operator: str, now_ms: int) -> None:
    said = "".join(c if c.isprintable() else "?" for c in reason)[:TEXT_MAX]
    for site in sorted(connection.execute(sa.select(sites.c.site)).scalars()):
        record(connection, site=site, action="administer", operator=operator, now_ms=now_ms, reason=said)


def _marks(connection: sa.Connection) -> list[tuple[int, int, int]]:
    query = sa.select(chains.c.device_no, chains.c.epoch, chains.c.acked_through)
    return [(device_no, epoch, acked) for device_no, epoch, acked in connection.execute(query)]


def _copy_sqlite(path: Path, now_ms: int) -> list[tuple[int, int, int]]:
    """The online backup of SQLite: readers and writers go on meanwhile, and the copy is of one moment."""
    with closing(sqlite_module().connect(path)) as copy, db.engine.connect() as live:
        raw: Any = live.connection.driver_connection
        raw.backup(copy, pages=PAGES_AT_ONCE)
        if problems := damage.of_file(copy):
            raise BackupError(
                f"No backup was made, for the copy is damaged ({problems[0]}): `flask --app server verify` says "
                "whether the database is, and what to do."
            )
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.execute(f"CREATE TABLE {_OURS} AS SELECT {now_ms} AS made_ms")
        copy.commit()
        return list(copy.execute("SELECT device_no, epoch, acked_through FROM chains"))


def _dump(path: Path, now_ms: int) -> list[tuple[int, int, int]]:
    """All rows as of one moment."""
    isolation = "SERIALIZABLE" if db.engine.dialect.name == "sqlite" else "REPEATABLE READ"
    with db.engine.connect().execution_options(isolation_level=isolation) as connection, connection.begin():
        dump.write(connection, path, now_ms)
        return _marks(connection)


def _restore_sqlite(path: Path) -> Restored:
    """Prepare a copy beside the live file, then copy its pages over it under SQLite's own lock."""
    _check_whole(path)
    live_path = Path(str(db.engine.url.database))
    prepared = live_path.with_name(live_path.name + ".restoring")
    prepared.unlink(missing_ok=True)
    incarnation = new_incarnation()
    engine = sa.create_engine(f"sqlite:///{prepared}", module=sqlite_module())
    try:
        _copy_pages(path, prepared)
        with engine.begin() as connection:
            if not sa.inspect(connection).has_table(_OURS):
                raise BackupError(f"{path} is a SQLite file, but no backup that this program made.")  # noqa: TRY301  # let through below
            made_ms = int(connection.exec_driver_sql(f"SELECT made_ms FROM {_OURS}").scalar_one())  # noqa: S608
            connection.exec_driver_sql(f"DROP TABLE {_OURS}")
            migrations.upgrade(connection)
            _renew(connection, incarnation, made_ms)
            after = _server_facts(connection)
    except (BackupError, migrations.NewerDatabase):
        raise
    except sa.exc.DatabaseError as error:
        raise BackupError(f"{path} cannot be read: {error.orig}.") from None
    except (sqlite_module().Error, sa.exc.NoResultFound, ValueError, TypeError) as error:
        raise _damaged(path, error) from None
    finally:
        engine.dispose()
    kept, lost, was_shut = _keep(live_path, live_path.with_name(f"{live_path.name}.before-{incarnation}"), after)
    _copy_pages(prepared, live_path)
    prepared.unlink()
    return Restored(made_ms=made_ms, incarnation=incarnation, lost=lost, kept_at=kept, shut=was_shut)


def _keep(live_path: Path, beside: Path, after: _Facts) -> tuple[Path | None, tuple[str, ...], Shut | None]:
    """Copy what is about to be replaced; returns where it lies, what only it knew, and what was shut in it."""
    try:
        with db.engine.connect() as connection:
            is_new = not sa.inspect(connection).get_table_names()
            lost, was_shut = _lost(_server_facts(connection), after), shut_again.read(connection)
    except sa.exc.DatabaseError:  # it is damaged: perhaps that is why it is replaced
        _put_aside(live_path, beside)
        return beside, (), None
    if is_new:
        return None, lost, was_shut
    _copy_pages(live_path, beside)
    return beside, lost, was_shut


def _check_whole(path: Path) -> None:
    """Let SQLite look through a backup, opened so that nothing is written to it or beside it."""
    module = sqlite_module()
    try:
        with closing(module.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            problems = damage.of_file(copy)
    except module.OperationalError as error:
        raise BackupError(f"{path} cannot be read: {error}. The database is as it was.") from None
    if problems:
        raise _damaged(path, problems[0])


def _damaged(path: Path, why: object) -> BackupError:
    first = str(why).partition("\n")[0]
    return BackupError(f"{path} is damaged ({first}). The database is as it was: take an older backup.")


def _copy_pages(source: Path, target: Path) -> None:
    """Copy one SQLite file over another under SQLite's own lock, so that a server which has it open sees the change."""
    keep_private(target)
    with closing(sqlite_module().connect(source)) as read, closing(sqlite_module().connect(target)) as write:
        read.backup(write)


def _put_aside(path: Path, kept: Path) -> None:
    """Move a damaged file away, with the log that belongs to it."""
    db.engine.dispose()
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(kept.with_name(kept.name + suffix))


def _renew(connection: sa.Connection, incarnation: str, made_ms: int) -> None:
    """What must not be as it was: the name, offers of enrolment, stamps that another database gave, labels' numbers."""
    connection.execute(server_state.update().values(incarnation=incarnation, stamp=1))
    connection.execute(enrolment_codes.delete())
    connection.execute(chains.update().values(safe_through=chains.c.acked_through))  # all of it is in this backup
    for table in (unit_states, stock_levels, reference, identifier_claims):
        connection.execute(table.update().values(stamp=1))
    home = connection.execute(sa.select(server_state.c.site)).scalar_one()
    numbers.skip_after_restore(connection, home, made_ms)


_Facts = dict[tuple[int, int], str]
"""(epoch, seq) of each fact that this server made -> what it said."""


def _server_facts(connection: sa.Connection) -> _Facts:
    """The latest first. A database that is replaced may be empty; then there is nothing to lose."""
    if not sa.inspect(connection).has_table(events.name):
        return {}
    t = events.c
    query = (
        sa.select(t.epoch, t.seq, t.action, t.document, t.reason, t.operator)
        .where(t.device_no == SERVER_DEVICE)
        .order_by(t.event_ms.desc())
    )
    return {
        (epoch, seq): " ".join(p for p in (*said, f"by {operator}" if operator else None) if p)
        for epoch, seq, *said, operator in connection.execute(query)
    }


def _lost(before: _Facts, after: _Facts) -> tuple[str, ...]:
    return tuple(text for name, text in before.items() if name not in after)[:LOST_MAX]


def _restore_dump(path: Path) -> Restored:
    """Empty the database, make the dump's schema in it, load the rows, bring the schema up to date: one transaction."""
    incarnation = new_incarnation()
    try:
        with dump.reading(path) as (head, lines), writing() as connection:
            if head.get("format") != dump.FORMAT:
                raise BackupError(f"{path} is no backup of this program.")  # noqa: TRY301  # the `except` below lets it through
            before, was_shut = _server_facts(connection), shut_again.read(connection)
            migrations.replace(connection, head["schema"])
            dump.load(connection, head["tables"], lines)
            migrations.upgrade(connection)
            _renew(connection, incarnation, int(head["made_ms"]))
            lost = _lost(before, _server_facts(connection))
    except (BackupError, migrations.NewerDatabase):
        raise
    except dump.UNFIT as error:
        raise _damaged(path, error) from None
    return Restored(made_ms=int(head["made_ms"]), incarnation=incarnation, lost=lost, kept_at=None, shut=was_shut)
