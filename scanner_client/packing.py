"""What is packed for an order and what is still missing, with no network."""

from __future__ import annotations

from dataclasses import dataclass

from scanner_client import judging
from scanner_client.handheld import Handheld
from scanner_client.order_now import shortages, taken_for
from scanner_client.parcel import contents
from scanner_client.wording import say
from sync.order import filled, promise


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
