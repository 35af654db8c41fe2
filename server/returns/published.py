"""What handhelds learn for the returns desk: the site's limits, products that come back too often, lots that failed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa

from server import owner_settings
from server.changes import publish as offer
from server.database import SITE
from server.identifiers import owners
from server.ledger import in_chunks
from server.rebuild import lock
from server.tables import unit_states
from sync.event import ScanEvent
from sync.identity import item_of
from sync.returning import DEFECT, SITE_WIDE

SETTING: Final = "return_limits"
KIND: Final = "returns"
CHANGING: Final = frozenset({"take_back", "examine", "reject_return", "void"})
LOTS_MAX: Final = 500
"""Failed lots of one product that handhelds learn, the latest."""
LOOPS: Final = 2
"""A unit that came back so often goes round in a loop."""


def tell(connection: sa.Connection, site: str, said: Sequence[ScanEvent], at: int) -> None:
    """Let handhelds know what these events changed of their products."""
    subjects = {event.subject for event in said if event.action in CHANGING and event.subject}
    of = owners(connection, site, subjects) if subjects else {}
    items = {item for subject in subjects if (item := item_of(of.get(subject, subject)))}
    if items:
        publish(connection, site, items, at)
    labelled = {event.subject for event in said if event.lot and event.subject} - subjects
    if labelled:
        of = owners(connection, site, labelled)
        tell_of_lots(connection, site, {of.get(subject, subject) for subject in labelled}, at)


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
