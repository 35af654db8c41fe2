"""What each way of tracking a product costs and saves in a month, and which one to take. Pure.

Every line of money is a product of factors, so that the formula that people read is the one that was computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final

from server.adviser.assumptions import ASSUMPTIONS, Figure, Unit
from server.adviser.presets import Preset
from server.adviser.regulations import UNITWISE, Mode, Regulation, binding, satisfies

MONTHS: Final = 12
"""Of sales that a recall reaches back over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One factor of a line, as it is written."""

    value: float
    text: str
    """Its value and what it is: `17.6 % of the units sold come back`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One cost or one saving a month."""

    name: str
    text: str
    factors: tuple[Factor, ...]

    @property
    def amount(self) -> float:
        """In the currency's main unit, a month."""
        return prod(factor.value for factor in self.factors)

    @property
    def formula(self) -> str:
        """The line as people read it."""
        return " × ".join(factor.text for factor in self.factors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """What is known of a product beside the assumptions."""

    key: str
    name: str
    mode: str
    """How it is tracked now."""
    currency: str
    price: float
    cost: Figure | None
    """Of one piece; where none is known, the margin says it."""
    units_month: Figure
    """Sold a month."""
    units_order: Figure
    """Pieces of it in one order that has any."""
    on_hand: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way of tracking it."""

    mode: Mode
    costs: tuple[Line, ...]
    savings: tuple[Line, ...]
    barred: str | None = None
    """Why it cannot be taken, a sentence."""

    @property
    def cost(self) -> float:
        return sum(line.amount for line in self.costs)

    @property
    def saving(self) -> float:
        return sum(line.amount for line in self.savings)

    @property
    def net(self) -> float:
        return self.saving - self.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What to do with one product, and why."""

    product: Product
    preset: Preset
    figures: Mapping[str, Figure]
    """Every assumption that was used."""
    options: tuple[Option, ...]
    """One for each mode, from the least work to the most."""
    by_money: Mode
    least: Mode
    """What the law asks for; `quantity` where it asks for nothing."""
    laws: tuple[Regulation, ...]
    recommended: Mode

    def option(self, mode: Mode) -> Option:
        return next(one for one in self.options if one.mode is mode)

    @property
    def decided_by_law(self) -> bool:
        """Whether money alone would have said something else."""
        return self.recommended is not self.by_money

    @property
    def net(self) -> float:
        return self.option(self.recommended).net

    @property
    def break_even_price(self) -> float | None:
        """The price above which a name for each unit leaves more than any coarser way; None where it never does.

        Every saving grows with the price: cost and price go up together.
        """
        taken = [one for one in self.options if one.barred is None]
        coarser = [one for one in taken if one.mode not in UNITWISE]
        found = [self._break_even(one, coarser) for one in taken if one.mode in UNITWISE]
        return min((price for price in found if price is not None), default=None)

    def _break_even(self, fine: Option, coarser: Iterable[Option]) -> float | None:
        """The price at which it leaves as much as the best of the others: `saving × p = cost` of the difference."""
        gains = [(fine.cost - one.cost, fine.saving - one.saving) for one in coarser]
        if any(more <= 0 for _, more in gains):
            return None
        return max(0, *(self.product.price * dearer / more for dearer, more in gains))


class _Terms:
    """Factors by name, for one product under its assumptions."""

    def __init__(self, product: Product, figures: Mapping[str, Figure]) -> None:
        self.product, self.figures = product, figures
        self.units = Factor(value=product.units_month.value, text=f"{number(product.units_month.value)} sold a month")
        self.price = Factor(value=product.price, text=f"{product.price:,.2f} price")
        own = product.cost
        share = 1 - self("margin").value
        self.cost = (
            Factor(value=own.value, text=f"{own.value:,.2f} cost")
            if own is not None
            else Factor(value=product.price * share, text=f"{product.price * share:,.2f} cost (price less margin)")
        )

    def __call__(self, name: str) -> Factor:
        value, told = self.figures[name].value, ASSUMPTIONS[name]
        if told.unit is Unit.PERCENT:
            return Factor(value=value / 100, text=f"{number(value)} % {told.text}")
        if told.unit is Unit.HOURLY:
            return Factor(value=value / 3600, text=f"{value:,.2f} an hour / 3,600")
        if told.unit is Unit.MONEY:
            return Factor(value=value, text=f"{value:,.2f} {told.text}")
        if told.unit is Unit.MINUTES:
            return Factor(value=value * 60, text=f"{number(value)} min × 60 s")
        return Factor(value=value, text=f"{number(value)} {told.text}")

    def rest(self, name: str, text: str) -> Factor:
        """What a percentage leaves."""
        left = 100 - self.figures[name].value
        return Factor(value=left / 100, text=f"{number(left)} % {text}")

    @property
    def reached(self) -> Factor:
        """Pieces that a recall of the whole product reaches."""
        sold, here = self.product.units_month.value, self.product.on_hand
        return Factor(
            value=here + MONTHS * sold, text=f"({here:,} in stock + {MONTHS} × {number(sold)} sold a month) pieces"
        )

    @property
    def lines_month(self) -> Factor:
        """Order lines a month."""
        sold, each = self.product.units_month.value, self.product.units_order.value
        return Factor(value=sold / each, text=f"({number(sold)} sold a month / {number(each)} an order) order lines")

    @property
    def cartons(self) -> Factor:
        """Cartons a month, each scanned when it comes and when it is opened."""
        sold, each = self.product.units_month.value, self.figures["carton_units"].value
        return Factor(value=2 * sold / each, text=f"2 × ({number(sold)} sold a month / {number(each)} in a carton)")


def advise(product: Product, preset: Preset, figures: Mapping[str, Figure], markets: frozenset[str]) -> Advice:
    """Compare the ways of tracking a product.

    Args:
        product: what is known of it.
        preset: the kind of goods; its laws count.
        figures: a value for every assumption.
        markets: where the shop sells: keys of `regulations.MARKETS`.
    """
    terms = _Terms(product, figures)
    serial, lot = figures["maker_serial"].value > 0, figures["has_lot"].value > 0
    barred = {
        Mode.SERIAL: None if serial else "The maker prints no serial number on it: a printed plate does the same.",
        Mode.LOT: None if lot else "It bears no lot and no date.",
    }
    options = tuple(
        Option(mode=mode, costs=_COSTS[mode](terms), savings=_savings(mode, terms), barred=barred.get(mode))
        for mode in Mode
    )
    least, laws = binding(preset.laws, markets, maker_serial=serial)
    worth = prod(factor.value for factor in (terms("worth_min"), terms("wage")))
    by_money = _best([one for one in options if one.barred is None], worth)
    lawful = [one for one in options if satisfies(one.mode, least) and (one.barred is None or one.mode is least)]
    return Advice(
        product=product,
        preset=preset,
        figures=figures,
        options=options,
        by_money=by_money,
        least=least,
        laws=laws if least is not Mode.QUANTITY else (),
        recommended=_best(lawful, worth),
    )


def _best(options: Sequence[Option], worth: float) -> Mode:
    """The mode with the least work among those that leave as much as the best of them, to within what is worth it."""
    most = max(one.net for one in options)
    return next(one.mode for one in options if one.net >= most - worth)


def _line(name: str, text: str, *factors: Factor) -> Line:
    return Line(name=name, text=text, factors=factors)


def _unit_scans(t: _Terms) -> tuple[Line, ...]:
    return (
        _line("scanning", "Scanning each unit", t.units, t("scans"), t("scan_s"), t("wage")),
        _line("care", "Looking after the records", t("care_unit"), t("wage")),
    )


def _plate_costs(t: _Terms) -> tuple[Line, ...]:
    return (
        _line("labels", "Labels", t.units, t("label")),
        _line("sticking", "Sticking them on", t.units, t("stick_s"), t("wage")),
        *_unit_scans(t),
    )


def _lot_costs(t: _Terms) -> tuple[Line, ...]:
    return (
        _line("scanning", "Scanning the lot once an order line", t.lines_month, t("scan_s"), t("wage")),
        _line("care", "Looking after the records", t("care_group"), t("wage")),
    )


def _implicit_costs(t: _Terms) -> tuple[Line, ...]:
    return (
        _line("scanning", "Scanning each carton", t.cartons, t("scan_s"), t("wage")),
        _line("care", "Looking after the records", t("care_group"), t("wage")),
    )


_COSTS: Final[Mapping[Mode, Callable[[_Terms], tuple[Line, ...]]]] = {
    Mode.QUANTITY: lambda _: (),
    Mode.LOT: _lot_costs,
    Mode.IMPLICIT: _implicit_costs,
    Mode.LPN: _plate_costs,
    Mode.SERIAL: _unit_scans,
}
_TRUST: Final = {
    Mode.SERIAL: "serial_trust",
    Mode.LPN: "plate_trust",
    Mode.IMPLICIT: "group_trust",
    Mode.LOT: "group_trust",
}


def _savings(mode: Mode, t: _Terms) -> tuple[Line, ...]:
    """What knowing so much of each unit saves, compared with knowing only how many there are."""
    if mode is Mode.QUANTITY:
        return ()
    trust = t(_TRUST[mode])
    known = (trust,) if mode is Mode.IMPLICIT else ()  # the date on a unit or its lot is sure; its carton's is not
    grouped = (
        _line(
            "recall", "Recalls narrowed to a lot", t.reached, t("recalls_year"), _A_MONTH, t("recall_times"),
            t.price, t.rest("lot_share", "is left alone"),
        ),
        _line(
            "ageing", "Sold or marked down in time", t.units, t("ageing_rate"), t.cost, t("ageing_loss"),
            t("timing_saved"), *known,
        ),
    )  # fmt: skip
    proof = (trust,) if mode not in UNITWISE else ()
    supplier = _line(
        "supplier", "Supplier claims credited", t.units, t("defect_rate"), t.cost, t("credited_more"), *proof
    )
    if mode not in UNITWISE:
        return (supplier, *grouped)
    returned = (t.units, t("return_rate"))
    return (
        _line("shrinkage", "Shrinkage found", t.units, t("shrink_rate"), t.cost, t("shrink_found")),
        _line("swaps", "Swapped returns refused", *returned, t("swap_share"), t.price, trust),
        _line("fakes", "Counterfeit returns refused", *returned, t("fake_share"), t.price, trust),
        _line(
            "warranty", "Warranty claims refused", t.units, t("warranty_rate"), t.cost, t("claims_refused"), trust
        ),
        supplier,
        *grouped,
    )  # fmt: skip


_A_MONTH: Final = Factor(value=1 / MONTHS, text=f"1/{MONTHS}")


def number(value: float) -> str:
    """A figure as it is said: at most three decimals, none where there are none."""
    return f"{value:,.3f}".rstrip("0").rstrip(".")
