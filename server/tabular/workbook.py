"""XLSX: the first sheet of a workbook, with the values that were last shown in it."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final
from xml.etree.ElementTree import ParseError
from xml.parsers import expat

import openpyxl
from openpyxl.packaging.manifest import Manifest
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.xml.constants import (
    ARC_CONTENT_TYPES,
    ARC_STYLE,
    ARC_THEME,
    ARC_WORKBOOK,
    SHARED_STRINGS,
    WORKSHEET_TYPE,
)
from openpyxl.xml.functions import fromstring

from server.tabular import table
from server.tabular.table import INFLATED_BYTES_MAX, Row, Table, TableError

STRINGS_BYTES_MAX: Final = 64 << 20
"""The cells' shared texts, whatever their file is called: held in memory whole, as texts."""
PART_BYTES_MAX: Final = 8 << 20
"""What else is written in XML and is no sheet: some of it is held whole, at some seventy bytes of memory a byte."""
ROW_BYTES_MAX: Final = 2 << 20
"""So are each row, and all that stands behind the rows."""
SHEET_ROWS_MAX: Final = 1 << 20
"""What a spreadsheet has; a row may say that it is the two thousand millionth, and all before it would be counted."""
PARTS_MAX: Final = 1_000
_BY_NAME: Final = frozenset({ARC_CONTENT_TYPES, ARC_STYLE, ARC_THEME, ARC_WORKBOOK})
"""Parts that openpyxl reads whole whatever they are said to be."""
_TOO_MUCH: Final = "The workbook holds too much beside its sheets: save the table alone, or as CSV."
_LOOK_AT_ONCE: Final = 1 << 16
_ROW_DEPTH: Final = 2
"""A row stands in `worksheet` and `sheetData`; one in another row is none."""
_DAMAGED: Final = (
    zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError, EOFError, OSError,
    IndexError, AttributeError, NotImplementedError, RuntimeError, OverflowError, zlib.error, lzma.LZMAError,
    struct.error, UserWarning, expat.ExpatError,
)  # fmt: skip
"""What openpyxl and zipfile raise for a file that is damaged or made by hand: they promise no one kind."""


def read(file: BinaryIO) -> Table:
    """The table in the first sheet of a workbook.

    Raises:
        TableError: it is damaged, empty or out of bounds.
    """
    try:
        _check_parts(file)
        sheet = _sheet(file, shown=True)
        written = _cells(_sheet(file, shown=False)) if _has_formula(sheet) else None
        rows = _values(_cells(sheet), written)
        number, names = _headings(rows)
    except TableError:
        raise
    except _DAMAGED:
        raise TableError("The file is no Excel workbook that can be read: save it again as .xlsx.") from None
    return Table(headings=names, rows=table.beneath_headings(_rows(rows, names, number)))


def _check_parts(file: BinaryIO) -> None:
    """Refuse a bomb before it is opened."""
    with zipfile.ZipFile(file) as parts:
        infos = parts.infolist()
        if len(infos) > PARTS_MAX or sum(i.file_size for i in infos) > INFLATED_BYTES_MAX:
            raise TableError(f"The workbook inflates to more than {INFLATED_BYTES_MAX:,} bytes.")
        for info in infos:
            if info.filename.endswith((".xml", ".rels")):
                with parts.open(info) as part:
                    if b"<!DOCTYPE" in part.read(4096):
                        raise TableError(
                            "The workbook declares XML entities, which no spreadsheet writes: save it again as .xlsx."
                        )
        sizes = {info.filename: info.file_size for info in infos}
        if sizes[ARC_CONTENT_TYPES] > PART_BYTES_MAX:
            raise TableError(_TOO_MUCH)
        kinds = _kinds(parts.read(ARC_CONTENT_TYPES))
        if any(size > _bytes_max(name, kinds[name]) for name, size in sizes.items()):
            raise TableError(_TOO_MUCH)


def _kinds(content_types: bytes) -> defaultdict[str, set[str]]:
    """What each part is said to be: openpyxl goes by it for some parts, and by the name for others."""
    tree: Any = fromstring(content_types)
    said = Manifest.from_tree(tree)
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for one in said.Override if said else ():
        kinds[one.PartName.lstrip("/")].add(one.ContentType)
    return kinds


def _bytes_max(name: str, kinds: set[str]) -> int:
    """How large a part may be: what is read piece by piece, and pictures, as large as the whole."""
    if kinds == {WORKSHEET_TYPE} and not (name in _BY_NAME or name.endswith(".rels") or name.startswith("docProps/")):
        return INFLATED_BYTES_MAX
    if kinds == {SHARED_STRINGS}:
        return STRINGS_BYTES_MAX
    return PART_BYTES_MAX if kinds or name.endswith((".xml", ".rels")) else INFLATED_BYTES_MAX


class _Look:
    """A look through a sheet that keeps nothing of it: whether it holds a formula, and whether a row is a bomb."""

    def __init__(self) -> None:
        self.has_formula = False
        self._open: list[str] = []
        self._row = self._row_end = 0
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def take(self, piece: bytes, *, final: bool = False) -> None:
        """The next bytes of the sheet.

        Raises:
            TableError: more than `ROW_BYTES_MAX` are one row, or stand behind them all; there are too many rows.
        """
        self._parser.Parse(piece, final)
        if self._parser.CurrentByteIndex - self._row_end > ROW_BYTES_MAX:
            raise TableError(
                f"A row of the sheet, or what stands behind its rows, is longer than {ROW_BYTES_MAX:,} bytes: save the "
                "table alone, or as CSV."
            )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition("}")[2]
        if name == "row" and len(self._open) == _ROW_DEPTH:
            self._row = int(attributes.get("r", self._row + 1))
            if self._row > SHEET_ROWS_MAX:
                raise TableError(f"The sheet goes on beyond row {SHEET_ROWS_MAX:,}, where every spreadsheet ends.")
        self._open.append(name)
        self.has_formula = self.has_formula or name == "f"

    def _end(self, _name: str) -> None:
        if self._open.pop() == "row" and len(self._open) == _ROW_DEPTH:
            self._row_end = self._parser.CurrentByteIndex


def _has_formula(sheet: Any) -> bool:
    look = _Look()
    with sheet._get_source() as part:  # noqa: SLF001  # whatever the workbook calls it: this is what will be read
        while piece := part.read(_LOOK_AT_ONCE):
            look.take(piece)
        look.take(b"", final=True)
    return look.has_formula


def _sheet(file: BinaryIO, *, shown: bool) -> Any:
    """The first sheet, row by row; openpyxl's types speak of the one that it holds whole."""
    book = openpyxl.load_workbook(file, read_only=True, data_only=shown, keep_links=False)
    if not book.worksheets:
        raise TableError("The workbook has no sheet: save it again as .xlsx.")
    sheet = book.worksheets[0]
    if not hasattr(sheet, "reset_dimensions"):
        raise TableError("The workbook's first sheet is a chart: put the table first.")
    sheet.reset_dimensions()  # some programs write a wrong one, and rows would be cut off
    return sheet


def _cells(sheet: Any) -> Iterator[Sequence[Any]]:
    return iter(sheet.iter_rows(values_only=True, max_col=table.COLUMNS_MAX + 1))


def _values(
    shown: Iterator[Sequence[Any]], written: Iterator[Sequence[Any]] | None
) -> Iterator[tuple[Sequence[Any], str | None]]:
    """Each row's values, and what is wrong with it: a formula counts with its last shown result."""
    if written is None:
        for values in shown:
            yield values, None if _is_empty(values) else _spoilt(values)
        return
    for values, formulas in zip(shown, written, strict=True):
        if _is_empty(formulas):
            yield values, None
            continue
        unknown = any(v is None and f is not None for v, f in zip(values, formulas, strict=False))
        problem = "A formula in it was never calculated: open the file, save it, and send it again."
        yield values, problem if unknown else _spoilt(values)


def _is_empty(values: Sequence[Any]) -> bool:
    """Whether there is nothing in the row: a sheet that was formatted to its end has a million of them."""
    return values.count(None) == len(values)


def _spoilt(values: Sequence[Any]) -> str | None:
    for value in values:
        if isinstance(value, str) and value in ("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"):
            return f"A cell in it holds the error {value}."
    return None


def _headings(rows: Iterator[tuple[Sequence[Any], str | None]]) -> tuple[int, tuple[str, ...]]:
    for number, (values, _) in enumerate(rows, start=1):
        if _is_empty(values):
            continue
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
            problem = f"The sheet cannot be read from row {number} on ({str(wrong)[:80]}): save it again as .xlsx."
            raise TableError(problem) from None
        if _is_empty(values) and not problem:
            continue
        read_row = table.sheet_row(number, names, values)
        yield Row(number=number, cells=read_row.cells, problem=problem) if problem else read_row
