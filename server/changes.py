"""What handhelds pull: changed rows behind a cursor that never skips one that commits late.

Every published row bears the stamp of the transaction that wrote it. On SQLite there is one writer, so stamps commit
in their order. On PostgreSQL the stamp is the transaction's own number (`xid8`), and only rows below
`pg_snapshot_xmin`, the oldest transaction still running, are read: nothing below it can appear any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from operator import attrgetter
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from server.counts.blind import hidden_from
from server.database import KEYS
from server.ledger import in_chunks
from server.pulled_rows import COLUMNS_OF_PIECES, COLUMNS_OF_UNITS, pieces_row, unit_row, without_blind_places
from server.tables import reference, server_state, stock_levels, unit_states
from server.tables.column_types import Tuple, as_written, read_written
from server.upsert import upsert
from sync.protocol import CHANGES_PER_REPLY_MAX, FORGET, stock_entry

Change = list[Any]
"""``[kind, key, row]``; row null where the entry has gone."""
_Position = tuple[int, int, str]
"""(stamp, source, key): where a reader stands; all of a stamp up to the key has been read."""


class _Row(NamedTuple):
    """A changed row, in its place among the others."""

    position: _Position
    table: sa.Table
    key: tuple[str, ...]
    tell: Callable[[], Change]


@dataclass(frozen=True, slots=True)
class Fault:
    """A changed row that cannot be told, because this server itself fails on it."""

    table: sa.Table
    key: tuple[str, ...]
    """What names the row at its site."""
    error: Exception


_SITE, _KIND, _KEY, _OWN = (sa.bindparam(name, type_=sa.Text) for name in ("site", "kind", "key", "own"))
_BELOW, _AFTER, _MOST = (sa.bindparam(name, type_=sa.BigInteger) for name in ("below", "after", "most"))
_END: Final = "\U0010ffff"
_LAST_SOURCE: Final = 2
"""Reference data, units, and pieces of what has no units."""
_START: Final[_Position] = (0, 0, "")
_CURSOR_KEY_MAX: Final = 400
"""A cursor has to fit into a header field of 500 characters. Of a longer key it holds the beginning, which sorts before
the key itself: a row may be sent twice, and none is skipped."""
_WRITTEN: Final = [
    (at, unit_states.c[name]) for at, name in enumerate(COLUMNS_OF_UNITS) if isinstance(unit_states.c[name].type, Tuple)
]
"""Columns that are asked for `as_written`."""


_OLDEST_RUNNING: Final[sa.ColumnElement[int]] = sa.literal_column(
    "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
)
_HORIZON: Final[dict[str, sa.ColumnElement[int]]] = {"postgresql": _OLDEST_RUNNING, "sqlite": server_state.c.stamp + 1}
_READABLE: Final = {dialect: sa.select(server_state.c.incarnation, first) for dialect, first in _HORIZON.items()}


def readable(connection: sa.Connection) -> tuple[str, int]:
    """What identifies this database since it was made or restored, and the first stamp that may still appear in it."""
    incarnation, below = connection.execute(_READABLE[connection.dialect.name]).one()
    return incarnation, below


def publish(connection: sa.Connection, site: str, kind: str, key: str, row: Any, at: int) -> None:
    """Offer a row of reference data to handhelds, if it differs from what they were offered before.

    Args:
        row: JSON, or None where the entry has gone.
        at: stamp of this transaction.
    """
    publish_all(connection, site, kind, {key: row}, at)


_OFFERED: Final = sa.select(reference.c.key, reference.c.row).where(
    reference.c.site == _SITE, reference.c.kind == _KIND, reference.c.key.in_(KEYS)
)


def publish_all(connection: sa.Connection, site: str, kind: str, rows: Mapping[str, Any], at: int) -> None:
    """Offer many rows of one kind, by key, as `publish` does one."""
    stored = offered(connection, site, kind, rows)
    new = [key for key in sorted(rows) if key not in stored or stored[key] != rows[key]]
    upsert(
        connection, reference, [{"site": site, "kind": kind, "key": key, "row": rows[key], "stamp": at} for key in new]
    )


def offered(connection: sa.Connection, site: str, kind: str, keys: Iterable[str]) -> dict[str, Any]:
    """What handhelds are offered under these keys of a kind; None where the entry has gone."""
    found: dict[str, Any] = {}
    for chunk in in_chunks(keys):
        asked = connection.execute(_OFFERED, {"site": site, "kind": kind, "keys": chunk})
        found.update((key, row) for key, row in asked)
    return found


def pull(
    connection: sa.Connection,
    site: str,
    cursor: str | None,
    limit: int = CHANGES_PER_REPLY_MAX,
    *,
    device_no: int | None = None,
    leave_out: Callable[[Fault], None] | None = None,
) -> tuple[list[Change], str, bool]:
    """The next changes of a site behind a cursor, the cursor after them, and whether more wait.

    Args:
        device_no: the handheld that asks; it is not told what lies in bins that it may come to count blind. Looked up
            after the horizon: whoever opened or closed such a count before it gave those units a new stamp, alone.
        leave_out: takes each row on which this server fails; without it, that is raised. Such a unit is forgotten by
            handhelds, which then cannot tell; of all else they keep what they know.

    A cursor of another incarnation, or one that cannot be read, starts from the beginning.
    Use a transaction of its own: rows that this transaction wrote itself are not below the horizon yet.
    """
    mine, below = readable(connection)
    position = _position(cursor, mine)
    if position[2] == _END and below <= position[0] + 1:  # as mostly: nothing was written since
        return [], _cursor(mine, position), False
    hidden = hidden_from(connection, site, device_no)
    found = (
        _references(connection, site, position, below, limit + 1, device_no)
        + _units(connection, site, position, below, limit + 1, hidden)
        + _pieces(connection, site, position, below, limit + 1, hidden)
    )
    rows = sorted(found, key=attrgetter("position"))
    page, more = rows[:limit], len(rows) > limit
    read_up: _Position = (max(below - 1, position[0]), _LAST_SOURCE, _END)
    position = page[-1].position if page and more else read_up
    told = (_tell(row, leave_out) for row in page)
    return [change for change in told if change is not None], _cursor(mine, position), more


def unmoved(cursor: str | None, incarnation_: str) -> str:
    """The cursor of a reader who cannot be told anything now; where it is none of this incarnation, the beginning."""
    return _cursor(incarnation_, _position(cursor, incarnation_))


def _tell(row: _Row, leave_out: Callable[[Fault], None] | None) -> Change | None:
    try:
        return row.tell()
    except Exception as error:
        if leave_out is None:
            raise
        leave_out(Fault(row.table, row.key, error))
        return ["unit", *row.key, None] if row.table is unit_states else None


def _behind(columns: Sequence[sa.ColumnElement[Any]], *keys: sa.BindParameter[str]) -> sa.ColumnElement[bool]:
    """What comes after a position: one comparison, so that the index is entered there and not where its stamp begins.

    An import gives one stamp to a hundred thousand rows, which are read page by page.
    """
    return sa.tuple_(*columns) > sa.tuple_(_AFTER, *keys)


@cache
def _read_references(dialect: str) -> sa.Select[Any]:
    """Built once, as the two below: every handheld asks them every few seconds."""
    t = reference.c
    its_own = (t.kind != "undone") | t.key.startswith(_OWN)  # what the office took back of its own scans
    kinds, keys = by_code_point(dialect, t.kind), by_code_point(dialect, t.key)
    return (
        sa.select(t.stamp, t.kind, t.key, as_written(t.row))
        .where(
            t.site == _SITE, t.stamp < _BELOW, _behind((t.stamp, kinds, keys), _KIND, _KEY), t.kind != "price", its_own
        )  # nobody scans by price
        .order_by(t.stamp, kinds, keys)
        .limit(_MOST)
    )


def _references(
    connection: sa.Connection, site: str, position: _Position, below: int, limit: int, device_no: int | None
) -> list[_Row]:
    kind, _, key = position[2].partition("\n") if position[1] == 0 else (_END, "", "")
    asked = {"site": site, "below": below, "after": position[0], "kind": kind, "key": key, "most": limit}
    rows = connection.execute(_read_references(connection.dialect.name), asked | {"own": f"{device_no}."})
    return [
        _Row((stamp, 0, f"{kind}\n{key}"), reference, (kind, key), partial(_told_of, kind, key, row))
        for stamp, kind, key, row in rows
    ]


def _told_of(kind: str, key: str, text: str | None) -> Change:
    return [kind, key, _offered(kind, read_written(reference.c.row, text))]


def _offered(kind: str, row: Any) -> Any:
    """A recall that was released and a theft that was found are gone for handhelds, and a drill never reaches them.

    The server keeps them all.
    """
    if kind == "stolen" and row and all(theft["until_ms"] is not None for theft in row["thefts"]):
        return None
    return None if kind == "recall" and row and (row.get("until_ms") is not None or row.get("drill")) else row


@cache
def _read_units(dialect: str) -> sa.Select[Any]:
    t = unit_states.c
    units = by_code_point(dialect, t.unit)
    return (
        sa.select(t.stamp, t.unit, *(as_written(t[name]) for name in COLUMNS_OF_UNITS))
        .where(t.site == _SITE, t.stamp < _BELOW, _behind((t.stamp, units), _KEY))
        .order_by(t.stamp, units)
        .limit(_MOST)
    )


def _units(
    connection: sa.Connection, site: str, position: _Position, below: int, limit: int, hidden: frozenset[str]
) -> list[_Row]:
    key = position[2] if position[1] == 1 else "" if position[1] < 1 else _END
    asked = {"site": site, "below": below, "after": position[0], "key": key, "most": limit}
    rows = connection.execute(_read_units(connection.dialect.name), asked)
    return [
        _Row((stamp, 1, unit), unit_states, (unit,), partial(_told_of_unit, unit, values, hidden))
        for stamp, unit, *values in rows
    ]


def _told_of_unit(unit: str, values: list[Any], hidden: frozenset[str]) -> Change:
    for at, column in _WRITTEN:
        values[at] = read_written(column, values[at])
    return ["unit", unit, unit_row(unit, without_blind_places(values, hidden))]


@cache
def _read_pieces(dialect: str) -> sa.Select[Any]:
    t = stock_levels.c
    names = by_code_point(dialect, t.subject.concat(" ").concat(t.place))
    return (
        sa.select(t.stamp, t.subject, t.place, *(t[name] for name in COLUMNS_OF_PIECES))
        .where(t.site == _SITE, t.stamp < _BELOW, t.stamp >= _AFTER)
        .where((t.stamp > _AFTER) | (names > _KEY))
        .order_by(t.stamp, names)
        .limit(_MOST)
    )


def _pieces(
    connection: sa.Connection, site: str, position: _Position, below: int, limit: int, hidden: frozenset[str]
) -> list[_Row]:
    key = position[2] if position[1] == _LAST_SOURCE else ""
    asked = {"site": site, "below": below, "after": position[0], "key": key, "most": limit}
    rows = connection.execute(_read_pieces(connection.dialect.name), asked)
    return [
        _Row(
            (stamp, _LAST_SOURCE, stock_entry(subject, place)),
            stock_levels,
            (subject, place),
            partial(_told_of_pieces, subject, place, values, hidden),
        )
        for stamp, subject, place, *values in rows
    ]


def _told_of_pieces(subject: str, place: str, values: list[Any], hidden: frozenset[str]) -> Change:
    if place in hidden:
        return ["stock", stock_entry(FORGET, place), None]
    return ["stock", stock_entry(subject, place), pieces_row(place, values)]


def by_code_point(dialect: str, column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """The column in the order in which Python and SQLite sort; PostgreSQL sorts by the database's language."""
    return column.collate("C") if dialect == "postgresql" else column


def _cursor(incarnation_: str, position: _Position) -> str:
    stamp, source, key = position
    if key == _END:
        return f"{incarnation_}.{stamp}"
    return f"{incarnation_}.{stamp}.{source}.{key[:_CURSOR_KEY_MAX].replace(chr(10), ' ')}"


def _position(cursor: str | None, incarnation_: str) -> _Position:
    parts = (cursor or "").split(".", 3)
    if parts[0] != incarnation_ or len(parts) not in (2, 4) or not all(p.isascii() and p.isdigit() for p in parts[1:3]):
        return _START
    stamp = int(parts[1][:18])
    if len(parts) == 2:
        return (stamp, _LAST_SOURCE, _END)
    source, key = int(parts[2][:1]), parts[3]
    return (stamp, source, key.replace(" ", "\n", 1) if source == 0 else key)
