"""What the adviser assumes where the shop's own records say nothing: each figure with its unit, bounds and source.

Percentages are per hundred, moments are seconds or minutes, money is in the main unit of a currency (rupees, not
paise): these are expectations, not accounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Unit(StrEnum):
    """What a figure is counted in."""

    PERCENT = "%"
    MONEY = "money"
    HOURLY = "money an hour"
    SECONDS = "s"
    MINUTES = "minutes a month"
    TIMES = "times"
    COUNT = "count"
    YES = "yes or no"


class Scope(StrEnum):
    """For what the owner sets a figure; for one product everything can be set."""

    SITE = "site"
    CURRENCY = "currency"
    PRESET = "preset"
    ITEM = "item"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A value, and what it rests on: a published figure, the shop's own records, or somebody's word."""

    value: float
    source: str
    own: bool = False
    """Whether the shop's own records say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One figure that the model uses."""

    name: str
    text: str
    unit: Unit
    scope: Scope
    least: float
    most: float
    above_least: bool = False
    """Whether `least` itself is out of bounds."""


def _of(name: str, text: str, unit: Unit, scope: Scope, least: float = 0, most: float = 100) -> Assumption:
    return Assumption(name=name, text=text, unit=unit, scope=scope, least=least, most=most)


_MONEY: Final = 1_000_000
_PRODUCT: Final = (
    _of("margin", "of the price is margin", Unit.PERCENT, Scope.PRESET, 0, 99),
    _of("return_rate", "of the units sold come back", Unit.PERCENT, Scope.PRESET),
    _of("swap_share", "of what comes back is another unit than the one sold", Unit.PERCENT, Scope.PRESET),
    _of("fake_share", "of what comes back is a counterfeit", Unit.PERCENT, Scope.PRESET),
    _of("shrink_rate", "of the units vanish", Unit.PERCENT, Scope.PRESET),
    _of("recalls_year", "of such products are recalled in a year", Unit.PERCENT, Scope.PRESET),
    _of("recall_times", "times its price is what one recalled unit costs", Unit.TIMES, Scope.PRESET, 0, 1000),
    _of("warranty_rate", "of the units sold are claimed under warranty", Unit.PERCENT, Scope.PRESET),
    _of("defect_rate", "of the units bought are defective", Unit.PERCENT, Scope.PRESET),
    _of("ageing_rate", "of the units spoil, or lie too long beside younger ones", Unit.PERCENT, Scope.PRESET),
    _of("ageing_loss", "of its cost is what such a unit loses", Unit.PERCENT, Scope.PRESET),
    _of("maker_serial", "the maker prints a serial number on each", Unit.YES, Scope.PRESET, 0, 1),
    _of("has_lot", "the maker prints a lot or a date on each", Unit.YES, Scope.PRESET, 0, 1),
)
_SITE: Final = (
    _of("scan_s", "seconds a scan takes", Unit.SECONDS, Scope.SITE, 0, 600),
    _of("stick_s", "seconds it takes to stick a label on", Unit.SECONDS, Scope.SITE, 0, 600),
    _of("scans", "scans of each unit from the dock to the carrier", Unit.COUNT, Scope.SITE),
    _of("carton_units", "units come in one carton", Unit.COUNT, Scope.SITE, 1, 100_000),
    _of("care_unit", "minutes a month go into a product whose units are tracked", Unit.MINUTES, Scope.SITE, 0, 10_000),
    _of("care_group", "minutes a month go into one tracked by lot or carton", Unit.MINUTES, Scope.SITE, 0, 10_000),
    _of("worth_min", "minutes of work a month are what a change has to bring", Unit.MINUTES, Scope.SITE, 0, 10_000),
    _of("serial_trust", "of the wrong units are told by the maker's serial", Unit.PERCENT, Scope.SITE),
    _of("plate_trust", "of the wrong units are told by a printed plate", Unit.PERCENT, Scope.SITE),
    _of("group_trust", "of a unit's past is told by its lot or its carton", Unit.PERCENT, Scope.SITE),
    _of("shrink_found", "of shrinkage is found or deterred by knowing each unit", Unit.PERCENT, Scope.SITE),
    _of("claims_refused", "of warranty claims are out of term or for units not sold here", Unit.PERCENT, Scope.SITE),
    _of("credited_more", "of defects are credited only where the delivery is proven", Unit.PERCENT, Scope.SITE),
    _of("lot_share", "of a product is in the lot that is recalled", Unit.PERCENT, Scope.SITE),
    _of("timing_saved", "of what ageing costs is saved by knowing the age", Unit.PERCENT, Scope.SITE),
)
_CURRENCY: Final = (
    _of("label", "for one printed label", Unit.MONEY, Scope.CURRENCY, 0, _MONEY),
    Assumption(
        name="wage",
        text="an hour's wage with all that goes with it",
        unit=Unit.HOURLY,
        scope=Scope.CURRENCY,
        least=0,
        most=_MONEY,
        above_least=True,
    ),
)
ASSUMPTIONS: Final[Mapping[str, Assumption]] = {one.name: one for one in (*_PRODUCT, *_SITE, *_CURRENCY)}


def _assumed(value: float, why: str) -> Figure:
    return Figure(value=value, source=f"assumption: {why}")


SITE: Final[Mapping[str, Figure]] = {
    "scan_s": _assumed(3, "a handheld's scan with aiming; time ten of your own"),
    "stick_s": _assumed(5, "peel and stick at the dock; time ten of your own"),
    "scans": _assumed(4, "received, put away, picked, packed"),
    "carton_units": _assumed(12, "a common outer carton"),
    "care_unit": _assumed(30, "cases, labels that do not read, a word with new people"),
    "care_group": _assumed(10, "a third of that"),
    "worth_min": _assumed(60, "for less than an hour's wage a month nobody should change anything"),
    "serial_trust": _assumed(90, "a fake inside the genuine box bears a genuine serial"),
    "plate_trust": _assumed(50, "a plate can be peeled off and stuck on another unit"),
    "group_trust": _assumed(50, "a lot or carton says when and from whom, not which unit"),
    "shrink_found": Figure(
        value=15,
        source="Beck 2018 (ECR, ten retailers that count by RFID): one of them reports 15 % less shrinkage",
    ),
    "claims_refused": _assumed(10, "claims without a proof of purchase are waved through"),
    "credited_more": _assumed(30, "suppliers dispute what cannot be tied to a delivery"),
    "lot_share": _assumed(10, "ten lots of a product are about at a time"),
    "timing_saved": _assumed(20, "first-expired-first-out and earlier mark-downs"),
}
CURRENCIES: Final[Mapping[str, Mapping[str, Figure]]] = {
    "INR": {
        "label": Figure(value=2, source="a quotation: INR 2 a unit"),
        "wage": _assumed(120, "about an Indian city's minimum wage for semi-skilled work, with on-costs"),
    },
    "EUR": {
        "label": _assumed(0.03, "thermal label and ribbon"),
        "wage": _assumed(18, "warehouse work in western Europe, with on-costs"),
    },
    "USD": {
        "label": _assumed(0.03, "thermal label and ribbon"),
        "wage": _assumed(22, "warehouse work in the United States, with on-costs"),
    },
}
"""What labels and work cost; for another currency the owner has to say it."""
