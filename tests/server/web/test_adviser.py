"""The adviser's pages: what is advised, what is set, and what is refused."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.handheld import CABLE, PHONE, unit
from tests.server.long_ago import DAY, in_use_since
from tests.server.running import NOW, Handheld, Person, sign_in
from tests.server.site import state_document

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""Nothing in it is asked of the database that the first test does not ask."""
PHONE_PAGE = "/adviser/products/01/09506000134352"


@pytest.fixture
def owner(app: Flask, handheld: Handheld) -> Person:
    """A shop that sells a phone and a cable in rupees."""
    rows = [
        {"subject": PHONE, "attributes": {"name": "Phone 12", "price": 1_500_000, "currency": "INR"}},
        {"subject": CABLE, "attributes": {"name": "Cable 2 m", "price": 30_000, "currency": "INR"}},
    ]
    state_document("products", "P-1", rows, now_ms=NOW - 200 * DAY)
    in_use_since(handheld, 200)
    for n in range(40):
        handheld.scan("ship", unit(f"S{n}"), document=f"SO-{n}", minutes_ago=90 * 1440 - n)
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


def test_the_owner_says_that_a_phone_is_electronics_and_the_advice_turns_to_its_serial_number(owner: Person) -> None:
    unset = "Nobody has said yet what kind of goods any product is"
    assert unset in _text(owner.get("/adviser"))
    assert "Phone 12 General goods" in _text(owner.get("/adviser"))
    said = _post(owner, "/adviser/kinds", item=[PHONE], preset="electronics")
    assert "1 product is consumer electronics from now on." in said
    assert "Phone 12 Consumer electronics" in said
    assert re.findall(r"(Phone 12|Cable 2 m) [^%]*? INR [\d.]+ (assumed)?", said) == [
        ("Cable 2 m", "assumed"),
        ("Phone 12", ""),
    ]
    assert unset not in said
    page = _text(owner.get(PHONE_PAGE))
    assert "Serial number It saves" in page
    assert "It is tracked so already." in page
    assert "13.519 sold a month × 4 scans of each unit from the dock to the carrier" in page
    assert "NRF National Retail Security Survey 2023" in page
    (phone,) = [row for row in owner.get("/exports/advice.json").get_json() if row["name"] == "Phone 12"]
    assert (phone["advice"], phone["preset"]) == ("serial", "electronics")
    found = owner.get("/api/v1/adviser/products/01/09506000134352").get_json()["advice"]
    assert found["recommended"] == "serial"
    serial = next(option for option in found["options"] if option["mode"] == "serial")
    assert sum(line["amount"] for line in serial["costs"]) == pytest.approx(serial["cost"])


@SQLITE
def test_a_figure_that_is_set_names_who_set_it_and_goes_back_when_its_field_is_emptied(owner: Person) -> None:
    said = _post(owner, "/adviser/figures", scope="item", of=PHONE, return_rate="40", was_return_rate="17.6")
    assert "1 figure is set" in said
    assert "set by admin" in said
    assert "40 % of the units sold come back" in said
    assert "adviser: return_rate for" in _text(owner.get("/audit?action=administer"))
    said = _post(owner, "/adviser/figures", scope="item", of=PHONE, return_rate="", was_return_rate="40")
    assert "17.6 % of the units sold come back" in said
    assert "set by admin" not in said


REFUSED: list[tuple[dict[str, str], str]] = [
    (
        {"scope": "currency", "of": "INR", "wage": "0"},
        "0 cannot stand for “an hour's wage with all that goes with it”: it takes more than 0 up to 1,000,000",
    ),
    ({"scope": "site", "of": "", "scan_s": "-3"}, "-3 cannot stand for “seconds a scan takes”: it takes from 0"),
    ({"scope": "preset", "of": "general", "margin": "120"}, "120 cannot stand for “of the price is margin”"),
    ({"scope": "site", "of": "", "scan_s": "quick"}, "'quick' cannot be the seconds a scan takes: write a number"),
    ({"scope": "currency", "of": "INR", "wage": "1,200"}, "could be read in two ways: write 1200, or 1.2000."),
    ({"scope": "preset", "of": "weapons", "margin": "10"}, "There is no kind of goods 'weapons'"),
    ({"scope": "site", "of": "", "wage": "10"}, "wage is set for the currency or for one item"),
]


@SQLITE
def test_what_cannot_be_is_refused_in_a_sentence_and_nothing_is_lost(owner: Person) -> None:
    for form, sentence in REFUSED:
        answer = owner.post("/adviser/figures", data=form)
        assert answer.status_code == 302
        said = _text(owner.get("/adviser"))
        assert sentence in said
        assert "Nothing was changed." in said


@SQLITE
def test_the_worked_case_stands_on_a_page_and_can_be_asked_for_other_figures(owner: Person) -> None:
    page = _text(owner.get("/adviser/case"))
    assert "10,000 INR a month" in page
    assert "15,000 INR 0.67 0.013% one every 1.5 months" in page
    assert "500 INR 20 0.400% one in 250 of those sold" in page
    assert "90,000 INR a month" in _text(owner.get("/adviser/case?orders=15000&units_order=2&unit_cost=3"))
    assert "must be more than nought" in _text(owner.get("/adviser/case?unit_cost=0"))
    assert owner.get("/api/v1/adviser/case").get_json()["cost"] == 10_000
    assert owner.get("/api/v1/adviser/case?orders=0").status_code == 422
    too_many = owner.get("/api/v1/adviser/case?orders=1e308").get_json()["message"]
    assert too_many.endswith("below 1,000,000,000, and not over 1,000,000,000,000.")


@SQLITE
def test_the_laws_of_markets_where_the_shop_does_not_sell_do_not_count(owner: Person) -> None:
    _post(owner, "/adviser/kinds", item=[CABLE], preset="medicines")
    page = _text(owner.get("/adviser/products/01/00614141000036"))
    assert "Falsified Medicines Directive" in page
    assert "Change to serial number" in page
    assert "The laws of these markets count" in _post(owner, "/adviser/markets", market=["US"])
    page = _text(owner.get("/adviser/products/01/00614141000036"))
    assert "Falsified" not in page
    assert "Drug Supply Chain Security Act" in page


@SQLITE
def test_a_supervisor_reads_the_advice_and_cannot_change_what_it_rests_on(app: Flask, owner: Person) -> None:
    supervisor = sign_in(app, "supervisor")
    page = supervisor.get(PHONE_PAGE)
    assert page.status_code == 200
    assert "Take over what I changed" not in page.text
    assert supervisor.post("/adviser/figures", data={"scope": "site"}).status_code == 403
    assert sign_in(app, "picker").get("/adviser").status_code == 403


def test_a_shop_that_has_set_nothing_yet_is_told_where_to_begin(admin: Person) -> None:
    assert "Tick products and say what they are" in _text(admin.get("/adviser"))
    assert "No product has a price yet" in _text(admin.get("/prices"))
    assert "Nothing was counted yet" in _text(admin.get("/shrinkage"))
