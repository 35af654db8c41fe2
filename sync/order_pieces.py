"""Pieces of stock without units that an order has, from what was scanned for it. Pure, and the same on both sides.

Who picks pieces has them for the order; packing puts them into a carton, and whatever is packed without a pick came
straight from the shelf. Unpacked they are the order's still; put away or moved for the order they are not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from sync.event import ScanEvent
from sync.identity import is_stock, split_key
from sync.order import Taken

What = tuple[str, str | None]
"""Product or lot, and the lot's number."""
Carton = tuple[str | None, bool]
"""Its name, and whether it has left since: it may be filled anew."""
TAKING: Final = ("pick", "pack")
GIVING_BACK: Final = ("unpack", "put_away", "move")


@dataclass(slots=True)
class OrderPieces:
    """So many of each that the order has, and of these, in cartons."""

    has: Counter[What] = field(default_factory=Counter)
    packed: Counter[tuple[What, Carton]] = field(default_factory=Counter)

    def take(self, event: ScanEvent, *, left: bool = False) -> None:
        """One more scan for the order.

        Args:
            left: whether the carton that it names was handed over since.
        """
        if event.subject is None or not is_stock(event.subject):
            return
        what = (event.subject, event.lot or split_key(event.subject).value("10"))
        pieces = 1 if event.quantity is None else event.quantity
        if event.action == "pick":
            self.has[what] += pieces
        elif event.action == "pack":
            self.packed[what, (event.container, left)] += pieces
            self.has[what] = max(self.has[what], self._packed(what))  # straight from the shelf
        elif event.action in GIVING_BACK:
            unpacked = self._unpack(what, (event.container or event.origin, left), pieces)
            if event.action != "unpack":
                self.has[what] -= min(self.has[what], max(unpacked, pieces))

    def in_hand(self, subject: str) -> int:
        """Pieces that were picked and are in no carton."""
        return sum(n - self._packed(what) for what, n in self.has.items() if what[0] == subject)

    @property
    def taken(self) -> list[Taken]:
        """All that the order has."""
        return [Taken(subject=s, lot=lot, quantity=n) for (s, lot), n in _sorted(self.has)]

    @property
    def in_cartons(self) -> list[tuple[Taken, bool]]:
        """What is in cartons, and whether it has left."""
        return [
            (Taken(subject=s, lot=lot, quantity=n, container=carton), left)
            for ((s, lot), (carton, left)), n in _sorted(self.packed)
        ]

    def _packed(self, what: What) -> int:
        return sum(n for (packed, _), n in self.packed.items() if packed == what)

    def _unpack(self, what: What, carton: Carton, pieces: int) -> int:
        """Take so many out of this carton, or where none is named of any that has not left; how many there were."""
        out = 0
        for key, n in list(self.packed.items()):
            packed, own = key
            if packed == what and (own == carton or (carton[0] is None and not own[1])):
                part = min(n, pieces - out)
                self.packed[key] -= part
                out += part
        return out


def _sorted(counter: Counter[Any]) -> list[tuple[Any, int]]:
    return sorted(((key, n) for key, n in counter.items() if n > 0), key=lambda pair: repr(pair[0]))


def pieces_after(taken: Iterable[Taken], packed: Iterable[Taken], events: Iterable[ScanEvent]) -> OrderPieces:
    """What an order has after these scans.

    Args:
        taken: all that it had before them.
        packed: of these, what was in cartons; those without one have left.
    """
    found = OrderPieces()
    for one in taken:
        found.has[one.subject, one.lot] += one.quantity
    for one in packed:
        found.packed[(one.subject, one.lot), (one.container, one.container is None)] += one.quantity
    for event in events:
        found.take(event)
    return found
