"""The registry of label formats. A format is one file in this folder; nothing else is edited to add one.

    @label_format(rank=45, symbologies=NOT_GS1)
    def read(scan: Scan) -> Label | None:
        '''Tells what it reads.'''

A reader answers None for what is not its business, a `Label` for what it read, and raises `InvalidLabelError` for what
is its business and wrong: that ends the matter, so that no laxer format takes what a stricter one refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sync.labels._label import Label, SiteCodes

GS1: Final = frozenset({"]C1", "]d2", "]d5", "]e0", "]J1", "]Q3", "]Q4"})
"""AIM identifiers of symbols that begin with FNC1 and therefore hold an element string (GS1 General Specifications,
section 7.8.2; ]d5 and ]Q4 are the same with an ECI)."""
EAN: Final = frozenset({"]E0", "]E1", "]E2", "]E3", "]E4"})
"""EAN/UPC with and without add-ons (ISO/IEC 15420)."""
INTERLEAVED: Final = frozenset({"]I0", "]I1", "]I2"})
"""Interleaved 2 of 5 (ISO/IEC 16390)."""

_IDENTIFIER: Final = re.compile(r"\][A-Za-z][0-9A-Za-z]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One barcode on its way through the formats."""

    text: str
    """The bytes as ASCII; FNC1 as 0x1D, and no other control character."""
    symbology: str | None
    """AIM symbology identifier, such as ]d2; None from a scanner that does not say, or from a keyboard."""
    codes: SiteCodes
    year: int
    """What two-digit years are read against."""


Reader = Callable[[Scan], Label | None]
Symbologies = Callable[[str | None], bool]

_READERS: Final[list[tuple[int, str, Symbologies, Reader]]] = []


def label_format(*, rank: int, symbologies: Symbologies) -> Callable[[Reader], Reader]:
    """Register a reader. Lower ranks are asked first; `symbologies` says which it may be asked about at all."""

    def register(reader: Reader) -> Reader:
        _READERS.append((rank, reader.__module__.rpartition(".")[2], symbologies, reader))
        return reader

    return register


@lru_cache(maxsize=256)
def readers(symbology: str | None) -> tuple[tuple[str, Reader], ...]:
    """Name and reader of each format to ask about such a symbol, in this order."""
    ranked = sorted(_READERS, key=lambda entry: entry[:2])
    return tuple((name, reader) for _, name, may_read, reader in ranked if may_read(symbology))


def formats() -> list[str]:
    """The names of all formats, in the order in which they are asked."""
    return [name for _, name, _, _ in sorted(_READERS, key=lambda entry: entry[:2])]


def is_identifier(text: str) -> bool:
    """Whether this is an AIM symbology identifier (ISO/IEC 15424)."""
    return _IDENTIFIER.fullmatch(text) is not None


def is_gs1(symbology: str | None) -> bool:
    """Symbols that say of themselves that they hold an element string."""
    return symbology in GS1


def not_gs1(symbology: str | None) -> bool:
    """Symbols that may hold any text, and text whose symbol is not known."""
    return symbology not in GS1 | EAN | INTERLEAVED


def anything(symbology: str | None) -> bool:
    """Whatever the symbol."""
    return True
