"""Lists as files: every list in every form, through HTTP and, for what they may need of memory, by themselves."""

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from server import case_filter, exports
from server.exports import Column, ExportError, Listing, listings
from tests.handheld import BIN_A, BIN_B, unit
from tests.server.running import Handheld, Person, sign_in

CASE_OF_A1 = {"name": "Phone 12 · A1", "rule": "misplaced", "belongs": "A-01", "seen_at": "B-01"}


@pytest.fixture
def misplaced(handheld: Handheld) -> str:
    handheld.scan("put_away", unit("A1"), location=BIN_A, minutes_ago=30)
    handheld.scan("inspect", unit("A1"), location=BIN_B)
    handheld.push()
    return unit("A1")


def _listing(rows: list[dict[str, Any]]) -> Listing:
    columns = (Column("what", "What"), Column("at", "When", moment=True))
    return Listing(name="test", title="Test", columns=columns, rows=lambda *_: iter(rows))


def _written(form: str, rows: list[dict[str, Any]]) -> bytes:
    with exports.write(form, _listing(rows), None, "main", {}) as file:  # type: ignore[arg-type]  # reads nothing
        return file.read()


def _csv(answer: TestResponse) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_the_cases_are_the_same_in_every_form_at_the_console_and_in_the_api(supervisor: Person, misplaced: str) -> None:
    for path in ("/exports/cases", "/api/v1/lists/cases"):
        (row,) = _csv(supervisor.get(f"{path}.csv?status=open"))
        assert (row["Unit"], row["What"], row["Belongs"], row["Seen"]) == tuple(
            CASE_OF_A1[name] for name in ("name", "rule", "belongs", "seen_at")
        )
        assert row["Opened (UTC)"] == "2026-05-28T21:16:40Z"
        (entry,) = supervisor.get(f"{path}.json").get_json()
        assert {name: entry[name] for name in CASE_OF_A1} == CASE_OF_A1
        assert entry["unit"] == misplaced
        book = openpyxl.load_workbook(io.BytesIO(supervisor.get(f"{path}.xlsx").data))
        assert [cell.value for cell in book.worksheets[0]["C"]] == ["Unit", "Phone 12 · A1"]
    assert _csv(supervisor.get("/exports/cases.csv?status=settled")) == []


def test_every_list_can_be_taken_out(app: Flask, admin: Person, misplaced: str) -> None:
    assert {None, "unit"} < {listing.needs for listing in listings().values()}
    for name, listing in listings().items():
        query = {listing.needs: misplaced if listing.needs == "unit" else "NONE/1"} if listing.needs else {}
        answer = admin.get(f"/exports/{name}.csv", query_string=query)
        if listing.needs not in (None, "unit"):
            assert answer.status_code == 404, name
            continue
        assert answer.data.decode("utf-8-sig").startswith(listing.columns[0].heading), name
        assert f"attachment; filename={name}-main-2026-05-28-2126.csv" in answer.headers["Content-Disposition"]
        assert json.loads(admin.get(f"/exports/{name}.json", query_string=query).data) is not None


def test_units_are_listed_with_their_place_and_can_be_narrowed_to_a_bin(supervisor: Person, misplaced: str) -> None:
    (row,) = _csv(supervisor.get("/exports/units.csv", query_string={"location": BIN_B}))
    assert (row["Unit"], row["State"], row["Place"], row["Zone"], row["Belongs"]) == (
        "Phone 12 · A1", "stored", "B-01", "G", "A-01",
    )  # fmt: skip
    assert _csv(supervisor.get("/exports/units.csv", query_string={"location": BIN_A})) == []
    (_, cable) = sorted(_csv(supervisor.get("/exports/products.csv")), key=lambda row: row["Tracked by"] == "quantity")
    assert cable["Product"] == "Cable 2 m"


def test_a_filter_that_a_list_does_not_have_is_named(supervisor: Person) -> None:
    answer = supervisor.get("/api/v1/lists/cases.csv?statsu=open")
    assert (answer.status_code, answer.get_json()["message"]) == (
        400,
        "The list cases has no filter 'statsu': it takes "
        + ", ".join([*case_filter.NAMES, "unit."]),
    )  # fmt: skip
    assert supervisor.get("/api/v1/lists/count_lines.csv").get_json()["message"] == (
        "The list count_lines is of one number (of the count): end its address with ?number=..."
    )
    assert "is one of" in supervisor.get("/api/v1/lists/nothing.csv").get_json()["message"]


def test_people_are_listed_without_secrets_and_only_to_who_may_see_them(admin: Person, supervisor: Person) -> None:
    listed = admin.get("/exports/people.csv").data.decode("utf-8-sig")
    assert "supervisor" in listed
    assert "argon2" not in listed
    assert supervisor.get("/exports/people.csv").status_code == 403
    offered = supervisor.get("/api/v1/lists").get_json()["lists"]
    assert "people" not in [each["name"] for each in offered]


def test_a_picker_takes_no_list_out_and_sees_no_link(app: Flask) -> None:
    picker = sign_in(app, "picker")
    assert picker.get("/exports/cases.csv").status_code == 403
    assert "/exports/" not in picker.get("/handhelds").text


@pytest.mark.parametrize(
    "text", ["=1+1", "+49 30", "-2", "@SUM(A1)", "\t=1", "\n=1", "\uff1d1+1", "#N/A", "bell \x07 ; null"]
)
def test_no_cell_is_computed_by_a_spreadsheet(text: str) -> None:
    rows: list[dict[str, Any]] = [{"what": text, "at": None}, {"what": -5, "at": 0}]
    read = list(csv.reader(io.StringIO(_written("csv", rows).decode("utf-8-sig"), newline="")))
    dangerous = text[0] in "=+-@\t\n\uff1d"
    assert read[1:] == [[f"'{text}" if dangerous else text, ""], ["-5", "1970-01-01T00:00:00Z"]]
    sheet = openpyxl.load_workbook(io.BytesIO(_written("xlsx", rows))).worksheets[0]
    assert (sheet["A2"].data_type, sheet["A2"].value) == ("s", text.replace("\x07", "\u2407"))
    assert sheet["A3"].value == -5
    assert json.loads(_written("json", rows))[0]["what"] == text


def test_a_csv_file_says_that_it_is_utf8() -> None:
    assert _written("csv", [{"what": "Müller", "at": None}]).startswith(b"\xef\xbb\xbfWhat,")


def test_a_list_that_no_sheet_holds_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "XLSX_ROWS_MAX", 2)
    with pytest.raises(ExportError, match="take CSV"):
        _written("xlsx", [{"what": "x", "at": None}] * 3)


@pytest.mark.parametrize(("form", "number"), [("csv", 60_000), ("json", 60_000), ("xlsx", 6_000)])
def test_a_long_list_needs_no_more_memory_than_a_short_one(form: str, number: int) -> None:
    def endless(*_: object) -> Iterator[dict[str, Any]]:
        return ({"what": f"{n:0>100}", "at": n} for n in range(number))

    listing = Listing(name="test", title="Test", columns=_listing([]).columns, rows=endless)
    tracemalloc.start()
    try:
        with exports.write(form, listing, None, "main", {}) as file:  # type: ignore[arg-type]
            size = file.seek(0, 2)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20
    assert size > 5 << 20 or form == "xlsx"


def test_the_link_beside_a_list_keeps_what_it_was_narrowed_to(supervisor: Person, misplaced: str) -> None:
    page = supervisor.get("/cases?rule=misplaced&status=open").text
    assert 'href="/exports/cases.csv?rule=misplaced&amp;status=open"' in page
