"""CSV as spreadsheets write it: any of four separators, with or without a byte order mark, quoted or not."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
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


def read(file: BinaryIO) -> Table:
    """The table in a CSV file.

    Raises:
        TableError: it is no text, or has no row of headings.
    """
    encoding, note = _encoding(file)
    file.seek(0)
    lines = io.TextIOWrapper(_Open(file), encoding=encoding, newline="")
    separator, skipped = _separator(lines)
    records = csv.reader(lines, delimiter=separator, strict=True)
    names, used = _headings(records)
    if not any(names):
        raise TableError("The file has no row of headings.")
    return Table(headings=names, rows=table.bounded(_rows(records, names, skipped + used)), note=note)


class _Open(io.BufferedReader):
    """A file that stays open when the text reader around it goes: its owner closes it."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)  # type: ignore[arg-type]  # any readable binary file will do

    def close(self) -> None:
        self.detach()


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
        raise TableError(f"The file is no text in {encoding} (byte {wrong.start:,}).") from None
    return encoding


def _separator(lines: io.TextIOWrapper) -> tuple[str, int]:
    """The separator of the row of headings, and the lines used up: Excel may name it in a line `sep=;`."""
    first = lines.readline(1 << 16)
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        return first.strip()[4], 1
    while first and not first.strip(" \r\n\t;,|"):
        first = lines.readline(1 << 16)
    lines.seek(0)
    return max(SEPARATORS, key=lambda s: len(next(csv.reader([first], delimiter=s), []))), 0


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
        yield table.row(number, names, record)
