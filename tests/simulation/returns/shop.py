"""The shop behind the desk: units received with their numbers, put away, sold, and what its paperwork says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

from scanner_client.sighting import Symbol
from sync.check_digits import luhn_digit
from tests.simulation.clockwork import DAY_MS, START_MS
from tests.simulation.layout import Serials, bin_label, carton_label, sscc
from tests.simulation.office import Office
from tests.simulation.returns.things import box_of, read
from tests.simulation.station import Station

PHONE, WATCH, BAG = "09506000134352", "09506000134369", "09506000134376"
"""A phone with two IMEIs; a watch whose serial is engraved; a bag that is copied so well that each is looked at."""
BINS: Final = ("A-01", "A-02", "A-03")
LOST: Final = "A-09"
"""A bin from which things go missing."""
LOTS: Final = tuple(f"L{number:02d}" for number in range(60))
BAD_LOTS: Final = LOTS[:3]
"""Most of what does not work is of these."""


@dataclass(slots=True)
class Unit:
    """One unit of the shop, in truth."""

    gtin: str
    serial: str
    imeis: tuple[str, ...]
    lot: str
    order: str = ""
    customer: str = ""
    carton: str = ""

    @property
    def key(self) -> str:
        return f"https://id.gs1.org/01/{self.gtin}/21/{self.serial}"

    @property
    def box(self) -> tuple[Symbol, ...]:
        return box_of(self.gtin, self.serial, self.imeis)

    @property
    def own_number(self) -> str:
        """What the device shows of itself."""
        return self.imeis[0] if self.imeis else self.serial


@dataclass
class Time:
    """The one true time, Unix milliseconds."""

    now: float = START_MS

    def now_ms(self) -> int:
        return int(self.now)

    def passes(self, seconds: float) -> None:
        self.now += seconds * 1000


@dataclass
class Shop:
    """What the shop has and does; `hand` is the handheld of the warehouse."""

    office: Office
    hand: Station
    time: Time
    rng: Random
    serials: Serials = field(init=False)
    _numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**9)))

    def __post_init__(self) -> None:
        self.serials = Serials(self.rng)

    def open(self) -> None:
        """Products, places, and what is always looked at."""
        names = {PHONE: "Phone", WATCH: "Watch", BAG: "Bag"}
        self.office.imports("products", [{"gtin": g, "name": name, "mode": "serial"} for g, name in names.items()])
        places = [*BINS, LOST, "PACK", "GATE", "RETURNS"]
        self.office.imports("locations", [{"code": c, "zone": "returns" if c == "RETURNS" else c[:1]} for c in places])

    def units(
        self, count: int, gtin: str | None = None, *, place: str | None = None, lots: Sequence[str] = LOTS
    ) -> list[Unit]:
        """So many new ones, received with what is printed on their boxes, and put away."""
        made = [self._unit(gtin or self.rng.choice((PHONE, PHONE, WATCH)), lots) for _ in range(count)]
        rows = [
            {"gtin": u.gtin, "serial": u.serial, "lot": u.lot, "location": place or self.rng.choice(BINS)} for u in made
        ]
        for start in range(0, len(rows), 5_000):
            self.office.imports("stock", rows[start : start + 5_000], f"STOCK-{self.number()}")
        self.hand.sync()
        self.hand.begin("inspect", location=place or "A-01")  # the boxes are scanned once, with every number on them
        for unit in made:
            self.hand.scan(read(unit.box))
            self.time.passes(1)
        self.hand.sync()
        return made

    def _unit(self, gtin: str, lots: Sequence[str]) -> Unit:
        imeis = tuple(self.imei() for _ in range(2)) if gtin == PHONE else ()
        return Unit(gtin=gtin, serial=self.serials.next(), imeis=imeis, lot=self.rng.choice(lots))

    def imei(self) -> str:
        """Fifteen digits that check."""
        body = f"35{self.rng.randrange(10**12):012d}"
        return body + str(luhn_digit(body))

    def number(self) -> int:
        return next(self._numbers)

    def customer(self) -> str:
        return f"C-{self.number()}"

    def sell(self, units: list[Unit], customer: str | None = None) -> None:
        """Each to a customer of its own, or all to one, a parcel each; handed over."""
        self.time.passes(3_600)
        for unit in units:
            unit.order, unit.customer = f"SO-{self.number()}", customer or self.customer()
            unit.carton = sscc(self.number())
        rows = [{"number": u.order, "gtin": u.gtin, "quantity": "1", "customer_key": u.customer} for u in units]
        for start in range(0, len(rows), 2_000):
            self.office.imports("order", rows[start : start + 2_000])
        self.hand.sync()
        for unit in units:
            self.hand.begin("pack", document=unit.order, location="PACK")
            self.hand.scan(carton_label(unit.carton))
            self.hand.scan(read(unit.box[:1]))
            self.time.passes(20)
        self.hand.begin("ship", location="GATE")
        self.hand.sync()
        for start in range(0, len(units), 5):
            self.hand.hands_over(*(carton_label(unit.carton) for unit in units[start : start + 5]))
            self.time.passes(10)
        self.hand.sync()

    def announce(
        self, unit: Unit, reason: str, *, order: str | None = None, customer: str | None = None
    ) -> dict[str, str]:
        """A row of the returns file: what the shop's own system says of who sends what back."""
        return {
            "number": f"RMA-{self.number()}",
            "order": order or unit.order,
            "customer_key": customer or unit.customer,
            "gtin": unit.gtin,
            "serial": "",
            "reason": reason,
        }

    def puts_back(self, unit: Unit) -> None:
        """What the desk released goes to its bin again, an hour later."""
        self.time.passes(3_600)
        self.hand.sync()
        self.hand.begin("put_away")
        self.hand.scan(bin_label(self.rng.choice(BINS)))
        self.hand.scan(read(unit.box[:1]))
        self.hand.sync()

    def writes_off(self, units: list[Unit]) -> None:
        """A count finds their bin empty, and the supervisor gives them up."""
        number = f"COUNT-{self.number()}"
        self.days_pass(1)
        self.office.opens_count(number, [LOST])
        self.hand.sync()
        self.hand.begin("count", document=number)
        self.hand.scan(bin_label(LOST))
        self.hand.finish()
        self.time.passes(60)
        self.hand.sync()
        assert self.office.closes_count(number)
        gone = {unit.key for unit in units}
        for case in self.office.cases("open"):
            if case["rule"] == "missing" and case["unit"] in gone:
                self.office.settles(case, "write_off")

    def days_pass(self, days: float) -> None:
        self.time.now += days * DAY_MS
