"""The feed for other systems: what changed, behind a cursor that never skips a change that commits late.

A change says how something stands *now*: a unit that changed three times since the cursor is told once. Every row bears
the stamp of the transaction that last wrote it, and only rows below the oldest transaction still running are read
(`server/changes.py` says why nothing is skipped then). A row that a later fact took away is told by `removals`. Asked
with no cursor, the feed begins with everything that there is.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from server import taken_along
from server.changes import Fault, by_code_point, readable
from server.orders import progress
from server.tables import cases, reference, removals, stock_levels, unit_states
from server.tables.column_types import as_written, read_written
from server.taking_in import by_halves
from sync.verdict import COMMITTED

LIMIT: Final = 500
LIMIT_MAX: Final = 2_000
KINDS: Final[Mapping[str, str]] = {
    "unit": "where a unit or container is, belongs and stands: `unit.changed`, `unit.removed`",
    "stock": "how many of a product or lot without units lie in a place: `stock.changed`, `stock.removed`",
    "case": "what does not match: `case.opened`, `case.closed`, `case.removed`",
    "order": "orders: `order.changed` with its lines, `order.` and its state once it is no longer open, and "
    "`order.progress` wherever units of it were picked, packed or shipped",
    "receipt": "receipts: `receipt.changed`, `receipt.closed`",
    "count": "counts: `count.changed`, `count.closed`",
    "purchase_order": "purchase orders: `purchase_order.changed`",
    "price": "mark-downs and other prices that were accepted: `price.changed`, `price.ended`",
}
"""Kind -> what it is about, with the types of its changes."""
_DOCUMENT_KINDS: Final = {"asn": "receipt"}
"""Kinds of documents that people call something else."""


class CursorError(ValueError):
    """The cursor cannot be read, or belongs to another time of this server; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change: its type (`unit.changed`), and how what it is about stands now."""

    type: str
    data: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The kind that one subscribes to."""
        return self.type.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some changes, in the order of their transactions."""

    changes: list[Change]
    cursor: str
    more: bool
    """Whether others wait already."""


@dataclass(frozen=True, slots=True)
class _Source:
    """One table that bears stamps: what names its rows, and what a row says."""

    table: sa.Table
    key: tuple[str, ...]
    kinds: frozenset[str]
    told: Callable[[Mapping[str, Any]], Change | None]
    only: sa.ColumnElement[bool] | None = None


def _unit(row: Mapping[str, Any]) -> Change:
    names = (
        "unit", "item", "status", "place", "place_ms", "observed", "expected", "lot", "expiry", "condition",
        "announced_by", "announced_in", "document", "identifiers", "last_event", "last_ms",
    )  # fmt: skip
    return Change(type="unit.changed", data={name: row[name] for name in names})


def _stock(row: Mapping[str, Any]) -> Change:
    names = ("subject", "place", "quantity", "counted_in", "counted_ms", "last_ms")
    return Change(type="stock.changed", data={name: row[name] for name in names})


def _case(row: Mapping[str, Any]) -> Change:
    data = {name: value for name, value in row.items() if name not in ("site", "stamp")}
    return Change(type="case.opened" if row["status"] == "open" else "case.closed", data=data)


def _document(row: Mapping[str, Any]) -> Change | None:
    of = row["row"]
    if of is None or "kind" not in of:
        return None
    kind = _DOCUMENT_KINDS.get(of["kind"], of["kind"])
    state = of.get("state", "open")
    return Change(type=f"{kind}.{'changed' if state == 'open' else state}", data={"number": row["key"], **of})


def _reference(row: Mapping[str, Any]) -> Change | None:
    return _price(row) if row["kind"] == "price" else _document(row)


def _price(row: Mapping[str, Any]) -> Change:
    """A price of a unit, lot or product, which holds until its `until_ms`; ended, it goes at its product's again."""
    if row["row"] is None:
        return Change(type="price.ended", data={"subject": row["key"]})
    return Change(type="price.changed", data={"subject": row["key"], **row["row"]})


_NAMES: Final = {"unit": ("unit",), "stock": ("subject", "place"), "case": ("unit", "rule", "episode")}


def _removal(row: Mapping[str, Any]) -> Change | None:
    names = _NAMES[row["kind"]]
    return Change(type=f"{row['kind']}.removed", data=dict(zip(names, row["key"].split("\n"), strict=True)))


_SOURCES: Final = (
    _Source(
        reference,
        ("kind", "key"),
        frozenset(KINDS) - _NAMES.keys(),
        _reference,
        reference.c.kind.in_(("document", "price")),
    ),
    _Source(removals, ("kind", "key"), frozenset(_NAMES), _removal),
    _Source(unit_states, ("unit",), frozenset({"unit", "order"}), _unit),
    _Source(stock_levels, ("subject", "place"), frozenset({"stock"}), _stock),
    _Source(cases, ("unit", "rule", "episode"), frozenset({"case"}), _case),
)
"""Removals come before the rows of the same transaction: what went and came back in it is there."""

_Position = tuple[int, int, tuple[str, ...]]
"""(stamp, number of the source, key): everything up to this has been read."""
_Found = tuple[_Position, _Source, Mapping[str, Any]]


def read(
    connection: sa.Connection,
    site: str,
    cursor: str | None,
    *,
    now_ms: int,
    kinds: Collection[str] = (),
    limit: int = LIMIT,
    leave_out: Callable[[Fault], None] | None = None,
) -> Page:
    """The next changes of a site behind a cursor. A page may hold none though more wait.

    Use a transaction of its own: what this one wrote is not told yet.

    Args:
        cursor: of the page before; None for everything there is.
        now_ms: as of when the progress of orders is told, beside the changes of their units.
        kinds: only these; all where none is named.
        leave_out: takes each row on which this server fails, which is then not told; without it, that is raised.

    Raises:
        CursorError: the cursor is none, or is from before a backup was restored.
    """
    mine, below = readable(connection)
    position = _read_cursor(cursor, mine)
    wanted = frozenset(kinds) or frozenset(KINDS)
    found: list[_Found] = []
    for number, source in enumerate(_SOURCES):
        if source.kinds & wanted:
            found += _rows(connection, site, source, number, position, below, limit + 1)
    found.sort(key=lambda each: each[0])
    page, more = found[:limit], len(found) > limit
    end = page[-1][0] if more else (max(below - 1, position[0]), len(_SOURCES), ())
    parts = by_halves(partial(_told, connection, site, wanted, now_ms), partial(_left_out, leave_out), page)
    changes = [change for part in parts for change in part if change.kind in wanted]
    return Page(changes=changes, cursor=_write_cursor(mine, end), more=more)


def _told(
    connection: sa.Connection, site: str, wanted: Collection[str], now_ms: int, page: Sequence[_Found]
) -> list[Change]:
    page = [(at, source, _read(source.table, row)) for at, source, row in page]
    standing = _as_carried(connection, site, [row for _, source, row in page if source.table is unit_states])
    pieces = [row for _, source, row in page if source.table is stock_levels]
    here = {(r["subject"], r["place"]): r["quantity"] for r in taken_along.pieces_here(connection, site, pieces)}
    told = [source.told(_now(source, row, standing, here)) for _, source, row in page]
    if "order" in wanted:
        told += _progress(connection, site, [row for _, source, row in page if source.table is unit_states], now_ms)
    return [change for change in told if change is not None]


def _read(table: sa.Table, row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: read_written(table.c[name], value) for name, value in row.items()}


def _left_out(leave_out: Callable[[Fault], None] | None, found: _Found, error: Exception) -> list[Change]:
    if leave_out is None:
        raise error
    (_, _, key), source, _ = found
    leave_out(Fault(source.table, key, error))
    return []


def _now(
    source: _Source,
    row: Mapping[str, Any],
    standing: Mapping[str, Mapping[str, Any]],
    here: Mapping[tuple[str, str], int],
) -> Mapping[str, Any]:
    """A row as the container has it that the unit or the pieces are in."""
    if source.table is unit_states:
        return standing.get(row["unit"], row)
    if source.table is stock_levels:
        return {**row, "quantity": here.get((row["subject"], row["place"]), 0)}
    return row


def _as_carried(
    connection: sa.Connection, site: str, units: Sequence[Mapping[str, Any]]
) -> Mapping[str, Mapping[str, Any]]:
    """Rows of units as what became of their containers has them, by unit."""
    return {row["unit"]: row for row in taken_along.of_rows(connection, site, units)}


def _progress(connection: sa.Connection, site: str, units: Sequence[Mapping[str, Any]], now_ms: int) -> list[Change]:
    """How far the orders are whose units changed, once each."""
    numbers = sorted({row["document"] for row in units if row["document"] and row["status"] in COMMITTED})
    if not numbers:
        return []
    found = progress.read_progress(connection, site, numbers, now_ms)
    names = ("standing", "asked", "picked", "packed", "shipped", "short")
    return [
        Change(type="order.progress", data={"number": number, **{name: getattr(order, name) for name in names}})
        for number, order in found.items()
    ]


def now(connection: sa.Connection) -> str:
    """A cursor behind everything that there is: for whoever wants only what comes."""
    mine, below = readable(connection)
    return _write_cursor(mine, (below - 1, len(_SOURCES), ()))


def _rows(
    connection: sa.Connection, site: str, source: _Source, number: int, position: _Position, below: int, limit: int
) -> list[_Found]:
    t = source.table.c
    key = [by_code_point(connection.dialect.name, t[name]) for name in source.key]
    written = sa.select(*map(as_written, t))
    query = written.where(t.site == site, t.stamp < below).order_by(t.stamp, *key).limit(limit)
    stamp, at, after = position
    query = query.where(t.stamp >= stamp if number >= at else t.stamp > stamp)
    if number == at:
        query = query.where((t.stamp > stamp) | (sa.tuple_(*key) > sa.tuple_(*after)))
    if source.only is not None:
        query = query.where(source.only)
    rows = connection.execute(query).mappings()
    return [((row["stamp"], number, tuple(row[name] for name in source.key)), source, dict(row)) for row in rows]


def _write_cursor(mine: str, position: _Position) -> str:
    stamp, number, key = position
    text = json.dumps([mine, stamp, number, *key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str | None, mine: str) -> _Position:
    if cursor is None:
        return (0, 0, tuple("" for _ in _SOURCES[0].key))
    try:
        parts: Sequence[Any] = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        theirs, stamp, number, *key = parts
    except (ValueError, TypeError, binascii.Error):
        raise CursorError(
            "That is no cursor of this feed: ask with the one of the page before, or with none."
        ) from None
    if theirs != mine:
        raise CursorError(
            "This server was restored from a backup since: what it told after that was lost here. Ask with no cursor."
        )
    whole = isinstance(stamp, int) and isinstance(number, int) and 0 <= stamp < 2**63
    if not whole or not 0 <= number <= len(_SOURCES) or not all(isinstance(part, str) for part in key):
        raise CursorError("That is no cursor of this feed: ask with the one of the page before, or with none.")
    if number < len(_SOURCES) and len(key) != len(_SOURCES[number].key):
        raise CursorError("That is no cursor of this feed: ask with the one of the page before, or with none.")
    return (stamp, number, tuple(key))
