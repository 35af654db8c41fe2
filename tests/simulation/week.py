"""One simulated week: people work, things go wrong, counts find them, and the supervisor decides."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

from tests.simulation.accuracy import accuracy, wrong_records
from tests.simulation.books import Books
from tests.simulation.clockwork import DAY_MS, HOUR_MS, START_MS, Clockwork, Process
from tests.simulation.disturbances import Disturbances
from tests.simulation.floor import Delivery, Floor, Order
from tests.simulation.heaps import Heaps
from tests.simulation.layout import (
    PRODUCTS_A_BIN,
    UNITS_A_BIN,
    Layout,
    Serials,
    box_label,
    build,
    carton_key,
    product,
    sscc,
)
from tests.simulation.mishaps import Mishaps, dealt
from tests.simulation.office import open_office
from tests.simulation.rates import Rates
from tests.simulation.result import Counted, Result, Size
from tests.simulation.scoring import compare_pieces, compare_records, score
from tests.simulation.station import Station
from tests.simulation.truth import Kind, World

OPENS_H, CLOSES_H = 7.0, 18.0
WORK_S = (CLOSES_H - OPENS_H - 1.5) * 3600
RESOLVES = {"missing": "write_off"} | dict.fromkeys(
    ("unknown", "misplaced", "not_in_stock", "shipped_already", "left_behind"), "stays"
)
"""What is decided of a case; of another rule, that nothing is wrong."""
PATIENCE_MS = 20 * HOUR_MS
"""A missing unit is looked for so long before it is written off."""


class Week:
    """One run."""

    def __init__(self, seed: str, size: Size, rates: Rates, folder: Path, database_url: str) -> None:
        self.size, self.rates, self.seed = size, rates, seed
        self.world, self.time = World(), Clockwork()
        self.books = Books(self.world.blame)
        self.layout: Layout = build(size.units)
        self.serials = Serials(self._rng("serials"))
        self.mishaps = Mishaps(self.world, self.layout, rates, self.serials, self._rng("mishaps"), self.time)
        self.heaps = Heaps(self.world, self.layout, rates, self._rng("heaps"), self.time)
        self.floor = Floor(
            self.world, self.books, self.layout, self.mishaps, self.heaps, rates, self._rng("floor"), self.time
        )
        self.counted: list[Counted] = []
        self._rng_paper, self._rng_air = self._rng("papers"), self._rng("air")
        self.disturbances = Disturbances(rates, self._rng_air, self.time)
        self._folder, self._database_url = folder, database_url
        self._packing: list[Order] = []
        self._receipts: list[str] = []
        self._cartons = 0
        self._busy: Counter[str] = Counter()
        self._open_counts: dict[str, list[str]] = {}
        self._counted_by: dict[tuple[str, str], int] = {}
        """Count and bin -> which of the handhelds."""
        self._recounts: dict[str, tuple[str, list[str]]] = {}
        """Count -> its recount, and the bins of that."""
        self._begun: set[str] = set()

    def run(self) -> Result:
        """From the first import to the last decision."""
        began = time.perf_counter()
        with (
            open_office(self._database_url, self._folder / "server", self.time.now_ms) as office,
            ExitStack() as ends,
        ):
            self.office = office
            with office.app.app_context():
                office.asks_for_every_unit()
                self._fill()
                self.hands = [self._station(n) for n in range(self.size.handhelds)]
                for hand in self.hands:
                    ends.callback(hand.close)
                wrong_before = wrong_records(self.world, office.records(), self.layout)
                for day in range(self.size.days):
                    self._day(day)
                self._end()
                ends.close()
            scans = {name: event for hand in self.hands for name, event in hand.scans.items()}
            closed = [c.number for c in self.counted if c.closed_ms is not None]
            heaps = self.heaps.expose(self.books, office.told(), closed)
            differences = [line for number in closed for line in office.differences_of_pieces(number)]
            records = office.records()
            cases = [case for case in office.cases() if case["rule"] != "pieces_missing"]  # `differences` say it by bin
            found = score(self.world, self.books, [*cases, *differences], scans)
            compare_records(found, self.books, records)
            compare_pieces(found, heaps, office.pieces())
            return Result(
                seed=self.seed,
                score=found,
                counted=self.counted,
                wrong_records=(wrong_before, wrong_records(self.world, records, self.layout)),
                events=len(scans),
                recounts=len(self._begun),
                outcomes=office.outcomes(),
                disturbances=self.disturbances.counted,
                seconds=time.perf_counter() - began,
            )

    # Before.

    def _fill(self) -> None:
        rng, layout = self._rng_paper, self.layout
        stock: list[dict[str, str]] = []
        for code in layout.bins:
            gtins = rng.sample(layout.gtins, min(PRODUCTS_A_BIN, len(layout.gtins)))
            for _ in range(UNITS_A_BIN):
                gtin, serial = rng.choice(gtins), self.serials.next()
                stock.append({"gtin": gtin, "serial": serial, "location": code})
                self.world.add(box_label(gtin, serial), product(gtin), serial, layout.key(code))
        self.office.imports(
            "products", [{"gtin": g, "name": f"Product {g[-5:]}", "mode": "serial"} for g in layout.gtins]
        )
        self.office.imports("locations", [{"code": code, "zone": code[:1]} for code in layout.locations])
        for start in range(0, len(stock), 10_000):
            self.office.imports("stock", stock[start : start + 10_000], f"STOCK-{start}")
        self.office.imports(
            "products",
            [
                {"gtin": g.gtin, "name": f"Goods {g.gtin[-5:]}", "mode": "lot" if g.lot else "quantity"}
                for g in self.heaps.goods
            ],
        )
        self.office.imports("stock", self.heaps.fill(), "STOCK-PIECES")
        for row in stock:
            label = box_label(row["gtin"], row["serial"])
            self.books.lists(self.time.now_ms(), label, layout.key(row["location"]))
        self.mishaps.before(self.size.units)

    def _station(self, number: int) -> Station:
        name = f"HH-{number + 1:02d}"
        rng = self._rng(name)
        drift = rng.uniform(-self.rates.drift_ppm, self.rates.drift_ppm)
        station = Station(name, self._folder / name, self.office.app, lambda: self.time.now, rng, drift)
        station.enrol(self.office.invitation())
        return station

    # A day.

    def _day(self, day: int) -> None:
        start = START_MS + day * DAY_MS
        opens = start + OPENS_H * HOUR_MS
        self.time.now = max(self.time.now, opens - HOUR_MS)
        deliveries = [self._delivery(day, n) for n in range(self.size.deliveries_a_day)]
        orders = [self._order(day, n) for n in range(self.size.orders_a_day)]
        counts = self._counts(day)
        receivers, pickers, packers, counters = self._teams()
        for n, hand in enumerate(receivers):
            self._works(hand, opens, [self.floor.receives(hand, d) for d in deliveries[n :: len(receivers)]])
        for n, hand in enumerate(pickers):
            tasks = [self.floor.picks(hand, o, self._packing) for o in orders[n :: len(pickers)]]
            carried = int(self.rates.carried * len(self.layout.bins) / len(pickers))
            tasks += [self.heaps.carries(hand) for _ in range(carried)]
            self._rng_air.shuffle(tasks)
            self._works(hand, opens, tasks, spread=True)
        for hand in packers:
            self._busy[hand.name] += 1
            self.time.start(self._packs(hand, opens + CLOSES_H * HOUR_MS - OPENS_H * HOUR_MS), opens + 900_000)
        for number, bins in counts.items():
            for hand, share in zip(counters, dealt(bins, len(counters)), strict=False):
                self._counted_by |= {(number, place): self.hands.index(hand) for place in share}
                self._works(hand, opens, [self.floor.counts(hand, number, share)])
        self._recount(opens)
        for hand in self.hands:
            self.disturbances.on_a_day(hand, opens, CLOSES_H - OPENS_H)
            first = opens + self._rng_air.random() * self.size.sync_minutes * 60_000
            self.time.start(self._syncs(hand, start + CLOSES_H * HOUR_MS), first)
        for _ in range(self.mishaps.whole(self.rates.met_at_once)):
            self.time.start(self._meets(), opens + self._rng_air.random() * WORK_S * 1000)
        self.mishaps.within(opens, CLOSES_H - OPENS_H, self.size.units)
        self.heaps.steals(CLOSES_H - OPENS_H, opens)
        self.time.run()
        self._evening(start + (CLOSES_H + 0.5) * HOUR_MS, last=day == self.size.days - 1)

    def _recount(self, opens: float) -> None:
        """What was ordered last evening: each bin by the one whose turn is after who counted it."""
        for number, (recount, places) in self._recounts.items():
            if recount in self._begun:
                continue
            self._begun.add(recount)
            shares: dict[int, list[str]] = defaultdict(list)
            for place in places:
                shares[(self._counted_by[number, place] + 1) % len(self.hands)].append(place)
            for n, share in shares.items():
                hand = self.hands[n]
                self._works(hand, opens, [self.floor.counts(hand, recount, share, of=number)])

    def _teams(self) -> tuple[list[Station], list[Station], list[Station], list[Station]]:
        hands = self.hands
        quarter = max(1, len(hands) // 4)
        return hands[:quarter], hands[quarter : 2 * quarter], hands[2 * quarter : 3 * quarter], hands[3 * quarter :]

    def _works(self, hand: Station, opens: float, tasks: list[Process], *, spread: bool = False) -> None:
        self._busy[hand.name] += 1
        self.time.start(self._shift(hand, tasks, spread=spread), opens)

    def _shift(self, hand: Station, tasks: list[Process], *, spread: bool) -> Process:
        """One task after the other; those of one handheld that came later wait until it is free."""
        for task in tasks:
            while hand.in_use:
                yield 30.0
            hand.in_use = True
            yield from task
            hand.in_use = False
            if spread:
                yield self._rng_air.uniform(0, 2 * WORK_S / len(tasks) - 60) if len(tasks) > 1 else 60
        self._busy[hand.name] -= 1

    def _meets(self) -> Process:
        """As soon as two people with a network are free."""
        for _ in range(200):
            free = [hand for hand in self.hands if hand.network.online and not hand.in_use]
            if len(free) > 1:
                one, other = free[:2]
                one.in_use = other.in_use = True
                yield from self.floor.meet(one, other)
                one.in_use = other.in_use = False
                return
            yield 60.0

    def _packs(self, hand: Station, until: float) -> Process:
        while self.time.now < until or self._packing:
            if self._packing and not hand.in_use:
                hand.in_use = True
                yield from self.floor.packs(hand, self._packing.pop(0))
                hand.in_use = False
            else:
                yield 120.0
        self._busy[hand.name] -= 1

    def _syncs(self, hand: Station, until: float) -> Process:
        while self.time.now < until or self._busy[hand.name]:
            self.disturbances.syncs(hand)
            yield self._rng_air.uniform(0.8, 1.2) * self.size.sync_minutes * 60

    # Papers.

    def _delivery(self, day: int, n: int) -> Delivery:
        rng, rates, size = self._rng_paper, self.rates, self.size
        number = f"ASN-{day + 1}{n:03d}"
        codes = [self._sscc() for _ in range(size.cartons)]
        rows: list[dict[str, str]] = []
        now = self.time.now_ms()
        for code in codes:
            gtin = rng.choice(self.layout.gtins)
            for _ in range(size.units_a_carton):
                serial = self.serials.next()
                rows.append({"sscc": code, "gtin": gtin, "serial": serial})
                box = self.world.add(box_label(gtin, serial), product(gtin), serial, carton_key(code))
                self.books.announces(now, box.label, carton_key(code), number)
                fault = rng.random() / rates.inbound_errors
                if fault < rates.short_share:
                    self.world.went_wrong(Kind.SHORT, now, box.label, f"not in {code}")
                    self.world.move(box, None)
                    continue
                fault -= rates.short_share
                other = carton_key(rng.choice([c for c in codes if c != code]))
                if 0 < fault < rates.wrong_carton_share:
                    self.mishaps.misplaces(box, other, Kind.WRONG_CARTON)
                fault -= rates.wrong_carton_share
                if 0 < fault < rates.unannounced_share:
                    self.mishaps.strange(carton_key(code), Kind.UNANNOUNCED, gtin)
                fault -= rates.unannounced_share
                if 0 < fault < rates.clone_received_share:
                    self.mishaps.copies(box, other, Kind.CLONE_RECEIVED)
        self.office.imports("asn", rows, number)
        self._receipts.append(number)
        return Delivery(number=number, cartons=codes)

    def _order(self, day: int, n: int) -> Order:
        rng = self._rng_paper
        number = f"SO-{day + 1}{n:04d}"
        gtins = [rng.choice(self.layout.gtins) for _ in range(rng.randint(1, 2 * self.size.units_an_order - 1))]
        self.office.imports("order", [{"gtin": g, "quantity": str(q)} for g, q in Counter(gtins).items()], number)
        return Order(number=number, items=[product(g) for g in gtins], sscc=self._sscc())

    def _counts(self, day: int) -> dict[str, list[str]]:
        """Each bin once within the days, spread over the warehouse."""
        bins = list(self.layout.bins[day :: self.size.days])
        found = {}
        for n, share in enumerate(dealt(bins, self.size.counts_a_day), 1):
            number = f"COUNT-{day + 1}{n:02d}"
            keys = [self.layout.key(code) for code in share]
            self.office.opens_count(number, share, blind=n % 2 == 0)
            self.books.opens_count(number, keys)
            found[number] = keys
            before = accuracy(self.world, self.office.records(), keys)
            self.counted.append(Counted(number=number, before=before, bins=keys))
            self._open_counts[number] = keys
        return found

    def _sscc(self) -> str:
        self._cartons += 1
        return sscc(self._cartons)

    # In the evening.

    def _evening(self, at_ms: float, *, last: bool) -> None:
        self.time.now = max(self.time.now, at_ms)
        heard = [hand.sync() for hand in self.hands]
        self._close(last=last)
        if all(heard):
            self._decide()

    def _is_recounted(self, number: str, *, last: bool) -> bool:
        """Whether a count can be closed; of every other one what differs is counted again on the next day first."""
        if number in self._recounts:
            return self.office.is_counted(self._recounts[number][0])
        if last or int(number[-1]) % 2 == 0:
            return True
        ordered = self.office.recounts(number)
        if ordered is None:
            return True
        self._recounts[number] = ordered
        return False

    def _close(self, *, last: bool) -> None:
        for number in list(self._receipts):
            self.office.closes_receipt(number)
            self.books.closes_receipt(self.time.now_ms(), number)
            self._receipts.remove(number)
        for number in list(self._open_counts):
            self.time.now += 1000
            if self._is_recounted(number, last=last) and self.office.closes_count(number):
                self.books.closes_count(self.time.now_ms(), number)
                next(c for c in self.counted if c.number == number).closed_ms = self.time.now_ms()
                del self._open_counts[number]

    def _decide(self) -> None:
        """Every handheld has been heard: what is open now is true by all that anybody knows."""
        self.time.now += 60_000
        now = self.time.now_ms()
        known = {exposure.key for exposure in self.books.exposures}
        for case in self.office.cases("open"):
            resolution = RESOLVES.get(case["rule"], "dismiss")
            if case["rule"] == "missing" and now - case["opened_ms"] < PATIENCE_MS:
                continue
            self.time.now += 5_000
            self.office.settles(case, resolution)
            if (case["rule"], case["unit"], case["expected"], case["seen"]) in known:
                self.books.settles(self.time.now_ms(), case["unit"], resolution)
        records = self.office.records()
        for counted in self.counted:
            settled = counted.closed_ms is not None and now - counted.closed_ms >= PATIENCE_MS
            if counted.after is None and settled:
                counted.after = accuracy(self.world, records, counted.bins)

    def _end(self) -> None:
        """The networks are mended, every queue drains, the last counts close, and the last decisions are taken."""
        for hand in self.hands:
            hand.network.online = True
        self._evening(self.time.now + HOUR_MS, last=True)
        self._evening(self.time.now + DAY_MS, last=True)

    def _rng(self, name: str) -> Random:
        return Random(f"{self.seed}/{name}")


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder in memory where the system has one: the simulation is about faults of people, not of disks."""
    memory = Path("/dev/shm")
    path = Path(tempfile.mkdtemp(prefix="week-", dir=memory if memory.is_dir() else None))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def run(seed: str, size: Size, rates: Rates | None = None, database_url: str | None = None) -> Result:
    """One week; the same seed gives the same result."""
    with _folder() as folder:
        url = database_url or f"sqlite:///{folder / 'warehouse.sqlite3'}"
        return Week(seed, size, rates or Rates(), folder, url).run()
