"""What handhelds could not take over of what they were told: noted beside what nobody could be told of.

Such a row is told to everybody once more by `untold.tell_again`, like the others: that handheld may have been upgraded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from server.tables import reference, stock_levels, unit_states, untold
from server.upsert import insert_missing
from sync.protocol import split_stock_entry
from sync.unread import split_name

AT: Final = "@"
"""Between the table of the row and the number of the handheld, in `untold.of`."""
KEY_BYTES_MAX: Final = 2_400
"""What fits into PostgreSQL's index (2,704 bytes) beside site and table. Of a longer one, which only a handheld that
misreads says, the beginning is noted."""


def is_unread() -> sa.ColumnElement[bool]:
    """Whether a row of `untold` is one that a handheld could not take over, as part of a query."""
    return untold.c.of.contains(AT)


def note(
    connection: sa.Connection, site: str, device_no: int, rows: Sequence[Mapping[str, str]], *, now_ms: int
) -> None:
    """Write down all that a handheld cannot take over, in the place of what it said before.

    Args:
        rows: `name` (kind and key) and `reason` of each.
    """
    found = {_place(row["name"], device_no): row["reason"] for row in rows}
    u = untold.c
    known = sa.select(u.of, u.key).where(u.site == site, u.of.endswith(f"{AT}{device_no}"))
    for of, key in connection.execute(known).all():
        if (of, key) not in found:
            connection.execute(untold.delete().where(u.site == site, u.of == of, u.key == key))
    for (of, key), reason in sorted(found.items()):
        said: dict[str, Any] = {"reason": reason, "last_ms": now_ms}
        insert_missing(connection, untold, {"site": site, "of": of, "key": key, "since_ms": now_ms, **said})
        connection.execute(untold.update().where(u.site == site, u.of == of, u.key == key).values(**said))


def forget(connection: sa.Connection, device_no: int) -> None:
    """Take out all that a handheld said, at whatever site: it is told nothing there any more."""
    connection.execute(untold.delete().where(untold.c.of.endswith(f"{AT}{device_no}")))


def by_handhelds(connection: sa.Connection, site: str, kind: str, key: str) -> set[int]:
    """Numbers of the handhelds that could not take over this row of reference data."""
    query = sa.select(untold.c.of).where(untold.c.site == site, is_unread(), untold.c.key == f"{kind}\n{key}")
    return {device_of(of) for of in connection.execute(query).scalars()}


def device_of(of: str) -> int:
    """The number of the handheld in `untold.of`."""
    return int(of.rpartition(AT)[2])


def _place(name: str, device_no: int) -> tuple[str, str]:
    """`of` and `key` of the row with this name."""
    kind, key = split_name(name)
    if kind == "unit":
        table = unit_states
    elif kind == "stock":
        table, key = stock_levels, "\n".join(split_stock_entry(key))
    else:
        table, key = reference, f"{kind}\n{key}"
    return f"{table.name}{AT}{device_no}", key.encode()[:KEY_BYTES_MAX].decode(errors="ignore")
