"""Where a unit was over time, drawn; and what is in a carton."""

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.handheld import BIN_A, BIN_B, CARTON_1, DOCK, unit
from tests.server.running import NOW, Handheld, Person
from tests.server.site import state_document
from tests.server.web.test_console import _sign_in

UNIT = "/units/01/09506000134352/21/P1"
CARTON = "/units/00/395060001343520018"


@pytest.fixture
def console(app: Flask) -> FlaskClient:
    return _sign_in(app, "picker")[0]


@pytest.fixture
def packed(handheld: Handheld) -> None:
    """A phone that was received, packed, and carried in its carton from one bin to another."""
    handheld.scan("receive", unit("P1"), location=DOCK, minutes_ago=45)
    handheld.scan("pack", unit("P1"), container=CARTON_1, minutes_ago=40)
    handheld.scan("move", CARTON_1, location=BIN_A, minutes_ago=30)
    handheld.scan("move", CARTON_1, location=BIN_B, minutes_ago=20)
    handheld.push()
    state_document("asn", "ASN-7", [{"subject": unit("N1"), "container": CARTON_1}], now_ms=NOW - 60_000)


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_places_of_a_unit_are_drawn_with_its_carton_followed(console: FlaskClient, packed: None) -> None:
    page = console.get(UNIT).text
    svg = page[page.index("<svg class=") : page.index("</svg>")]
    assert re.findall(r'<text class="place"[^>]*>([^<]+)', svg)[-3:] == ["carton …520018", "A-01", "B-01"]
    assert '<title id="drawn-title">Where it was over time</title>' in svg
    assert "B-01 in carton …520018: from 28 May 2026, 21:06 UTC, still there" in unescape(svg)
    assert not re.search(r"style=|<script|on\w+=", svg)


def test_being_seen_again_in_the_same_place_is_no_new_stay(console: FlaskClient, handheld: Handheld) -> None:
    for minutes, place in ((40, BIN_A), (30, BIN_A), (20, BIN_B), (10, BIN_A)):
        handheld.scan("move", unit("P1"), location=place, minutes_ago=minutes)
    handheld.push()
    page = console.get(UNIT).text
    assert len(re.findall(r'<rect class="observed"', page)) == 3
    assert re.findall(r'<text class="place"[^>]*>([^<]+)', page) == ["A-01", "B-01"]


def test_a_unit_that_left_is_nowhere_from_then_on(console: FlaskClient, handheld: Handheld) -> None:
    handheld.scan("move", unit("P1"), location=BIN_A, minutes_ago=40)
    handheld.scan("move", unit("P1"), location=BIN_B, minutes_ago=30)
    handheld.scan("ship", unit("P1"), minutes_ago=10)
    handheld.push()
    page = console.get(UNIT).text
    assert "B-01: from 28 May 2026, 20:56 UTC, until 28 May 2026, 21:16 UTC" in page
    assert "still there" not in page


def test_a_carton_shows_what_is_in_it_and_how_that_is_known(console: FlaskClient, packed: None) -> None:
    text = words(console.get(CARTON).text)
    assert "In it 2" in text
    assert "Phone 12 · P1 9506000134352 Packed scanned into it" in text
    assert "Phone 12 · N1 9506000134352 Announced, on its way inferred" in text


def test_what_came_in_with_its_cartons_label_stands_as_received_on_the_cartons_page_too(
    console: FlaskClient, handheld: Handheld
) -> None:
    rows = [{"subject": CARTON_1}, {"subject": unit("N1"), "container": CARTON_1}]
    state_document("asn", "ASN-7", rows, now_ms=NOW - 3_000_000)
    handheld.scan("receive", CARTON_1, document="ASN-7", location=DOCK)
    handheld.push()
    assert "State Received" in words(console.get(UNIT.replace("P1", "N1")).text)
    assert "Phone 12 · N1 9506000134352 Received inferred" in words(console.get(CARTON).text)


@pytest.fixture
def transferred(app: Flask, admin: Person, handheld: Handheld) -> None:
    """Two phones of a transfer to another site: one in a carton, one without."""
    admin.post("/api/v1/sites", json={"code": "north", "name": "North"})
    lines = b"number,gtin,quantity,to_site\nTRANSFER-1,09506000134352,2,north\n"
    assert admin.post("/api/v1/documents?kind=order", data=lines).status_code == 200
    for phone in ("P1", "P2"):
        handheld.scan("receive", unit(phone), location=DOCK, minutes_ago=45)
    handheld.scan("pack", unit("P1"), document="TRANSFER-1", container=CARTON_1, minutes_ago=40)
    handheld.scan("ship", CARTON_1, minutes_ago=30)
    handheld.scan("ship", unit("P2"), document="TRANSFER-1", minutes_ago=30)
    handheld.push()


@pytest.mark.parametrize("path", [UNIT, UNIT.replace("P1", "P2"), CARTON])
def test_what_went_to_another_site_of_ours_says_where_and_with_which_transfer_and_is_no_sale(
    console: FlaskClient, transferred: None, path: str
) -> None:
    page = words(console.get(path).text)
    assert "Went to North, with TRANSFER-1 not received there yet" in page
    assert "Warranty It is not sold" not in page


def test_what_another_site_of_ours_received_says_so_where_it_came_from(
    console: FlaskClient, transferred: None, app: Flask
) -> None:
    there = Handheld(app).enrol(name="HH-N", at="north")
    there.scan("receive", CARTON_1, document="TRANSFER-1", location=DOCK, minutes_ago=1)
    there.push()
    assert "Went to North, with TRANSFER-1 received there 28 May 2026" in words(console.get(UNIT).text)
    assert "Went to North, with TRANSFER-1 not received there yet" in words(console.get(UNIT.replace("P1", "P2")).text)
