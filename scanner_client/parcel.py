"""A parcel by whatever label it still has: its own, or its carrier's; and what is in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from scanner_client.handheld import Handheld
from scanner_client.packed_here import was_filled_here
from scanner_client.pieces_map import moved
from scanner_client.pieces_now import moves_of
from scanner_client.sighting import Symbol
from scanner_client.unit_now import known_now
from sync.identity import Kind, is_container, is_stock
from sync.labels import Label, Refusal, SiteCodes
from sync.recall import Bite, Reach, Recall, bite, traits_of
from sync.tracking import tracking_key

LABELLING: Final = "label_parcel"
BY_ANY_LABEL: Final = frozenset({"receive", "ship", "parcel_back", "take_back"})
"""Actions that take a parcel by its carrier's label as well."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A carton that was found by its tracking number."""

    container: str
    tracking: str


def parcel_of(handheld: Handheld, action: str, symbol: Symbol, codes: SiteCodes) -> Parcel | None:
    """The carton that this label is a further name of; None where it is none, or this handheld does not know."""
    key = tracking_key(symbol.data, symbol.symbology, codes) if action in BY_ANY_LABEL else None
    found = handheld.site_map.find(key) if key else None
    return Parcel(container=found.key, tracking=key) if found and key and is_container(found.key) else None


def as_label(parcel: Parcel) -> Label:
    """The carton's own label, which was not read, but is meant."""
    return Label(kind=Kind.CONTAINER, key=parcel.container, format="tracking")


def tracking_of(symbol: Symbol, label: Label | Refusal, codes: SiteCodes) -> str | None:
    """The name that a carrier's label gives a parcel; None where it is another kind of label."""
    if isinstance(label, Label) and label.kind is Kind.CONTAINER:
        return None
    return tracking_key(symbol.data, symbol.symbology, codes)


def contents(handheld: Handheld, carton: str) -> list[str]:
    """What is in a carton by the map and by what was packed here since: units, and products without units.

    What it was handed over with at this handheld is in it no longer once it is filled anew.
    """
    own = handheld.own_scans.all()
    filled = max((n for n, event in enumerate(own) if event.container == carton and event.action == "pack"), default=-1)
    sent = (n for n, event in enumerate(own[: max(filled, 0)]) if event.subject == carton and event.action == "ship")
    gone = max(sent, default=-1)
    found = {} if gone >= 0 else dict.fromkeys(handheld.site_map.packed_in(carton))
    for event in own[gone + 1 :]:
        subject = event.subject or ""
        if is_stock(subject):
            continue
        if event.container == carton and subject and event.action == "pack":
            found[subject] = None
        elif subject in found and event.action in ("unpack", "put_away", "move"):
            del found[subject]
    moves = (move for move in moves_of(own[gone + 1 :]) if move.place == carton)
    lying = moved([] if gone >= 0 else handheld.site_map.pieces.inside(carton), moves)
    return [*found, *dict.fromkeys(one.subject for one in lying if one.quantity > one.apart)]


def holds_nothing(handheld: Handheld, carton: str, number: str | None) -> bool:
    """Whether this handheld knows that nothing was packed into a carton: of an order it does not have, it cannot."""
    if number not in handheld.site_map.orders() or contents(handheld, carton):
        return False
    return not was_filled_here(handheld.outbox, carton)  # a cloned serial that turned up elsewhere is in it still


def biting_inside(handheld: Handheld, subjects: Iterable[str], recalls: Sequence[Recall]) -> tuple[str, Bite] | None:
    """Something in a carton that must not be moved with it, and the recall that holds it: a sure one before others."""
    now_ms = handheld.site_map.now_ms(handheld.clock)
    found = None
    for subject in subjects if recalls else ():
        known = None if is_stock(subject) else known_now(handheld, subject)
        bitten = bite(recalls, traits_of(subject, known, now_ms))
        if bitten is not None and bitten.reach is Reach.YES:
            return subject, bitten
        if bitten is not None and found is None:
            found = subject, bitten
    return found


def held_inside(handheld: Handheld, carton: str) -> str | None:
    """Something in a carton that quality holds back."""
    for subject in contents(handheld, carton):
        known = None if is_stock(subject) else known_now(handheld, subject)
        if known is not None and known.held:
            return subject
    return None
