"""What lies where in the simulated shop: in truth, and by the records of a perfect clerk."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from sync.identity import item_of, own_location_key
from sync.labels import SiteCodes
from tests.simulation.shop.catalogue import KINDS, PRODUCTS, Product
from tests.simulation.shop.truth import MonthEnd, Truth

SITE = "main"
STATIONS = ("DOCK", "PACK", "GATE", "RETURNS", "QUAR", "WASTE")
ANNEX_BINS = 4
PLACES_OF = {"DOCK": "inbound", "PACK": "packing", "GATE": "outbound", "RETURNS": "returns"}


def place(code: str) -> str:
    """The canonical name of a bin or station."""
    return own_location_key(SiteCodes().domain, SITE, code)


def code(key: str) -> str:
    """What stands on the label of a place."""
    return key.rpartition("/")[2]


def zone(key: str) -> str:
    """The zone of a bin."""
    return code(key).partition("-")[0]


def bins() -> dict[str, list[str]]:
    """Zone -> its bins' codes. Zone Y is in the other building."""
    found = {kind.zone: [f"{kind.zone}-{n:02d}" for n in range(1, kind.bins + 1)] for kind in KINDS.values()}
    return found | {"Y": [f"Y-{n:02d}" for n in range(1, ANNEX_BINS + 1)]}


def locations() -> Iterator[dict[str, str]]:
    """The rows of the location list."""
    yield from ({"code": name, "zone": PLACES_OF.get(name, "quality")} for name in STATIONS)
    yield from ({"code": each, "zone": letter} for letter, codes in bins().items() for each in codes)


class Stockroom:
    """Units and pieces, where they are and where the records have them."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.booked: dict[str, str] = {}
        """Unit -> where the records have it in stock."""
        self.real: dict[str, str] = {}
        """Unit -> where it is in the house."""
        self.free: dict[str, list[str]] = defaultdict(list)
        """Item -> units in bins that an order may take, the oldest first."""
        self.booked_pieces: Counter[tuple[str, str]] = Counter()
        """(lot or item, place) -> pieces, by the records."""
        self.real_pieces: Counter[tuple[str, str]] = Counter()
        self.costs: dict[str, int] = {}
        """Lot, item -> paise a piece."""
        self._bins = bins()
        self._home = {
            product.item: [self._bins[product.kind.zone][n % product.kind.bins] for n in (2 * number, 2 * number + 1)]
            for number, product in enumerate(PRODUCTS)
        }

    def home(self, item: str, turn: int) -> str:
        """One of the bins of a product."""
        homes = self._home[item]
        return place(homes[turn % len(homes)])

    def annex(self, turn: int) -> str:
        """One of the bins in the other building."""
        return place(self._bins["Y"][turn % ANNEX_BINS])

    def all_bins(self) -> dict[str, list[str]]:
        """Zone -> canonical names of its bins."""
        return {letter: [place(each) for each in codes] for letter, codes in self._bins.items()}

    # Units.

    def puts(self, unit: str, where: str, *, free: bool = True) -> None:
        """It is in this place, and the records say so."""
        self.booked[unit] = self.real[unit] = where
        item = str(item_of(unit))
        if free and unit not in self.free[item]:
            self.free[item].append(unit)

    def takes(self, item: str, *, at: Iterable[str] | None = None) -> str | None:
        """The oldest unit of a product that lies where the records have it; it is free no longer."""
        wanted = None if at is None else set(at)
        for unit in self.free[item]:
            stands = self.real.get(unit)
            if stands is not None and stands == self.booked.get(unit) and (wanted is None or stands in wanted):
                self.free[item].remove(unit)
                return unit
        return None

    def leaves(self, unit: str) -> None:
        """It has left the house, and the records say so."""
        self.booked.pop(unit, None)
        self.real.pop(unit, None)

    def writes_off(self, unit: str) -> None:
        """The records give it up."""
        self.booked.pop(unit, None)
        item = str(item_of(unit))
        if unit in self.free[item]:
            self.free[item].remove(unit)

    # Pieces.

    def adds(self, subject: str, where: str, quantity: int) -> None:
        """So many pieces more (or fewer), and the records say so."""
        self.booked_pieces[subject, where] += quantity
        self.real_pieces[subject, where] += quantity

    def pieces_of(self, product: Product) -> list[tuple[str, str, int]]:
        """(subject, bin, pieces) that lie in bins, what expires first being first."""
        found = [
            (subject, where, quantity)
            for (subject, where), quantity in self.real_pieces.items()
            if quantity > 0 and item_of(subject) == product.item and code(where) not in STATIONS
        ]
        lots = self.truth.lots
        return sorted(found, key=lambda row: (lots[row[0]].expiry or "" if row[0] in lots else "", row[0], row[1]))

    # The end of a month.

    def month_end(self, at_ms: int) -> MonthEnd:
        """What lies there, and what the records say of it."""
        return MonthEnd(
            at_ms=at_ms,
            booked=self._worth(self.booked, self.booked_pieces),
            real=self._worth(self.real, self.real_pieces),
        )

    def _worth(self, units: dict[str, str], pieces: Counter[tuple[str, str]]) -> dict[str, tuple[int, int]]:
        count: Counter[str] = Counter()
        value: Counter[str] = Counter()
        for unit in units:
            item = str(item_of(unit))
            count[item] += 1
            value[item] += self.truth.units[unit].cost
        for (subject, _), quantity in pieces.items():
            item = str(item_of(subject))
            count[item] += quantity
            value[item] += quantity * self.costs[subject]
        return {item: (count[item], value[item]) for item in sorted(count) if count[item]}
