"""Receipts and claims through HTTP, as a receiver and a supervisor see them."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sync.event import ScanEvent, format_name
from tests.handheld import CABLE, CARTON_1, CARTON_2, DOCK, PHONE, unit
from tests.server import office
from tests.server.running import NOW, PASSWORD, Handheld, text_of
from tests.server.site import state_document

PRODUCTS = {"subject": PHONE, "attributes": {"name": "Phone 12", "price": 29900, "cost": 19900, "currency": "EUR"}}


@pytest.fixture
def console(app: Flask) -> FlaskClient:
    client = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token is not None
    client.post("/sign-in", data={"csrf_token": token[1], "name": "supervisor", "password": PASSWORD})
    return client


def post(console: FlaskClient, path: str, **form: str) -> TestResponse:
    token = re.search(r'name="csrf_token" value="([^"]+)"', console.get("/receipts").text)
    assert token is not None
    return console.post(path, data={"csrf_token": token[1], **form}, follow_redirects=True)


@pytest.fixture
def dock(app: Flask, handheld: Handheld) -> Handheld:
    state_document("products", "PRODUCTS-1", [PRODUCTS], now_ms=NOW - 9_000_000)
    inside = [{"subject": unit(s), "container": CARTON_1} for s in ("S1", "S2", "S3")]
    rows = [*inside, {"subject": CARTON_1}, {"subject": unit("S4"), "container": CARTON_2}, {"subject": CARTON_2}]
    state_document("asn", "ASN-1", [row | {"attributes": {"supplier": "Acme"}} for row in rows], now_ms=NOW - 8_000_000)
    handheld.scan("receive", CARTON_1, document="ASN-1", location=DOCK, minutes_ago=30)
    handheld.scan("receive", unit("S1"), document="ASN-1", container=CARTON_1, condition="damaged", minutes_ago=29)
    handheld.push()
    return handheld


def test_a_receipt_shows_what_was_read_and_what_came_by_label_while_it_is_scanned(
    dock: Handheld, console: FlaskClient
) -> None:
    listed = text_of(console.get("/receipts"))
    assert "ASN-1 Notice Acme" in listed
    assert "being received" in listed
    page = console.get("/receipts/receipt?number=ASN-1")
    assert page.headers["Refresh"] == "15"
    assert "Refresh" not in console.get("/receipts/receipt?number=ASN-1&still=1").headers
    said = text_of(page)
    assert "3 of 4 here" in said
    assert "2 by carton label alone" in said
    assert "Received by Rosa (HH-1, 2 scans" in said


def test_a_rule_for_a_supplier_holds_back_what_was_not_sampled(dock: Handheld, console: FlaskClient) -> None:
    assert "Acme: 2 of each carton read one by one." in text_of(
        post(console, "/receipts/sampling", supplier="Acme", mode="count", value="2")
    )
    assert "not sampled enough: 1 of 2" in text_of(console.get("/receipts/receipt?number=ASN-1"))
    assert "takes a number from 1 to 100" in text_of(post(console, "/receipts/sampling", mode="share", value="300"))


def test_a_closed_receipt_with_differences_becomes_a_claim_that_is_followed_to_its_credit(
    dock: Handheld, console: FlaskClient
) -> None:
    assert "close it first" in text_of(post(console, "/receipts/claim", number="ASN-1"))
    assert "ASN-1 is closed. 2 lines differ." in text_of(post(console, "/receipts/close", number="ASN-1"))
    said = text_of(post(console, "/receipts/claim", number="ASN-1"))
    assert "CLAIM-1 to Acme · drafted" in said
    assert "Claimed in all: 398.00 EUR" in said
    assert "CLAIM-1 claims version 1" in text_of(post(console, "/receipts/claim", number="ASN-1"))
    assert "what follows is sent, and not credited" in text_of(
        post(console, "/claims/follow", number="CLAIM-1", fate="credited", amount="199", currency="EUR")
    )
    post(console, "/claims/follow", number="CLAIM-1", fate="sent", note="by e-mail")
    post(console, "/claims/follow", number="CLAIM-1", fate="accepted")
    said = text_of(post(console, "/claims/follow", number="CLAIM-1", fate="credited", amount="199.50", currency="EUR"))
    assert "Credited 199.50 EUR" in said
    assert "by supervisor: by e-mail" in said
    assert "398.00 EUR 199.50 EUR" in text_of(console.get("/claims"))
    letter = text_of(console.get("/claims/print?number=CLAIM-1"))
    assert "name our number CLAIM-1 in your answer" in letter


def test_a_carton_that_nobody_announced_is_said_when_its_receipt_is_closed(
    handheld: Handheld, console: FlaskClient
) -> None:
    rows = [{"subject": unit("S1"), "container": CARTON_1}, {"subject": CARTON_1}]
    state_document("asn", "ASN-2", [row | {"attributes": {}} for row in rows], now_ms=NOW - 8_000_000)
    for minutes_ago, box in ((30, CARTON_1), (29, CARTON_2)):
        handheld.scan("receive", box, document="ASN-2", location=DOCK, minutes_ago=minutes_ago)
    handheld.push()
    assert "1 carton is here that nobody announced" in text_of(console.get("/receipts/receipt?number=ASN-2"))
    said = text_of(post(console, "/receipts/close", number="ASN-2"))
    assert "ASN-2 is closed. 1 carton is here that nobody announced." in said


def test_a_scan_after_closing_re_opens_the_question_of_its_claim(dock: Handheld, console: FlaskClient) -> None:
    post(console, "/receipts/close", number="ASN-1")
    post(console, "/receipts/claim", number="ASN-1")
    dock.scan("receive", unit("S4"), document="ASN-1", container=CARTON_2, minutes_ago=1)
    dock.push(3)
    assert "it was scanned again" in text_of(console.get("/claims/claim?number=CLAIM-1"))
    assert "closing again makes version 2" in text_of(console.get("/receipts/receipt?number=ASN-1"))


@pytest.mark.parametrize("page", ["/receipts/receipt?number=ASN-9", "/claims/claim?number=CLAIM-9"])
def test_what_does_not_exist_is_said(console: FlaskClient, page: str) -> None:
    assert console.get(page).status_code == 404


def test_what_was_scanned_by_mistake_and_undone_is_no_scan_of_a_receipt(
    console: FlaskClient, handheld: Handheld
) -> None:
    lines = f"gtin,quantity,supplier\n{PHONE.rpartition('/')[2]},5,Acme\n"
    office.take("asn", lines, number="ASN-1", now_ms=NOW - 8_000_000)
    scans = [handheld.chain.scan(NOW - 600_000, "receive", unit(s), document="ASN-1", location=DOCK) for s in "AB"]

    def undo(event: ScanEvent) -> ScanEvent:
        return handheld.chain.scan(NOW - 540_000, "void", None, voids=format_name(event.name), reason="mistake")

    taken_back = [undo(scan) for scan in scans]
    handheld.push()
    listed = text_of(console.get("/receipts"))
    assert "ASN-1 Notice Acme 28 May 2026, 19:13 UTC awaited 0 Export" in listed
    assert "1 delivery awaited 0 deliveries being received" in text_of(console.get("/"))
    undo(taken_back[0])
    handheld.push(5)
    assert "being received 1 just now Export" in text_of(console.get("/receipts"))


def test_pieces_in_several_cartons_are_shown_with_the_cartons_that_they_are_in(
    console: FlaskClient, handheld: Handheld
) -> None:
    cartons = [f"https://id.gs1.org/00/39506000134352{n:04}" for n in range(1, 8)]
    for subject, inside in ((CABLE, [CARTON_1, CARTON_2]), (PHONE, cartons)):
        rows = [{"subject": subject, "container": carton, "quantity": 30} for carton in inside]
        state_document("asn", "ASN-1", [*rows, *({"subject": c} for c in inside)], now_ms=NOW - 8_000_000 + len(inside))
    handheld.scan("receive", CARTON_1, document="ASN-1", location=DOCK, minutes_ago=30)
    handheld.scan("receive", CABLE, quantity=12, document="ASN-1", container=CARTON_2, minutes_ago=29, location=DOCK)
    handheld.push()
    said = text_of(console.get("/receipts/receipt?number=ASN-1&still=1")).partition("To come 2 What")[2]
    one, two = "carton …520018 395060001343520018", "carton …520025 395060001343520025"
    assert f"Cable 2 m 614141000036 {one} {two} {one} {two} 60 42 scanned 30 by label" in said
    assert "carton …520005 395060001343520005 and 2 more" in said


def test_what_another_notice_announces_names_that_notice_where_it_was_scanned_under_this_one(
    console: FlaskClient, handheld: Handheld
) -> None:
    state_document("asn", "ASN-1", [{"subject": unit("S1")}], now_ms=NOW - 8_000_000)
    rows = [{"subject": CARTON_1}, {"subject": unit("S2"), "container": CARTON_1}, {"subject": unit("S3")}]
    state_document("asn", "ASN-2", rows, now_ms=NOW - 7_000_000)
    for subject in (CARTON_1, unit("S3"), CARTON_2):
        handheld.scan("receive", subject, document="ASN-1", location=DOCK)
    handheld.push()
    said = text_of(console.get("/receipts/receipt?number=ASN-1&still=1"))
    assert "carton …520018 395060001343520018 here not announced but by ASN-2 0" in said
    assert "carton …520025 395060001343520025 here not announced 0" in said
    assert "Phone 12 · S3 9506000134352 announced by ASN-2" in said
