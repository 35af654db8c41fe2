"""What a cell of an imported file may say, kind by kind: each reader gives the value or says what is wrong with it.

Spreadsheets spoil codes in three ways: they drop leading zeros, they round to 15 digits, and they show long numbers
as 9.506E+12. What can be made whole again without guessing is taken; the rest is refused.
"""

from __future__ import annotations

import datetime as dt
import re
from contextlib import suppress
from decimal import Decimal
from typing import Final

from server.currencies import MINOR_DIGITS
from server.tabular import Cell

NAME_CHARS_MAX: Final = 200
CODE_CHARS_MAX: Final = 60
QUANTITY_MAX: Final = 10**9
PRICE_MAX: Final = 10**12
"""Minor units."""
_SHORTENED: Final = re.compile(r"[0-9]([.,][0-9]+)?[eE]\+?[0-9]+")
_WHOLE: Final = re.compile(r"([0-9]{1,16})([.,]0{1,2})?")
_DECIMAL: Final = re.compile(r"([0-9]{1,13})(?:[.,]([0-9]{1,3}))?")
_SLASHED: Final = re.compile(r"(?P<a>\d\d?)(?P<sign>[/-])(?P<b>\d\d?)(?P=sign)(?P<y>\d{4})", re.ASCII)
"""A day and a month in either order: 31/12/2026 as most of the world writes it, 12/31/2026 as the United States do."""
_DATES: Final = (
    (re.compile(r"(?P<y>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?)(?:[T ]00:00(?::00(?:\.0+)?)?)?", re.ASCII), "2026-12-31"),
    (re.compile(r"(?P<y>\d{4})/(?P<m>\d\d?)/(?P<d>\d\d?)", re.ASCII), None),
    (re.compile(r"(?P<d>\d\d?)\.(?P<m>\d\d?)\.(?P<y>\d{4})", re.ASCII), "31.12.2026"),
)


class CellError(ValueError):
    """The cell cannot mean what its column says; the message is a sentence with the value in it.

    Whoever reads a cell on its own knows its column; what is found when a row is put together says it.
    """

    def __init__(self, problem: str, column: str | None = None) -> None:
        super().__init__(problem)
        self.column = column


def text(cell: Cell) -> str:
    """A name: anything that can be printed, blanks and line ends made one blank each."""
    plain = " ".join(str(cell).split())
    if not plain.isprintable():
        raise CellError(f"{plain[:60]!r} holds a character that cannot be printed.")
    if len(plain) > NAME_CHARS_MAX:
        raise CellError(f"{plain[:40]!r}... has {len(plain)} characters; {NAME_CHARS_MAX} are allowed.")
    return plain


def code(cell: Cell) -> str:
    """A code that something else defines (a bin, a SKU): a number cell will do, for it must be found to count."""
    if isinstance(cell, dt.date):
        raise CellError(f"The spreadsheet made a date of it ({cell.isoformat()}): format the column as text.")
    plain = str(cell)
    if _SHORTENED.fullmatch(plain) and not isinstance(cell, int):
        raise CellError(f"{plain!r} is a number that the spreadsheet shortened: format the column as text.")
    if not plain.isprintable() or len(plain) > CODE_CHARS_MAX:
        raise CellError(f"{plain[:60]!r} is no code: 1 to {CODE_CHARS_MAX} characters that can be printed.")
    return plain


def exact(cell: Cell) -> str:
    """A code that names something by itself, so that a lost nought would name something else."""
    if isinstance(cell, int | Decimal):
        shown = str(cell)[:30]
        raise CellError(f"{shown} is a number cell, in which leading noughts are lost: format the column as text.")
    return code(cell)


def word(cell: Cell) -> str:
    """One word of a fixed list, in small letters with underscores."""
    return code(cell).casefold().replace(" ", "_").replace("-", "_")


def gtin_digits(cell: Cell) -> str:
    """The digits of a GTIN.

    Noughts lost in front are no harm: a GTIN is filled up with them to 14 digits anyway, and its check digit stays
    (GS1 General Specifications, 3.3.2 and 7.9.1). The caller checks that digit.
    """
    plain = code(cell).replace(" ", "")
    whole = _WHOLE.fullmatch(plain)
    digits = whole[1] if whole and isinstance(cell, Decimal) else plain
    if not (digits.isascii() and digits.isdigit()):
        raise CellError(f"{plain!r} is no GTIN: it takes digits only.")
    if not 8 <= len(digits) <= 14:
        raise CellError(f"{plain!r} is no GTIN: it has {len(digits)} digits, not 8 to 14.")
    return digits.zfill(14)


def quantity(cell: Cell, what: str = "quantity") -> int:
    """A whole number from 0, of pieces or of `what` its column says."""
    plain = str(cell).replace("\u00a0", "").replace(" ", "")
    found = _WHOLE.fullmatch(plain)
    if not found and plain.isascii() and plain.isdigit():
        raise CellError(f"The {what} {plain[:30]} is more than {QUANTITY_MAX:,}.")
    if not found:
        problem = "could be read in two ways" if re.fullmatch(r"\d{1,3}([.,]\d{3})+", plain) else "is no whole number"
        raise CellError(f"The {what} {plain[:30]!r} {problem}: write it like {1200 if what == 'quantity' else 5}.")
    if int(found[1]) > QUANTITY_MAX:
        raise CellError(f"The {what} {plain} is more than {QUANTITY_MAX:,}.")
    return int(found[1])


def priority(cell: Cell) -> int:
    """How urgent an order is: a whole number from 0, the higher goes first."""
    return quantity(cell, "priority")


def decimal(cell: Cell) -> tuple[int, str]:
    """An amount as it is written: whole part and decimals; a comma or a point stands between."""
    plain = str(cell).replace("\u00a0", "").replace(" ", "")
    found = _DECIMAL.fullmatch(plain)
    if not found:
        raise CellError(f"{plain[:30]!r} is no amount: write it like 1234.50, without a thousands mark.")
    return int(found[1]), found[2] or ""


def minor_units(amount: tuple[int, str], currency: str) -> int:
    """The amount in the currency's smallest unit."""
    whole, decimals = amount
    digits = MINOR_DIGITS.get(currency, 2)
    if len(decimals.rstrip("0")) > digits or (len(decimals) == 3 and digits < 3):
        raise CellError(f"The amount {whole}.{decimals} has more decimals than {currency} has ({digits}).")
    units = int(str(whole) + decimals[:digits].ljust(digits, "0"))
    if units > PRICE_MAX:
        raise CellError(f"The amount {whole} {currency} is more than can be kept.")
    return units


def currency(cell: Cell) -> str:
    """A currency's three letters (ISO 4217)."""
    plain = code(cell).upper()
    if plain not in MINOR_DIGITS:
        raise CellError(f"{plain!r} is no currency: write its three letters, such as EUR.")
    return plain


def date(cell: Cell) -> str:
    """A date as ISO 8601 writes it."""
    if isinstance(cell, dt.date):
        return cell.isoformat()
    plain = str(cell)
    either_way = slashed(plain)
    if either_way is not None:
        return either_way
    for pattern, _ in _DATES:
        found = pattern.fullmatch(plain)
        if found:
            try:
                return dt.date(int(found["y"]), int(found["m"]), int(found["d"])).isoformat()
            except ValueError:
                break
    shown = " or ".join(example for _, example in _DATES if example)
    raise CellError(f"{plain[:30]!r} is no date as it is written here: write {shown}.")


def slashed(plain: str) -> str | None:
    """A date whose day and month may stand in either order, as ISO 8601 writes it; None where it is none.

    Raises:
        CellError: both orders give a date, and not the same one.
    """
    found = _SLASHED.fullmatch(plain)
    if found is None:
        return None
    dates = []
    for day, month in ((found["a"], found["b"]), (found["b"], found["a"])):
        with suppress(ValueError):
            dates.append(dt.date(int(found["y"]), int(month), int(day)).isoformat())
    if len(set(dates)) == 2:
        raise CellError(f"{plain!r} could be {dates[0]} or {dates[1]}: write it as one of them.")
    return dates[0] if dates else None
