"""What suppliers give back, in the currency that they give it in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.handheld import CABLE, PHONE, unit
from tests.server.running import NOW, PASSWORD, Handheld, Person, sign_in
from tests.server.site import state_document


@pytest.fixture
def claimed(app: Flask, handheld: Handheld, supervisor: Person) -> Person:
    """CLAIM-1 to Acme, accepted: a phone for 120.00 EUR, another for 9,000 JPY."""
    product = {"subject": PHONE, "attributes": {"name": "Phone 12", "price": 19900, "cost": 12000, "currency": "EUR"}}
    state_document("products", "PRODUCTS-1", [product], now_ms=NOW - 9_000_000)
    sent = {"supplier": "Acme"}
    costly = sent | {"cost": 9000, "currency": "JPY"}
    rows = [{"subject": unit("S1"), "attributes": sent}, {"subject": unit("S2"), "attributes": costly}]
    state_document("asn", "ASN-1", rows, now_ms=NOW - 8_000_000)
    for serial in ("S1", "S2"):
        handheld.scan("receive", unit(serial), document="ASN-1", minutes_ago=30)
    handheld.push()
    made = supervisor.post("/api/v1/claims/defects", json={"units": ["S1", "S2"], "reason": "dead"})
    assert [claim["totals"] for claim in made.get_json()["claims"]] == [{"EUR": 12000, "JPY": 9000}]
    for fate in ("sent", "accepted"):
        assert follow(supervisor, fate).status_code == 200
    return supervisor


def follow(person: Person, fate: str, **said: Any) -> TestResponse:
    return person.post("/api/v1/claims/CLAIM-1/fate", json={"fate": fate, **said})


def text_of(page: TestResponse) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split()).replace(" , ", ", ").replace(" .", ".")


def test_a_claim_in_two_currencies_is_settled_in_both_and_they_are_never_one_sum(claimed: Person) -> None:
    done = follow(claimed, "credited", credited={"EUR": 11000, "JPY": 9000}, note="CN-7").get_json()
    assert (done["status"], done["credited"]) == ("credited", {"EUR": 11000, "JPY": 9000})
    assert done["fates"][-1]["note"] == "CN-7"
    assert text_of(claimed.get("/claims/claim?number=CLAIM-1")).count("Credited 110.00 EUR, 9,000 JPY") == 1
    assert "120.00 EUR, 9,000 JPY 110.00 EUR, 9,000 JPY" in text_of(claimed.get("/claims"))
    rows = claimed.get("/exports/claims.json").get_json()
    assert [(r["number"], r["claimed"], r["credited"], r["currency"]) for r in rows] == [
        ("CLAIM-1", 12000, 11000, "EUR"),
        ("CLAIM-1", 9000, 9000, "JPY"),
    ]


def test_a_claim_settled_in_dollars_says_dollars_wherever_it_is_read(app: Flask, claimed: Person) -> None:
    admin = sign_in(app, "admin")
    day = datetime.fromtimestamp(NOW / 1000, UTC).date().isoformat()
    before = admin.get(f"/api/v1/month?day={day}").get_json()
    assert (before["claimed"], before["credited"]) == ({"EUR": 12000, "JPY": 9000}, {})
    assert "Still open: 120.00 EUR, 9,000 JPY." in text_of(admin.get(f"/month?day={day}"))
    follow(claimed, "credited", credited={"USD": 20000})
    page = text_of(claimed.get("/claims/claim?number=CLAIM-1"))
    assert "Credited 200.00 USD" in page
    assert "What was given back in USD is not reckoned against it: the two are different currencies." in page
    month = admin.get(f"/api/v1/month?day={day}").get_json()
    assert (month["claimed"], month["credited"]) == ({}, {"USD": 20000})
    assert "Credited this month: 200.00 USD." in text_of(admin.get(f"/month?day={day}"))
    rows = admin.get(f"/exports/month_claims.json?day={day}").get_json()
    assert [(r["claimed"], r["credited"], r["currency"]) for r in rows] == [
        (120.0, None, "EUR"),
        (9000.0, None, "JPY"),
        (None, 200.0, "USD"),
    ]


REFUSED: list[tuple[dict[str, int] | None, str]] = [
    ({"XYZ": 5}, "'XYZ' is no currency: write its three letters, such as EUR."),
    ({"eur": 5}, "'eur' is no currency: write its three letters, such as EUR."),
    ({"\U0001f4b6": 5}, "is no currency"),
    ({}, "Say what they gave back, and in which currency; 0 if it was nothing."),
    (None, "Say what they gave back, and in which currency; 0 if it was nothing."),
    ({"EUR": 12001}, "CLAIM-1 claims 120.00 EUR, and 120.01 EUR is more: say that it is, or mend the amount."),
    ({"EUR": 1, "JPY": 9001}, "CLAIM-1 claims 9,000 JPY, and 9,001 JPY is more"),
]


def test_a_credit_that_cannot_be_is_refused_in_a_sentence_and_the_claim_stays(claimed: Person) -> None:
    for credited, sentence in REFUSED:
        refused = follow(claimed, "credited", credited=credited)
        assert refused.status_code == 409
        assert sentence in refused.get_json()["message"]
    assert claimed.get("/api/v1/claims/CLAIM-1").get_json()["status"] == "accepted"
    assert follow(claimed, "credited", credited={"EUR": 12001}, more_than_claimed=True).status_code == 200


@pytest.fixture
def console(app: Flask) -> FlaskClient:
    client = app.test_client()
    client.post(
        "/sign-in", data={"csrf_token": token(client.get("/sign-in")), "name": "supervisor", "password": PASSWORD}
    )
    return client


def token(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


MISTYPED = [
    (["", "", "20"], ["EUR", "JPY", ""], "Say in which currency 20 was credited."),
    (["", "", "20"], ["EUR", "JPY", "quid"], "'QUID' is no currency"),
    (["1", "", "20"], ["EUR", "JPY", "eur"], "EUR is named twice: add its amounts up."),
    (["", "9.50", ""], ["EUR", "JPY", ""], "has more decimals than JPY has (0)"),
    (["1,234.50", "", ""], ["EUR", "JPY", ""], "'1,234.50' is no amount"),
]


def test_what_was_typed_stays_in_the_form_when_it_is_refused(claimed: Person, console: FlaskClient) -> None:
    form: dict[str, Any] = {"number": "CLAIM-1", "fate": "credited"}
    form["csrf_token"] = token(console.get("/claims/claim?number=CLAIM-1"))
    for amounts, currencies, sentence in MISTYPED:
        said = form | {"amount": amounts, "currency": currencies}
        page = console.post("/claims/follow", data=said, follow_redirects=True)
        assert sentence in text_of(page)
        assert re.findall(r'name="amount"[^>]* value="([^"]*)"', page.text) == amounts


def test_at_the_console_the_amount_goes_beside_its_currency(claimed: Person, console: FlaskClient) -> None:
    form: dict[str, Any] = {"number": "CLAIM-1", "fate": "credited"}
    form |= {"amount": ["110", "", "12.5"], "currency": ["EUR", "JPY", "usd"]}
    form["csrf_token"] = token(console.get("/claims/claim?number=CLAIM-1"))
    assert "Credited 110.00 EUR, 12.50 USD" in text_of(console.post("/claims/follow", data=form, follow_redirects=True))


def test_at_the_command_line_as_well(app: Flask, claimed: Person) -> None:
    run = app.test_cli_runner().invoke
    said = run(args=["claim", "credited", "CLAIM-1", "--credited", "110.00", "EUR", "--note", "CN-7"])
    assert "credited 110.00 EUR by" in said.output
    assert ": CN-7" in said.output


def test_cables_that_nobody_knows_the_price_of_are_credited_in_any_currency(
    handheld: Handheld, supervisor: Person
) -> None:
    state_document("asn", "ASN-2", [{"subject": CABLE, "quantity": 5}], now_ms=NOW - 8_000_000)
    handheld.scan("receive", CABLE, document="ASN-2", quantity=3, minutes_ago=30)
    handheld.push()
    assert supervisor.post("/api/v1/receipts/ASN-2/close").status_code == 200
    assert supervisor.post("/api/v1/receipts/ASN-2/claim").status_code == 201
    for fate in ("sent", "accepted"):
        follow(supervisor, fate)
    assert follow(supervisor, "credited", credited={"CHF": 700}).get_json()["credited"] == {"CHF": 700}
    assert "700 CHF" not in text_of(supervisor.get("/claims")), "cents are cents"
    assert "7.00 CHF" in text_of(supervisor.get("/claims"))
