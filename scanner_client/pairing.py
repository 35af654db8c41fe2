"""Names of one unit that are scanned one after another: the unit and then its new plate, or the plate first.

The scans are held together until they name a unit and something more. What a person has not finished is kept by nobody:
it says nothing yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scanner_client.parcel import LABELLING
from scanner_client.sighting import Sighting, Symbol
from scanner_client.site_map import SiteMap
from sync.actions import ACTIONS
from sync.identity import Kind, is_stock, split_key
from sync.labels import Label
from sync.labels.box import Box


@dataclass(frozen=True, slots=True)
class Read:
    """A symbol, and what it says."""

    symbol: Symbol
    label: Label


def pairs(action: str) -> bool:
    """Whether this action joins or parts names of a unit, so that it takes several labels; a parcel's is its own."""
    return "identifiers" in ACTIONS[action].needs and action != LABELLING


class Pairing:
    """What was scanned of one unit so far."""

    def __init__(self) -> None:
        self._symbols: tuple[Symbol, ...] = ()
        self._read: tuple[Read, ...] = ()

    def joined(self, sighting: Sighting, read: Sequence[Read]) -> tuple[Sighting, tuple[Read, ...]]:
        """A sighting together with those before it, as if all of it stood on one box; the same label again is one."""
        symbols = dict.fromkeys((*self._symbols, *sighting.symbols))
        labels = {one.symbol: one for one in (*self._read, *read)}
        return replace(sighting, symbols=tuple(symbols), box=None), tuple(labels.values())

    def hold(self, sighting: Sighting, read: Sequence[Read]) -> None:
        """Something is lacking: these wait for the next."""
        self._symbols, self._read = sighting.symbols, tuple(read)

    def clear(self) -> None:
        """Nothing waits any more."""
        self._symbols, self._read = (), ()


def is_whole(box: Box) -> bool:
    """Whether these labels name a unit, and something more of it."""
    return box.key is not None and bool(box.identifiers) and not is_stock(box.key)


def contradict(read: Sequence[Read]) -> bool:
    """Whether these cannot be labels of one unit, whatever else is scanned."""
    labels = {one.label for one in read}
    for kind in (Kind.UNIT, Kind.SERIAL, Kind.PLATE):
        if len({label.key for label in labels if label.kind is kind}) > 1:
            return True
    return len({label.item for label in labels if label.item}) > 1


def by_own_name(box: Box, site_map: SiteMap) -> Box:
    """The box under the name that its unit has already, where only further names of it were scanned: an IMEI, say.

    A plate that came in as a unit of its own gives way to the serial number that is bound to it.
    """
    if box.key is None or split_key(box.key).kind is Kind.UNIT:
        return box
    names = (box.key, *box.identifiers)
    known = {found.key for name in names if (found := site_map.find(name)) and split_key(found.key).kind is Kind.UNIT}
    if len(known) != 1:
        return box
    own = known.pop()
    return replace(box, key=own, identifiers=tuple(name for name in names if name != own))
