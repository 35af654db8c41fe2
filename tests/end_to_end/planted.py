"""The real programs with one bug planted, so that a harness can show that it would find it.

Run as `python -m tests.end_to_end.planted BUG WORDS...`; WORDS are the program's own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa

COMMIT_EVERY: Final = 10


def beep_before_commit(words: list[str]) -> int:
    """A handheld whose scans become durable only at every tenth transaction."""
    from scanner_client import __main__ as client
    from scanner_client.database import Database

    behind = 0

    @contextmanager
    def transaction(database: Database) -> Iterator[None]:
        nonlocal behind
        with database._turn:
            if not database._connection.in_transaction:
                database._connection.execute("BEGIN IMMEDIATE")
            yield
            behind += 1
            if behind % COMMIT_EVERY == 0:
                database._connection.execute("COMMIT")

    Database.transaction = transaction  # type: ignore[method-assign]
    return client.main(words)


def acknowledge_the_highest(words: list[str]) -> int:
    """A server that acknowledges the highest number it has, whatever is missing below."""
    from flask.cli import main

    from server import ingest
    from server.tables import events
    from sync.protocol import PushHeader

    honest = ingest._advance_mark

    def mark(connection: sa.Connection, header: PushHeader, row: Mapping[str, Any]) -> tuple[int, bytes, int]:
        acked, head, last = honest(connection, header, row)
        mine = (events.c.device_no == header.device_no) & (events.c.epoch == header.epoch)
        highest = sa.select(events.c.seq, events.c.digest).where(mine).order_by(events.c.seq.desc()).limit(1)
        found = connection.execute(highest).one_or_none()
        return (found.seq, found.digest, last) if found else (acked, head, last)

    ingest._advance_mark = mark
    sys.argv = ["flask", *words]
    main()
    return 0


BUGS: Final = {"beep-before-commit": beep_before_commit, "acknowledge-the-highest": acknowledge_the_highest}

if __name__ == "__main__":
    sys.exit(BUGS[sys.argv[1]](sys.argv[2:]))
