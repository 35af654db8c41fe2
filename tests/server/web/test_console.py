"""The console's pages through HTTP; tests/end_to_end/test_console.py has a real browser."""

import re
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_login import login_user
from werkzeug.test import TestResponse

from server.people import Person
from server.roles import Task
from server.web.navigation import Entry, Group, entries, shown
from server.web.wording import RESOLUTIONS, STATUSES, certainty, clock, iso, symbol
from sync import actions
from sync.unit import Status
from tests.handheld import BIN_A, BIN_B, CABLE, DAY, Chain, unit
from tests.server.running import NOW, PASSWORD, Handheld
from tests.server.site import state_document

TEMPLATES = Path(__file__).parents[3] / "server" / "web" / "templates"


def _token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def _sign_in(
    app: Flask, name: str, password: str = PASSWORD, path: str = "/sign-in"
) -> tuple[FlaskClient, TestResponse]:
    client = app.test_client()
    form = {"csrf_token": _token(client.get(path).text), "name": name, "password": password}
    return client, client.post(path, data=form)


@pytest.fixture
def console(app: Flask) -> FlaskClient:
    return _sign_in(app, "admin")[0]


@pytest.fixture
def misplaced(handheld: Handheld) -> str:
    handheld.scan("put_away", unit("A1"), location=BIN_A, minutes_ago=30)
    handheld.scan("inspect", unit("A1"), location=BIN_B)
    handheld.push()
    return "/units/01/09506000134352/21/A1"


def test_whoever_is_not_signed_in_is_asked_to_and_comes_back(app: Flask) -> None:
    asked = app.test_client().get("/cases?rule=missing")
    assert (asked.status_code, asked.location) == (302, "/sign-in?next=/cases?rule%3Dmissing")
    _, answer = _sign_in(app, "admin", path=asked.location)
    assert (answer.status_code, answer.location) == (302, "/cases?rule=missing")


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", "/\r\nX: y"]
)
def test_signing_in_never_leads_elsewhere(app: Flask, elsewhere: str) -> None:
    client = app.test_client()
    form = {"csrf_token": _token(client.get("/sign-in").text), "name": "admin", "password": PASSWORD}
    answer = client.post("/sign-in", query_string={"next": elsewhere}, data=form)
    assert (answer.status_code, answer.location) == (302, "/")


def test_a_wrong_password_says_so_and_keeps_the_name(app: Flask) -> None:
    _, answer = _sign_in(app, "admin", "wrong")
    assert answer.status_code == 401
    assert "do not match" in answer.text
    assert 'value="admin"' in answer.text


def test_a_form_without_its_token_changes_nothing(app: Flask) -> None:
    answer = app.test_client().post("/sign-in", data={"name": "admin", "password": PASSWORD})
    assert (answer.status_code, answer.mimetype) == (400, "text/html")


@pytest.mark.parametrize("page", [entry.endpoint for entry in entries()])
def test_every_page_opens_on_an_empty_site(app: Flask, console: FlaskClient, page: str) -> None:
    with app.test_request_context():
        path = app.url_for(page)
    assert console.get(path).status_code == 200


def test_pages_hold_no_inline_script_and_nothing_from_elsewhere(console: FlaskClient, misplaced: str) -> None:
    for path in ("/", "/cases", misplaced, "/handhelds", "/api/docs"):
        page = console.get(path)
        assert re.findall(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|javascript:", page.text) == []
        assert re.findall(r'(?:src|href|action)="(?:https?:)?//', page.text) == []
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_a_case_is_told_in_peoples_words(console: FlaskClient, misplaced: str) -> None:
    text = re.sub(r"<[^>]+>", "", console.get("/cases").text)
    for words in ("Misplaced", "Phone 12 · A1", "A-01", "B-01", "Rosa", "HH-1"):
        assert words in text
    assert "https://id.gs1.org" not in text


def test_a_unit_shows_its_trail_and_its_case(console: FlaskClient, misplaced: str) -> None:
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", console.get(misplaced).text)).split())
    for words in ("Phone 12 · A1", "In stock", "Misplaced", "Put away at A-01", "Check at B-01"):
        assert words in text, text


@pytest.mark.parametrize(
    "typed", ["010950600013435221A1", "]d2010950600013435221A1", "https://id.gs1.org/01/09506000134352/21/A1", "A1"]
)
def test_a_scanned_label_or_a_typed_serial_leads_to_the_unit(console: FlaskClient, misplaced: str, typed: str) -> None:
    answer = console.get("/scan", query_string={"scan": typed})
    assert (answer.status_code, answer.location) == (302, misplaced)


def test_a_documents_number_and_a_products_barcode_lead_to_their_pages(console: FlaskClient) -> None:
    for kind, number in (("order", "SO-5"), ("asn", "ASN-7"), ("count", "COUNT-3")):
        state_document(kind, number, [{"subject": CABLE, "quantity": 1}], now_ms=NOW - 5_000)
    places = {
        "SO-5": "/order?",
        "ASN-7": "/receipts/receipt?",
        "COUNT-3": "/counts/count?",
        "614141000036": "/stock/products/",
    }
    for typed, place in places.items():
        answer = console.get("/scan", query_string={"scan": typed})
        assert (answer.status_code, answer.location.startswith(place)) == (302, True), answer.location


@pytest.mark.parametrize("between", ["\n", " ", "\r\n", ", ", ";"])
def test_a_column_of_serial_numbers_from_a_spreadsheet_finds_each_unit(
    console: FlaskClient, misplaced: str, between: str
) -> None:
    state_document("order", "SO-5", [{"subject": CABLE, "quantity": 1}], now_ms=NOW - 5_000)
    page = console.get("/scan", query_string={"scan": between.join(["A1", "SO-5", "A1", "Z9"])})
    rows = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in re.findall(r"<tr>.*?</tr>", page.text, re.DOTALL)]
    assert rows == ["Looked for What it is", "A1 Phone 12 · A1 9506000134352", "SO-5 SO-5", "Z9 not found"]
    assert "2 of 3 found" in page.text
    assert f'href="{misplaced}"' in page.text
    assert console.get("/scan", query_string={"scan": between.join(["Z8", "Z9"])}).status_code != 200
    many = console.get("/scan", query_string={"scan": between.join(f"Z{n}" for n in range(101))})
    assert "These are 101 numbers: look for at most 100 at a time." in many.text


def test_a_label_that_cannot_be_read_says_why(console: FlaskClient) -> None:
    answer = console.get("/scan", query_string={"scan": "0109506000134351"})
    assert answer.status_code == 404
    assert "check digit" in answer.text


def test_what_was_scanned_stands_in_a_page_as_text(console: FlaskClient) -> None:
    answer = console.get("/scan", query_string={"scan": "<script>alert(1)</script>"})
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert" in answer.text


def test_an_enrolment_code_is_drawn_and_a_handheld_revoked(console: FlaskClient, handheld: Handheld) -> None:
    page = console.get("/handhelds").text
    offered = console.post("/handhelds", data={"csrf_token": _token(page), "role": "receiver"})
    assert "<svg" in offered.text
    assert "scan-enrol:" in offered.text
    path = f"/handhelds/{handheld.chain.device_no}/revoke"
    assert console.post(path, data={"csrf_token": _token(page)}).status_code == 302
    assert "<h2>Revoked</h2>" in console.get("/handhelds").text


def test_a_copied_handheld_is_named_with_what_to_do(console: FlaskClient, handheld: Handheld) -> None:
    handheld.scan("receive", unit("A1"), location=BIN_A)
    handheld.push()
    assert "two queues" not in console.get("/handhelds").text
    old, handheld.chain = handheld.chain, Chain(handheld.chain.device_no, epoch=2, boot_at_ms=NOW - 3_000_000)
    handheld.scan("receive", unit("A2"), location=BIN_A)
    handheld.push(predecessor=old.epoch, predecessor_last=0)
    page = console.get("/handhelds").text
    assert "HH-1: two queues go on under this handheld's name" in page
    assert 'href="/cases?rule=forked"' in page


def test_what_was_quarantined_is_shown_as_it_came(console: FlaskClient, handheld: Handheld) -> None:
    handheld.chain.commit(b'{"schema":1,"seq":3.7}')
    handheld.push()
    page = unescape(console.get("/set-aside").text)
    assert "seq must be a whole number, not 3.7." in page
    assert '{"schema":1,"seq":3.7}' in page


def test_every_status_and_decision_has_words() -> None:
    assert set(STATUSES) == {status.value for status in Status}
    assert set(RESOLUTIONS) == set(actions.RESOLUTIONS)


def test_moments_and_bytes_are_written_for_people() -> None:
    assert clock(DAY) == "28 May 2026, 20:26 UTC"
    assert iso(DAY) == "2026-05-28T20:26:40Z"
    assert (certainty(1_000), certainty(30_000), certainty(301_000)) == ("", "± 30 s", "± 6 min")
    assert symbol(b"\x1d01\xff") == "<1D>01<FF>"


def test_the_navigation_marks_the_page_and_the_list_that_it_is_part_of(console: FlaskClient) -> None:
    marked = 'href="{}" aria-current="{}"'
    assert marked.format("/cases", "page") in console.get("/cases").text
    unfound = console.get("/counts/count?number=COUNT-1")
    assert marked.format("/counts", "true") in unfound.text
    assert marked.format("/cases", "page") not in unfound.text


@pytest.mark.parametrize(
    ("page", "entry"),
    [
        ("/cases/of/misplaced/{episode}/01/09506000134352/21/A1", "/cases"),
        ("/receipts/receipt?number=R-9", "/receipts"),
        ("/claims/claim?number=C-9", "/claims"),
        ("/order?number=SO-9", "/orders"),
        ("/counts/new", "/counts"),
        ("/counts/version?number=COUNT-9&version=1", "/counts"),
        ("/count-limits", "/count-limits"),
        ("/imports/uploads/none", "/imports"),
        ("/people", "/people"),
        ("/stock/products/01/09506000134352", "/stock"),
        ("/units/01/09506000134352/21/A1", "/stock"),
    ],
)
def test_each_page_marks_the_one_entry_that_it_is_part_of(console: FlaskClient, page: str, entry: str) -> None:
    shown = console.get(page.format(episode="0" * 32)).text
    assert set(re.findall(r'href="([^"]+)" aria-current=', shown)) == {entry}


def test_the_pages_of_the_group_that_one_is_in_stand_beside_the_groups(console: FlaskClient) -> None:
    row = console.get("/stock").text.partition('<nav class="row"')[2].partition("</nav>")[0]
    assert re.search(r'class="here">Stock<', row)
    assert 'href="/imports"' in row  # Stock's other page
    assert 'href="/cases"' not in row  # one of another group, which its group leads to


def test_a_mistyped_address_is_told_as_one_with_a_way_back(console: FlaskClient) -> None:
    shown = console.get("/stokc")
    assert shown.status_code == 404
    assert "There is no page at this address: /stokc. It may be mistyped." in shown.text
    assert '<a href="/">To the front page</a>' in shown.text
    assert console.get("/api/v1/stokc").json["message"].startswith("There is nothing at this address: /api/v1/stokc.")  # type: ignore[index]


def test_the_navigation_leaves_out_what_a_role_may_not_do(app: Flask) -> None:
    admins_alone = Entry("Keys", "web.overview", Group.SITE, order=1, task=Task.ADMINISTER)
    with app.test_request_context():
        for role, expected in (("admin", ["Keys"]), ("picker", [])):
            login_user(Person(id=1, site="main", name=role, role=role, session_key=""))  # type: ignore[no-untyped-call]
            assert [entry.text for section in shown([admins_alone]) for entry in section.entries] == expected
