"""What goes wrong beyond any scan: drawn from seeded random processes, done to the boxes, and written down."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tests.simulation.clockwork import Clockwork, Process
from tests.simulation.layout import Layout, Serials, box_label, product
from tests.simulation.rates import Rates
from tests.simulation.truth import Box, Kind, World


class Mishaps:
    """Thieves, careless hands and copied labels."""

    def __init__(
        self, world: World, layout: Layout, rates: Rates, serials: Serials, rng: Random, time: Clockwork
    ) -> None:
        self._world = world
        self._layout = layout
        self._rates = rates
        self._serials = serials
        self._rng = rng
        self._time = time
        self.shipped: list[Box] = []
        self._bins = [layout.key(code) for code in layout.bins]

    def before(self, units: int) -> None:
        """What stands wrong when the week begins."""
        rates = self._rates
        for kind, share in (
            (Kind.THEFT, rates.theft_a_year),
            (Kind.MISPLACEMENT, rates.misplaced_before),
            (Kind.STRANGER, rates.strangers),
            (Kind.CLONE, rates.clones),
        ):
            for _ in range(self.whole(share * units)):
                self._does(kind)

    def within(self, start_ms: float, hours: float, units: int) -> None:
        """One working day: each at its moment."""
        rates = self._rates
        for kind, mean in (
            (Kind.THEFT, rates.a_day(rates.theft_a_year, units)),
            (Kind.MISPLACEMENT, rates.a_day(rates.misplaced_a_year, units)),
            (Kind.STRANGER, rates.a_day(rates.strangers, units)),
            (Kind.CLONE, rates.a_day(rates.clones, units)),
            (Kind.CAME_BACK, rates.a_day(rates.came_back, units)),
        ):
            for _ in range(self.whole(mean)):
                self._time.start(self._once(kind), start_ms + self._rng.random() * hours * 3_600_000)

    def happens(self, share: float) -> bool:
        """Whether it happens this time."""
        return self._rng.random() < share

    def other_bin(self, place: str) -> str:
        """Any bin but this one."""
        return self._rng.choice([b for b in self._bins if b != place])

    def steals(self, box: Box) -> None:
        """Somebody walks out with it."""
        self._world.went_wrong(Kind.THEFT, self._time.now_ms(), box.label, f"stolen from {box.place}")
        self._world.move(box, None)

    def misplaces(self, box: Box, place: str, kind: Kind = Kind.MISPLACEMENT) -> None:
        """Somebody lays it elsewhere and scans nothing."""
        self._world.went_wrong(kind, self._time.now_ms(), box.label, f"from {box.place} to {place}")
        self._world.move(box, place)

    def copies(self, box: Box, place: str, kind: Kind = Kind.CLONE) -> Box:
        """A second box under the same number."""
        copy = self._world.add(box.label, box.item, box.serial, place)
        self._world.went_wrong(kind, self._time.now_ms(), box.label, f"a copy of it in {place}")
        return copy

    def pair(self) -> tuple[Box, Box]:
        """A box and a copy of it, in two bins."""
        while True:
            place = self._rng.choice(self._bins)
            boxes = [box for box in self._world.at(place) if self._world.is_faultless(box.label)]
            if boxes:
                box = self._rng.choice(boxes)
                return box, self.copies(box, self.other_bin(place))

    def strange(self, place: str, kind: Kind, gtin: str) -> Box:
        """A box that nobody knows of."""
        serial = self._serials.next()
        box = self._world.add(box_label(gtin, serial), product(gtin), serial, place)
        self._world.went_wrong(kind, self._time.now_ms(), box.label, f"in {place}")
        return box

    def _once(self, kind: Kind) -> Process:
        self._does(kind)
        yield from ()

    def _does(self, kind: Kind) -> None:
        place = self._rng.choice(self._bins)
        if kind is Kind.STRANGER:
            self.strange(place, kind, self._rng.choice(self._layout.gtins))
            return
        gone = kind is Kind.CAME_BACK
        there = self.shipped if gone else self._world.at(place)
        boxes = [box for box in there if self._world.is_faultless(box.label)]
        if not boxes:
            return
        box = self._rng.choice(boxes)
        if kind is Kind.THEFT:
            self.steals(box)
        elif kind is Kind.CLONE:
            self.copies(box, self.other_bin(place))
        elif kind is Kind.CAME_BACK:
            self.misplaces(box, place, kind)
        else:
            self.misplaces(box, self.other_bin(place))

    def whole(self, mean: float) -> int:
        """A whole number with this mean."""
        return int(mean) + (self._rng.random() < mean % 1)


def typo(serial: str, rng: Random) -> str:
    """The number with one wrong digit."""
    at = rng.randrange(len(serial) - 1)
    wrong = rng.choice([d for d in "0123456789" if d != serial[at]])
    return serial[:at] + wrong + serial[at + 1 :]


def dealt(things: Sequence[str], hands: int) -> list[list[str]]:
    """Things dealt out in runs, one for each hand."""
    size = -(-len(things) // hands)
    return [list(things[n : n + size]) for n in range(0, len(things), size)]
