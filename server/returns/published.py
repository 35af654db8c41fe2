"""What handhelds learn for the returns desk: the site's limits, products that come back too often, lots that failed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

import sqlalchemy as sa

from server import owner_settings
from server.changes import publish as offer
from server.database import KEYS, SITE, lock
from server.identifiers import relatives
from server.ledger import in_chunks
from server.tables import events, reference, unit_states
from sync.identity import item_of
from sync.returning import DEFECT, SITE_WIDE

SETTING: Final = "return_limits"
KIND: Final = "returns"
LOTS_MAX: Final = 500
"""Failed lots of one product that handhelds learn, the latest."""
LOOPS: Final = 2
"""A unit that came back so often goes round in a loop."""


def tell(connection: sa.Connection, site: str, at: int) -> None:
    """Let handhelds know what the rows of units that this transaction wrote changed of their products.

    What came back, and whether that was a return, may be said by any scan that comes late: of the unit, of its carton,
    or of a further name. So the rows are asked, and not the scans.

    Args:
        at: stamp of the transaction.
    """
    found: dict[bool, set[Any]] = {True: set(), False: set()}
    for is_back, item in connection.execute(_BACK_OR_OFFERED, {"site": site, "at": at}):
        found[bool(is_back)].add(item)
    found[True].discard(None)  # here, for SQLite takes "not null" for a range of its index of what came back
    items = found[True] | _no_longer_back(connection, site, found[False], at)
    if items:
        publish(connection, site, items, at)


_U: Final = unit_states.c
_WRITTEN: Final = (_U.site == SITE) & (_U.stamp == sa.bindparam("at"))
_BACK_OR_OFFERED: Final = sa.union_all(
    sa.select(sa.literal(1), _U.item).distinct().where(_WRITTEN, _U.returns > 0),
    sa.select(sa.literal(0), reference.c.key).where(
        reference.c.site == SITE, reference.c.kind == KIND, reference.c.row.isnot(None)
    ),
)
"""Products of which something written now came back, and those of which handhelds are told already."""
_NOT_BACK: Final = sa.select(_U.unit).where(_WRITTEN, _U.returns == 0, _U.item.in_(KEYS))
_REMOVED: Final = sa.select(reference.c.key).where(
    reference.c.site == SITE, reference.c.stamp == sa.bindparam("at"), reference.c.kind == "unit"
)
_TAKEN_BACK: Final = (
    sa.select(events.c.subject)
    .where(events.c.site == SITE, events.c.subject.in_(KEYS), events.c.action == "take_back")
    .limit(1)
)


def _no_longer_back(connection: sa.Connection, site: str, offered: Collection[str], at: int) -> set[str]:
    """Products of which handhelds are told, where a unit that was once taken back may count as no return now."""
    units: set[str] = set()
    for keys in in_chunks(offered):
        units.update(connection.execute(_NOT_BACK, {"site": site, "at": at, "keys": keys}).scalars())
    removed = connection.execute(_REMOVED, {"site": site, "at": at}).scalars() if offered else ()
    units |= {unit for unit in removed if item_of(unit) in offered}
    names = units | relatives(connection, site, units) if units else set()  # also those that it has no longer
    for keys in in_chunks(names):
        if connection.execute(_TAKEN_BACK, {"site": site, "keys": keys}).first() is not None:
            return {item for unit in units if (item := item_of(unit))}
    return set()


def tell_of_lots(connection: sa.Connection, site: str, units: Iterable[str], at: int) -> None:
    """Let handhelds know where a document or a label says the lot of something that had come back before."""
    t = unit_states.c
    items: set[str] = set()
    for keys in in_chunks(units):
        query = sa.select(t.item).distinct().where(t.site == site, t.unit.in_(keys), t.returns > 0, t.lot.isnot(None))
        items.update(connection.execute(query.where(t.item.isnot(None))).scalars())
    if items:
        publish(connection, site, items, at)


def publish(connection: sa.Connection, site: str, keys: Collection[str], at: int) -> None:
    """Offer what the desk has to know of these products, or of the site (`SITE_WIDE`)."""
    # Two that tell of lots of one product at once would each leave out the other's.
    lock(connection, site, {f"{KIND} {key}" for key in keys})
    limits = {key: one.value for key, one in owner_settings.kept(connection, site, SETTING).items()}
    for key in sorted(set(keys)):
        own = limits.get(key, {})
        row: dict[str, Any] = {name: own[name] for name in ("unit_max", "always") if name in own}
        if key != SITE_WIDE:
            most = {**limits.get(SITE_WIDE, {}), **own}.get("product_max") or 0
            row |= {"product_loops": True} if most and loops(connection, site, key) > most else {}
            failed = failed_lots(connection, site, key)
            row |= {"failed_lots": [list(pair) for pair in list(failed.items())[-LOTS_MAX:]]} if failed else {}
        offer(connection, site, KIND, key, row or None, at)


def told_of(connection: sa.Connection, site: str) -> set[str]:
    """Products of which the desk may have something to know, and the site where it has limits."""
    return {*owner_settings.kept(connection, site, SETTING), *items_back(connection, site)}


def items_back(connection: sa.Connection, site: str) -> list[str]:
    """Products of which something came back."""
    t = unit_states.c
    query = sa.select(t.item).distinct().where(t.site == site, t.returns > 0, t.item.isnot(None))
    return list(connection.execute(query).scalars())


def loops(connection: sa.Connection, site: str, item: str) -> int:
    """How many units of a product came back `LOOPS` times or more."""
    t = unit_states.c
    query = sa.select(sa.func.count()).where(t.site == site, t.item == item, t.returns > 0, t.returns >= LOOPS)
    return int(connection.execute(query).scalar_one())


_UNIT: Final = unit_states.c
_BACK_OF_A_LOT: Final = sa.select(_UNIT.unit, _UNIT.lot, _UNIT.returned_for, _UNIT.returned_ms).where(
    _UNIT.site == SITE, _UNIT.item == sa.bindparam("item"), _UNIT.returns > 0, _UNIT.lot.isnot(None)
)


def failed_lots(connection: sa.Connection, site: str, item: str) -> dict[str, str]:
    """Lots of a product of which a unit came back defective, each with the first such unit; oldest first."""
    failures = sorted(
        (at_ms, row.unit, row.lot)
        for row in connection.execute(_BACK_OF_A_LOT, {"site": site, "item": item})
        for why, at_ms in zip(row.returned_for, row.returned_ms, strict=True)
        if why == DEFECT
    )
    found: dict[str, str] = {}
    for _, unit, lot in failures:
        found.setdefault(lot, unit)
    return found
