"""What the simulated shop orders from its suppliers, and what comes in."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from sync.check_digits import luhn_digit, mod10_digit
from sync.identity import container_key, imei_key, lot_key, unit_key
from tests.simulation.shop.catalogue import CURRENCY, PRODUCTS, Product
from tests.simulation.shop.stockroom import Stockroom
from tests.simulation.shop.truth import Lot, Truth, Unit

CARTON: Final = 20
EVERY_DAYS: Final = {"food": 7, "medicine": 28, "cosmetics": 28, "home goods": 28}
"""How often a kind is ordered; others every other week."""
SHORT: Final = 0.008
"""Of the units announced, so many are not in their carton. Assumed."""
BROKEN: Final = {"phone": 0.02, "clothes": 0.004}
LOOPS: Final = {"clothes": 0.004, "phone": 0.001}
BAD_PHONES: Final = ("Norda Two", 12)
"""Product and week of the notice whose lot is bad."""
BAD_MEDICINE: Final = ("Antibiotic A", 20)
BAD_SHARE: Final = 0.45


def checked(body: str) -> str:
    """With its check digit."""
    return body + str(mod10_digit(body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a notice: one unit, or pieces."""

    subject: str
    product: Product
    carton: str
    quantity: int
    missing: bool
    """It is not in the carton."""
    made_for: str | None = None
    """The order that it was made for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One notice and what came under it."""

    number: str
    supplier: str
    order: str
    lines: list[Line]
    rows: list[dict[str, object]]
    """Of the notice's file."""
    order_rows: list[dict[str, object]]
    """Of the purchase order's."""

    @property
    def short(self) -> list[Line]:
        return [line for line in self.lines if line.missing]


class Purchasing:
    """Orders what will be sold, three weeks ahead."""

    def __init__(self, truth: Truth, stock: Stockroom, rng: Random, scale: float) -> None:
        self._truth, self._stock, self._rng, self._scale = truth, stock, rng, scale
        self._cartons = self._serials = self._notices = 0
        self.bespoke: list[tuple[Product, str, str]] = []
        """Product, serial, order: what has been ordered and not come yet."""

    def carton(self) -> str:
        """The SSCC of a new carton."""
        self._cartons += 1
        return checked(f"3890100{self._cartons:010d}")

    def serial(self, product: Product) -> str:
        """A new serial number."""
        self._serials += 1
        return f"{product.gtin[-4:-1]}{self._serials:06d}{self._rng.randrange(10)}"

    def deliveries(self, day: int) -> list[Delivery]:
        """What comes on this day."""
        wanted: dict[str, list[tuple[Product, int]]] = defaultdict(list)
        for product in PRODUCTS:
            kind = product.kind
            every = EVERY_DAYS.get(kind.name, 14)
            weekday = 1 + sum(kind.name.encode()) % 6
            if kind.mode == "made_to_order" or (day != 1 and day % every != weekday):
                continue
            ahead = 9 if kind.name == "food" else every + 12
            due = sum(product.demand(day + n) for n in range(ahead) if (day + n) % 7) * self._scale
            lack = round(due * 1.1 + 2) - self._held(product)
            if lack > 0:
                wanted[kind.supplier].append((product, lack))
        if day % 14 == 4:
            for product in dict.fromkeys(product for product, _, _ in self.bespoke):
                wanted[product.kind.supplier].append((product, 0))
        return [self._delivery(supplier, lines, day) for supplier, lines in sorted(wanted.items())]

    def _held(self, product: Product) -> int:
        if product.kind.mode == "serial":
            return len(self._stock.free[product.item])
        return sum(quantity for _, _, quantity in self._stock.pieces_of(product))

    def _delivery(self, supplier: str, wanted: list[tuple[Product, int]], day: int) -> Delivery:
        self._notices += 1
        made = Delivery(
            number=f"ASN-{self._notices:04d}",
            supplier=supplier,
            order=f"PO-{self._notices:04d}",
            lines=[],
            rows=[],
            order_rows=[],
        )
        for product, lack in wanted:
            quantity = lack
            if product.kind.mode == "made_to_order":
                mine = [(serial, order) for each, serial, order in self.bespoke if each is product]
                self.bespoke = [row for row in self.bespoke if row[0] is not product]
                self._units(made, product, day, [serial for serial, _ in mine], dict(mine))
                quantity = len(mine)
            elif product.kind.mode == "serial":
                self._units(made, product, day, [self.serial(product) for _ in range(quantity)], {})
            else:
                self._pieces(made, product, day, quantity)
            made.order_rows.append(
                {"number": made.order, "supplier": supplier, "gtin": product.gtin, "quantity": quantity}
                | {"cost": _amount(product.cost_on(day)), "currency": CURRENCY}
            )
        return made

    def _units(self, made: Delivery, product: Product, day: int, serials: list[str], made_for: dict[str, str]) -> None:
        kind, rng = product.kind, self._rng
        lot = f"{product.gtin[-4:-1]}W{day // 7:02d}" if kind.name == "phone" else None
        bad = (product.name, day // 7) == BAD_PHONES
        if bad:
            self._truth.bad_lots.append(f"{product.item}/10/{lot}")
        carton = ""
        for number, serial in enumerate(serials):
            if number % CARTON == 0:
                carton = self.carton()
            subject = unit_key(product.gtin, serial)
            missing = serial not in made_for and rng.random() < SHORT
            imei = self._imei() if kind.name == "phone" else None
            self._truth.units[subject] = Unit(
                item=product.item,
                serial=serial,
                lot=lot,
                supplier=made.supplier,
                order=made.order,
                notice=made.number,
                carton=container_key(carton),
                cost=product.cost_on(day),
                defective=rng.random() < (BAD_SHARE if bad else BROKEN.get(kind.name, 0)),
                loops=rng.random() < LOOPS.get(kind.name, 0),
                imei=imei,
            )
            made.lines.append(
                Line(
                    subject=subject,
                    product=product,
                    carton=container_key(carton),
                    quantity=1,
                    missing=missing,
                    made_for=made_for.get(serial),
                )
            )
            made.rows.append(self._row(made, product, day, carton) | {"serial": serial} | ({"lot": lot} if lot else {}))

    def _imei(self) -> str:
        body = f"35{self._rng.randrange(10**12):012d}"
        return imei_key(body + str(luhn_digit(body)))

    def _pieces(self, made: Delivery, product: Product, day: int, quantity: int) -> None:
        kind, carton = product.kind, self.carton()
        lot = expiry = None
        if kind.mode == "lot":
            lot = f"{product.gtin[-4:-1]}D{day:03d}"
            start = datetime.fromtimestamp(self._truth.start_ms / 1000, UTC)
            expiry = (start + timedelta(days=day + (kind.keeps_days or 0))).date().isoformat()
        subject = product.item if lot is None else lot_key(product.item, lot)
        cost = product.cost_on(day)
        self._stock.costs[subject] = cost
        if lot is not None:
            bad = product.name == BAD_MEDICINE[0] and day // 7 in (BAD_MEDICINE[1], BAD_MEDICINE[1] + 1)
            self._truth.lots[subject] = Lot(
                item=product.item,
                lot=lot,
                expiry=expiry,
                supplier=made.supplier,
                notice=made.number,
                cost=cost,
                received=quantity,
                bad=bad,
            )
            if bad:
                self._truth.bad_lots.append(subject)
        made.lines.append(
            Line(subject=subject, product=product, carton=container_key(carton), quantity=quantity, missing=False)
        )
        said = {"quantity": quantity} | ({"lot": lot, "expiry": expiry} if lot else {})
        made.rows.append(self._row(made, product, day, carton) | said)

    def _row(self, made: Delivery, product: Product, day: int, carton: str) -> dict[str, object]:
        said = {"number": made.number, "supplier": made.supplier, "po": made.order, "sscc": carton}
        return {**said, "gtin": product.gtin, "cost": _amount(product.cost_on(day)), "currency": CURRENCY}


def _amount(paise: int) -> str:
    return f"{paise // 100}.{paise % 100:02d}"
