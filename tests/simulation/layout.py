"""The warehouse as it is built and filled: bins, products, and what every label says."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from scanner_client.sighting import Sighting, Symbol
from sync.check_digits import mod10_digit
from sync.identity import container_key, item_key, own_location_key, unit_key
from sync.labels import SiteCodes

UNITS_A_BIN = 40
PRODUCTS_A_BIN = 8
SITE = "main"


def _checked(body: str) -> str:
    return body + str(mod10_digit(body))


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What stands still."""

    bins: tuple[str, ...]
    """Codes."""
    gtins: tuple[str, ...]

    def key(self, code: str) -> str:
        """The canonical name of a bin or station."""
        return own_location_key(SiteCodes().domain, SITE, code)

    @property
    def locations(self) -> tuple[str, ...]:
        return ("DOCK", "PACK", "GATE", *self.bins)


def build(units: int) -> Layout:
    """A warehouse for so many units."""
    bins = max(4, units // UNITS_A_BIN)
    return Layout(
        bins=tuple(f"{chr(65 + n // 50)}-{n % 50 // 5 + 1:02d}-{n % 5 + 1}" for n in range(bins)),
        gtins=tuple(_checked(f"0950600{n:06d}") for n in range(max(5, bins // 4))),
    )


def serials(rng: Random) -> Serials:
    """Serial numbers that nobody has given out before."""
    return Serials(rng)


class Serials:
    """Ten characters each, told apart by more than one of them, so that a slip of the finger names nobody's unit."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._given: set[str] = set()

    def next(self) -> str:
        """A new one."""
        while (text := f"{self._rng.randrange(36**6):09d}Z") in self._given:
            pass
        self._given.add(text)
        return text


def unit_label(gtin: str, serial: str, entry: str | None = None) -> Sighting:
    """The Data Matrix on a box."""
    return Sighting(symbols=(Symbol(data=f"01{gtin}21{serial}".encode(), symbology="]d2"),), entry=entry)


def bin_label(code: str) -> Sighting:
    """The label on a shelf."""
    return Sighting(symbols=(Symbol(data=f"LOC:{code}".encode(), symbology="]C0"),))


def carton_label(sscc: str) -> Sighting:
    """The GS1-128 on a carton."""
    return Sighting(symbols=(Symbol(data=f"00{sscc}".encode(), symbology="]C1"),))


def sscc(number: int) -> str:
    """The SSCC of a carton."""
    return _checked(f"3950600{number:010d}")


def carton_key(code: str) -> str:
    """The canonical name of a carton."""
    return container_key(code)


def box_label(gtin: str, serial: str) -> str:
    """The canonical name on a box."""
    return unit_key(gtin, serial)


def product(gtin: str) -> str:
    """The canonical name of a product."""
    return item_key(gtin)
