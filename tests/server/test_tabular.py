"""Tables as spreadsheets write them."""

import codecs
import datetime as dt
import io
import json
import zipfile
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS, WORKSHEET_TYPE

from server import tabular
from server.tabular import Row, TableError
from server.tabular import workbook as reading
from server.tabular.table import bounded
from tests.server.office import workbook


def cells(content: bytes) -> list[dict[str, Any]]:
    table = tabular.read(io.BytesIO(content))
    found = list(table.rows)
    assert [r.problem for r in found if r.problem] == []
    return [r.cells for r in found]


def refusal(content: bytes) -> str:
    with pytest.raises(TableError) as refused:
        list(tabular.read(io.BytesIO(content)).rows)
    return str(refused.value)


TWO_ROWS = [{"gtin": "0123", "name": "Käse"}, {"gtin": "0456"}]


@pytest.mark.parametrize(
    "content",
    [
        "gtin,name\n0123,Käse\n0456,\n".encode(),
        "gtin;name\r\n0123;Käse\r\n0456;\r\n;\r\n;\r\n".encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + "gtin\tname\r\n0123\tKäse\r\n0456\t\r\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "gtin\tname\n0123\tKäse\n0456\t\n".encode("utf-16-be"),
        "gtin;name\n0123;Käse\n0456;\n".encode("utf-16-le"),
        b"gtin;name\n0123;K\xe4se\n0456;\n",
        'sep=|\n"gtin"|"name"\n" 0123 "|"Käse"\n0456|\n'.encode(),
        "\n\n GTIN , Name \n0123,Käse\n\n0456\n".encode(),
        json.dumps([{"GTIN": "0123", "name": "Käse"}, {"gtin": "0456", "name": None}]).encode(),
        workbook([["gtin", "Name", None], ["0123", "Käse"], ["0456", None], [None, None]]),
    ],
    ids=["plain", "excel", "utf16-le", "utf16-be", "utf16-unmarked", "cp1252", "sep-line", "blanks", "json", "xlsx"],
)
def test_the_same_table_is_read_from_every_spreadsheets_habits(content: bytes) -> None:
    assert cells(content) == TWO_ROWS


def test_lines_end_as_on_any_system_and_a_cell_may_hold_several() -> None:
    assert cells(b'a,b\r1,2\r3,"4\r5"\r') == [{"a": "1", "b": "2"}, {"a": "3", "b": "4\r5"}]
    assert cells(b'a,b\r\n1,2\r\n3,"4\r\n5"') == [{"a": "1", "b": "2"}, {"a": "3", "b": "4\r\n5"}]


def test_headings_have_one_spelling() -> None:
    table = tabular.read(io.BytesIO(b"Serial No.,SKU/Article,  Best - before \n1,2,3\n"))
    assert table.headings == ("serial_no", "sku_article", "best_before")


def test_rows_are_numbered_as_the_spreadsheet_shows_them() -> None:
    table = tabular.read(io.BytesIO(b"a,b\n1,2\n,\n3,4\n"))
    assert [r.number for r in table.rows] == [2, 4]
    table = tabular.read(io.BytesIO(workbook([[None], ["a"], ["1"], [None], ["3"]])))
    assert [r.number for r in table.rows] == [3, 5]


def test_a_workbooks_numbers_and_dates_stay_numbers_and_dates() -> None:
    book = workbook([["n", "d", "f", "b"], [9506000134352.0, dt.date(2027, 12, 31), 12.5, True]])
    assert cells(book) == [{"n": 9506000134352, "d": dt.date(2027, 12, 31), "f": Decimal("12.5"), "b": "yes"}]


def test_a_formula_that_was_never_calculated_is_said() -> None:
    found = list(tabular.read(io.BytesIO(workbook([["a", "b"], ["1", "=A2"], ["2", "x"]]))).rows)
    assert found[0].problem == "A formula in it was never calculated: open the file, save it, and send it again."
    assert found[1].problem is None


def test_a_cell_with_a_spreadsheets_error_is_said() -> None:
    (row,) = tabular.read(io.BytesIO(workbook([["a"], ["#N/A"]]))).rows
    assert row.problem == "A cell in it holds the error #N/A."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"a" * (2 << 20) + b"a", "A line has more than 2,097,152 characters."),
        (b"\n\n;;\n", "The file has no row of headings: write what each column is into its first row."),
        (b"a,b,A\n1,2,3\n", "Two columns have the heading 'a': which of them counts?"),
        (b'a,b\n"1,2\n', "Row 2 cannot be read: unexpected end of data (is a quotation mark missing?)."),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "The file is a picture; a table is needed: CSV, XLSX or JSON."),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "The file is a picture; a table is needed: CSV, XLSX or JSON."),
        (b"%PDF-1.7", "The file is a PDF; a table is needed: CSV, XLSX or JSON."),
        (b"[1, 2]", "A list of objects is needed, one for each row."),
        (b'[{"a": NaN}]', "The file starts like JSON, but it cannot be read as JSON."),
        (b"[" * 100_000, "The file starts like JSON, but it cannot be read as JSON."),
        (
            b"\xd0\xcf\x11\xe0",
            "The file is an old Excel workbook (.xls) or has a password: save it as .xlsx without one.",
        ),
        (b"PK\x03\x04 torn off", "The file is no Excel workbook that can be read: save it again as .xlsx."),
        (workbook([[None]]), "The workbook's first sheet is empty: put the table there."),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_a_sentence(content: bytes, sentence: str) -> None:
    assert refusal(content) == sentence


def test_a_row_with_too_many_cells_is_said_and_the_others_are_read() -> None:
    found = list(tabular.read(io.BytesIO(b"a,b\n1,2,3\n4,5\n")).rows)
    assert [r.problem for r in found] == ["'3' stands in a column without a heading.", None]


@pytest.mark.parametrize(
    "content",
    [
        b"Stock of June,,, \nBy Rosa,,,\n,,,\nGTIN,Serial,Address 2, \n0123,A1,x\n",
        b"Stock of June;30.6.2026;;;\n\n\ngtin;serial;lot;location\n0123;A1;;A-01\n",
        workbook([[None, "Stock of June"], [], [], ["gtin", "location"], ["0123", "A-01"], ["0456", "A-02"]]),
    ],
    ids=["two lines of title", "title and date", "xlsx"],
)
def test_a_title_above_the_headings_is_said_once_and_not_in_every_row(content: bytes) -> None:
    with pytest.raises(TableError, match=r"^The headings seem to be in row 4: remove what stands above them\.$"):
        tabular.read(io.BytesIO(content))


@pytest.mark.parametrize(
    "content",
    [
        b"gtin,\n0123,x\n",
        b"sku,name,location\nLAMP,Lamp,Shelf,by the door\n",
        b"sku,\n" + b"LAMP\n" * 20 + b"LAMP,by the door\n",
    ],
    ids=["a number", "one cell more", "far down"],
)
def test_a_wide_row_that_is_no_row_of_headings_is_one_wrong_row(content: bytes) -> None:
    wrong = [row.problem for row in tabular.read(io.BytesIO(content)).rows if row.problem]
    assert len(wrong) == 1
    assert "stands in a column without a heading." in wrong[0]


@pytest.mark.slow
def test_a_workbook_that_inflates_to_a_gigabyte_is_refused_before_it_is_opened() -> None:
    bomb = io.BytesIO()
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as parts,
        parts.open("xl/a.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(1_025):
            part.write(bytes(1 << 20))
    assert len(bomb.getvalue()) < 2 << 20
    assert refusal(bomb.getvalue()) == "The workbook inflates to more than 1,073,741,824 bytes."


def test_a_workbook_with_xml_entities_is_refused() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w") as parts:
        parts.writestr("xl/workbook.xml", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa">]><x>&a;</x>')
    assert (
        refusal(bomb.getvalue())
        == "The workbook declares XML entities, which no spreadsheet writes: save it again as .xlsx."
    )


def retold(content: bytes, before: str, after: str) -> bytes:
    """A workbook that says otherwise what its parts are, or where."""
    told = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as parts, zipfile.ZipFile(told, "w", zipfile.ZIP_DEFLATED) as others:
        for name in parts.namelist():
            others.writestr(name.replace(before, after), parts.read(name).replace(before.encode(), after.encode()))
    return told.getvalue()


def with_shared_texts() -> bytes:
    """A workbook as Excel writes it: its cells' texts in a file of their own."""
    texts, told = ["gtin", "name", "0123", "Käse " * 300], io.BytesIO()
    plain = workbook([texts[:2], texts[2:]])
    for number, text in enumerate(texts):
        plain = retold(plain, f't="inlineStr"><is><t>{text}</t></is>', f't="s"><v>{number}</v>')
    said = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{SHARED_STRINGS}" /></Types>'
    with zipfile.ZipFile(io.BytesIO(retold(plain, "</Types>", said))) as parts, zipfile.ZipFile(told, "w") as others:
        for name in parts.namelist():
            others.writestr(name, parts.read(name))
        items = "".join(f"<si><t>{text}</t></si>" for text in texts)
        others.writestr("xl/sharedStrings.xml", f'<sst xmlns="{SHEET_MAIN_NS}">{items}</sst>')
    return told.getvalue()


SHARED = with_shared_texts()
STYLES = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"


@pytest.mark.parametrize("name", ["sharedStrings.xml", "words.xml", "words.bin", "worksheets/words.xml"])
def test_a_workbooks_texts_have_a_bound_whatever_their_file_is_called(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    book = retold(SHARED, "sharedStrings.xml", name)
    assert len(cells(book)[0]["name"]) > 1_400
    monkeypatch.setattr(reading, "STRINGS_BYTES_MAX", 1_000)
    assert refusal(book) == "The workbook holds too much beside its sheets: save the table alone, or as CSV."


@pytest.mark.parametrize("said", [STYLES, WORKSHEET_TYPE, SHARED_STRINGS])
def test_what_else_of_a_workbook_is_held_whole_has_a_bound_whatever_it_says_that_it_is(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    book = retold(retold(SHARED, "</styleSheet>", f"<!-- {'.' * 30_000} --></styleSheet>"), STYLES, said)
    for bound in ("STRINGS_BYTES_MAX", "PART_BYTES_MAX"):
        monkeypatch.setattr(reading, bound, 30_000)
    assert refusal(book).startswith("The workbook holds too much beside its sheets")


def test_workbooks_are_read_by_what_expands_no_entities() -> None:
    assert openpyxl.DEFUSEDXML


def test_a_table_with_too_many_rows_is_refused() -> None:
    rows = (Row(number=n, cells={"a": n}) for n in range(3))
    with pytest.raises(TableError, match=r"^The file has more than 2 rows: send it in parts\.$"):
        list(bounded(rows, most=2))


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda b: b"a,b\n" + b) | st.text().map(str.encode))
def test_any_bytes_are_read_or_refused_with_a_sentence(content: bytes) -> None:
    try:
        list(tabular.read(io.BytesIO(content)).rows)
    except TableError as refused:
        said = str(refused)
    else:
        said = "It was read."
    assert said.endswith(".")


BOOK = workbook([["a", "b"], ["1", "=A2"], [2, 3.5]])
with zipfile.ZipFile(io.BytesIO(BOOK)) as whole:
    PARTS = {name: whole.read(name) for name in whole.namelist()}


@given(st.sampled_from(sorted(PARTS)), st.floats(0, 0.999), st.binary(max_size=20))
def test_a_workbook_with_a_damaged_part_is_read_or_refused_with_a_sentence(part: str, at: float, bytes_: bytes) -> None:
    damaged = io.BytesIO()
    place = int(at * len(PARTS[part]))
    with zipfile.ZipFile(damaged, "w") as parts:
        for name, content in PARTS.items():
            spoilt = content[:place] + bytes_ + content[place + len(bytes_) :]
            parts.writestr(name, spoilt if name == part else content)
    try:
        list(tabular.read(damaged).rows)
    except TableError as refused:
        said = str(refused)
    else:
        said = "It was read."
    assert said


@given(st.floats(0, 0.999), st.binary(min_size=1, max_size=20))
def test_a_damaged_workbook_is_read_or_refused_with_a_sentence(at: float, bytes_: bytes) -> None:
    place = 4 + int(at * (len(BOOK) - 4))
    try:
        list(tabular.read(io.BytesIO(BOOK[:place] + bytes_ + BOOK[place + len(bytes_) :])).rows)
    except TableError as refused:
        said = str(refused)
    else:
        said = "It was read."
    assert said


def test_a_file_that_is_no_table_says_how_to_save_it() -> None:
    with pytest.raises(TableError, match=r"^The file is no text in utf-16-be \(byte .*\): save it as CSV or XLSX\.$"):
        cells(b"\x00a\xd8\x00\xd8\x00")
