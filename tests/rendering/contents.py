"""What labels of each kind say in a warehouse, drawn by chance, each with the check digits that it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from sync.check_digits import mod10_digit
from tests.rendering.kinds import Kind
from tests.rendering.labels import LabelSpec, upca_of

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
CODE39_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
"""In the order of their values (ISO/IEC 16388, table 1)."""


def random_label(kind: Kind, rng: np.random.Generator, *, module_px: float | None = None) -> LabelSpec:
    """One label of a kind. The same generator state gives the same label."""
    return LabelSpec(kind=kind, content=_CONTENT[kind](rng), module_px=module_px)


def different_labels(kinds: Iterable[Kind], rng: np.random.Generator) -> list[LabelSpec]:
    """One label for each kind that is named, no two of which say the same."""
    found: dict[bytes, LabelSpec] = {}
    for kind in kinds:
        spec = random_label(kind, rng)
        while spec.data in found:
            spec = random_label(kind, rng)
        found[spec.data] = spec
    return list(found.values())


def _digits(count: int, rng: np.random.Generator) -> str:
    return "".join(map(str, rng.integers(0, 10, count)))


def _checked(body: str) -> str:
    return body + str(mod10_digit(body))


def _letter(rng: np.random.Generator) -> str:
    return LETTERS[int(rng.integers(len(LETTERS)))]


def _gtin(rng: np.random.Generator) -> str:
    return _checked("0950600" + _digits(6, rng))


def _unit(rng: np.random.Generator) -> str:
    return f"(01){_gtin(rng)}(21){_letter(rng)}{_digits(6, rng)}"


def _lot(rng: np.random.Generator) -> str:
    return f"(01){_gtin(rng)}(17)27{rng.integers(1, 13):02d}{rng.integers(1, 29):02d}(10)L{_digits(4, rng)}"


def _carton(rng: np.random.Generator) -> str:
    """A number whose last digit is no check character by chance: a scanner would call that another variant, ]A1."""
    while True:
        text = f"CTN{_digits(6, rng)}"
        if sum(map(CODE39_CHARACTERS.index, text[:-1])) % 43 != CODE39_CHARACTERS.index(text[-1]):
            return text


def _upce(rng: np.random.Generator) -> str:
    """A zero-suppressed number whose check digit is that of the number it stands for.

    Zeros and small digits stand in few places of one, as they would be suppressed another way.
    """
    body = "0" + "".join(map(str, rng.integers(3, 10, 5))) + _digits(1, rng)
    return body + str(mod10_digit(upca_of(body + "0")[:11]))


_CONTENT: dict[Kind, Callable[[np.random.Generator], str]] = {
    Kind.CODE128: lambda rng: f"SN-{_letter(rng)}{_digits(7, rng)}",
    Kind.GS1_128: lambda rng: f"(00){_checked('395060' + _digits(11, rng))}",
    Kind.CODE39: _carton,
    Kind.CODE93: lambda rng: f"LOT-{_letter(rng)}{_digits(5, rng)}",
    Kind.CODABAR: lambda rng: f"A{_digits(8, rng)}B",
    Kind.ITF14: lambda rng: _checked("1950600" + _digits(6, rng)),
    Kind.EAN13: lambda rng: _checked("950600" + _digits(6, rng)),
    Kind.EAN8: lambda rng: _checked("950" + _digits(4, rng)),
    Kind.UPCA: lambda rng: _checked("7" + _digits(10, rng)),
    Kind.UPCE: _upce,
    Kind.DATABAR: lambda rng: f"(01){_gtin(rng)}",
    Kind.DATABAR_LIMITED: lambda rng: f"(01){_gtin(rng)}",
    Kind.DATABAR_STACKED: lambda rng: f"(01){_gtin(rng)}",
    Kind.DATABAR_STACKED_OMNI: lambda rng: f"(01){_gtin(rng)}",
    Kind.DATABAR_EXPANDED: lambda rng: f"(01){_gtin(rng)}(10)L{_digits(4, rng)}",
    Kind.DATABAR_EXPANDED_STACKED: _lot,
    Kind.PDF417: lambda rng: f"LPN{_digits(9, rng)} DOCK {rng.integers(1, 30)}",
    Kind.QR: lambda rng: f"https://id.gs1.org/01/{_gtin(rng)}/21/{_letter(rng)}{_digits(5, rng)}",
    Kind.GS1_QR: _unit,
    Kind.DATAMATRIX: lambda rng: f"LPN{_digits(8, rng)}",
    Kind.GS1_DATAMATRIX: _unit,
    Kind.AZTEC: lambda rng: f"BADGE:{_letter(rng)}{_digits(5, rng)}",
}
