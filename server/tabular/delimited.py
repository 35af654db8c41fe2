"""CSV as spreadsheets write it: any of four separators, with or without a byte order mark, quoted or not."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, Final

from server.tabular import table
from server.tabular.table import Row, Table, TableError

SEPARATORS: Final = (";", "\t", ",", "|")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_READ_AT_ONCE: Final = 1 << 20
LINE_CHARS_MAX: Final = 1 << 21
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


def read(file: BinaryIO) -> Table:
    """The table in a CSV file.

    Raises:
        TableError: it is no text, or has no row of headings.
    """
    encoding, note = _encoding(file)
    separator, skipped = _separator(_lines(file, encoding))
    records = csv.reader(islice(_lines(file, encoding), skipped, None), delimiter=separator, strict=True)
    names, used = _headings(records)
    if not any(names):
        raise TableError("The file has no row of headings: write what each column is into its first row.")
    return Table(headings=names, rows=table.beneath_headings(_rows(records, names, skipped + used)), note=note)


def _lines(file: BinaryIO, encoding: str) -> Iterator[str]:
    """The file's lines with their ends, from the beginning; a line may end as on any system."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    rest, more = "", True
    while more:
        piece = file.read(_READ_AT_ONCE)
        more = bool(piece)
        rest += decoder.decode(piece, final=not more)
        end = 0
        for found in _LINE_END.finditer(rest):
            if more and found.end() == len(rest) and found[0] == "\r":
                break  # its line feed may come with the next piece
            yield rest[end : found.end()]
            end = found.end()
        rest = rest[end:]
        if len(rest) > LINE_CHARS_MAX:
            raise TableError(f"A line has more than {LINE_CHARS_MAX:,} characters.")
    if rest:
        yield rest


def _encoding(file: BinaryIO) -> tuple[str, str | None]:
    """The file's encoding, and what was assumed to find it."""
    start = file.read(4)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return _checked(file, name), None
    if start[1:2] == b"\0":
        return _checked(file, "utf-16-le"), None
    if start[:1] == b"\0":
        return _checked(file, "utf-16-be"), None
    try:
        return _checked(file, "utf-8"), None
    except TableError:
        note = "The file is not UTF-8; it was read as Windows-1252, which Excel writes in western Europe."
        return _checked(file, "cp1252"), note


def _checked(file: BinaryIO, encoding: str) -> str:
    """The encoding, once all of the file was seen to be in it."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while piece := file.read(_READ_AT_ONCE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as wrong:
        raise TableError(f"The file is no text in {encoding} (byte {wrong.start:,}): save it as CSV or XLSX.") from None
    return encoding


def _separator(lines: Iterator[str]) -> tuple[str, int]:
    """The separator of the row of headings, and the lines used up: Excel may name it in a line `sep=;`."""
    first = next(lines, "")
    named = first.strip("\r\n")
    if named.lower().startswith("sep=") and len(named) == len("sep=;"):
        return named[-1], 1
    while first and not first.strip(" \r\n\t;,|"):
        first = next(lines, "")
    return max(SEPARATORS, key=lambda separator: _columns(first, separator)), 0


def _columns(line: str, separator: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=separator), []))
    except csv.Error:  # longer than a cell may be; whoever reads the headings says so
        return 0


def _headings(records: Iterator[list[str]]) -> tuple[tuple[str, ...], int]:
    try:
        for used, record in enumerate(records, start=1):
            if any(cell.strip() for cell in record):
                return table.headings(record), used
    except csv.Error as wrong:
        raise TableError(f"The headings cannot be read: {wrong}.") from None
    return (), 0


def _rows(records: Iterator[list[str]], names: tuple[str, ...], used: int) -> Iterator[Row]:
    number = used
    while True:
        number += 1
        try:
            record = next(records)
        except StopIteration:
            return
        except csv.Error as wrong:
            raise TableError(f"Row {number} cannot be read: {wrong} (is a quotation mark missing?).") from None
        yield table.sheet_row(number, names, record)
