"""Ages, stages, what spoils and prices, through HTTP: what the owner sees, accepts, sets, and what is refused."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from server.database import reading
from server.life_cycle import picture
from server.month.value import read_stock
from tests.handheld import BIN_A, CABLE, PHONE, unit
from tests.server.long_ago import DAY, in_use_since
from tests.server.running import NOW, Handheld, Person, sign_in
from tests.server.site import SITE, state_document

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing in it is asked of the database that the other tests do not ask."""
LOT = f"{CABLE}/10/L1"
"""What can be sold on five days yet, of which two a day are sold: of 40, 30 will spoil."""


@pytest.fixture
def owner(app: Flask, handheld: Handheld) -> Person:
    """Phones that fade, six of them old; and a perishable of which two a day are sold."""
    rows = [
        {"subject": PHONE, "attributes": {"name": "Phone 12", "price": 100_00, "cost": 80_00, "currency": "EUR"}},
        {"subject": CABLE, "attributes": {"name": "Cable 2 m", "price": 5_00, "cost": 2_00, "currency": "EUR"}},
    ]
    state_document("products", "P-1", rows, now_ms=NOW - 390 * DAY)
    in_use_since(handheld, 380)
    for week in range(27, 0, -1):
        for n in range(4 if week > 13 else 1):
            ago = (week * 7 - 3) * 1440
            handheld.scan("ship", unit(f"S{week}-{n}"), document=f"SO-{week}", minutes_ago=ago)
        if week == 20:
            for n in range(6):
                handheld.scan("receive", unit(f"OLD{n}"), location=BIN_A, document="ASN-1", minutes_ago=week * 10_080)
                handheld.scan("put_away", unit(f"OLD{n}"), location=BIN_A, minutes_ago=week * 10_080)
    handheld.scan("quarantine", unit("OLD5"), location=BIN_A, reason="dented", minutes_ago=20 * 1440)
    for day in range(28, 0, -1):
        handheld.scan("ship", LOT, location=BIN_A, quantity=2, document="SO-L", minutes_ago=day * 1440 - 5)
    handheld.scan("put_away", LOT, location=BIN_A, quantity=96, expiry="2026-06-01", minutes_ago=3)
    handheld.scan("put_away", unit("NEW"), location=BIN_A, minutes_ago=2)
    handheld.push()
    return sign_in(app, "admin")


def _text(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.text
    body = re.sub(r"<script.*?</script>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(body))


def _post(person: Person, path: str, **form: object) -> str:
    answer = person.post(path, data=form)
    assert answer.status_code == 302, answer.text
    return _text(person.get(answer.location))


def test_a_phone_that_came_cheaper_counts_at_its_own_cost_here_as_in_the_month(
    owner: Person, handheld: Handheld
) -> None:
    cheap = {"subject": unit("CHEAP"), "attributes": {"cost": 70_00, "currency": "EUR"}}
    state_document("asn", "ASN-9", [cheap], now_ms=NOW - DAY)
    handheld.scan("receive", unit("CHEAP"), location=BIN_A, document="ASN-9", minutes_ago=1)
    handheld.push(len(handheld.chain.lines))
    with reading() as c:
        units = picture.read(c, SITE, NOW).ages()
        month = read_stock(c, SITE, NOW).by(lambda item, _: item)
    assert sum(number for number, _ in units.values()) == month[PHONE].pieces == 8
    assert sum(cost for _, cost in units.values()) == month[PHONE].value["EUR"] == 7 * 80_00 + 70_00


def test_the_owner_sees_what_fades_what_is_old_and_what_will_spoil(owner: Person) -> None:
    page = _text(owner.get("/life-cycle"))
    assert "Phone 12 Decline or the season" in page
    assert "Cable 2 m · lot L1" in page
    assert "in 4 days" in page, "today is one of the five on which it can still be sold"
    life = owner.get("/api/v1/life-cycle").get_json()
    cable = next(one for one in life["products"] if one["item"] == CABLE)
    (lot,) = cable["lots"]
    assert (lot["quantity"], lot["days_left"], cable["pace"], lot["spoils"]) == (40, 5, 2, 30)
    phone = _text(owner.get("/life-cycle/products/01/09506000134352"))
    assert "13 sold in the last 13 weeks, 52 in the 13 before: -75%" in phone
    assert "Phone 12 · OLD0 9506000134352 140 days" in phone
    ages = {row["name"]: row for row in owner.get("/exports/ages.json").get_json()}
    assert ages["Phone 12 · OLD0"]["age_days"] == 140
    assert ages["Phone 12 · OLD0"]["came_under"] == "ASN-1"
    assert not ages["Phone 12 · OLD5"]["for_sale"]
    assert ages["Phone 12 · NEW"]["age_days"] == 0


def test_an_accepted_mark_down_is_a_fact_that_the_shop_takes_and_that_ends_when_it_is_taken_back(owner: Person) -> None:
    page = _text(owner.get("/prices"))
    assert "Phone 12 Decline declining 15 % off what has lain for 45 days or longer of products in decline 5" in page
    assert "100.00 EUR 85.00 EUR" in page
    assert "Tick the mark-downs" in _post(owner, "/prices/accept", days="30").replace("tick", "Tick")
    key = f"{PHONE} 8500 declining"
    said = _post(owner, "/prices/accept", group=[key], days="14")
    assert "PRICES-1 is in force from now on." in said
    assert "no longer suggested" in _post(owner, "/prices/accept", group=[key], days="14")
    taken = owner.get("/exports/prices.json").get_json()
    assert [(row["serial"], row["price"], row["until_ms"]) for row in taken] == [
        (f"OLD{n}", 8500, NOW + 14 * DAY) for n in range(5)
    ]
    told = owner.get("/api/v1/changes?kinds=price").get_json()["changes"]
    assert {(one["type"], one["data"]["price"], one["data"]["rule"]) for one in told} == {
        ("price.changed", 8500, "declining")
    }
    assert "reprice" in owner.get("/audit?action=reprice").text
    assert "1 price is those" in _post(owner, "/prices/end", subject=[unit("OLD0")])
    assert len(owner.get("/api/v1/prices").get_json()["prices"]) == 4
    ended = owner.get("/api/v1/changes?kinds=price").get_json()["changes"]
    assert {one["data"]["subject"] for one in ended if one["type"] == "price.ended"} == {unit("OLD0")}


@SQLITE
def test_a_unit_that_is_sold_takes_its_price_along_and_no_handheld_is_sent_prices(
    owner: Person, handheld: Handheld
) -> None:
    _post(owner, "/prices/accept", group=[f"{PHONE} 8500 declining"], days="14")
    first = len(handheld.chain.lines) + 1
    handheld.scan("ship", unit("OLD1"), document="SO-9", minutes_ago=1)
    reply = handheld.push(first, cursor=None)
    assert "price" not in {kind for kind, _, _ in reply["changes"]}
    assert unit("OLD1") not in {one["subject"] for one in owner.get("/api/v1/prices").get_json()["prices"]}


@SQLITE
def test_the_owners_rules_replace_what_is_assumed_and_name_who_set_them(owner: Person) -> None:
    assert "Nobody has set a rule yet" in _text(owner.get("/prices"))
    said = _post(owner, "/prices/rules", name="declining", when="stage", stage="decline", days="100", percent="30")
    assert "declining: 30 % off what has lain for 100 days or longer of products in decline." in said
    assert "Nobody has set" not in said
    assert "assumed" in said, "what nobody set bears nobody's name"
    assert "100.00 EUR 80.00 EUR at its floor" in said
    assert "declining is dropped." in _post(owner, "/prices/rules/drop", name="declining")
    rules = owner.get("/api/v1/prices/suggestions").get_json()["rules"]
    assert "declining" not in {rule["name"] for rule in rules}
    assert "90 days" in {rule["name"] for rule in rules}
    assert "Nothing goes below 90 % of its cost." in _post(owner, "/prices/floor", percent="90")


REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("rules", {"when": "age", "days": "90", "percent": "-5", "name": "x"}, "-5 % is no mark-down: it takes more"),
    ("rules", {"when": "age", "days": "90", "percent": "100", "name": "x"}, "100 % is no mark-down"),
    ("rules", {"when": "age", "days": "90", "percent": "1000000000", "name": "x"}, "1,000,000,000 % is no mark-down"),
    ("rules", {"when": "age", "days": "-1", "percent": "5", "name": "x"}, "-1 days will not do"),
    ("rules", {"when": "age", "days": "1.5", "percent": "5", "name": "x"}, "1.5 days will not do"),
    ("rules", {"when": "age", "days": "9", "percent": "5", "name": ""}, "A rule needs a name"),
    ("rules", {"when": "stage", "days": "9", "percent": "5", "name": "x"}, "Say for which stage"),
    ("rules", {"when": "moon", "days": "9", "percent": "5", "name": "x"}, "and not at 'moon'"),
    ("rules/drop", {"name": "x"}, "There is no rule 'x'."),
    ("floor", {"percent": "-1"}, "A floor of -1 % of the cost will not do"),
    ("floor", {"item": PHONE, "amount": "120"}, "A floor of 120.00 EUR lies over the price of 100.00 EUR"),
    ("floor", {"item": PHONE, "amount": "lots"}, "'lots' is no amount"),
    ("accept", {"group": f"{PHONE} 8500 declining", "days": "0"}, "0 days will not do: a price holds for 1 to"),
    ("end", {"subject": "x"}, "None of these has a price of its own"),
]


@SQLITE
def test_what_cannot_be_is_refused_in_a_sentence(owner: Person) -> None:
    for path, form, sentence in REFUSED:
        assert sentence in _post(owner, f"/prices/{path}", **form)
    assert owner.get("/api/v1/prices").get_json()["prices"] == []


@SQLITE
def test_a_floor_of_its_own_keeps_a_product_at_its_price(owner: Person) -> None:
    assert "The product has a floor of its own." in _post(owner, "/prices/floor", item=PHONE, amount="100")
    suggested = owner.get("/api/v1/prices/suggestions").get_json()["suggestions"]
    assert PHONE not in {one["item"] for one in suggested}
    assert "floor of everything again" in _post(owner, "/prices/floor", item=PHONE, amount="")


@SQLITE
def test_what_expires_soon_is_marked_down_by_its_lot(owner: Person) -> None:
    suggested = owner.get("/api/v1/prices/suggestions").get_json()["suggestions"]
    (lot,) = [one for one in suggested if one["subject"] == LOT]
    assert (lot["rule"], lot["was"], lot["price"], lot["quantity"]) == ("expires in a month", 500, 400, 40)
    answer = owner.post("/api/v1/prices", json={"subjects": [LOT, "x"], "days": 5})
    assert answer.status_code == 422
    assert owner.post("/api/v1/prices", json={"subjects": [LOT], "days": 5}).status_code == 201


@SQLITE
def test_a_supervisor_sees_the_suggestions_and_cannot_accept_them(app: Flask, owner: Person) -> None:
    supervisor = sign_in(app, "supervisor")
    assert "Accept the ticked ones" not in supervisor.get("/prices").text
    assert supervisor.post("/prices/accept", data={"days": "5"}).status_code == 403


@SQLITE
def test_an_expiry_that_is_no_date_counts_as_none_and_breaks_no_page(owner: Person, handheld: Handheld) -> None:
    handheld.scan("receive", unit("ODD"), location=BIN_A, expiry="2026-13-45", minutes_ago=1)
    handheld.scan("put_away", CABLE, location=BIN_A, quantity=3, expiry="soon", minutes_ago=1)
    first = len(handheld.chain.lines) - 1
    handheld.push(first)
    for page in ("/life-cycle", "/prices"):
        assert owner.get(page).status_code == 200
    assert "soon" not in owner.get("/life-cycle").text
