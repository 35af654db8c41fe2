"""How far an order is by what this handheld knows: its map, and what was scanned here since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from scanner_client.handheld import Handheld
from scanner_client.parcel import contents
from scanner_client.unit_now import known_now
from sync.actions import ACTIONS
from sync.event import ScanEvent
from sync.identity import is_container, is_stock
from sync.order import Order, Taken
from sync.order_pieces import OrderPieces, pieces_after
from sync.unit import Status
from sync.verdict import COMMITTED, NO_ORDER, Known, Ordered
from sync.zones import is_set_apart

FURTHER: Final = {"pick": COMMITTED, "pack": frozenset({Status.PACKED, Status.SHIPPED})}
"""By action: statuses of the others that count against what the order asks for."""


def ordered(handheld: Handheld, event: ScanEvent, known: Known | None) -> Ordered:
    """What the orders say of the unit or product in this scan."""
    if event.subject is None or not ACTIONS[event.action].guarded:
        return NO_ORDER
    orders = handheld.site_map.orders()
    order = orders.get(event.document or "")
    taken = 0
    if order is not None and event.action in FURTHER:
        lot = event.lot or (known.lot if known else None)
        lines = [line for line in order.lines if line.takes(event.subject, lot)]
        taken = sum(
            one.quantity
            for one in taken_for(handheld, order, event.action)
            if one.subject != event.subject or is_stock(event.subject)
            if any(line.takes(one.subject, one.lot) for line in lines)
        )
    made_for = _made_for(orders, event.subject, event.document)
    return Ordered(
        order=order,
        made_for=made_for,
        taken=taken,
        sealed=_is_sealed(handheld, event.container),
        lapsed=_lapsed(handheld, event, known) if ACTIONS[event.action].hands_over else None,
    )


def _lapsed(handheld: Handheld, event: ScanEvent, known: Known | None) -> str | None:
    """A cancelled order that this carton was closed for, or that something in it was packed for."""
    cancelled = {number: order for number, order in handheld.site_map.orders().items() if order.cancelled}
    if not cancelled:
        return None
    if known is not None and known.status in COMMITTED and known.document in cancelled:
        return known.document
    carton = event.subject or ""
    inside = contents(handheld, carton) if is_container(carton) else []
    for subject in inside:
        unit = None if is_stock(subject) else known_now(handheld, subject)
        if unit is not None and unit.status in COMMITTED and unit.document in cancelled:
            return unit.document
    pieces = set(filter(is_stock, inside))
    for number, order in cancelled.items() if pieces else ():
        packed = pieces_for(handheld, order).in_cartons
        if any(one.container == carton and one.subject in pieces and not left for one, left in packed):
            return number
    return None


def taken_for(handheld: Handheld, order: Order, action: str) -> list[Taken]:
    """What the order has once it was picked (`pick`) or packed (`pack`).

    Units by name; of what has no units, the pieces that the map counts and those that were scanned here since.
    """
    own = [str(event.subject) for event in handheld.own_scans.under(order.number) if event.subject]
    found, apart = _pieces(handheld, order, action), handheld.site_map.quarantine_bins()
    for subject in dict.fromkeys([*handheld.site_map.taken_for(order.number), *own]):
        if is_container(subject) or is_stock(subject):
            continue
        known = known_now(handheld, subject)
        if known is None or known.status not in FURTHER[action] or known.document != order.number:
            continue
        if not is_set_apart(known, apart):
            found.append(Taken(subject=subject, lot=known.lot))
    return found


def pieces_for(handheld: Handheld, order: Order) -> OrderPieces:
    """Pieces without units that the order has, by the server's word and the scans made here since."""
    return pieces_after(order.picked, order.packed, handheld.own_scans.under(order.number))


def _pieces(handheld: Handheld, order: Order, action: str) -> list[Taken]:
    found = pieces_for(handheld, order)
    return [one for one, _ in found.in_cartons] if action == "pack" else found.taken


def _is_sealed(handheld: Handheld, container: str | None) -> bool:
    carton = known_now(handheld, container) if container else None
    return carton is not None and carton.closed


def _made_for(orders: Mapping[str, Order], unit: str, mine: str | None) -> str | None:
    named = [
        order.number
        for order in orders.values()
        if not order.cancelled and any(line.unit == unit for line in order.lines)
    ]
    return mine if mine in named else next(iter(named), None)


def shortages(handheld: Handheld, order: Order) -> list[Taken]:
    """What this order does without, by others' word and by this handheld's own."""
    own = handheld.own_scans.under(order.number)
    mine = (event for event in own if event.action == "short_pick" and event.subject)
    return [
        *order.short,
        *(Taken(subject=str(e.subject), lot=e.lot, quantity=e.quantity or 1, place=e.location) for e in mine),
    ]
