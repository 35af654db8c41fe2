"""The clerk at the returns desk: scans the box, reads the device, says how it looks, and sees nothing but the thing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from random import Random

from scanner_client.sighting import Symbol, Told
from scanner_client.typed import Typing
from sync.because import Outcome
from tests.simulation.layout import bin_label, carton_label
from tests.simulation.returns.things import Thing, read
from tests.simulation.station import Station

UNDELIVERED = "parcel back"
UNREADABLE = "nothing to scan"


@dataclass(frozen=True, slots=True)
class Handled:
    """What came of one parcel."""

    outcome: str
    because: tuple[str, ...] = ()
    slipped: bool = False
    """Whether the shelf's scan took it although the desk had not released it."""


class Clerk:
    """One person with one handheld; now and then careless."""

    def __init__(self, hand: Station, rng: Random, carelessness: float = 0.05) -> None:
        self._hand = hand
        self._rng = rng
        self._carelessness = carelessness

    def handle(self, thing: Thing) -> Handled:
        """From the parcel's label to the verdict; what is released is released, and what is not may be tried anyway."""
        self._hand.begin("take_back", location="RETURNS", document=thing.slip)
        typing = Typing(self._hand.session)
        if thing.parcel is not None:
            self._hand.scan(carton_label(thing.parcel))
            [told] = self._hand.keep(typing.enter(b"/undelivered"))
            return Handled(UNDELIVERED if told.event and told.event.action == "parcel_back" else told.text)
        first = thing.box or self._device(thing)
        if not first:
            return Handled(UNREADABLE)
        self._hand.scan(read(first))
        if thing.device is not None:
            self._read_device(typing, thing)
        said = [
            *self._hand.keep(typing.enter(f"/seal {thing.seal}".encode())),
            *self._hand.keep(typing.enter(f"/condition {thing.condition}".encode())),
            *self._hand.keep(typing.enter(f"/reason {thing.reason}".encode())),
            *self._picture(),
        ]
        found = next((told.returned for told in reversed(said) if told.returned), None)
        if found is None:
            return Handled("no verdict: " + said[-1].text)
        if found.outcome is Outcome.RESTOCK:
            self._hand.keep(typing.enter(b"/restock"))
        slipped = found.outcome is not Outcome.RESTOCK and self._tries_the_shelf(first)
        return Handled(found.outcome.value, tuple(why.value for why in found.because), slipped)

    def _device(self, thing: Thing) -> tuple[Symbol, ...]:
        return (Symbol(data=thing.device.encode(), symbology="]C0"),) if thing.device else ()

    def _read_device(self, typing: Typing, thing: Thing) -> None:
        """From the screen by its barcode; what is engraved is keyed in twice. Asked again, the clerk reads it again."""
        if thing.device is None:
            return
        if not thing.device.isdigit():
            for _ in range(2):
                self._hand.keep(typing.enter(b"key:" + thing.device.encode()))
            return
        for _ in range(2):
            told = self._hand.scan(read(self._device(thing)))
            if told[-1].event is not None:
                return

    def _picture(self) -> list[Told]:
        digest = hashlib.sha256(self._rng.randbytes(8)).hexdigest()
        return self._hand.keep(self._hand.session.desk.pictured(digest))

    def _tries_the_shelf(self, box: tuple[Symbol, ...]) -> bool:
        """A careless clerk carries it to the shelf all the same."""
        if self._rng.random() >= self._carelessness:
            return False
        self._hand.begin("put_away")
        self._hand.scan(bin_label("A-01"))
        told = self._hand.scan(read(box[:1]))
        return any(one.event is not None and one.event.action == "put_away" for one in told)
