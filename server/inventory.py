"""What is in stock and where: products with their counts, one product's units, what lies in a bin, the locations.

Plain reads. A place may be a container; `resolve` follows it to the location where it stands now.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import sqlalchemy as sa

from server import taken_along
from server.changes import by_code_point
from server.ledger import in_chunks
from server.stock_levels import LIES
from server.tables import reference, stock_levels, unit_states
from server.timelines import DEPTH_MAX
from server.zones import zones_of
from sync.identity import is_container, item_of
from sync.unit import IN_STOCK, Status

PAGE: Final = 50
TEXT_MAX: Final = 100
NO_ZONE: Final = "no zone"
After = tuple[str, str]
"""(sorting text, key): where a page ends and the next begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product and how much of it there is."""

    key: str
    name: str
    sku: str | None
    mode: str | None
    sort: str
    by_status: Mapping[str, int] = field(default_factory=dict)
    """Units by where they stand."""
    pieces: int = 0
    """Of stock without units."""

    @property
    def in_stock(self) -> int:
        """Units that are here."""
        return sum(number for status, number in self.by_status.items() if status in IN_STOCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One location and how much lies there."""

    key: str
    code: str
    name: str | None
    zone: str | None
    sort: str
    units: int = 0
    """In stock, those in containers that stand there included."""
    pieces: int = 0


def _contains(text: str, *columns: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    """Whether any of the columns has the text in it, in capitals or not."""
    return sa.or_(*(sa.func.lower(column).contains(text.lower(), autoescape=True) for column in columns))


def _named(kind: str, main: str, columns: Collection[str]) -> tuple[sa.Select[Any], sa.ColumnElement[str]]:
    """The entries of reference data of a kind with these columns, and the text that they are sorted by."""
    row = reference.c.row
    sort = sa.func.lower(sa.func.coalesce(row[main].as_string(), reference.c.key))
    picked = [row[name].as_string().label(name) for name in columns]
    query = sa.select(reference.c.key, sort.label("sort"), *picked)
    return query.where(reference.c.kind == kind, row.isnot(None)), sort


def products(
    connection: sa.Connection,
    site: str,
    *,
    text: str = "",
    key: str | None = None,
    after: After | None = None,
    limit: int = PAGE,
) -> list[Product]:
    """Products by name whose name, code or number holds the text, or the one with this key."""
    query, sort = _named("item", "name", ("name", "sku", "mode"))
    row = reference.c.row
    query = query.where(reference.c.site == site).order_by(sort, reference.c.key).limit(limit)
    if text:
        gtin = text.zfill(14) if text.isascii() and text.isdigit() and len(text) > 7 else text
        named = _contains(text, row["name"].as_string(), row["sku"].as_string(), reference.c.key)
        query = query.where(named | reference.c.key.contains(gtin, autoescape=True))
    if key is not None:
        query = query.where(reference.c.key == key)
    if after is not None:
        query = query.where(sa.tuple_(sort, reference.c.key) > sa.tuple_(*after))
    found = connection.execute(query).all()
    keys = [each.key for each in found]
    units, pieces = _units_by_status(connection, site, keys), _pieces_by_item(connection, site, keys)
    return [
        Product(
            key=each.key,
            name=each.name or each.sku or each.key,
            sku=each.sku,
            mode=each.mode,
            sort=each.sort,
            by_status=units.get(each.key, {}),
            pieces=pieces[each.key],
        )
        for each in found
    ]


def _units_by_status(connection: sa.Connection, site: str, items: Iterable[str]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for keys in in_chunks(items):
        for (item, status, _), number in taken_along.counted(connection, site, unit_states.c.item.in_(keys)).items():
            found[item or ""][status.value] += number
    return dict(found)


def _pieces_by_item(connection: sa.Connection, site: str, items: Iterable[str]) -> Counter[str]:
    """Pieces of each product, its lots together."""
    found: Counter[str] = Counter()
    s = stock_levels.c
    for keys in in_chunks(items):
        query = sa.select(stock_levels).where(s.site == site, LIES, sa.or_(*map(_of_item, keys)))
        for level in taken_along.pieces_here(connection, site, connection.execute(query).mappings().all()):
            found[item_of(level["subject"]) or level["subject"]] += level["quantity"]
    return found


def _of_item(item: str) -> sa.ColumnElement[bool]:
    """Whether a balance is of this product or of one of its lots."""
    lots = f"{item}/10/"
    return (stock_levels.c.subject == item) | stock_levels.c.subject.startswith(lots, autoescape=True)


def levels(
    connection: sa.Connection, site: str, *, item: str | None = None, places: Collection[str] | None = None
) -> Iterator[Mapping[str, Any]]:
    """Balances of stock without units, as `taken_along.pieces_here` has them; of one product, or in these places."""
    s = stock_levels.c
    query = sa.select(stock_levels).where(s.site == site, LIES)
    if item is not None:
        query = query.where(_of_item(item))
    for keys in in_chunks(places) if places is not None else [None]:
        part = query.where(s.place.in_(keys)) if keys is not None else query
        part = part.order_by(s.subject, s.place)
        with connection.execute(part, execution_options=_IN_PIECES) as rows:
            for some in rows.mappings().partitions(ROWS_AT_ONCE):
                yield from taken_along.pieces_here(connection, site, some)


_IN_PIECES: Final = {"yield_per": 1_000}
ROWS_AT_ONCE: Final = 500
"""Units whose containers are looked up together."""
_UNIT_COLUMNS: Final = (
    "unit", "item", "status", "place", "observed", "expected", "lot", "expiry", "condition", "document", "place_ms",
    "last_ms", "announced_by",
)  # fmt: skip


def units(
    connection: sa.Connection,
    site: str,
    *,
    item: str | None = None,
    status: str | None = None,
    places: Collection[str] | None = None,
    after: str | None = None,
    limit: int | None = None,
) -> Iterator[Mapping[str, Any]]:
    """Units by name as their containers have them, those of one product, of one status, in these places."""
    u = unit_states.c
    name = by_code_point(connection.dialect.name, u.unit)
    query = sa.select(*(u[column] for column in _UNIT_COLUMNS)).where(u.site == site, u.item.isnot(None)).order_by(name)
    if item is not None:
        query = query.where(u.item == item)
    if status is not None:
        query = query.where((u.status == status) | _in_a_container())
    if after is not None:
        query = query.where(name > after)
    for keys in in_chunks(places) if places is not None else [None]:
        part = query.where(u.place.in_(keys)) if keys is not None else query
        yield from islice(_carried(connection, site, part, status, limit), limit)


def _in_a_container() -> sa.ColumnElement[bool]:
    """Whether a unit is in something that may have taken it along."""
    u, around = unit_states.c, unit_states.alias()
    standing = sa.exists().where(around.c.site == u.site, around.c.unit == u.place)
    return u.status.in_(taken_along.TAKEN_ALONG) & standing


def _carried(
    connection: sa.Connection, site: str, query: sa.Select[Any], status: str | None, limit: int | None
) -> Iterator[Mapping[str, Any]]:
    """The units that a query finds, some at a time, those of the status by now."""
    query = query if status or limit is None else query.limit(limit)
    with connection.execute(query, execution_options=_IN_PIECES) as rows:
        for some in rows.mappings().partitions(min(limit or ROWS_AT_ONCE, ROWS_AT_ONCE)):
            for row in taken_along.of_rows(connection, site, some):
                if status is None or row["status"] == status:
                    yield row


def resolve(connection: sa.Connection, site: str, places: Iterable[str | None]) -> dict[str, str | None]:
    """Place -> the location where it is now: a location itself, a container's by following it; None where unknown."""
    found: dict[str, str | None] = {place: place for place in places if place is not None}
    u = unit_states.c
    for _ in range(DEPTH_MAX):
        going_on = {at for at in found.values() if at is not None and is_container(at)}
        if not going_on:
            break
        inside: dict[str, str | None] = {}
        for keys in in_chunks(going_on):
            inside |= dict(connection.execute(sa.select(u.unit, u.place).where(u.site == site, u.unit.in_(keys))).all())
        found = {place: inside.get(at) if at in going_on else at for place, at in found.items()}
    return {place: None if at is not None and is_container(at) else at for place, at in found.items()}


def inside(connection: sa.Connection, site: str, bins: Iterable[str]) -> dict[str, str]:
    """Every container that stands in one of these bins, also in another container there -> the bin."""
    u = unit_states.c
    found: dict[str, str] = {}
    layer = {place: place for place in bins}
    for _ in range(DEPTH_MAX):
        below: dict[str, str] = {}
        for keys in in_chunks(layer):
            query = sa.select(u.unit, u.status, u.place, u.expected, u.place_ms, u.announced_by).where(
                u.site == site, u.place.in_(keys), u.item.is_(None), u.status.in_(taken_along.TAKEN_ALONG)
            )
            rows = taken_along.of_rows(connection, site, connection.execute(query).mappings().all())
            here = (row for row in rows if row["status"] in IN_STOCK and is_container(row["unit"]))
            below |= {row["unit"]: layer[row["place"]] for row in here}
        layer = {unit: place for unit, place in below.items() if unit not in found}
        if not layer:
            break
        found |= layer
    return found


def by_zone(connection: sa.Connection, site: str, item: str) -> dict[str, int]:
    """How many units and pieces of a product are in stock in each zone; a place without one counts by its code."""
    counted = _in_stock_by_place(connection, site, unit_states.c.item == item)
    for level in levels(connection, site, item=item):
        counted[level["place"]] += level["quantity"]
    at = resolve(connection, site, counted)
    zones = zones_of(connection, site, at.values())
    found: Counter[str] = Counter()
    for place, number in counted.items():
        location = at.get(place) if place is not None else None
        found[zone_words(location, zones)] += number
    return dict(found.most_common())


def zone_words(location: str | None, zones: Mapping[str, str]) -> str:
    """The zone in which something is counted; what is packed or in somebody's hand lies in no bin."""
    return "in no bin" if location is None else zones.get(location) or NO_ZONE


def _in_stock_by_place(connection: sa.Connection, site: str, which: sa.ColumnElement[bool]) -> Counter[str | None]:
    u = unit_states.c
    here: Counter[str | None] = Counter()
    found = taken_along.counted(connection, site, which, u.item.isnot(None), u.status.in_(taken_along.TAKEN_ALONG))
    for (_, status, place), number in found.items():
        here[place] += number if status in IN_STOCK else 0
    return +here


def on_hand(connection: sa.Connection, site: str) -> Counter[str]:
    """How many units and pieces of each product are in stock, containers followed."""
    u = unit_states.c
    found: Counter[str] = Counter()
    here = taken_along.counted(connection, site, u.item.isnot(None), u.status.in_(taken_along.TAKEN_ALONG))
    for (item, status, _), number in here.items():
        found[item or ""] += number if status in IN_STOCK else 0
    for level in levels(connection, site):
        found[item_of(level["subject"]) or ""] += level["quantity"]
    return found


def untaken(connection: sa.Connection, site: str, items: Iterable[str]) -> Counter[str]:
    """How many of each product are in stock and not picked or packed yet; pieces in all, wherever they lie."""
    wanted = list(items)
    found = _pieces_by_item(connection, site, wanted)
    for item, by_status in _units_by_status(connection, site, wanted).items():
        found[item] += by_status[Status.RECEIVED] + by_status[Status.STORED]
    return found


def places(
    connection: sa.Connection,
    site: str,
    *,
    text: str = "",
    key: str | None = None,
    after: After | None = None,
    limit: int = PAGE,
) -> list[Place]:
    """Locations by code whose code, name or zone holds the text, or the one with this key."""
    query, sort = _named("location", "code", ("code", "name", "zone"))
    row = reference.c.row
    query = query.where(reference.c.site == site).order_by(sort, reference.c.key).limit(limit)
    if text:
        query = query.where(_contains(text, *(row[name].as_string() for name in ("code", "name", "zone"))))
    if key is not None:
        query = query.where(reference.c.key == key)
    if after is not None:
        query = query.where(sa.tuple_(sort, reference.c.key) > sa.tuple_(*after))
    found = connection.execute(query).all()
    bins = {each.key: each.key for each in found} | inside(connection, site, [each.key for each in found])
    units_, pieces = _lying_in(connection, site, bins)
    return [
        Place(
            key=each.key,
            code=each.code or each.key,
            name=each.name,
            zone=each.zone,
            sort=each.sort,
            units=units_[each.key],
            pieces=pieces[each.key],
        )
        for each in found
    ]


def _lying_in(connection: sa.Connection, site: str, bins: Mapping[str, str]) -> tuple[Counter[str], Counter[str]]:
    """Units and pieces by bin; `bins` says for each place which bin it is or stands in."""
    u = unit_states.c
    units_: Counter[str] = Counter()
    pieces: Counter[str] = Counter()
    for keys in in_chunks(bins):
        for place, number in _in_stock_by_place(connection, site, u.place.in_(keys)).items():
            units_[bins[place or ""]] += number
    for level in levels(connection, site, places=bins):
        pieces[bins[level["place"]]] += level["quantity"]
    return units_, pieces
