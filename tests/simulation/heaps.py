"""Stock without serial numbers: heaps of pieces, what is done to them, and what a perfect clerk makes of it.

The clerk adds and subtracts what was scanned, and takes a closed count's word for a bin wherever the clocks can tell
that nothing moved there while it was counted. What the count then finds too few or too many exposes a theft or a slip
of the counter's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from scanner_client.sighting import Sighting, Symbol
from sync.check_digits import mod10_digit
from sync.event import EventName
from sync.identity import item_key, lot_key
from tests.simulation.books import Books
from tests.simulation.clockwork import Clockwork, Process
from tests.simulation.layout import Layout
from tests.simulation.rates import Rates
from tests.simulation.station import Station
from tests.simulation.truth import Exposure, Kind, World

GOODS: Final = 12
SHARE: Final = 0.5
"""Of the bins, so many hold some of a lot, and so many some of what is only counted."""
Where = tuple[str, str]
"""Bin, and product or lot."""


@dataclass(frozen=True, slots=True)
class Goods:
    """A product without serial numbers."""

    gtin: str
    lot: str | None

    @property
    def subject(self) -> str:
        return lot_key(self.gtin, self.lot) if self.lot else item_key(self.gtin)

    @property
    def label(self) -> Sighting:
        data = f"01{self.gtin}10{self.lot}" if self.lot else f"01{self.gtin}"
        return Sighting(symbols=(Symbol(data=data.encode(), symbology="]d2"),))


@dataclass(frozen=True, slots=True)
class Told:
    """An event as the server has it."""

    event_ms: int
    uncertainty_ms: int
    document: str | None
    location: str | None


@dataclass(slots=True)
class Sweep:
    """A bin that was counted."""

    number: str
    place: str
    document: str
    """What it was scanned under: the count, or its recount."""
    found: Counter[str] = field(default_factory=Counter)


class Heaps:
    """Every heap of pieces."""

    def __init__(self, world: World, layout: Layout, rates: Rates, rng: Random, time: Clockwork) -> None:
        self._world, self._layout, self._rates, self._rng, self._time = world, layout, rates, rng, time
        goods = [f"0950601{n:06d}" for n in range(GOODS)]
        self.goods = [Goods(body + str(mod10_digit(body)), f"L{n}" if n % 2 else None) for n, body in enumerate(goods)]
        self._of = {one.subject: one for one in self.goods}
        self._lying: Counter[Where] = Counter()
        self._listed: Counter[Where] = Counter()
        self._moves: list[tuple[EventName, Where, int]] = []
        self._sweeps: list[Sweep] = []
        self._codes = {layout.key(code): code for code in layout.bins}

    def products(self) -> list[dict[str, str]]:
        """The product list."""
        modes = {True: "lot", False: "quantity"}
        return [{"gtin": g.gtin, "name": f"Goods {g.gtin[-5:]}", "mode": modes[bool(g.lot)]} for g in self.goods]

    def fill(self) -> list[dict[str, str]]:
        """The stock list."""
        rows = []
        for code in self._layout.bins:
            for kind in (0, 1):
                if self._rng.random() < SHARE:
                    one = self._rng.choice(self.goods[kind::2])
                    pieces = self._rng.randint(20, 200)
                    rows.append({"gtin": one.gtin, "lot": one.lot or "", "quantity": str(pieces), "location": code})
                    self._listed[self._layout.key(code), one.subject] += pieces
        self._lying.update(self._listed)
        return rows

    def steals(self, hours: float, start_ms: float) -> None:
        """One working day's thefts, each at its moment."""
        for where in sorted(self._lying):
            if self._rng.random() < self._rates.pieces_stolen:
                self._time.start(self._theft(where), start_ms + self._rng.random() * hours * 3_600_000)

    def _theft(self, where: Where) -> Process:
        pieces = min(self._rng.randint(1, 5), self._lying[where])
        if pieces:
            self._lying[where] -= pieces
            self._world.went_wrong(Kind.PIECES_STOLEN, self._time.now_ms(), _label(where), f"{pieces} pieces")
        yield from ()

    def carries(self, hand: Station) -> Process:
        """Some pieces are taken out, or to another bin."""
        heaps = sorted(where for where, pieces in self._lying.items() if pieces > 0)
        yield self._rng.uniform(20, 60)
        place, subject = where = self._rng.choice(heaps)
        pieces = self._rng.randint(1, min(10, self._lying[where])) if self._lying[where] else 0
        to = self._rng.choice([other for other in self._codes if other != place])
        if not pieces:
            return
        if self._rng.random() < SHARE:
            hand.begin("move", location=self._codes[to], origin=self._codes[place])
            name = self._scans(hand, subject, pieces)
            self._changes(name, (to, subject), pieces)
        else:
            hand.begin("pick", location=self._codes[place])
            name = self._scans(hand, subject, pieces)
        self._changes(name, where, -pieces)

    def counts(self, hand: Station, document: str, place: str, *, of: str) -> Process:
        """Heap by heap, while others may take from them; a recount speaks for the bin instead of the count."""
        sweep = Sweep(of, place, document)
        self._sweeps = [one for one in self._sweeps if (one.number, one.place) != (of, place)]
        self._sweeps.append(sweep)
        for subject in sorted({subject for at, subject in self._lying if at == place}):
            yield self._rng.uniform(4, 20)
            pieces = self._lying[place, subject]
            if pieces and self._rng.random() < self._rates.miscounted:
                self._world.went_wrong(Kind.MISCOUNTED, self._time.now_ms(), _label((place, subject)), "one too few")
                pieces -= 1
            if pieces:
                self._scans(hand, subject, pieces)
            sweep.found[subject] += pieces

    def _scans(self, hand: Station, subject: str, pieces: int) -> EventName:
        event = hand.pieces(self._of[subject].label, pieces)
        assert event.action != "reject", event
        return event.name

    def _changes(self, name: EventName, where: Where, pieces: int) -> None:
        self._moves.append((name, where, pieces))
        self._lying[where] += pieces

    def expose(self, books: Books, told: Mapping[EventName, Told], closed: Sequence[str]) -> dict[Where, int]:
        """What the closed counts found wrong, as exposures; returns what must be in the books at the end."""
        due = Counter(self._listed)
        for _, where, pieces in self._moves:
            due[where] += pieces
        for sweep in self._sweeps:
            if sweep.number in closed:
                self._close(sweep, books, told, due)
        return {where: pieces for where, pieces in due.items() if pieces}

    def _close(self, sweep: Sweep, books: Books, told: Mapping[EventName, Told], due: Counter[Where]) -> None:
        scans = [one for one in told.values() if (one.document, one.location) == (sweep.document, sweep.place)]
        began = min(one.event_ms - one.uncertainty_ms for one in scans)
        ended = max(one.event_ms + one.uncertainty_ms for one in scans)
        for subject in {subject for place, subject in {*due, *self._listed} if place == sweep.place} | {*sweep.found}:
            where = (sweep.place, subject)
            moves = [(told[name], pieces) for name, at, pieces in self._moves if at == where]
            before = sum(n for one, n in moves if one.event_ms + one.uncertainty_ms < began)
            since = sum(n for one, n in moves if one.event_ms - one.uncertainty_ms > ended)
            if before + since != sum(n for _, n in moves):
                continue  # some came or went meanwhile: look again
            expected, found = self._listed[where] + before, sweep.found[subject]
            due[where] = found + since
            if found != expected:
                self._expose(books, where, sweep.number, found - expected, ended)

    def _expose(self, books: Books, where: Where, number: str, pieces: int, at_ms: int) -> None:
        case = line_of(number, where, pieces)
        fault = self._world.blame(case["rule"], _label(where), at_ms)
        named = {name: case[name] for name in ("rule", "unit", "expected", "seen")}
        found = Exposure(**named, at_ms=at_ms, fault=fault)
        books.exposures.append(found)
        if fault is not None:
            fault.exposures.append(found)


def line_of(number: str, where: Where, pieces: int) -> dict[str, Any]:
    """A difference in the shape of a case: so it is scored with them."""
    place, subject = where
    rule = "pieces_short" if pieces < 0 else "pieces_over"
    seen = f"{number}: {pieces:+d}"
    named = {"rule": rule, "unit": subject, "expected": place, "seen": seen}
    return {**named, "status": "closed", "episode": "", "opened_ms": 0}


def _label(where: Where) -> str:
    return " ".join(where)
