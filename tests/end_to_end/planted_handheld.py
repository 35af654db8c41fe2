"""The real handheld with one bug planted, so that the harness can show that it finds it: it beeps before it commits.

Run as `python -m tests.end_to_end.planted_handheld WORDS...`; WORDS are the handheld's own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from scanner_client.__main__ import main
from scanner_client.database import Database

COMMIT_EVERY: Final = 10
_behind = 0


@contextmanager
def transaction(database: Database) -> Iterator[None]:
    """Durable only at every tenth end of a block."""
    global _behind  # noqa: PLW0603 - one process, one queue
    with database._turn:
        if not database._connection.in_transaction:
            database._connection.execute("BEGIN IMMEDIATE")
        yield
        _behind += 1
        if _behind % COMMIT_EVERY == 0:
            database._connection.execute("COMMIT")


if __name__ == "__main__":
    setattr(Database, "transaction", transaction)  # noqa: B010 - the bug
    sys.exit(main())
