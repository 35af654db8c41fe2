"""How the database goes about what it is asked: by which index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from server.database import db, reading


@contextmanager
def plans_of(words: str) -> Iterator[list[str]]:
    """The plans of the questions that hold these words and are asked meanwhile; there when it ends."""
    sent: list[tuple[str, Any]] = []
    found: list[str] = []

    def note(_c: object, _cursor: object, statement: str, said: Any, *_: object) -> None:
        if words in statement:
            sent.append((statement, said))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    with reading() as c:
        explain = "EXPLAIN QUERY PLAN"
        if c.dialect.name == "postgresql":
            for small in ("seqscan", "sort", "incremental_sort"):  # what it may do with so few rows
                c.execute(sa.text(f"SET LOCAL enable_{small} = off"))
            explain = "EXPLAIN"
        cursor = c.connection.cursor()
        for statement, said in sent:
            cursor.execute(f"{explain} {statement}", said)
            found.append(str(cursor.fetchall()))
