"""Where a unit came from: supplier, order, notice, carton, lot, day, who handled it, and where its siblings are now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server import queries
from server.defects.proof import Proof, proofs
from server.ledger import history
from server.queries import TrailLine
from server.receipts.kinds import KINDS
from server.suppliers import suppliers_of
from server.tables import document_rows, documents, unit_states
from server.taken_along import of_rows
from server.whereabouts import over_time
from sync.history import Fact, effective
from sync.identity import is_container
from sync.unit import UnitState

SIBLINGS_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """Somebody who had it in hand."""

    operator: str
    device_no: int
    actions: tuple[str, ...]
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sibling:
    """Another unit of the same lot, carton or delivery, and where it is now."""

    unit: str
    shares: tuple[str, ...]
    """What it shares: `lot`, `carton`, `delivery`."""
    status: str
    place: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """All of that, of one unit."""

    unit: str
    state: UnitState
    supplier: str | None
    notice: str | None
    """The ASN, or the purchase order that it was received under."""
    purchase_order: str | None
    carton: str | None
    """In which it was announced, or else the one that it was received in."""
    received_ms: int | None
    handled: Sequence[Handling]
    siblings: Sequence[Sibling]
    proof: Sequence[Proof]

    @property
    def is_proved(self) -> bool:
        """Whether every fact that it rests on stands in its chain as it was read."""
        return bool(self.proof) and all(one.verified for one in self.proof)


def origin(connection: sa.Connection, site: str, unit: str, now_ms: int, *, siblings: bool = True) -> Origin:
    """Where a unit came from, by its own name or a further one.

    Raises:
        LookupError: nothing is known of it.
    """
    view = queries.read_unit(connection, site, unit, now_ms)
    if view is None or is_container(view.key):
        raise LookupError(f"{unit:.80} is no unit that is known here.")
    lines = [line for line in queries.trail(connection, site, view.key) if not line.undone]
    notice = view.state.came_under or view.state.announced_by
    facts = [line.fact for line in lines]
    came = next((fact for fact in facts if fact.event.action == "receive"), None)
    carton = view.state.announced_in or (came.event.container if came else None)
    order = _order_of(connection, site, notice) if notice else None
    return Origin(
        unit=view.key,
        state=view.state,
        supplier=suppliers_of(connection, site, [notice]).get(notice) if notice else None,
        notice=notice,
        purchase_order=order,
        carton=carton,
        received_ms=view.state.received_ms or None,
        handled=_handled(
            [*(line.fact for line in lines), *_with_its_carton(connection, site, view.key, lines, now_ms)]
        ),
        siblings=_siblings(connection, site, view.key, view.state, carton) if siblings else (),
        proof=proofs(connection, site, view.key, facts, carton, notice),
    )


def _order_of(connection: sa.Connection, site: str, notice: str) -> str | None:
    """The purchase order that a notice fulfils, or that it is itself."""
    d, t = documents.c, document_rows.c
    query = (
        sa.select(d.kind, t.attributes)
        .join(document_rows, t.document == d.digest)
        .where(d.site == site, d.number == notice, d.kind.in_(KINDS), d.event.isnot(None), t.row == 1)
        .order_by(d.event_ms)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    return notice if row.kind == "purchase_order" else (row.attributes or {}).get("fulfils")


def _with_its_carton(
    connection: sa.Connection, site: str, unit: str, lines: Sequence[TrailLine], now_ms: int
) -> list[Fact]:
    """What was done with the containers that it was in, as long as it was in them."""
    stays = [
        (stay.container or stay.place, stay.since_ms, stay.until_ms or now_ms)
        for stay in over_time(connection, site, unit, lines, now_ms)
    ]
    facts = history(connection, site, {place for place, _, _ in stays if is_container(place)})
    return [
        fact
        for place, since_ms, until_ms in stays
        for fact in effective(facts.get(place, ()))
        if since_ms <= fact.event_ms <= until_ms
    ]


def _handled(facts: Iterable[Fact]) -> list[Handling]:
    """Everyone who scanned it, or the carton that it was in, in the order of their first scan; the office did not."""
    found: dict[tuple[str, int], list[Fact]] = {}
    for fact in sorted(facts, key=lambda fact: fact.order):
        if fact.event.device_no and fact.event.operator:
            found.setdefault((fact.event.operator, fact.event.device_no), []).append(fact)
    return [
        Handling(
            operator=operator,
            device_no=device_no,
            actions=tuple(Counter(fact.event.action for fact in own)),
            first_ms=min(fact.event_ms for fact in own),
            last_ms=max(fact.event_ms for fact in own),
        )
        for (operator, device_no), own in found.items()
    ]


def _siblings(connection: sa.Connection, site: str, unit: str, state: UnitState, carton: str | None) -> list[Sibling]:
    """Units of the same carton, lot of the product, or delivery, the nearest first; at most `SIBLINGS_MAX`."""
    u = unit_states.c
    own = connection.execute(sa.select(u.item).where(u.site == site, u.unit == unit)).scalar()
    notice = state.came_under or state.announced_by
    shared: dict[str, sa.ColumnElement[bool]] = {}
    if state.lot is not None and own is not None:
        shared["lot"] = (u.lot == state.lot) & (u.item == own)
    if carton is not None:
        shared["carton"] = u.announced_in == carton
    if notice is not None:
        shared["delivery"] = (u.came_under == notice) | (u.came_under.is_(None) & (u.announced_by == notice))
    if not shared:
        return []
    query = (
        sa.select(
            u.unit, u.status, u.place, u.expected, u.place_ms, u.announced_by,
            *(sa.func.coalesce(condition, sa.false()).label(name) for name, condition in shared.items()),
        )
        .where(u.site == site, u.unit != unit, u.item.isnot(None), sa.or_(*shared.values()))
        .order_by(*(sa.desc(name) for name in ("carton", "lot", "delivery") if name in shared), u.unit)
        .limit(SIBLINGS_MAX)
    )  # fmt: skip
    rows = of_rows(connection, site, connection.execute(query).mappings())
    return [
        Sibling(
            unit=row["unit"],
            shares=tuple(name for name in shared if row[name]),
            status=str(row["status"]),
            place=row["place"],
        )
        for row in rows
    ]
