"""The front page through HTTP, and where the bars and points of its charts go."""

import re
from html import unescape

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from server.web import charts
from tests.handheld import BIN_A, BIN_B, CABLE, unit
from tests.server import office
from tests.server.running import NOW, Handheld, Person


def _text(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.text
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split()).partition("at a glance")[2]


def test_an_empty_site_says_what_to_begin_with(admin: Person) -> None:
    page = _text(admin.get("/"))
    assert "Everything that was scanned is where it belongs." in page
    assert "No handheld is enrolled yet. Enrol one." in page
    assert "No count was closed in the last half year." in page


def test_the_front_page_shows_open_work_and_how_old_each_handhelds_data_is(admin: Person, handheld: Handheld) -> None:
    assert admin.post("/api/v1/counts", json={"number": "COUNT-1", "bins": [BIN_A]}).status_code == 201
    page = _text(admin.get("/"))
    assert "1 count open" in page
    assert "HH-1 receiver never none" in page


def test_a_count_that_was_given_up_is_no_open_work(admin: Person, handheld: Handheld) -> None:
    for number in ("COUNT-1", "COUNT-2"):
        assert admin.post("/api/v1/counts", json={"number": number, "bins": [BIN_A]}).status_code == 201
    assert admin.post("/api/v1/counts/COUNT-1/cancel", json={"note": "twice"}).status_code == 200
    assert "1 count open" in _text(admin.get("/"))


def test_a_delivery_that_is_being_received_is_told_apart_from_one_that_is_awaited(
    admin: Person, handheld: Handheld
) -> None:
    due = f"gtin,quantity\n{CABLE.rpartition('/')[2]},5\n"
    office.take("asn", due, number="ASN-7", now_ms=NOW - 60_000)
    office.take("purchase_order", due, number="PO-7", now_ms=NOW - 60_000)
    assert "2 deliveries awaited 0 deliveries being received" in _text(admin.get("/"))
    handheld.scan("receive", CABLE, quantity=2, document="ASN-7", location=BIN_A)
    handheld.push()
    assert "1 delivery awaited 1 delivery being received" in _text(admin.get("/"))
    admin.post("/api/v1/receipts/ASN-7/close", json={})
    assert "1 delivery awaited 0 deliveries being received" in _text(admin.get("/"))


def test_a_closed_count_is_on_the_charts_and_in_their_tables(app: Flask, admin: Person, handheld: Handheld) -> None:
    for serial in ("A1", "A2", "A3", "A4"):
        handheld.scan("put_away", unit(serial), location=BIN_A, minutes_ago=40)
    assert admin.post("/api/v1/counts", json={"number": "COUNT-1", "bins": [BIN_A]}).status_code == 201
    about = {"location": BIN_A, "document": "COUNT-1"}
    handheld.scan("open_bin", None, minutes_ago=9, **about)  # type: ignore[arg-type]  # a bin is its own subject
    for serial in ("A1", "A2", "A3"):
        handheld.scan("count", unit(serial), minutes_ago=8, **about)
    handheld.scan("finish_bin", None, minutes_ago=7, **about)  # type: ignore[arg-type]
    handheld.scan("inspect", unit("A1"), location=BIN_B, minutes_ago=1)
    handheld.push()
    closed = admin.post("/api/v1/counts/COUNT-1/close", json={})
    assert closed.status_code == 200, closed.text
    answer = admin.get("/")
    page = _text(answer)
    assert "2026-05-25 4 3 75.0%" in page
    assert "G 4 1 0 25.0%" in page
    assert "today 2" in page
    assert 'aria-label="Accuracy by week: 75.0% in the week of 2026-05-25' in answer.text
    assert "style=" not in answer.text


@pytest.mark.parametrize("number", [0, 1, 2, 200])
def test_a_line_stays_within_its_picture(number: int) -> None:
    line = charts.shares([(f"W{n}", n / max(number - 1, 1)) for n in range(number)])
    assert len(line.points) == min(number, charts.POINTS_MAX)
    assert all(0 <= point.x <= line.width and 0 <= point.y <= line.height for point in line.points)
    assert [point.y for point in line.points] == sorted((point.y for point in line.points), reverse=True)


def test_the_grid_of_a_line_begins_near_the_lowest_share() -> None:
    assert [text for _, text in charts.shares([("a", 0.97), ("b", 1.0)]).grid] == ["95 %", "97.5 %", "100 %"]
    assert [text for _, text in charts.shares([("a", 0.2)]).grid] == ["0 %", "50 %", "100 %"]


def test_bars_are_in_proportion_and_leave_room_for_their_words() -> None:
    drawn = charts.bars([("a", 10, "10"), ("b", 5, "5"), ("a zone with a very long name", 0, "0")])
    longest, half, none = (bar.width for bar in drawn.bars)
    assert (longest, none) == (2 * half, 0)
    assert charts.LABEL_WIDTH + longest + charts.VALUE_WIDTH <= drawn.width
    assert list(drawn.bars[2].label) == ["a zone with a", "very long name"]
    [cut] = charts.bars([("one product whose name goes on and on and on", 1, "1")]).bars
    assert list(cut.label) == ["one product", "whose name goes…"]
    assert charts.bars([]).bars == []
