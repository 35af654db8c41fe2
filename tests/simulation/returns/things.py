"""What lies on the desk: what can be read and seen on it, and, unseen by client and server, what it is in truth."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from scanner_client.sighting import Sighting, Symbol


class Kind(StrEnum):
    """What somebody sends back, in truth."""

    HONEST = "honest, as bought"
    HONEST_SEALED = "honest, never opened"
    HONEST_WORN = "honest, used or incomplete"
    HONEST_DEFECT = "honest, does not work"
    HONEST_NO_PAPER = "honest, slip lost"
    HONEST_NO_BOX = "honest, without its box"
    HONEST_LOOP = "honest, sent back before"
    UNDELIVERED = "undelivered parcel"
    COUNTERFEIT = "counterfeit, number of its own"
    FAKE_IN_BOX = "fake in the buyer's genuine box"
    DUMMY_IN_BOX = "dummy in a genuine box"
    PERFECT_COPY = "copy with the right number inside"
    CLONE_ON_SHELF = "clone of a unit on our shelf"
    CLONE_RETURNED = "clone of a unit that came back"
    WRONG_CUSTOMER = "another customer's unit"
    OLD_FOR_NEW = "their old one for their new one"
    STOLEN_FROM_SHELF = "taken from our shelf"
    WRITTEN_OFF = "missing since a count"
    RECALLED = "recalled, honest"


HONEST: Final = frozenset(kind for kind in Kind if "honest" in kind.value)
NEVER_RESTOCKED: Final = frozenset(Kind) - HONEST - {Kind.UNDELIVERED} | {Kind.HONEST_DEFECT, Kind.RECALLED}
"""What must not come back among what is sold by the desk's word."""
MIX: Final[dict[Kind, int]] = {
    Kind.HONEST: 330,
    Kind.HONEST_SEALED: 60,
    Kind.HONEST_WORN: 50,
    Kind.HONEST_DEFECT: 60,
    Kind.HONEST_NO_PAPER: 30,
    Kind.HONEST_NO_BOX: 30,
    Kind.HONEST_LOOP: 40,
    Kind.UNDELIVERED: 30,
    Kind.COUNTERFEIT: 60,
    Kind.FAKE_IN_BOX: 70,
    Kind.DUMMY_IN_BOX: 20,
    Kind.PERFECT_COPY: 20,
    Kind.CLONE_ON_SHELF: 40,
    Kind.CLONE_RETURNED: 20,
    Kind.WRONG_CUSTOMER: 60,
    Kind.OLD_FOR_NEW: 20,
    Kind.STOLEN_FROM_SHELF: 20,
    Kind.WRITTEN_OFF: 20,
    Kind.RECALLED: 20,
}
"""Of 1,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One parcel on the desk, as far as a clerk can see it."""

    box: tuple[Symbol, ...] = ()
    """What is printed on the box; nothing where there is none."""
    device: str | None = None
    """What the device itself shows; None where it shows nothing, or cannot be seen without breaking the seal."""
    seal: str = "broken"
    condition: str = "opened"
    reason: str = "fit"
    """What the customer says."""
    slip: str | None = None
    """The return or order that the slip in the parcel names."""
    parcel: str | None = None
    """SSCC of a parcel that nobody has opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A parcel, and what it is in truth."""

    kind: Kind
    thing: Thing
    unit: str | None = None
    """The unit whose label it bears, for the end of the run: what became of that."""


def box_of(gtin: str, serial: str, imeis: tuple[str, ...] = ()) -> tuple[Symbol, ...]:
    """What is printed on the box of a unit."""
    label = Symbol(data=f"01{gtin}21{serial}".encode(), symbology="]d2")
    return (label, *(Symbol(data=imei.encode(), symbology="]C0") for imei in imeis))


def read(symbols: tuple[Symbol, ...]) -> Sighting:
    """The clerk scans these."""
    return Sighting(symbols=symbols, entry="wedge")
