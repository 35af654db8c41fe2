"""Statements for tests, whose engines are thousands: each is put into SQL once, and not by every engine anew.

A server has one engine, and pays once. Here it was a quarter of all the time that tests of the server took.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

import sqlalchemy as sa

KEPT_MAX: Final = 2_000
"""Statements that are kept, of each dialect."""

_kept: Final[dict[Any, tuple[sa.Dialect, MutableMapping[Any, Any]]]] = {}


def share(engine: sa.Engine) -> None:
    """Let an engine use what others on the same driver have put into SQL already.

    Statements are kept by their dialect (SQLAlchemy, "SQL Compilation Caching"), so that becomes one as well: that of
    the first engine, which learned of its database when it connected.
    """
    driver, own = engine.dialect.loaded_dbapi, engine.dialect
    if driver in _kept:
        engine.dialect, statements = _kept[driver]
        engine.update_execution_options(compiled_cache=statements)
        return

    @sa.event.listens_for(engine, "connect")
    def connected(*_: object) -> None:
        _kept.setdefault(driver, (own, sa.util.LRUCache(KEPT_MAX)))
