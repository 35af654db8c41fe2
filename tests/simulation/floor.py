"""The people on the floor: each has a handheld, a task, and hands that move boxes. The clerk sees what they scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from scanner_client.sighting import Sighting, Tone
from tests.simulation.books import Books
from tests.simulation.clockwork import Clockwork, Process
from tests.simulation.heaps import Heaps
from tests.simulation.layout import Layout, bin_label, box_label, carton_key, carton_label, unit_label
from tests.simulation.mishaps import Mishaps, typo
from tests.simulation.rates import Rates
from tests.simulation.station import Station
from tests.simulation.truth import Box, Kind, World


@dataclass(kw_only=True)
class Delivery:
    """What stands at the dock under one notice."""

    number: str
    cartons: list[str]
    """SSCCs."""


@dataclass(kw_only=True)
class Order:
    """What a customer wants, and what was taken from the shelves for it."""

    number: str
    items: list[str]
    sscc: str
    taken: list[Box] = field(default_factory=list)


class ScanNotKeptError(AssertionError):
    """A handheld did not keep a scan that it should have kept."""


class Floor:
    """Everybody's work."""

    def __init__(
        self,
        world: World,
        books: Books,
        layout: Layout,
        mishaps: Mishaps,
        heaps: Heaps,
        rates: Rates,
        rng: Random,
        time: Clockwork,
    ) -> None:
        self._world = world
        self._books = books
        self._layout = layout
        self._mishaps = mishaps
        self._heaps = heaps
        self._rates = rates
        self._rng = rng
        self._time = time
        self._codes = {layout.key(code): code for code in layout.locations}
        self._bins = [layout.key(code) for code in layout.bins]
        self._dock, self._pack, self._gate = (layout.key(code) for code in ("DOCK", "PACK", "GATE"))

    def receives(self, hand: Station, delivery: Delivery) -> Process:
        """Carton by carton, then everything into bins."""
        hand.begin("receive", document=delivery.number, location="DOCK")
        boxes: list[Box] = []
        previous: Box | None = None
        for sscc in delivery.cartons:
            yield self._seconds(20, 40)
            carton = carton_key(sscc)
            self._scans(hand, carton_label(sscc))
            self._books.carton_stands(carton, self._dock)
            if previous is not None and self._mishaps.happens(self._twice_a_carton(delivery)):
                self._world.went_wrong(Kind.RECEIVED_TWICE, self._now(), previous.label, f"again in {carton}")
                self._world.move(previous, carton)
            for box in self._world.at(carton):
                yield self._seconds(3, 8)
                boxes.append(box)
                if self._mishaps.happens(self._rates.unread_inbound) and self._world.is_faultless(box.label):
                    self._world.went_wrong(Kind.UNREAD_INBOUND, self._now(), box.label, f"in {carton}")
                    continue
                self._scans(hand, self._label(box), again_is_fine=len(self._world.bearing(box.label)) > 1)
                self._books.receives(self._now(), box.label, carton, delivery.number)
                previous = box
        yield from self._puts_away(hand, list(dict.fromkeys(boxes)))

    def picks(self, hand: Station, order: Order, packing: list[Order]) -> Process:
        """Bin by bin, then to the packing station."""
        hand.begin("pick", document=order.number)
        for item in order.items:
            place = self._bin_with(item)
            if place is None:
                continue
            yield self._seconds(20, 60)
            here = [box for box in self._world.at(place) if box.item == item]
            if not here:
                continue  # a short pick: the records say that there is one
            box = self._rng.choice(here)
            self._enters(hand, place)
            refused = self._scans(hand, self._label(box), again_is_fine=True)
            if refused is not None:
                self._books.refuses(self._now(), box.label, place, refused)
                continue
            self._books.picks(self._now(), box.label, place, order.number)
            others = [other for other in here if other.label != box.label]
            if others and self._mishaps.happens(self._rates.mispick):
                taken = self._rng.choice(others)
                self._world.went_wrong(Kind.MISPICK, self._now(), box.label, f"{taken.label} was taken for it")
                box = taken
            self._world.move(box, self._pack)
            order.taken.append(box)
        if order.taken:
            packing.append(order)

    def packs(self, hand: Station, order: Order) -> Process:
        """Into a carton, and to the carrier."""
        carton = carton_key(order.sscc)
        yield self._seconds(20, 60)
        hand.begin("pack", document=order.number, location="PACK")
        hand.scan(carton_label(order.sscc))
        for box in order.taken:
            yield self._seconds(4, 10)
            refused = self._scans(hand, self._label(box), again_is_fine=True)
            if refused is not None:
                self._books.refuses(self._now(), box.label, self._pack, refused)
                continue  # it stays on the table
            self._books.packs(self._now(), box.label, carton, self._pack, order.number)
            self._world.move(box, carton)
        packed = self._world.at(carton)
        if not packed:
            return
        yield self._seconds(60, 900)
        hand.begin("ship", document=order.number, location="GATE")
        while not any(told.event for told in hand.hands_over(carton_label(order.sscc))):  # on the hold pile until then
            yield self._seconds(120, 600)
        self._books.ships(self._now(), carton)
        for box in packed:
            self._world.move(box, None)
            self._mishaps.shipped.append(box)

    def meet(self, one: Station, other: Station) -> Process:
        """Two people look at a box and at its copy in the same second."""
        box, copy = self._mishaps.pair()
        for hand, seen in ((one, box), (other, copy)):
            assert seen.place is not None
            hand.begin("inspect", location=self._codes[seen.place])
            self._scans(hand, self._label(seen))
            self._books.inspects(self._now(), seen.label, seen.place)
            yield 0.8

    def counts(self, hand: Station, number: str, places: Sequence[str], *, of: str | None = None) -> Process:
        """Bin by bin: its label, every box, and it is done; `of` is the count that this one recounts."""
        hand.begin("count", document=number)
        count = of or number
        for place in places:
            yield self._seconds(10, 30)
            self._enters(hand, place)
            self._books.opens_bin(self._now(), place, count)
            passed: set[int] = set()
            while todo := [box for box in self._world.at(place) if box.no not in passed]:
                yield self._seconds(0.8, 2.5)
                passed.add(todo[0].no)
                if todo[0].place == place:
                    self._counts_box(hand, todo[0], place, count)
            yield from self._heaps.counts(hand, number, place, of=count)
            yield self._seconds(2, 5)
            hand.finish()
            self._books.finishes_bin(self._now(), place, count)

    def _counts_box(self, hand: Station, box: Box, place: str, number: str) -> None:
        rates, now = self._rates, self._now()
        if self._mishaps.happens(rates.unread):
            self._world.went_wrong(Kind.UNREAD, now, box.label, f"in {place} by {number}")
            return
        label, sighting = box.label, self._label(box)
        if self._mishaps.happens(rates.keyed):
            serial = box.serial
            if self._mishaps.happens(rates.miskeyed):
                serial = typo(serial, self._rng)
                label = box_label(self._gtin(box), serial)
                self._world.went_wrong(Kind.MISKEYED, now, box.label, f"typed as {serial} in {place}")
                self._world.went_wrong(Kind.MISKEYED, now, label, f"typed for {box.serial} in {place}")
            sighting = unit_label(self._gtin(box), serial, entry="keyed")
        self._scans(hand, sighting, again_is_fine=len(self._world.bearing(box.label)) > 1)
        self._books.counts_unit(now, label, place, number)

    def _puts_away(self, hand: Station, boxes: Sequence[Box]) -> Process:
        hand.begin("put_away")
        for start in range(0, len(boxes), 4):
            place = self._rng.choice(self._bins)
            yield self._seconds(20, 50)
            self._enters(hand, place)
            for box in boxes[start : start + 4]:
                yield self._seconds(3, 8)
                if self._mishaps.happens(self._rates.unscanned) and self._world.is_faultless(box.label):
                    self._mishaps.misplaces(box, place, Kind.UNSCANNED)
                    continue
                self._scans(hand, self._label(box), again_is_fine=len(self._world.bearing(box.label)) > 1)
                self._books.puts_away(self._now(), box.label, place)
                self._world.move(box, place)
                if self._mishaps.happens(self._rates.wrong_bin):
                    self._mishaps.misplaces(box, self._mishaps.other_bin(place), Kind.WRONG_BIN)

    def _bin_with(self, item: str) -> str | None:
        """A bin in which the books have this product: that is what a pick list goes by."""
        bins = self._rng.sample(self._bins, len(self._bins))
        prefix = f"{item}/21/"
        return next((b for b in bins if any(u.startswith(prefix) for u in self._books.stored_in(b))), None)

    def _enters(self, hand: Station, place: str) -> None:
        hand.scan(bin_label(self._codes[place]))

    def _scans(self, hand: Station, sighting: Sighting, *, again_is_fine: bool = False) -> str | None:
        """Scan; the reason where the handheld said that this must not go on, or that it knows this box already."""
        told = hand.scan(sighting)[-1]
        if told.event is None and not (again_is_fine and told.tone is Tone.INFO):
            raise ScanNotKeptError(f"{hand.name} kept nothing of {sighting.symbols}: {told.text}")
        if told.event is None:
            return "already"
        return told.event.reason if told.event.action == "reject" else None

    def _label(self, box: Box) -> Sighting:
        return unit_label(self._gtin(box), box.serial)

    def _gtin(self, box: Box) -> str:
        return box.item.rpartition("/")[2]

    def _twice_a_carton(self, delivery: Delivery) -> float:
        units = sum(len(self._world.at(carton_key(sscc))) for sscc in delivery.cartons)
        return self._rates.inbound_errors * self._rates.received_twice_share * units / max(1, len(delivery.cartons) - 1)

    def _now(self) -> int:
        return self._time.now_ms()

    def _seconds(self, least: float, most: float) -> float:
        return self._rng.uniform(least, most)
