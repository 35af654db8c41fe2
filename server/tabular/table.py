"""The table that every format is read into, and the bounds that hold for all of them."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, islice
from typing import Any, Final

FILE_BYTES_MAX: Final = 256 << 20
ROWS_MAX: Final = 2_000_000
COLUMNS_MAX: Final = 200
CELL_CHARS_MAX: Final = 2_000
INFLATED_BYTES_MAX: Final = 1 << 30
"""Of a workbook, which is packed."""
BOUNDS: Final = (
    f"{ROWS_MAX:,} rows, {COLUMNS_MAX} columns and {CELL_CHARS_MAX:,} characters in a cell; a workbook inflates to at "
    f"most {INFLATED_BYTES_MAX:,} bytes"
)
"""In words, for whoever sends a table."""
MEDIA_TYPES: Final = (
    "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/json",
)
"""What a table may be; which of them it is shows by its first bytes."""
TITLE_ROWS_MAX: Final = 10
"""So far down the headings are looked for beneath a title."""

Cell = str | int | Decimal | dt.date
"""Text without blanks around it; a number or date only where the file itself says that it is one."""


class TableError(ValueError):
    """The file as a whole cannot be read; the message says why in one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: its cells by column heading, empty ones left out, or what is wrong with all of it."""

    number: int
    """As the spreadsheet or editor numbers it: the first line of the file is 1."""
    cells: dict[str, Cell]
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Headings in one spelling (``Serial No.`` is ``serial_no``) and the rows, which can be read once."""

    headings: tuple[str, ...]
    rows: Iterator[Row]
    note: str | None = None
    """What had to be assumed to read it."""


def heading(text: str) -> str:
    """A column's heading in one spelling: small letters, an underscore for blanks, dots, dashes and slashes."""
    return re.sub(r"[\s._/-]+", "_", text.strip().strip("\ufeff").casefold()).strip("_")


def headings(cells: Sequence[str]) -> tuple[str, ...]:
    """The headings in a file's first row.

    Raises:
        TableError: two of them are the same, one cannot be written, or there are too many.
    """
    names = tuple(heading(c) for c in cells)
    if len(names) > COLUMNS_MAX:
        raise TableError(f"The file has {len(names)} columns; {COLUMNS_MAX} are allowed.")
    for name in names:
        if name and names.count(name) > 1:
            raise TableError(f"Two columns have the heading {name[:60]!r}: which of them counts?")
        if not is_whole(name):
            raise TableError(f"The heading {name[:60]!r} holds half of a character.")
    return names


def is_whole(text: str) -> bool:
    """Whether no half of a surrogate pair stands in it, which JSON can say and nothing can write down."""
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)


def plain(value: Any) -> Cell | None:
    """A spreadsheet's or JSON's value as a cell; None where it is empty.

    Raises:
        ValueError: it is nothing that a table holds.
    """
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        if not is_whole(value):
            raise ValueError(f"{value[:40]!r} holds half of a character.")
        return value.strip() or None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return int(value) if value.is_integer() else Decimal(repr(value))
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    raise ValueError(f"it holds {str(value)[:40]!r}, which is neither text, number nor date.")


def row(number: int, names: Sequence[str], values: Sequence[Any]) -> Row:
    """One row from its values in the order of the headings."""
    cells: dict[str, Cell] = {}
    for position, value in enumerate(values):
        name = names[position] if position < len(names) else ""
        try:
            cell = plain(value)
        except ValueError as wrong:
            return Row(number=number, cells=cells, problem=f"In column {name or position + 1}: {wrong}")
        if cell is None:
            continue
        if not name:
            shown = str(cell)[:40]
            return Row(number=number, cells=cells, problem=f"{shown!r} stands in a column without a heading.")
        if len(str(cell)) > CELL_CHARS_MAX:
            problem = f"In column {name}: {len(str(cell))} characters; {CELL_CHARS_MAX} are allowed."
            return Row(number=number, cells=cells, problem=problem)
        cells[name] = cell
    return Row(number=number, cells=cells)


def sheet_row(number: int, names: Sequence[str], values: Sequence[Any]) -> Row:
    """One row of a sheet, in which what stands first was taken for the headings.

    Raises:
        TableError: that was a title, for this looks like the headings: words, twice as many or more.
    """
    found = row(number, names, values)
    if found.problem is not None and number <= TITLE_ROWS_MAX:
        texts = [value for value in values if value is not None and str(value).strip()]
        words = [text for text in texts if isinstance(text, str) and text.strip()[:1].isalpha()]
        if words == texts and len(words) >= 2 * sum(map(bool, names)):
            raise TableError(f"The headings seem to be in row {number}: remove what stands above them.")
    return found


def beneath_headings(rows: Iterator[Row]) -> Iterator[Row]:
    """A sheet's rows, the first of which are read at once: before anybody asks what a title means as a heading.

    Raises:
        TableError: the headings seem to stand further down, or these rows cannot be read.
    """
    found = bounded(rows)
    return chain(list(islice(found, TITLE_ROWS_MAX)), found)


def bounded(rows: Iterator[Row], most: int = ROWS_MAX) -> Iterator[Row]:
    """The rows that are not empty.

    Raises:
        TableError: there are more than that.
    """
    count = 0
    for one in rows:
        if not one.cells and one.problem is None:
            continue
        count += 1
        if count > most:
            raise TableError(f"The file has more than {most:,} rows: send it in parts.")
        yield one
