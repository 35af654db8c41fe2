"""What people scan: units that come, move, are picked, packed, shipped and counted, pieces, mistakes undone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import Any, Final

from sync.event import ScanEvent, format_name
from tests.simulation.faults.server import LAYOUT, UNITS, product, unit
from tests.simulation.layout import carton_key, sscc

BINS: Final = tuple(map(LAYOUT.key, LAYOUT.bins))
DOCK: Final = LAYOUT.key("DOCK")
CARTONS: Final = tuple(carton_key(sscc(n)) for n in range(6))
PIECES: Final = product(LAYOUT.gtins[4])
Said = dict[str, Any]


class Worker:
    """Somebody with a handheld. What they do hangs on their own chance alone, not on what goes wrong."""

    def __init__(self, name: str, chance: Random) -> None:
        self._name, self._chance = name, chance
        self._scans = 0
        self._counting: deque[Said] = deque()
        self.count: str | None = None
        """The number of a count that they are asked to help with."""
        self.bins: tuple[str, ...] = ()

    def pace(self) -> float:
        """How long until the next scan, one on average."""
        return self._chance.expovariate(1.0)

    def next(self, lately: deque[ScanEvent]) -> Said:
        """The fields of the next scan; `lately` is what this handheld kept last."""
        self._scans += 1
        said = self._counting.popleft() if self._counting else self._draw(lately)
        return {"barcode": f"{self._name}/{self._scans}".encode(), "operator": self._name} | said

    def _draw(self, lately: deque[ScanEvent]) -> Said:
        chance = self._chance
        if self.count is not None and chance.random() < 0.3:
            self._counting.extend(self._sweep(self.count, self.bins))
            self.count = None
            return self._counting.popleft()
        subject, place = unit(chance.randrange(UNITS)), chance.choice(BINS)
        draw = chance.random()
        if draw < 0.03 and lately:
            undone = chance.choice(lately)
            if not undone.voids:
                return {
                    "action": "void",
                    "voids": format_name(undone.name),
                    "subject": undone.subject,
                    "reason": "mistake",
                }
        for share, said in self._choices(subject, place):
            draw -= share
            if draw < 0:
                return said
        return {"action": "inspect", "subject": subject, "location": place}

    def _choices(self, subject: str, place: str) -> Iterator[tuple[float, Said]]:
        chance = self._chance
        carton = chance.choice(CARTONS)
        yield 0.10, {"action": "receive", "subject": subject, "location": DOCK}
        yield 0.25, {"action": "put_away", "subject": subject, "location": place}
        yield 0.22, {"action": "move", "subject": subject, "location": place}
        yield 0.08, {"action": "pick", "subject": subject, "location": place, "document": "SO-1"}
        yield 0.06, {"action": "pack", "subject": subject, "container": carton, "document": "SO-1"}
        yield 0.02, {"action": "ship", "subject": carton, "document": "SO-1"}
        yield 0.04, {"action": "put_away", "subject": PIECES, "location": place, "quantity": chance.randint(1, 9)}
        imei = f"urn:gsma:imei:49015420-32375{chance.randrange(10)}-0"
        yield 0.02, {"action": "link", "subject": subject, "identifiers": (imei,)}
        yield 0.02, {"action": "take_back", "subject": subject, "location": DOCK, "reason": "damaged"}

    def _sweep(self, count: str, bins: tuple[str, ...]) -> Iterator[Said]:
        for place in bins:
            here = {"location": place, "document": count}
            yield {"action": "open_bin", **here}
            for n in self._chance.sample(range(UNITS), 4):
                yield {"action": "count", "subject": unit(n), **here}
            yield {"action": "finish_bin", **here}
