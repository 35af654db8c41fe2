"""What is named at the API is named as people write it, or refused with a sentence that says what to write."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.handheld import BIN_A, DOCK, PHONE, unit
from tests.server.running import Handheld, Person

GTIN: Final = "09506000134352"
IMEI: Final = "490154203237518"


@pytest.fixture
def shop(handheld: Handheld) -> Handheld:
    """S1 is in A-01; its IMEI is known too."""
    handheld.scan("receive", unit("S1"), location=DOCK, identifiers=("urn:gsma:imei:49015420-323751-0",))
    handheld.scan("put_away", unit("S1"), location=BIN_A, minutes_ago=5)
    handheld.push()
    return handheld


@pytest.mark.parametrize(
    "said", ["S1", IMEI, "urn:gsma:imei:49015420-323751-0", f"01{GTIN}21S1", unit("S1"), f"01/{GTIN}/21/S1"]
)
def test_a_unit_is_asked_for_as_it_is_at_the_console(admin: Person, shop: Handheld, said: str) -> None:
    assert admin.get("/api/v1/returns/verdict", query_string={"unit": said}).get_json()["unit"] == unit("S1")
    assert admin.get("/api/v1/origins", query_string={"unit": said}).get_json()["unit"] == unit("S1")
    if not said.startswith("https://"):
        assert admin.get(f"/api/v1/warranty/{said}").get_json()["unit"] == unit("S1")
        assert admin.get(f"/api/v1/units/{said}").get_json()["key"] == unit("S1")
        assert len(admin.get(f"/api/v1/trails/{said}").get_json()["events"]) == 2


@pytest.mark.parametrize("said", ["S77", "PH\N{SMILING FACE WITH SUNGLASSES}", GTIN])
def test_what_names_no_unit_is_refused_and_not_called_a_stranger(admin: Person, shop: Handheld, said: str) -> None:
    for answer in (
        admin.get("/api/v1/returns/verdict", query_string={"unit": said}),
        admin.get(f"/api/v1/warranty/{said}"),
        admin.get("/api/v1/origins", query_string={"unit": said}),
    ):
        assert answer.status_code == 404, answer.text
        assert "such as https://id.gs1.org/01/09506000134352/21/A1" in answer.get_json()["message"]


def test_cases_are_asked_for_by_what_people_call_things(admin: Person, shop: Handheld) -> None:
    for said in ({"unit": "S1"}, {"item": "P12"}, {"place": "A-01"}, {"place": BIN_A}, {"place": "CTN7"}):
        answer = admin.get("/api/v1/cases", query_string=said)
        assert answer.status_code == 200, (said, answer.text)
    for said in ({"unit": "S77"}, {"item": "SOFA"}, {"place": "Z-9"}):
        answer = admin.get("/api/v1/cases", query_string=said)
        assert answer.status_code == 404, (said, answer.text)


def test_a_repair_is_taken_in_by_serial_number_and_code_and_gets_a_new_imei(admin: Person, shop: Handheld) -> None:
    asked = {"unit": "S1", "location": "DOCK", "fault": "dead"}
    number = admin.post("/api/v1/repairs", json=asked).get_json()["number"]
    done = {"done": "new board", "gone": [IMEI], "new": ["356938035643809"]}
    assert admin.post(f"/api/v1/repairs/{number}/close", json=done).status_code == 200
    assert admin.get("/api/v1/units/356938035643809").get_json()["key"] == unit("S1")


@pytest.mark.parametrize("said", [GTIN, GTIN.lstrip("0"), "P12", PHONE])
def test_a_product_is_named_by_gtin_sku_or_canonical_name(admin: Person, shop: Handheld, said: str) -> None:
    for path, asked in _asking_for(said).items():
        answer = admin.post(path, json=asked)
        assert answer.status_code < 300, (path, answer.text)
    assert admin.get("/api/v1/returns/shared", query_string={"item": said}).status_code == 200
    assert admin.get("/api/v1/channels", query_string={"item": said}).status_code == 200
    assert admin.get("/api/v1/mode-changes").get_json()["changes"][0]["item"] == PHONE


def test_a_product_that_nobody_knows_is_told_in_a_sentence_everywhere(admin: Person, shop: Handheld) -> None:
    for path, asked in _asking_for("SOFA").items():
        answer = admin.post(path, json=asked)
        assert answer.status_code in (409, 422), (path, answer.text)
        assert "There is no product 'SOFA' here: give its GTIN, its SKU or its canonical name." in answer.text, path


def _asking_for(product: str) -> dict[str, Any]:
    return {
        "/api/v1/mode-changes": {"item": product, "mode": "lpn"},
        "/api/v1/adviser/kinds": {"items": [product], "preset": "electronics"},
        "/api/v1/returns/limits": {"item": product, "unit_max": 3},
        "/api/v1/recalls/preview": {"product": product, "reason": "battery"},
        "/api/v1/labels": {"what": "plates", "item": product},
    }
