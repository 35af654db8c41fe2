"""The pages of counts through HTTP: choose, preview, share out, open, close, approve, recount, audit."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server import latest_first
from server.counts import listing
from server.database import reading
from tests.handheld import BIN_A, BIN_B, CABLE, PHONE, unit
from tests.server.running import NOW, PASSWORD, SITE, Handheld, Person, employ
from tests.server.site import state_document


class Desk:
    """Somebody at the console."""

    def __init__(self, app: Flask, name: str) -> None:
        self.client: FlaskClient = app.test_client()
        self.post("/sign-in", name=name, password=PASSWORD)

    def see(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())

    def post(self, path: str, **form: Any) -> str:
        page = self.client.get("/sign-in" if path == "/sign-in" else "/counts")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token
        answer = self.client.post(path, data={"csrf_token": token[1], **form}, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


@pytest.fixture
def supervisor_desk(app: Flask) -> Desk:
    return Desk(app, "supervisor")


@pytest.fixture
def stocked(handheld: Handheld) -> Handheld:
    rows = [{"subject": unit(s), "location": p} for s, p in (("A1", BIN_A), ("A2", BIN_A), ("B1", BIN_B))]
    state_document("stock", "S-1", rows, now_ms=NOW - 9_000_000)
    employ("Rosa", "Ravi")
    return handheld


def count(handheld: Handheld, place: str, *serials: str, operator: str = "Rosa", number: str = "COUNT-1") -> None:
    chain = handheld.chain
    for action, subject in [("open_bin", None), *(("count", unit(s)) for s in serials), ("finish_bin", None)]:
        moment = NOW - 900_000 + 1_000 * len(chain.lines)
        chain.scan(moment, action, subject, operator=operator, location=place, document=number)


def test_a_count_is_previewed_shared_out_and_opened(supervisor_desk: Desk, stocked: Handheld) -> None:
    page = supervisor_desk.see("/counts/new?by=bins&bins=A-01,+B-01&counters=Rosa,HH-1")
    assert "2 bins, 3 units expected" in page
    form = {"by": "bins", "bins": "A-01, B-01", "place": [BIN_A, BIN_B], "counter-0": "Rosa", "counter-1": "HH-1"}
    page = supervisor_desk.post("/counts/new", number="COUNT-1", **form | {"blind-1": "on"})
    assert "Count COUNT-1 is open" in page
    assert "0 of 2 bins done" in page
    assert "HH-1 blind" in page


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("by=bins&bins=Z-9", "There is no location 'Z-9' here."),
        ("by=weather", "Choose one of the ways"),
        ("by=spot&spots=many", "A spot count draws 1 to 1000 bins."),
    ],
)
def test_a_choice_of_nothing_says_why(supervisor_desk: Desk, query: str, problem: str) -> None:
    assert problem in supervisor_desk.see(f"/counts/new?{query}")


@pytest.fixture
def counted(supervisor_desk: Desk, stocked: Handheld) -> Handheld:
    """Rosa has counted A-01 and not seen A2."""
    supervisor_desk.post("/counts/new", number="COUNT-1", by="bins", bins="A-01", place=[BIN_A])
    count(stocked, BIN_A, "A1")
    stocked.push()
    return stocked


def test_every_count_is_reached_and_taken_out_with_how_far_it_is(
    supervisor_desk: Desk, supervisor: Person, counted: Handheld
) -> None:
    supervisor_desk.post("/counts/new", number="COUNT-2", by="bins", bins="B-01", place=[BIN_B])
    supervisor_desk.post("/counts/count/close", number="COUNT-1")
    with reading() as c:
        first, more = listing.list_counts(c, SITE, limit=1)
        rest, end = listing.list_counts(c, SITE, limit=1, after=latest_first.read_after(more))
    assert ([one.number for one in (*first, *rest)], end) == (["COUNT-1", "COUNT-2"], None)
    assert "COUNT-2" not in supervisor_desk.see("/counts?state=closed").partition("Accuracy")[2]
    assert "No count is in this state." in supervisor_desk.see("/counts?state=proposed")
    assert supervisor.get("/counts?after=7").status_code == 400
    one, two = csv.DictReader(io.StringIO(supervisor.get("/exports/counts.csv").data.decode("utf-8-sig")))
    said = ("Number", "State", "Bins", "Bins done", "Closed versions", "Expected", "Matched")
    assert [one[name] for name in said] == ["COUNT-1", "closed", "1", "1", "1", "2", "1"]
    assert [two[name] for name in said] == ["COUNT-2", "open", "1", "0", "0", "", ""]


def test_a_version_is_audited_and_a_late_scan_is_an_exception_of_it(
    app: Flask, supervisor_desk: Desk, counted: Handheld
) -> None:
    assert "version 1 of its report will not change" in supervisor_desk.post("/counts/count/close", number="COUNT-1")
    version = supervisor_desk.see("/counts/version?number=COUNT-1&version=1")
    for words in ("by supervisor", "Counted by Rosa", "50.0 % 1 of 2", "checked just now", "Missing 1"):
        assert words in version
    counted.chain.scan(NOW - 800_000, "count", unit("A2"), location=BIN_A, document="COUNT-1", operator="Rosa")
    counted.push(4)
    closed, again = (supervisor_desk.see(f"/counts/count?number=COUNT-1{now}") for now in ("", "&now=1"))
    for page, words, accuracy in (
        (closed, "As it was closed, version 1.", "50.0 %"),
        (again, "nothing is closed", "100.0 %"),
    ):
        assert "1 exception of version 1" in page
        assert words in page
        assert f"{accuracy} of 2 expected matched" in page
    assert supervisor_desk.see("/counts/version?number=COUNT-1&version=1") == version
    run = app.test_cli_runner().invoke
    shown, now = (run(args=["count", "show", "COUNT-1", *more]).output.splitlines() for more in ([], ["--now"]))
    assert shown[0].startswith("COUNT-1, version 1, closed by supervisor: 1 matched, 1 missing, 0 misplaced,")
    assert shown[1:] == [
        "  missing     Phone 12 · A2, 0 of 1, belongs in A-01",
        "  1 late scan, each a case: `count show COUNT-1 --now` shows what closing it again would say.",
    ]
    assert now[0].startswith("COUNT-1: 2 matched, 0 missing"), "it was found since"
    after = supervisor_desk.post("/counts/count/close", number="COUNT-1")
    assert "exception" not in after
    assert "Version 2" in after
    assert "closed version 2" in supervisor_desk.see("/counts")
    csv = supervisor_desk.client.get("/exports/count_version_lines.csv?version=COUNT-1/1")
    assert (csv.status_code, csv.text.count("missing")) == (200, 1)


def test_cables_that_nobody_scanned_are_named_before_a_count_is_closed(
    supervisor_desk: Desk, handheld: Handheld
) -> None:
    employ("Rosa")
    handheld.chain.scan(NOW - 2_000_000, "receive", CABLE, location=BIN_A, quantity=40)
    supervisor_desk.post("/counts/new", number="COUNT-1", by="bins", bins="A-01", place=[BIN_A])
    count(handheld, BIN_A)
    handheld.push()
    asked = "Nobody scanned a label of these."
    page = supervisor_desk.see("/counts/count?number=COUNT-1")
    assert asked in page
    assert "40 of" in page
    assert asked not in supervisor_desk.post("/counts/count/close", number="COUNT-1")


def test_a_scan_late_for_two_counts_is_dismissed_for_the_one_whose_case_it_is(
    supervisor_desk: Desk, counted: Handheld
) -> None:
    supervisor_desk.post("/counts/count/close", number="COUNT-1")
    odd = "A/2~50%"
    supervisor_desk.post("/counts/new", number=odd, by="bins", bins="A-01", place=[BIN_A])
    count(counted, BIN_A, "A1", number=odd)
    counted.push(4)
    supervisor_desk.post("/counts/count/close", number=odd)
    counted.chain.scan(NOW - 898_500, "move", unit("A1"), location=BIN_B, operator="Rosa")
    counted.push(7)
    listed = supervisor_desk.client.get("/cases", query_string={"rule": "late_scan"}).text
    pages = {unescape(address) for address in re.findall(r'href="(/cases/of/late_scan/[^"]+)"', listed)}
    assert len(pages) == 2
    (page,) = (page for page in pages if f"after {odd} was closed" in supervisor_desk.see(page))
    held = supervisor_desk.client.get(page).text
    hidden = dict(re.findall(r'name="(unit|rule|episode|evidence)" value="([^"]*)"', held))
    assert "Decided." in supervisor_desk.post("/cases/settle", **hidden, resolution="dismiss")
    left = supervisor_desk.client.get("/cases", query_string={"rule": "late_scan"}).text
    assert {unescape(a) for a in re.findall(r'href="(/cases/of/late_scan/[^"]+)"', left)} == pages - {page}


def test_a_unit_in_the_wrong_bin_is_to_be_taken_from_there_to_where_it_belongs(
    app: Flask, supervisor_desk: Desk, stocked: Handheld
) -> None:
    supervisor_desk.post("/counts/new", number="COUNT-1", by="bins", bins="A-01", place=[BIN_A])
    count(stocked, BIN_A, "A1", "A2", "B1")
    stocked.push()
    moved = supervisor_desk.see("/counts/count?number=COUNT-1").partition("Take it from To Found by")[2]
    assert 0 < moved.index("A-01") < moved.index("B-01") < moved.index("this count")
    shown = app.test_cli_runner().invoke(args=["count", "show", "COUNT-1"]).output
    assert "take it from A-01 to B-01" in shown


def test_what_is_missing_is_said_with_its_value(supervisor_desk: Desk, counted: Handheld) -> None:
    priced = {"subject": PHONE, "attributes": {"price": 29_900, "currency": "EUR"}}
    state_document("products", "P-1", [priced], now_ms=NOW - 9_500_000)
    assert "299.00 EUR" in supervisor_desk.see("/counts/count?number=COUNT-1")
    supervisor_desk.post("/counts/count/close", number="COUNT-1")
    assert "299.00 EUR" in supervisor_desk.see("/counts/version?number=COUNT-1&version=1")


def test_a_recount_goes_to_somebody_else_and_above_the_limit_somebody_else_approves(
    app: Flask, supervisor_desk: Desk, counted: Handheld
) -> None:
    admin = Desk(app, "admin")
    assert "The limit is set." in admin.post("/count-limits", whose="role:supervisor", units="0")
    assert "is no whole number" in admin.post("/count-limits", whose="role:supervisor", units="few")
    assert "above your limit" in supervisor_desk.post("/counts/count/close", number="COUNT-1")
    assert "1 unit or piece is written off or on; the limit is 0" in supervisor_desk.see("/counts/count?number=COUNT-1")
    assert "closed COUNT-1 above their own limit" in supervisor_desk.post("/counts/count/approve", number="COUNT-1")
    assert "Sent back" in admin.post("/counts/count/reject", number="COUNT-1", note="Look behind the box.")
    refused = supervisor_desk.post("/counts/count/recount", number="COUNT-1", bin=BIN_A, counter="Rosa")
    assert "Rosa counted bin A-01 before: somebody else has to do it." in refused
    opened = supervisor_desk.post("/counts/count/recount", number="COUNT-1", bin=BIN_A, counter="Ravi")
    assert "Recount COUNT-1-R1 is open" in opened
    supervisor_desk.post("/counts/count/close", number="COUNT-1")
    assert "Approved: version 1" in admin.post("/counts/count/approve", number="COUNT-1", note="Seen.")
    assert "Note Seen." in admin.see("/counts/version?number=COUNT-1&version=1")


def test_who_may_count_blind_reads_nothing_of_an_open_blind_count_at_the_console(
    app: Flask, supervisor_desk: Desk, stocked: Handheld
) -> None:
    form = {"by": "bins", "bins": "A-01", "place": [BIN_A], "blind-0": "on"}
    supervisor_desk.post("/counts/new", number="COUNT-1", **form)
    count(stocked, BIN_A, "A1")
    stocked.push()
    assert "Phone 12 · A2" in supervisor_desk.see("/counts/count?number=COUNT-1")
    assert "Phone 12" not in Desk(app, "picker").see("/counts/count?number=COUNT-1")


def test_a_count_is_given_up_on_its_page(supervisor_desk: Desk, counted: Handheld) -> None:
    assert "The count is given up." in supervisor_desk.post("/counts/count/cancel", number="COUNT-1", note="twice")
    assert "given up" in supervisor_desk.see("/counts")


@pytest.mark.parametrize(("lines", "is_open"), [(20, True), (21, False)])
def test_a_long_list_of_a_count_is_folded_up(
    supervisor_desk: Desk, handheld: Handheld, lines: int, *, is_open: bool
) -> None:
    employ("Rosa")
    rows = [{"subject": unit(f"M{number}"), "location": BIN_A} for number in range(lines)]
    state_document("stock", "STOCK", rows, now_ms=NOW - 9_000_000)
    supervisor_desk.post("/counts/new", number="COUNT-1", by="bins", bins="A-01", place=[BIN_A])
    count(handheld, BIN_A)
    handheld.push()
    page = supervisor_desk.client.get("/counts/count?number=COUNT-1").text
    assert ('id="missing" open>' in page, f"Missing <small>{lines}" in page) == (is_open, True)
