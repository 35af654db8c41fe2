"""XLSX: the first sheet of a workbook, with the values that were last shown in it."""

from __future__ import annotations

import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from server.tabular import table
from server.tabular.table import INFLATED_BYTES_MAX, Row, Table, TableError

STRINGS_BYTES_MAX: Final = 256 << 20
"""`sharedStrings.xml` is held in memory whole."""
PARTS_MAX: Final = 1_000
_READ_AT_ONCE: Final = 1 << 20
_DAMAGED: Final = (
    zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError, EOFError, OSError,
    IndexError, AttributeError, NotImplementedError, RuntimeError, OverflowError, zlib.error, lzma.LZMAError,
    struct.error, UserWarning,
)  # fmt: skip
"""What openpyxl and zipfile raise for a file that is damaged or made by hand: they promise no one kind."""


def read(file: BinaryIO) -> Table:
    """The table in the first sheet of a workbook.

    Raises:
        TableError: it is damaged, empty or out of bounds.
    """
    try:
        formulas = _check_parts(file)
        shown = _sheet(file, shown=True)
        written = _sheet(file, shown=False) if formulas else None
        rows = _values(shown, written)
        number, names = _headings(rows)
    except TableError:
        raise
    except _DAMAGED:
        raise TableError("The file is no Excel workbook that can be read: save it again as .xlsx.") from None
    return Table(headings=names, rows=table.beneath_headings(_rows(rows, names, number)))


def _check_parts(file: BinaryIO) -> bool:
    """Refuse a bomb before it is opened; tells whether a sheet holds formulas."""
    formulas = False
    with zipfile.ZipFile(file) as parts:
        infos = parts.infolist()
        if len(infos) > PARTS_MAX or sum(i.file_size for i in infos) > INFLATED_BYTES_MAX:
            raise TableError(f"The workbook inflates to more than {INFLATED_BYTES_MAX:,} bytes.")
        for info in infos:
            if info.filename.endswith("sharedStrings.xml") and info.file_size > STRINGS_BYTES_MAX:
                raise TableError("The workbook holds too much text: send the sheet as CSV.")
            if info.filename.endswith((".xml", ".rels")):
                with parts.open(info) as part:
                    if b"<!DOCTYPE" in part.read(4096):
                        raise TableError(
                            "The workbook declares XML entities, which no spreadsheet writes: save it again as .xlsx."
                        )
            if re.fullmatch(r"xl/worksheets/[^/]+\.xml", info.filename):
                formulas = formulas or _has_formula(parts, info)
    return formulas


def _has_formula(parts: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    with parts.open(info) as part:
        tail = b""
        while piece := part.read(_READ_AT_ONCE):
            if b"<f>" in tail + piece or b"<f " in tail + piece or b"<f/" in tail + piece:
                return True
            tail = piece[-2:]
    return False


def _sheet(file: BinaryIO, *, shown: bool) -> Iterator[Sequence[Any]]:
    book = openpyxl.load_workbook(file, read_only=True, data_only=shown)
    if not book.worksheets:
        raise TableError("The workbook has no sheet: save it again as .xlsx.")
    sheet = book.worksheets[0]
    if not hasattr(sheet, "reset_dimensions"):
        raise TableError("The workbook's first sheet is a chart: put the table first.")
    sheet.reset_dimensions()  # some programs write a wrong one, and rows would be cut off
    return iter(sheet.iter_rows(values_only=True, max_col=table.COLUMNS_MAX + 1))


def _values(
    shown: Iterator[Sequence[Any]], written: Iterator[Sequence[Any]] | None
) -> Iterator[tuple[Sequence[Any], str | None]]:
    """Each row's values, and what is wrong with it: a formula counts with its last shown result."""
    if written is None:
        for values in shown:
            yield values, _spoilt(values)
        return
    for values, formulas in zip(shown, written, strict=True):
        unknown = any(v is None and f is not None for v, f in zip(values, formulas, strict=False))
        problem = "A formula in it was never calculated: open the file, save it, and send it again."
        yield values, problem if unknown else _spoilt(values)


def _spoilt(values: Sequence[Any]) -> str | None:
    for value in values:
        if isinstance(value, str) and value in ("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"):
            return f"A cell in it holds the error {value}."
    return None


def _headings(rows: Iterator[tuple[Sequence[Any], str | None]]) -> tuple[int, tuple[str, ...]]:
    for number, (values, _) in enumerate(rows, start=1):
        texts = ["" if v is None else str(v) for v in values]
        if any(t.strip() for t in texts):
            while texts and not texts[-1].strip():
                texts.pop()
            return number, table.headings(texts)
    raise TableError("The workbook's first sheet is empty: put the table there.")


def _rows(rows: Iterator[tuple[Sequence[Any], str | None]], names: tuple[str, ...], used: int) -> Iterator[Row]:
    number = used
    while True:
        number += 1
        try:
            values, problem = next(rows)
        except StopIteration:
            return
        except _DAMAGED as wrong:
            raise TableError(f"The sheet cannot be read from row {number} on: {str(wrong)[:80]}") from None
        read_row = table.sheet_row(number, names, values)
        yield Row(number=number, cells=read_row.cells, problem=problem) if problem else read_row
