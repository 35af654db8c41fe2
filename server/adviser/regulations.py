"""Which laws ask a seller to know the unit or the lot: by market, and what they ask for.

They are cited so that somebody can look them up and disagree; this is a shop's aid, and no legal advice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Mode(StrEnum):
    """How a product can be tracked, from the least work to the most; `made_to_order` is bound to its order anyway."""

    QUANTITY = "quantity"
    LOT = "lot"
    IMPLICIT = "implicit"
    LPN = "lpn"
    SERIAL = "serial"


UNITWISE: Final = frozenset({Mode.SERIAL, Mode.LPN})
"""Modes in which each unit bears a name of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regulation:
    """One law, and the least that it asks a seller to record."""

    market: str
    name: str
    asks: Mode
    """Serial or lot."""
    text: str
    if_marked: bool = False
    """Whether the serial is asked for only where the maker prints one; the lot otherwise."""

    def least(self, *, maker_serial: bool) -> Mode:
        """The least mode that will do."""
        return Mode.LOT if self.if_marked and not maker_serial else self.asks


MARKETS: Final[Mapping[str, str]] = {"EU": "European Union", "US": "United States", "IN": "India"}

FMD: Final = Regulation(
    market="EU",
    name="Falsified Medicines Directive 2011/62/EU with Delegated Regulation (EU) 2016/161",
    asks=Mode.SERIAL,
    text="each pack of a prescription medicine bears a unique identifier that is verified and decommissioned when it "
    "is supplied",
)
DSCSA: Final = Regulation(
    market="US",
    name="Drug Supply Chain Security Act (21 U.S.C. 360eee)",
    asks=Mode.SERIAL,
    text="packages bear a product identifier (NDC, serial, lot, expiry), and trading partners trace them package by "
    "package",
)
MDR: Final = Regulation(
    market="EU",
    name="Medical Device Regulation (EU) 2017/745, Article 27 (UDI)",
    asks=Mode.SERIAL,
    text="the UDI carries a production identifier: the serial where the maker controls units, else the lot",
    if_marked=True,
)
UDI_RULE: Final = Regulation(
    market="US",
    name="FDA UDI rule (21 CFR Part 830)",
    asks=Mode.SERIAL,
    text="the production identifier on the label is the serial where there is one, else the lot",
    if_marked=True,
)
HUID: Final = Regulation(
    market="IN",
    name="BIS hallmarking of gold (Hallmarking of Gold Jewellery and Gold Artefacts Order, 2020)",
    asks=Mode.SERIAL,
    text="each hallmarked article bears a HUID of its own, which the jeweller's bill names",
)
FOOD_EU: Final = Regulation(
    market="EU",
    name="General Food Law (EC) 178/2002, Articles 18 and 19, with lot marking by 2011/91/EU",
    asks=Mode.LOT,
    text="a seller has to know the supplier of a food, and withdraws it by its lot",
)
FOOD_US: Final = Regulation(
    market="US",
    name="FSMA section 204, Food Traceability Rule (21 CFR Part 1, Subpart S)",
    asks=Mode.LOT,
    text="the traceability lot code of listed foods is kept from receiving on",
)
FOOD_IN: Final = Regulation(
    market="IN",
    name="Food Safety and Standards (Food Recall Procedure) Regulations, 2017",
    asks=Mode.LOT,
    text="a food is recalled by its batch or code number, which sellers have to be able to find",
)
COSMETICS_EU: Final = Regulation(
    market="EU",
    name="Cosmetics Regulation (EC) 1223/2009, Articles 6 and 19",
    asks=Mode.LOT,
    text="a distributor checks the batch number and the date on the container, and helps to withdraw by it",
)


def binding(
    found: tuple[Regulation, ...], markets: frozenset[str], *, maker_serial: bool
) -> tuple[Mode, tuple[Regulation, ...]]:
    """The least that the laws of these markets ask for together, and the laws that ask for just that."""
    here = [one for one in found if one.market in markets]
    order = list(Mode)
    least = max((one.least(maker_serial=maker_serial) for one in here), key=order.index, default=Mode.QUANTITY)
    return least, tuple(one for one in here if one.least(maker_serial=maker_serial) is least)


def satisfies(mode: Mode, least: Mode) -> bool:
    """Whether a mode records at least what the law asks for; only the maker's own serial is a serial to the law.

    Units that bear a plate keep their lot beside it, so that every finer mode knows the lot.
    """
    return list(Mode).index(mode) >= list(Mode).index(least)
