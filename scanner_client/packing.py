"""What is packed for an order and what is still missing, with no network."""

from __future__ import annotations

from dataclasses import dataclass

from scanner_client import judging
from scanner_client.handheld import Handheld
from scanner_client.order_now import shortages, taken_for
from scanner_client.parcel import contents, holds_nothing
from scanner_client.unit_now import known_now
from scanner_client.wording import say
from sync.actions import ACTIONS, Stock
from sync.event import ScanEvent
from sync.identity import is_container
from sync.order import filled, promise
from sync.unit import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """An order at the packing station."""

    order: str
    done: int
    asked: int
    missing: tuple[str, ...]
    """In words, each a product and how many."""
    inside: int
    """Units and products in the open carton."""


def packed_so_far(handheld: Handheld, number: str | None, carton: str | None) -> Packed | None:
    """How far the packing of this order is; None where the handheld does not know it."""
    order = handheld.site_map.orders().get(number or "")
    if order is None:
        return None
    packed = taken_for(handheld, order, "pack")
    without = shortages(handheld, order)
    wants = promise([order], {order.number: [*packed, *without]}, ()).get(order.number, ())
    return Packed(
        order=order.number,
        done=filled(order, packed),
        asked=sum(line.quantity for line in order.lines),
        missing=tuple(
            say("picks.take", quantity=want.missing, thing=judging.thing_text(handheld.site_map, key))
            for want in wants
            for key in (want.line.unit or want.line.item,)
        ),
        inside=len(contents(handheld, carton)) if carton else 0,
    )


def is_empty_parcel(handheld: Handheld, event: ScanEvent) -> bool:
    """Whether this hands over a carton that the handheld knows to be here, and knows to hold nothing."""
    if not _hands_over(event):
        return False
    carton = event.subject or ""
    known = known_now(handheld, carton)  # one it does not know may have been packed at another station just now
    return (
        known is not None
        and known.status is not Status.SHIPPED
        and holds_nothing(handheld, carton, event.document or known.document)
    )


def unfinished_parcel(handheld: Handheld, event: ScanEvent) -> str | None:
    """What to say of a carton that is handed over and was never closed, or leaves its order short."""
    known = known_now(handheld, event.subject or "") if _hands_over(event) else None
    if known is None:
        return None
    if not known.closed:
        return say("packing.sent_open")
    found = packed_so_far(handheld, event.document or known.document, None)
    missing = ", ".join(found.missing) if found else ""
    return say("packing.sent_short", order=found.order, missing=missing) if found and missing else None


def _hands_over(event: ScanEvent) -> bool:
    return ACTIONS[event.action].stock is Stock.LEAVES and is_container(event.subject or "")
