"""The worked case: so many orders a month at so much a unit, and when that pays. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Final

from server.adviser.assumptions import Figure
from server.adviser.model import Product, advise
from server.adviser.presets import PRESETS, Preset
from server.adviser.regulations import Mode
from server.typed_number import as_said

ORDERS: Final = 5_000
UNIT_COST: Final = 2.0
PRICES: Final = (100, 500, 2_000, 15_000, 60_000)
STOCK_MONTHS: Final = 2
"""Of sales in stock, for the part that recalls play."""


class CaseError(ValueError):
    """The case cannot be reckoned; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is asked."""

    orders: float = ORDERS
    """A month."""
    units_order: float = 1
    unit_cost: float = UNIT_COST
    """All that a label costs, in the currency's main unit."""
    currency: str = "INR"

    def __post_init__(self) -> None:
        """Refuse what no shop has.

        Raises:
            CaseError: orders, units or cost are nought or less.
        """
        for value, what in (
            (self.orders, "orders a month"),
            (self.units_order, "units an order"),
            (self.unit_cost, "cost of a unit"),
        ):
            if not 0 < value <= 1e9:
                given = as_said(value)
                raise CaseError(f"The {what} must be more than nought and below 1,000,000,000, and not {given}.")

    @property
    def units(self) -> float:
        """Labels a month."""
        return self.orders * self.units_order

    @property
    def cost(self) -> float:
        """A month."""
        return self.units * self.unit_cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """How many units of one price have to be saved in a month for the labels to pay."""

    price: float
    units: float
    share: float
    """Of the units sold; above 1 they never pay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """From which price labels pay for one kind of goods."""

    preset: Preset
    saved: float
    """Of the price, by each unit's own name, against counting pieces."""
    price: float | None
    """Where that is what the label costs: unit cost / saved; None where it saves nothing."""
    beyond: float
    """Of the price, beyond what lots and cartons would save for next to nothing."""
    price_beyond: float | None
    """Likewise; None where a name for each unit adds nothing."""


def needed(case: Case) -> list[Needed]:
    """For some prices: the cost of a month / the price, and that of the units sold."""
    return [Needed(price=price, units=case.cost / price, share=case.cost / price / case.units) for price in PRICES]


def break_evens(case: Case, figures: Mapping[str, Mapping[str, Figure]]) -> list[BreakEven]:
    """For each kind of goods, from which price the labels pay; those first where they pay soonest beyond lots.

    Args:
        figures: the assumptions of each preset, by its name.
    """
    found = [_break_even(case, preset, figures[name]) for name, preset in PRESETS.items()]
    return sorted(found, key=lambda one: one.price_beyond or inf)


def _break_even(case: Case, preset: Preset, figures: Mapping[str, Figure]) -> BreakEven:
    product = Product(
        key=preset.name,
        name=preset.title,
        mode=Mode.QUANTITY,
        currency=case.currency,
        price=1,
        cost=None,
        units_month=Figure(value=case.units, source="the case"),
        units_order=Figure(value=case.units_order, source="the case"),
        on_hand=round(STOCK_MONTHS * case.units),
    )
    advice = advise(product, preset, figures, frozenset())
    coarser = (advice.option(mode) for mode in (Mode.LOT, Mode.IMPLICIT))
    grouped = max(one.saving for one in coarser if one.barred is None)
    saving = advice.option(Mode.LPN).saving
    saved, beyond = saving / case.units, (saving - grouped) / case.units
    return BreakEven(
        preset=preset,
        saved=saved,
        price=case.unit_cost / saved if saved > 0 else None,
        beyond=beyond,
        price_beyond=case.unit_cost / beyond if beyond > 0 else None,
    )
