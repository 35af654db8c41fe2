"""Damage to a SQLite file: what a disk spoilt is found and said before anybody believes what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from server.database import db, sqlite_module

PROBLEMS_SHOWN: Final = 20
"""So many lines of SQLite's own about a damaged file; more of them tell nobody more."""
CHARS_SHOWN: Final = 200
"""Of what a statement says that failed for it: it may repeat a whole row."""
_OF_AN_INDEX: Final = ("missing from index", "wrong # of entries in index")
"""What SQLite says where an index can be made anew from its table."""
_NO_TEXT: Final = "Could not decode to UTF-8"
"""How Python's module begins where a text is none: SQLite itself does not look, and the server writes UTF-8 alone."""


def of_file(raw: Any) -> list[str]:
    """What SQLite finds wrong with the file of an open DBAPI connection, in its own words; reads all of the file.

    `quick_check` would be faster, and does not see that an index lacks a row (sqlite.org/pragma.html).
    """
    module = sqlite_module()
    try:
        rows = raw.execute(f"PRAGMA integrity_check({PROBLEMS_SHOWN})").fetchall()
    except module.OperationalError:  # locked, or the disk fails: nothing is known of the file
        raise
    except module.DatabaseError as error:
        return [str(error)]
    said = [line for (row,) in rows for line in row.splitlines() if not line.startswith("***")]  # a heading
    return [] if said == ["ok"] else said[:PROBLEMS_SHOWN]


def of_database() -> list[str]:
    """The same of the server's own file; none on PostgreSQL.

    What its rows say can be compared only where it is whole.
    """
    if db.engine.dialect.name != "sqlite":
        return []
    try:
        with db.engine.connect() as connection:
            return of_file(connection.connection.driver_connection)
    except sa.exc.DatabaseError as error:  # it cannot even be opened
        if problems := said_by(error):
            return problems
        raise


def said_by(error: sa.exc.DatabaseError) -> list[str]:
    """The same where a statement failed for it: the file is damaged, or no database any longer; else none.

    Python's module gives these two (SQLITE_CORRUPT, SQLITE_NOTADB) no class of their own below `DatabaseError`.
    """
    told = str(error.orig).partition("\n")[0]
    is_damage = type(error) is sa.exc.DatabaseError or told.startswith(_NO_TEXT)
    return [told[:CHARS_SHOWN]] if is_damage and db.engine.dialect.name == "sqlite" else []


def sentence(problems: Sequence[str]) -> str:
    """That the server's own file is damaged, and what to do."""
    found = f"The database file {db.engine.url.database} is damaged ({'; '.join(problems)})."
    if all(any(words in problem for words in _OF_AN_INDEX) for problem in problems):
        return (
            f"{found} Only indexes are: stop the server, run `REINDEX` in that file with a `sqlite3` shell and verify "
            "again. If it still does not fit, restore the latest backup."
        )
    return f"{found} Stop the server and restore the latest backup."
