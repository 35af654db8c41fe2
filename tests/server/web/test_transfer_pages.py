"""The pages on which transfers stand, as somebody at the console sees them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sync.event import format_name
from tests.handheld import CABLE, CARTON_1, CARTON_2, DOCK, PHONE, unit
from tests.server.running import NOW, PASSWORD, Handheld, Person, text_of
from tests.server.site import state_document


@pytest.fixture
def console(app: Flask, admin: Person) -> FlaskClient:
    """The administrator of two sites."""
    admin.post("/api/v1/sites", json={"code": "north", "name": "North"})
    products = [{"subject": PHONE, "attributes": {"name": "Phone", "sku": "P12", "mode": "serial"}}]
    state_document("products", "PRODUCTS-1", products, now_ms=NOW - 9_000_000)
    client = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token is not None
    client.post("/sign-in", data={"csrf_token": token[1], "name": "admin", "password": PASSWORD})
    return client


def post(console: FlaskClient, path: str, **form: str) -> TestResponse:
    token = re.search(r'name="csrf_token" value="([^"]+)"', console.get("/transfers").text)
    assert token is not None
    return console.post(path, data={"csrf_token": token[1], **form}, follow_redirects=True)


def make(console: FlaskClient, lines: str) -> TestResponse:
    return post(console, "/transfers", to="north", lines=lines)


def test_what_was_written_of_a_transfer_that_cannot_be_stays_to_be_mended_and_takes_no_number(
    console: FlaskClient,
) -> None:
    page = make(console, "P12 2\nP99 3")
    assert "Line 2: There is no product 'P99' here" in text_of(page)
    assert re.search(r'<details class="confirm" open>', page.text)
    assert "P12 2\nP99 3</textarea>" in page.text
    assert "Line 2:" in text_of(make(console, "P12 2\nP12 0"))
    assert "TRANSFER-1 can be picked" in text_of(make(console, "P12 2"))


@pytest.mark.parametrize("line", ["P12\t3", "P12;3", "P12, 3", " P12 3 "])
def test_a_line_of_a_transfer_may_be_copied_out_of_a_table(console: FlaskClient, line: str) -> None:
    assert "TRANSFER-1 can be picked" in text_of(make(console, line))


@pytest.mark.parametrize("line", ["P12", "3 P12", "P12 3.5", "P12 3 pieces"])
def test_a_line_that_says_no_number_last_is_told_how_it_is_written(console: FlaskClient, line: str) -> None:
    said = f"'{line}' is no line of a transfer: write a GTIN or SKU, then how many, such as P12 3."
    assert said in text_of(make(console, line))


def test_the_order_and_the_packing_slip_of_a_transfer_say_where_it_goes(
    console: FlaskClient, handheld: Handheld
) -> None:
    assert "A transfer to North" in text_of(make(console, "P12 1"))
    handheld.scan("pack", unit("S1"), document="TRANSFER-1", container=CARTON_1)
    handheld.push()
    slip = text_of(console.get("/order/slip", query_string={"number": "TRANSFER-1", "carton": CARTON_1}))
    assert "Order TRANSFER-1 From main To North Carton" in slip


def test_what_a_transfer_is_short_of_is_to_come_until_its_receipt_is_closed_and_is_claimed_from_no_supplier(
    console: FlaskClient, handheld: Handheld
) -> None:
    make(console, "P12 1")
    handheld.scan("pack", unit("S1"), document="TRANSFER-1", container=CARTON_1)
    handheld.scan("ship", CARTON_1, document="TRANSFER-1", minutes_ago=9)
    handheld.push()
    awaited = '<a href="/receipts/receipt?number=TRANSFER-1">TRANSFER-1</a>'
    assert awaited not in console.get("/transfers").text, "there is no receipt of it at the site that sends it"
    post(console, "/sites/go", site="north")
    moving = console.get("/transfers").text.partition('id="moving"')[2]
    assert awaited in moving
    receipt = "/receipts/receipt?number=TRANSFER-1&still=1"
    assert re.search("To come 1 What .* not here", text_of(console.get(receipt)))
    said = text_of(post(console, "/receipts/close", number="TRANSFER-1"))
    assert re.search("Short 1 What .* not here", said)
    assert "What differs is a case at main too, where it was sent from." in said
    assert "Claim the differences" not in said
    assert "TRANSFER-1 came from main, a site of ours" in text_of(post(console, "/receipts/claim", number="TRANSFER-1"))


def test_a_receipt_of_which_nothing_is_on_its_way_any_more_says_so_and_is_awaited_no_longer(
    console: FlaskClient, handheld: Handheld
) -> None:
    make(console, "P12 1")
    shipped = handheld.chain.scan(NOW - 600_000, "ship", unit("S1"), document="TRANSFER-1")
    handheld.push()
    undoes = format_name((shipped.device_no, shipped.epoch, shipped.seq))
    handheld.chain.scan(NOW - 540_000, "void", None, voids=undoes, reason="mistake", document="TRANSFER-1")
    handheld.push(2)
    post(console, "/sites/go", site="north")
    said = text_of(console.get("/receipts/receipt?number=TRANSFER-1&still=1"))
    assert "Nothing of it is on its way: main has it back." in said
    assert "receipt of a notice from main · taken back" in said
    assert "0 deliveries awaited 0 deliveries being received" in text_of(console.get("/"))
    assert "No receipt is in this state." in text_of(console.get("/receipts?state=open"))
    assert "TRANSFER-1 Notice main" in text_of(console.get("/receipts?state=withdrawn"))
    handheld.scan("ship", unit("S1"), document="TRANSFER-1", minutes_ago=8)
    handheld.push(3)
    assert "1 delivery awaited 0 deliveries being received" in text_of(console.get("/"))
    assert "TRANSFER-1 Notice main" in text_of(console.get("/receipts?state=open"))


def test_a_parcel_that_came_back_may_be_handed_over_again_but_not_once_its_order_is_cancelled(
    console: FlaskClient, handheld: Handheld
) -> None:
    make(console, "P12 1")
    handheld.scan("pack", unit("S1"), document="TRANSFER-1", container=CARTON_1)
    handheld.scan("ship", CARTON_1, document="TRANSFER-1", minutes_ago=9)
    handheld.scan("parcel_back", CARTON_1, location=DOCK, reason="nobody there", minutes_ago=8)
    handheld.push()
    assert "Their parcel came back. Hand it over again, or unpack" in text_of(console.get("/order?number=TRANSFER-1"))
    said = text_of(post(console, "/order/cancel", number="TRANSFER-1", reason="no need"))
    assert "They will not go out. Unpack what is in a carton" in said


def test_a_transfer_that_is_short_of_one_and_awaits_another_says_both(console: FlaskClient, handheld: Handheld) -> None:
    make(console, "P12 2")
    handheld.scan("ship", unit("S1"), document="TRANSFER-1", minutes_ago=9)
    handheld.push()
    post(console, "/sites/go", site="north")
    post(console, "/receipts/close", number="TRANSFER-1")
    assert "main North arrived short 2 1 0 0 1" in text_of(console.get("/transfers"))
    handheld.scan("ship", unit("S2"), document="TRANSFER-1", minutes_ago=8)
    handheld.push(2)
    said = text_of(console.get("/transfers"))
    assert "TRANSFER-1 , TRANSFER-1-2 main North arrived short, more on its way 2 2 1 0 1" in said


def test_pieces_on_their_way_in_two_cartons_are_listed_with_each_until_its_label_was_scanned_there(
    app: Flask, console: FlaskClient, handheld: Handheld
) -> None:
    make(console, "C2 10")
    for at, carton, pieces in ((20, CARTON_1, 6), (15, CARTON_2, 4)):
        packed: dict[str, Any] = {"quantity": pieces, "container": carton, "origin": DOCK, "minutes_ago": at}
        handheld.scan("pack", CABLE, document="TRANSFER-1", **packed)
        handheld.scan("ship", carton, document="TRANSFER-1", minutes_ago=at - 1)
    handheld.push()
    six, four = "6 carton …520018 395060001343520018 main North", "4 carton …520025 395060001343520025 main North"
    on_their_way = text_of(console.get("/transfers")).partition("On its way 10 ")[2]
    assert (six in on_their_way, four in on_their_way) == (True, True)
    there = Handheld(app).enrol(name="HH-N", at="north")
    there.scan("receive", CARTON_1, document="TRANSFER-1", location=DOCK, minutes_ago=1)
    there.push()
    on_their_way = text_of(console.get("/transfers")).partition("On its way 4 ")[2]
    assert (six in on_their_way, four in on_their_way) == (False, True)
