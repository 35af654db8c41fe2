"""Lists as files: CSV, XLSX and JSON of every list, through one small mechanism.

A list says its name, its columns and how to read its rows (`server/lists/`, one file a noun); this module finds them
and writes the files. A file is written to a spool of this machine first, in one read transaction, and sent from there:
so a million rows need no memory, a slow reader holds no transaction open, and what fails fails before the answer has
begun.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import IO, TYPE_CHECKING, Any, Final, cast

import sqlalchemy as sa

from server.roles import Task

Filters = Mapping[str, str]
Rows = Iterator[Mapping[str, Any]]
"""Each a value for every column by its name; a moment is Unix milliseconds."""

if TYPE_CHECKING:
    from openpyxl import Workbook

ROWS_AT_ONCE: Final = 1_000
"""So many are read, and given their names, at a time."""
XLSX_ROWS_MAX: Final = 1_048_575
"""A sheet has 1,048,576 rows (ECMA-376), and the first holds the headings."""
IN_MEMORY_BYTES_MAX: Final = 1 << 20
"""A spool that grows larger goes to the disk."""
AT_ONCE_MAX: Final = 2
"""Files that one process writes at the same time; who comes third waits."""
PATIENCE_S: Final = 30
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A spreadsheet takes a CSV cell that begins so for a formula, an East Asian one also the full-width signs (OWASP, CSV
injection)."""

_writing = threading.BoundedSemaphore(AT_ONCE_MAX)


class ExportError(ValueError):
    """The list cannot be written like this; the message says why."""


class TooManyError(Exception):
    """Others are writing files already."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name for programs, its heading for people."""

    name: str
    heading: str
    moment: bool = False
    """Whether its values are moments; a file writes them as ISO 8601 in UTC, JSON as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One list that can be taken out."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Callable[[sa.Connection, str, Filters], Rows]
    """(connection, site, filters) -> its rows, in order; raises `LookupError` where what it is of is not there."""
    filters: Mapping[str, str] = field(default_factory=dict)
    """Name -> what it narrows the list to."""
    needs: str | None = None
    """The filter without which it is no list: the number of a count."""
    task: Task = Task.LOOK
    """What someone has to be allowed to do, beside taking lists out."""
    sheets: Sequence[str] = ()
    """Lists with the same filters that follow it in an XLSX file, a sheet each."""
    together: Callable[[sa.Connection, str, Filters], Mapping[str, Rows]] | None = None
    """The rows of all these sheets and its own by list, where each alone would read the same again."""


Sheets = Sequence[tuple[Listing, Rows]]
"""Lists that go into one file; one that holds a single list takes the first."""


@cache
def listings() -> Mapping[str, Listing]:
    """Every list by its name: each module in `server/lists/` has some in `LISTS`."""
    package = import_module("server.lists")
    modules = (import_module(f"{package.__name__}.{info.name}") for info in iter_modules(package.__path__))
    return {listing.name: listing for module in modules for listing in getattr(module, "LISTS", ())}


def write(form: str, listing: Listing, connection: sa.Connection, site: str, filters: Filters) -> IO[bytes]:
    """The list as a file, at its beginning; it goes when it is closed.

    Raises:
        ExportError: a filter is strange or missing, or the list has more rows than the form can hold.
        LookupError: what it is a list of is not there.
        TooManyError: others write files, and were not done within `PATIENCE_S`.
    """
    _check(listing, filters)
    if not _writing.acquire(timeout=PATIENCE_S):
        raise TooManyError
    try:
        spool = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES_MAX)  # noqa: SIM115  # it is what is returned
        file = cast("IO[bytes]", spool)
        try:
            FORMS[form].write(file, _sheets(form, listing, connection, site, filters))
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return file
    finally:
        _writing.release()


def _sheets(form: str, listing: Listing, connection: sa.Connection, site: str, filters: Filters) -> Sheets:
    lists = [listing, *(listings()[name] for name in listing.sheets)] if form == "xlsx" else [listing]
    if len(lists) == 1 or listing.together is None:
        return [(each, each.rows(connection, site, filters)) for each in lists]
    rows = listing.together(connection, site, filters)
    return [(each, rows[each.name]) for each in lists]


def _check(listing: Listing, filters: Filters) -> None:
    strange = [name for name in filters if name not in listing.filters]
    if strange:
        takes = f"it takes {', '.join(listing.filters)}" if listing.filters else "it takes none"
        raise ExportError(f"The list {listing.name} has no filter {strange[0]!r:.80}: {takes}.")
    if listing.needs and not filters.get(listing.needs):
        what = f"{listing.needs} ({listing.filters[listing.needs]})"
        raise ExportError(f"The list {listing.name} is of one {what}: end its address with ?{listing.needs}=...")


def write_csv(file: IO[bytes], sheets: Sheets) -> None:
    """Commas, CRLF, UTF-8 with a byte order mark: without it Excel takes UTF-8 for the machine's old code page."""
    (listing, rows) = sheets[0]
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    writer = csv.writer(text)
    writer.writerow(_headings(listing))
    for row in rows:
        writer.writerow([defused(_plain(column, row[column.name])) for column in listing.columns])
    text.flush()
    text.detach()


def defused(value: Any) -> Any:
    """Text that a spreadsheet would compute is given the apostrophe that says it is text; numbers are numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def write_xlsx(file: IO[bytes], sheets: Sheets) -> None:
    """A sheet each, written row by row. A text cell is typed as text, so that nothing in it is ever computed."""
    from openpyxl import Workbook  # noqa: PLC0415  # with numpy: a fifth of what it takes to start

    book = Workbook(write_only=True)
    try:
        for listing, rows in sheets:
            _write_sheet(book, listing, rows)
    finally:
        book.save(file)  # also ends the sheet that openpyxl keeps in a file of its own, whatever happened


def _write_sheet(book: Workbook, listing: Listing, rows: Rows) -> None:
    sheet = book.create_sheet(listing.title[:31])
    sheet.freeze_panes = "A2"
    sheet.append(_headings(listing))
    for number, row in enumerate(rows):
        if number == XLSX_ROWS_MAX:
            raise ExportError(f"The list has more than {XLSX_ROWS_MAX:,} rows, which no XLSX sheet holds: take CSV.")
        sheet.append([_cell(sheet, _plain(column, row[column.name])) for column in listing.columns])


def _cell(sheet: Any, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    # A control character cannot stand in XML 1.0: its picture stands for it (U+2400 and after).
    shown = "".join(chr(0x2400 + ord(c)) if c < " " and c not in "\t\n\r" else c for c in value)
    if not shown.startswith(("=", "#")):
        return shown
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415

    cell = WriteOnlyCell(sheet, shown)
    cell.data_type = "s"  # openpyxl takes what begins with = for a formula and #N/A for an error
    return cell


def write_json(file: IO[bytes], sheets: Sheets) -> None:
    """An array with an object for each row, by the columns' names."""
    (listing, rows) = sheets[0]
    names = [column.name for column in listing.columns]
    file.write(b"[")
    for number, row in enumerate(rows):
        file.write(b",\n" if number else b"\n")
        file.write(json.dumps({name: row[name] for name in names}, ensure_ascii=True).encode("ascii"))
    file.write(b"\n]\n")


def _headings(listing: Listing) -> list[str]:
    return [f"{column.heading} (UTC)" if column.moment else column.heading for column in listing.columns]


def _plain(column: Column, value: Any) -> Any:
    """A value as one cell."""
    if column.moment and value is not None:
        return datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return str(value) if isinstance(value, str) else value  # an enumeration's word is its value


@dataclass(frozen=True, slots=True)
class Form:
    """One form that a file can have."""

    write: Callable[[IO[bytes], Sheets], None]
    mimetype: str


FORMS: Final[Mapping[str, Form]] = {
    "csv": Form(write_csv, "text/csv"),
    "xlsx": Form(write_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "json": Form(write_json, "application/json"),
}
