"""The list of cases, one case and an undo, as pages; tests/end_to_end/ has the same morning in a browser."""

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.database import reading
from server.tables import events
from server.web.wording import RESOLUTIONS
from tests.handheld import BIN_A, BIN_B, CABLE, CARTON_1, PHONE, unit
from tests.server.running import NOW, Handheld
from tests.server.site import state_document
from tests.server.web.test_console import _sign_in, _token


@pytest.fixture
def console(app: Flask) -> FlaskClient:
    return _sign_in(app, "supervisor")[0]


def scan_three(handheld: Handheld) -> None:
    """Two phones in the wrong bin, and one that nobody knows."""
    for serial in ("A1", "A2"):
        handheld.scan("put_away", unit(serial), location=BIN_A, minutes_ago=30)
    for serial in ("A1", "A2"):
        handheld.scan("inspect", unit(serial), location=BIN_B, minutes_ago=10)
    handheld.scan("inspect", unit("X"), location=BIN_A, minutes_ago=9)
    handheld.push()


def text_of(page: str) -> str:
    main = page.partition("<main")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def forms(page: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)}


def case_of(console: FlaskClient, serial: str) -> str:
    """Address of the newest case of a phone."""
    page = console.get("/cases", query_string={"status": "all", "text": f"/21/{serial}"}).text
    return unescape(re.findall(r'href="(/cases/of/[^"]+)"', page)[0])


@pytest.mark.parametrize(
    ("query", "serials"),
    [
        ("", ["A1", "A2", "X"]),
        ("rule=misplaced", ["A1", "A2"]),
        ("sort=newest", ["X", "A2", "A1"]),
        ("sort=kind", ["A1", "A2", "X"]),
        ("sort=value", ["X", "A2", "A1"]),
        ("bin=B-01", ["A1", "A2"]),
        ("zone=G", ["A1", "A2", "X"]),
        ("zone=H", []),
        ("product=9506000134352", ["A1", "A2", "X"]),
        ("product=P12&text=A2", ["A2"]),
        ("text=phone", ["A1", "A2", "X"]),
        ("text=nothing+is+known", ["X"]),
        ("handheld=HH-1&person=Rosa", ["A1", "A2", "X"]),
        ("person=Ravi", []),
        ("age=today", ["A1", "A2", "X"]),
        ("age=day", []),
        ("status=settled", []),
        ("document=ASN-1", []),
    ],
)
def test_cases_are_filtered_and_sorted(
    console: FlaskClient, handheld: Handheld, query: str, serials: list[str]
) -> None:
    scan_three(handheld)
    page = console.get(f"/cases?{query}").text
    assert re.findall(r'aria-label="[^"]*: Phone 12 · (\w+)"', page) == serials


def test_cases_are_sorted_by_what_a_unit_cost_and_by_its_products_price_where_nobody_has_said_that(
    console: FlaskClient, handheld: Handheld
) -> None:
    price = {"subject": PHONE, "attributes": {"name": "Phone 12", "price": 20_000, "currency": "EUR"}}
    state_document("products", "P-1", [price], now_ms=NOW - 9_000_000)
    cost = {"subject": unit("A1"), "location": BIN_A, "attributes": {"cost": 30_000, "currency": "EUR"}}
    state_document("stock", "S-1", [cost], now_ms=NOW - 8_000_000)
    scan_three(handheld)
    page = console.get("/cases?sort=value").text
    assert re.findall(r'aria-label="[^"]*: Phone 12 · (\w+)"', page) == ["A1", "X", "A2"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("bin=Z-99", "There is no bin or carton 'Z-99' here."),
        ("product=Sofa", "There is no product 'Sofa'"),
        ("handheld=HH-9", "There is no handheld 'HH-9'."),
    ],
)
def test_what_is_not_there_is_said_and_not_an_empty_list(console: FlaskClient, query: str, words: str) -> None:
    assert words in text_of(console.get(f"/cases?{query}").text)
    for wrong in ("status=odd", "age=old", "sort=odd", "rule=odd"):
        assert console.get(f"/cases?{wrong}").status_code == 404


def test_a_case_shows_its_evidence_and_what_would_come_of_each_decision(
    console: FlaskClient, handheld: Handheld
) -> None:
    scan_three(handheld)
    text = text_of(console.get(case_of(console, "A1")).text)
    for words in (
        "Misplaced Phone 12 · A1",
        "It was seen in another place. Belongs: A-01 . Seen: B-01",
        "Carry it back to where it belongs proposed",
        "It stays where it was last seen After this: State: In stock as now Place: B-01 as now Belongs: B-01 now A-01",
        "Write it off After this: State: Written off as missing now In stock",
        "By Rosa at HH-1",
        "Label as read <1D>https://id.gs1.org/01/09506000134352/21/A1 ]d2",
        "What HH-1 scanned around it",
    ):
        assert words in text, text


def test_a_case_is_settled_noted_and_opened_again_on_its_page(console: FlaskClient, handheld: Handheld) -> None:
    scan_three(handheld)
    page = case_of(console, "A1")
    form = forms(console.get(page).text)
    assert console.post("/cases/settle", data={**form, "resolution": "stays"}).location == page
    after = console.get(page).text
    assert f"settled: {RESOLUTIONS['stays']}" in text_of(after)
    assert "/cases/settle" not in after
    again = console.post("/cases/settle", data={**form, "resolution": "write_off"}, follow_redirects=True)
    assert "The case was settled already by supervisor on" in again.text
    console.post("/cases/note", data={**form, "text": "Rosa looks tomorrow"})
    closed_by = forms(console.get(page).text)["closed_by"]
    console.post("/cases/reopen", data={**form, "reason": "two of them", "closed_by": closed_by})
    text = text_of(console.get(page).text)
    assert "supervisor opened it again: two of them" in text
    assert "supervisor wrote: Rosa looks tomorrow" in text
    assert f"decided: {RESOLUTIONS['stays']} taken back" in text
    assert "What could be decided" in text


def test_a_picker_sees_a_case_but_no_button(app: Flask, console: FlaskClient, handheld: Handheld) -> None:
    scan_three(handheld)
    page = case_of(console, "A1")
    picker, _ = _sign_in(app, "picker")
    shown = picker.get(page).text
    assert "It was seen in another place." in shown
    assert '<form method="post" action="/cases' not in shown
    assert "/undo/" not in picker.get("/units/01/09506000134352/21/A1").text


@pytest.mark.parametrize("scope", ["page", "match"])
def test_many_cases_are_decided_alike_and_what_was_skipped_is_named(
    console: FlaskClient, handheld: Handheld, scope: str
) -> None:
    scan_three(handheld)
    page = console.get("/cases?rule=misplaced&select=page").text
    assert page.count("checked") == 2
    picked = [unescape(value) for value in re.findall(r'name="case" value="([^"]+)"', page)]
    form = {"csrf_token": _token(page), "rule": "misplaced"}
    chosen = form | ({"scope": "match"} if scope == "match" else {"case": picked})
    shown = console.post("/cases/many", data=chosen).text
    text = text_of(shown)
    assert "Decide 2 cases" in text
    assert "It stays where it was last seen 2 units change place, state or home." in text
    alone = forms(console.get(case_of(console, "A1")).text)
    console.post("/cases/settle", data={**alone, "resolution": "dismiss"})
    sent = [unescape(value) for value in re.findall(r'name="case" value="([^"]+)"', shown)]
    done = console.post("/cases/many/settle", data={**form, "case": sent, "resolution": "stays"}).text
    assert "1 decided, 1 skipped" in text_of(done)
    assert re.search(r"Phone 12 · A1.*The case was settled already by supervisor on", text_of(done))


def test_an_undo_shows_what_depends_on_it_and_is_undone_itself(console: FlaskClient, handheld: Handheld) -> None:
    scan_three(handheld)
    number = handheld.chain.device_no
    put_away = f"/undo/{number}.1.1"
    text = text_of(console.get(put_away).text)
    assert "1 later fact stands in the same trail" in text
    assert "Belongs: none now A-01" in text
    form = {"csrf_token": _token(console.get(put_away).text), "reason": "wrong bin or carton"}
    assert console.post(put_away, data=form).location == "/units/01/09506000134352/21/A1"
    twice = console.post(put_away, data=form, follow_redirects=True).text
    assert "It was undone already by supervisor, because: wrong bin or carton." in unescape(twice)
    trail = console.get("/units/01/09506000134352/21/A1").text
    with reading() as c:
        row = c.execute(events.select().where(events.c.action == "void")).mappings().one()
    void = f"0.{row['epoch']}.{row['seq']}"
    assert f'href="/undo/{void}"' in trail
    console.post(f"/undo/{void}", data={**form, "own": "it was right after all"})
    assert "Belongs A-01" in text_of(console.get("/units/01/09506000134352/21/A1").text)


def test_undoing_a_cartons_scan_shows_what_is_in_it(console: FlaskClient, handheld: Handheld) -> None:
    handheld.scan("pack", unit("P1"), container=CARTON_1, minutes_ago=30)
    handheld.scan("move", CARTON_1, location=BIN_A, minutes_ago=20)
    handheld.scan("move", CARTON_1, location=BIN_B, minutes_ago=10)
    handheld.push()
    text = text_of(console.get(f"/undo/{handheld.chain.device_no}.1.3").text)
    assert "1 thing is where this scan of their carton puts them: Phone 12 · P1" in text
    assert "Place: A-01 now B-01" in text


def test_a_decision_is_not_undone_here(console: FlaskClient, handheld: Handheld) -> None:
    scan_three(handheld)
    console.post("/cases/settle", data={**forms(console.get(case_of(console, "A1")).text), "resolution": "stays"})
    with reading() as c:
        row = c.execute(events.select().where(events.c.action == "settle")).mappings().one()
    page = console.get(f"/undo/0.{row['epoch']}.{row['seq']}").text
    assert "a decision is taken back by opening its case again" in page
    assert "Undo this scan" not in page
    assert console.get("/undo/1.2.3").status_code == 404


def test_pieces_without_units_are_undone_too(console: FlaskClient, handheld: Handheld) -> None:
    for minutes, quantity in ((30, 5), (20, 7)):
        handheld.scan("receive", CABLE, location=BIN_A, quantity=quantity, minutes_ago=minutes)
    handheld.push()
    address = f"/undo/{handheld.chain.device_no}.1.1"
    page = console.get(address).text
    assert "1 later fact stands in the same trail" in text_of(page)
    assert "The pieces in its places are reckoned anew without it." in page
    console.post(address, data={"csrf_token": _token(page), "reason": "wrong document"})
    assert "A-01 7" in text_of(console.get("/units/01/00614141000036").text)
