"""A figure that somebody typed: the value, or a sentence that says what is wrong with it."""

from __future__ import annotations

import re
from math import isnan
from typing import Final

WRITTEN_MAX: Final = 10**12
"""A figure beyond it is not written out: no shop has one."""
_NUMBER: Final = re.compile(r"-?[0-9]{1,12}([.,][0-9]{1,6})?")


class NumberError(ValueError):
    """It is no number; the message says how to write one."""


def read_number(text: str, what: str) -> float:
    """A number with a point or a comma before its decimals.

    Raises:
        NumberError: it is none, or could be read in two ways.
    """
    plain = text.replace("\u00a0", "").replace(" ", "").removesuffix("%")
    if not _NUMBER.fullmatch(plain):
        raise NumberError(f"{text[:30]!r} cannot be the {what}: write a number like 12.5.")
    if re.fullmatch(r"-?[0-9]{1,3}[.,][0-9]{3}", plain):
        whole = plain.replace(",", "").replace(".", "")
        raise NumberError(f"{text[:30]!r} could be read in two ways: write {whole}, or {plain.replace(',', '.')}0.")
    return float(plain.replace(",", "."))


def as_said(value: float) -> str:
    """A figure in the words of a sentence: at most three decimals, none where there are none.

    >>> as_said(1234.5), as_said(1e308)
    ('1,234.5', 'over 1,000,000,000,000')
    """
    if isnan(value):
        return "what is no number"
    if abs(value) > WRITTEN_MAX:
        return f"{'below -' if value < 0 else 'over '}{WRITTEN_MAX:,}"
    return f"{value:,.3f}".rstrip("0").rstrip(".")
