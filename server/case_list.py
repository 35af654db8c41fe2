"""The list of all that does not match: filtered, sorted, in pages that go on by key, and counted by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from server import costs
from server.ledger import in_chunks
from server.tables import cases, events, reference, unit_states
from sync.event import EventName, format_name, parse_name

PAGE: Final = 100
PAGE_MAX: Final = 500
PLACES_MAX: Final = 5_000
"""Bins of one zone that a filter looks for."""
KEYS_AT_ONCE: Final = 200
LISTED_MAX: Final = 500
"""Cases that one selection of "all that match" takes."""
ALL: Final = "all"
TO_PUT_BACK: Final = "to_put_back"
STATES: Final = ("open", TO_PUT_BACK, "settled", "explained", ALL)
"""`to_put_back`: somebody decided that it is carried back, and no scan has seen it there yet."""


class Sort(StrEnum):
    """In which order."""

    OLDEST = "oldest"
    NEWEST = "newest"
    VALUE = "value"
    """The dearest product first."""
    KIND = "kind"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases; None does not matter."""

    status: str | None = "open"
    """One of `STATES`; None is all of them."""
    rule: str | None = None
    unit: str | None = None
    since_ms: int | None = None
    """Opened at this moment or later."""
    until_ms: int | None = None
    """Opened before this moment."""
    zone: str | None = None
    place: str | None = None
    """Key of a bin or container in which it belongs or was seen."""
    item: str | None = None
    document: str | None = None
    """Number of an ASN, order or count; of every version of its result."""
    device_no: int | None = None
    operator: str | None = None
    assigned: str | None = None
    """Who is to settle it."""
    text: str | None = None
    """Part of a name, number or sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """One case with the scan that opened it."""

    unit: str
    rule: str
    episode: str
    status: str
    opened_ms: int
    expected: str | None
    seen: str | None
    against: str | None
    document: str | None
    detail: str
    evidence: str
    closed_ms: int | None
    closed_by: str | None
    resolution: str | None
    item: str | None
    operator: str | None
    """Who made that scan."""
    device_no: int
    assigned: str | None
    """Who is to settle it."""
    value: int = 0
    """What the shop loses with one piece of it (`costs.worth`), in minor units; 0 where that is not known."""
    closed_operator: str | None = None

    @property
    def after(self) -> str:
        """Where a page that ends here ends, as it goes into the address of the next."""
        return f"{self.value}~{self.opened_ms}~{self.rule}~{self.episode}~{self.unit}"


CaseKey = tuple[int, int, str, str, str]
"""``(value, opened_ms, rule, episode, unit)``: where a page of cases ends and the next begins."""
_COLUMNS: Final = [
    cases.c[name]
    for name in (
        "unit", "rule", "episode", "status", "opened_ms", "expected", "seen", "against", "document", "detail",
        "evidence", "closed_ms", "closed_by", "resolution", "item", "operator", "device_no", "assigned",
    )
]  # fmt: skip


def read_after(text: str | None) -> CaseKey | None:
    """The key in `CaseLine.after`.

    Raises:
        ValueError: it is none.
    """
    if text is None:
        return None
    value, opened, *rest = text.split("~", 4) if text.count("~") >= 4 else ("", "")
    if len(rest) != 3 or not all(n.isascii() and n.isdigit() and len(n) <= 16 for n in (value, opened)):
        raise ValueError(f"after is {text!r:.80}: it takes the `next` of a page.")
    return (int(value), int(opened), rest[0], rest[1], rest[2])


def list_cases(
    connection: sa.Connection,
    site: str,
    wanted: CaseFilter,
    *,
    sort: Sort = Sort.OLDEST,
    after: CaseKey | None = None,
    limit: int = PAGE,
) -> list[CaseLine]:
    """Cases in an order; `after` is the key of the last one that was seen in that same order."""
    worth = costs.worth_of(site, cases.c.unit, cases.c.item) if sort is Sort.VALUE else sa.literal(0)
    columns, descending = _order(sort, worth)
    query = sa.select(*_COLUMNS, worth.label("value")).where(*_matching(connection, site, wanted))
    query = query.order_by(*(c.desc() if descending else c for c in columns)).limit(limit)
    if after is not None:
        value, opened, rule, episode, unit = after
        mark = {"value": value, "opened_ms": opened, "rule": rule, "episode": episode, "unit": unit}
        here, there = sa.tuple_(*columns), sa.tuple_(*(mark[name] for name in _ORDERS[sort]))
        query = query.where(here < there if descending else here > there)
    lines = [CaseLine(**row) for row in connection.execute(query).mappings()]
    return _closed_by(connection, lines)


_ORDERS: Final[dict[Sort, tuple[str, ...]]] = {
    Sort.OLDEST: ("opened_ms", "unit", "rule", "episode"),
    Sort.NEWEST: ("opened_ms", "unit", "rule", "episode"),
    Sort.VALUE: ("value", "opened_ms", "unit", "rule", "episode"),
    Sort.KIND: ("rule", "opened_ms", "unit", "episode"),
}


def _order(sort: Sort, worth: sa.ColumnElement[int]) -> tuple[list[sa.ColumnElement[Any]], bool]:
    """The columns of an order, and whether they all descend."""
    columns = [worth if name == "value" else cases.c[name] for name in _ORDERS[sort]]
    return columns, sort in (Sort.NEWEST, Sort.VALUE)


def count_by_rule(connection: sa.Connection, site: str, wanted: CaseFilter) -> Mapping[str, int]:
    """How many match, by kind, whatever kind is asked for."""
    matching = _matching(connection, site, replace(wanted, rule=None))
    query = sa.select(cases.c.rule, sa.func.count()).where(*matching).group_by(cases.c.rule).order_by(cases.c.rule)
    return dict(connection.execute(query).all())


def read_case(connection: sa.Connection, site: str, unit: str, rule: str, episode: str) -> CaseLine | None:
    """One case, or None."""
    worth = costs.worth_of(site, cases.c.unit, cases.c.item).label("value")
    row = connection.execute(
        sa.select(*_COLUMNS, worth).where(
            cases.c.site == site, cases.c.unit == unit, cases.c.rule == rule, cases.c.episode == episode
        )
    ).mappings()
    found = row.one_or_none()
    return _closed_by(connection, [CaseLine(**found)])[0] if found else None


def read_cases(connection: sa.Connection, site: str, keys: Sequence[tuple[str, str, str]]) -> list[CaseLine]:
    """Those of these cases (unit, rule, episode) that are there, in this order."""
    worth = costs.worth_of(site, cases.c.unit, cases.c.item).label("value")
    found: dict[tuple[str, str, str], CaseLine] = {}
    for start in range(0, len(keys), KEYS_AT_ONCE):
        some = keys[start : start + KEYS_AT_ONCE]
        named = sa.tuple_(cases.c.unit, cases.c.rule, cases.c.episode).in_(some)
        rows = connection.execute(sa.select(*_COLUMNS, worth).where(cases.c.site == site, named)).mappings()
        found |= {(row["unit"], row["rule"], row["episode"]): CaseLine(**row) for row in rows}
    return _closed_by(connection, [found[key] for key in keys if key in found])


def _matching(connection: sa.Connection, site: str, wanted: CaseFilter) -> list[sa.ColumnElement[bool]]:
    c = cases.c
    asked: list[tuple[Any, Callable[[Any], sa.ColumnElement[bool]]]] = [
        (wanted.rule, lambda rule: c.rule == rule),
        (wanted.unit, lambda unit: c.unit == unit),
        (wanted.operator, lambda operator: c.operator == operator),
        (wanted.assigned, lambda name: c.assigned == name),
        (wanted.item, lambda item: (c.item == item) | (c.unit == item)),
        (wanted.device_no, lambda number: c.device_no == number),
        (wanted.since_ms, lambda moment: c.opened_ms >= moment),
        (wanted.until_ms, lambda moment: c.opened_ms < moment),
        (wanted.document, lambda no: (c.document == no) | c.document.startswith(f"{no}/", autoescape=True)),
        (wanted.place, lambda place: (c.expected == place) | (c.seen == place)),
        (wanted.zone, lambda zone: _in_any(_places_of(connection, site, zone))),
        (wanted.text, lambda text: _saying(site, text)),
    ]
    given = [condition(value) for value, condition in asked if value is not None]
    return [c.site == site, *_state(site, wanted.status), *given]


def _in_any(places: list[str]) -> sa.ColumnElement[bool]:
    return cases.c.expected.in_(places) | cases.c.seen.in_(places)


def _state(site: str, status: str | None) -> list[sa.ColumnElement[bool]]:
    if status in (None, ALL):
        return []
    if status != TO_PUT_BACK:
        return [cases.c.status == status]
    u = unit_states.c
    elsewhere = sa.exists().where(u.site == site, u.unit == cases.c.unit, u.expected == cases.c.expected)
    return [
        cases.c.status == "settled",
        cases.c.resolution == "put_back",
        elsewhere.where(u.place == cases.c.seen),  # it still lies where it was seen
    ]


def _places_of(connection: sa.Connection, site: str, zone: str) -> list[str]:
    query = (
        sa.select(reference.c.key)
        .where(reference.c.site == site, reference.c.kind == "location", reference.c.row.isnot(None))
        .where(reference.c.row["zone"].as_string() == zone)
        .limit(PLACES_MAX)
    )
    return list(connection.execute(query).scalars())


def _saying(site: str, text: str) -> sa.ColumnElement[bool]:
    """Whether a case's own words hold a text, or the name of its product does."""
    c = cases.c
    named = sa.select(reference.c.key).where(
        reference.c.site == site,
        reference.c.kind == "item",
        reference.c.row["name"].as_string().icontains(text, autoescape=True)
        | reference.c.row["sku"].as_string().icontains(text, autoescape=True),
    )
    said = [column.icontains(text, autoescape=True) for column in (c.unit, c.detail, c.document, c.expected, c.seen)]
    return sa.or_(*said, c.item.in_(named))


def _closed_by(connection: sa.Connection, lines: list[CaseLine]) -> list[CaseLine]:
    """The same cases, each with who closed it."""
    people = operators_of(connection, [line.closed_by for line in lines if line.closed_by])
    return [replace(line, closed_operator=people.get(line.closed_by or "")) for line in lines]


def operators_of(connection: sa.Connection, names: list[str]) -> dict[str, str | None]:
    """Who made each of these events."""
    found: dict[str, str | None] = {}
    for chunk in in_chunks(names):
        keys: list[EventName] = [parse_name(name) for name in chunk]
        query = sa.select(events.c.device_no, events.c.epoch, events.c.seq, events.c.operator).where(
            sa.tuple_(events.c.device_no, events.c.epoch, events.c.seq).in_(keys)
        )
        found.update((format_name((d, e, s)), operator) for d, e, s, operator in connection.execute(query))
    return found
