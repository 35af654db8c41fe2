"""What the simulated shop sells, from whom, at what cost, and how each product's sales go over the year.

Amounts are in paise. All of it is assumed; the shapes are what matters: dear and cheap, serial and lot, kept and
perishable, growing and declining, returned for its fit and returned for defects.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sync.check_digits import mod10_digit
from sync.identity import item_key

CURRENCY: Final = "INR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of product."""

    name: str
    mode: str
    zone: str
    supplier: str
    bins: int
    returned: float
    """Share of the units sold that come back."""
    reasons: dict[str, float]
    """Why, and how the reasons divide."""
    keeps_days: int | None = None
    """From delivery to expiry."""
    dearer_from_day: int | None = None
    """From this day on its supplier asks 6 % more."""


KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind(name="phone", mode="serial", zone="A", supplier="Norda Mobile", bins=10, returned=0.05,
             reasons={"defect": 0.5, "not_as_described": 0.3, "fit": 0.2}, dearer_from_day=210),
        Kind(name="jewellery", mode="serial", zone="V", supplier="Aurum", bins=6, returned=0.04,
             reasons={"not_as_described": 0.6, "fit": 0.4}),
        Kind(name="clothes", mode="serial", zone="B", supplier="Atelier Lune", bins=12, returned=0.16,
             reasons={"fit": 0.75, "not_as_described": 0.2, "defect": 0.05}, dearer_from_day=150),
        Kind(name="medicine", mode="lot", zone="M", supplier="Medipharm", bins=5, returned=0.0, reasons={},
             keeps_days=420),
        Kind(name="food", mode="lot", zone="C", supplier="Fresh Fields", bins=4, returned=0.0, reasons={},
             keeps_days=12),
        Kind(name="cosmetics", mode="lot", zone="K", supplier="Derma Lab", bins=4, returned=0.0, reasons={},
             keeps_days=540),
        Kind(name="home goods", mode="quantity", zone="H", supplier="Homeworks", bins=5, returned=0.0, reasons={}),
        Kind(name="bespoke", mode="made_to_order", zone="X", supplier="Aurum", bins=1, returned=0.0, reasons={}),
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Product:
    """One product."""

    gtin: str
    name: str
    kind: Kind
    price: int
    """Paise."""
    cost: int
    weekly: float
    """Pieces that would sell in a week at its best."""
    stage: str
    """What its year looks like: a key of `STAGES`."""

    @property
    def item(self) -> str:
        return item_key(self.gtin)

    def demand(self, day: int) -> float:
        """Pieces a day expected to be asked for."""
        return self.weekly / 6 * STAGES[self.stage](day / 7)

    def cost_on(self, day: int) -> int:
        """What its supplier asks on a day."""
        dearer = self.kind.dearer_from_day
        return self.cost if dearer is None or day < dearer else self.cost * 106 // 100


STAGES: Final[dict[str, Callable[[float], float]]] = {
    "mature": lambda _: 0.8,
    "introduced": lambda week: 0.0 if week < 36 else min(1.0, (week - 36) / 20),
    "growing": lambda week: min(1.0, 0.1 + 0.9 * week / 48),
    "declining": lambda week: math.exp(-week / 16),
    "seasonal": lambda week: 0.35 + 0.65 * max(0.0, math.sin((week - 14) / 52 * 2 * math.pi)),
}
"""Stage -> share of the best week, by the week of the year."""


def _product(number: int, kind: str, name: str, price: int, margin: float, weekly: float, stage: str) -> Product:
    body = f"0890100{number:06d}"
    return Product(
        gtin=body + str(mod10_digit(body)),
        name=name,
        kind=KINDS[kind],
        price=price * 100,
        cost=round(price * 100 * (1 - margin)),
        weekly=weekly,
        stage=stage,
    )


PRODUCTS: Final = tuple(
    _product(number, *row)
    for number, row in enumerate(
        [
            ("phone", "Norda One", 24_990, 0.12, 22, "declining"),
            ("phone", "Norda Two", 31_990, 0.14, 20, "mature"),
            ("phone", "Norda Three", 42_990, 0.16, 18, "growing"),
            ("phone", "Norda Mini", 14_990, 0.10, 20, "mature"),
            ("phone", "Norda Fold", 89_990, 0.18, 12, "introduced"),
            ("jewellery", "Ring, gold 18 ct", 38_500, 0.35, 9, "mature"),
            ("jewellery", "Necklace, pearls", 56_000, 0.40, 6, "seasonal"),
            ("jewellery", "Ear studs, silver", 4_200, 0.45, 14, "growing"),
            ("jewellery", "Bracelet, gold 22 ct", 74_000, 0.30, 5, "mature"),
            ("clothes", "Silk dress", 12_900, 0.55, 22, "seasonal"),
            ("clothes", "Linen suit", 18_500, 0.50, 16, "declining"),
            ("clothes", "Wool coat", 21_000, 0.52, 16, "seasonal"),
            ("clothes", "Leather bag", 34_000, 0.60, 16, "mature"),
            ("clothes", "Cotton shirt", 4_900, 0.50, 34, "mature"),
            ("clothes", "Evening shoes", 9_900, 0.55, 24, "growing"),
            ("medicine", "Paracetamol 500", 48, 0.25, 60, "mature"),
            ("medicine", "Antibiotic A", 320, 0.22, 24, "seasonal"),
            ("medicine", "Eye drops", 145, 0.30, 20, "growing"),
            ("food", "Yoghurt, 1 kg", 110, 0.18, 60, "mature"),
            ("food", "Paneer", 180, 0.20, 40, "growing"),
            ("food", "Cut fruit", 150, 0.30, 40, "declining"),
            ("cosmetics", "Day cream", 890, 0.55, 26, "mature"),
            ("cosmetics", "Sun lotion", 650, 0.50, 30, "declining"),
            ("cosmetics", "Lipstick", 540, 0.60, 32, "growing"),
            ("home goods", "Mug", 199, 0.40, 40, "mature"),
            ("home goods", "Cushion", 449, 0.45, 20, "declining"),
            ("home goods", "USB cable", 249, 0.60, 60, "growing"),
            ("bespoke", "Ring, engraved", 45_000, 0.38, 3, "mature"),
        ]
    )
)
