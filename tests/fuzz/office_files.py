"""Workbooks and JSON files that are nearly what an import takes."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from typing import Any, Final

import openpyxl
from hypothesis import strategies as st
from openpyxl.utils.exceptions import IllegalCharacterError

from tests.fuzz.hostile import CELLS, TEXTS, cut, rows

Table = list[list[Any]]

_NUMBERS: Final = st.sampled_from(
    [0, -1, 45_657, 45_657.25, 9.506e12, 9_506_000_134_352, 1e300, 1e-300, 10**400, 2**63, 0.1, True, False]
)
"""45,657 is the last day of 2024, as spreadsheets count days."""
_SHEET_CELLS: Final = (
    CELLS
    | _NUMBERS
    | st.none()
    | st.dates(min_value=dt.date(1900, 1, 1))
    | st.datetimes(min_value=dt.datetime(1900, 1, 1))  # noqa: DTZ001  # as a sheet has it
    | st.times()
    | st.timedeltas(min_value=dt.timedelta(0), max_value=dt.timedelta(99_999))
    | st.sampled_from(
        ["#REF!", "#N/A", "#DIV/0!", "=A1+1", '=HYPERLINK("x")', "=SUM(", "_xD800_", "_x0000_", "_x000D_", "General"]
    )
)
_FAR: Final = (2, 3, 70_000, 2_000_000_000, 10**30)
_XML: Final = st.sampled_from([
    b'<row r="@"><c r="A@"><v>1</v></c></row>',
    b'<row r="@"><c r="XFD@"><v>1</v></c></row>',
    b'<row r="@"><c r="A@" t="s"><v>99</v></c></row>',
    b'<row r="@"><c r="A@" t="s"><v>-1</v></c></row>',
    b'<row r="@"><c r="A@" t="d"><v>2026-13-45</v></c></row>',
    b'<row r="@"><c r="A@" t="e"><v>#REF!</v></c></row>',
    b'<row r="@"><c r="A@" t="inlineStr"><is><t>x</t></is></c></row>',
    b'<row r="@"><c r="A@" t="inlineStr"/></row>',
    b'<row r="@"><c r="A@" s="99"><v>1</v></c></row>',
    b'<row r="@"><c r="A@"><v>NaN</v></c></row>',
    b'<row r="@"><c r="A@"><f>A1</f></c></row>',
    b'<row r="@"><c r="A@"><f t="shared" si="9"/></c></row>',
    b'<row r="@"><row><c r="@"/></row></row>',
    b'<row r="-@"><c r="A-@"/></row>',
    b'<row r="x@"/><row ht="@"/>',
    b"<row>" + b"<c/>" * 5_000 + b"<c><v>@@</v></c></row>",
    b"<!-- @ @ --><row></row>" * 300,
    b"&#xD800;@@",
    b"</sheetData><sheetData>@@",
    b"<sheetData>@@",
])  # fmt: skip
"""What programs, and people by hand, write between the rows of a sheet; `@` is the number of a row."""


@st.composite
def workbooks(draw: st.DrawFn) -> tuple[str, bytes]:
    """A kind of document, and a workbook that is nearly one."""
    kind, table = draw(rows(_SHEET_CELLS))
    return kind, draw(spreadsheets(table))


@st.composite
def spreadsheets(draw: st.DrawFn, table: Table) -> bytes:
    """The table as a workbook, with each habit of spreadsheets at random; some are spoilt afterwards."""
    book = openpyxl.Workbook()
    sheet: Any = book.active
    if draw(st.booleans()):
        book.create_sheet("Table 2").append(["number", "reason"])
    for number in range(draw(st.sampled_from([0] * 9 + [1, 3]))):
        sheet.append(["A title"] * number)
    for row in table:
        sheet.append([_writable(value) for value in row])
    if draw(st.booleans()) and sheet.max_row > 1:
        sheet.merge_cells(f"A1:{draw(st.sampled_from(['A2', 'B1', 'C3']))}")
    file = io.BytesIO()
    book.save(file)
    parts = _parts(file.getvalue())
    del parts["docProps/core.xml"]  # it says when it was saved, and each try is to be the same again
    match draw(st.sampled_from(["whole"] * 4 + ["by hand", "by hand", "cut", "parts"])):
        case "by hand":
            at = draw(st.sampled_from(_FAR))
            _add_rows(parts, draw(_XML).replace(b"@", b"%d" % at))
        case "cut":
            return draw(cut(_packed(parts)))
        case "parts":
            name = draw(st.sampled_from(sorted(parts)))
            part = draw(st.none() | st.just(b"") | cut(parts.pop(name)))
            parts |= {} if part is None else {name: part}
    return _packed(parts)


def with_rows(content: bytes, xml: bytes) -> bytes:
    """The workbook with this behind the last row of its first sheet."""
    parts = _parts(content)
    _add_rows(parts, xml)
    return _packed(parts)


def _add_rows(parts: dict[str, bytes], xml: bytes) -> None:
    name = "xl/worksheets/sheet1.xml"
    sheet = parts[name].replace(b"<sheetData/>", b"<sheetData></sheetData>")
    parts[name] = sheet.replace(b"</sheetData>", xml + b"</sheetData>")


def _parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


def _packed(parts: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts.items():
            file.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def _writable(value: Any) -> Any:
    """The value, where openpyxl writes it; else what stands in a cell that is broken."""
    try:
        openpyxl.Workbook().active["A1"].value = value  # type: ignore[index]
    except (IllegalCharacterError, ValueError):
        return "\ufffd"
    return str(value) if isinstance(value, int) and abs(value) >= 10**15 else value


_JSON_CELLS: Final = (
    CELLS
    | _NUMBERS
    | st.none()
    | st.floats()
    | st.sampled_from(["\ud800", "a\udfffb", [], {}, ["a"], {"a": 1}, [[[[]]]], "9" * 5_000, "\x00"])
)
_RAW: Final = st.sampled_from(
    [
        "1e999999999",
        "1E-999999999",
        "9" * 5_000,
        "[" * 5_000,
        "-",
        "NaN",
        "Infinity",
        '"\\ud800"',
        '"\\u0000"',
        "1.0e5",
        "{}",
    ]
)


HALF_OF_A_HEADING: Final = ("products", b'[{"gtin": "1", "name": "Lamp", "\\ud800": 1}]')
HALF_OF_A_CELL: Final = ("products", b'[{"gtin": "1", "name": "Lamp", "colour": "\\ud800"}]')
"""Half of a surrogate pair, in what is not asked for, and beside a fault that is told with all of its row."""


@st.composite
def json_files(draw: st.DrawFn) -> tuple[str, bytes]:
    """A kind of document, and a JSON file that is nearly one."""
    kind, table = draw(rows(_JSON_CELLS))
    return kind, draw(lists_of_objects(table))


@st.composite
def lists_of_objects(draw: st.DrawFn, table: Table) -> bytes:
    """The table as JSON: wrong types, keys twice, depth, huge numbers and halves of characters among it."""
    names, *lines = table
    objects = []
    for line in lines:
        pairs = [(name, json.dumps(value)) for name, value in zip(names, line, strict=False)]
        if draw(st.sampled_from([False, False, True])):
            pairs.append((draw(st.sampled_from(names) | TEXTS | st.just("\ud800")), draw(_RAW)))
        objects.append("{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in pairs) + "}")
    text = f"[{', '.join(objects)}]"
    match draw(st.sampled_from(["whole"] * 6 + ["deep", "one", "mixed", "cut"])):
        case "deep":
            text = "[" * 100_000 + text
        case "one":
            text = objects[0] if objects else "{}"
        case "mixed":
            text = f"[{text}, 1, null, {text}]"
        case "cut":
            return draw(cut(text.encode()))
    return text.encode(draw(st.sampled_from(["utf-8"] * 6 + ["utf-8-sig", "utf-16", "utf-32"])))
