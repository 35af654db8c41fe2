"""Who writes down what became of a claim: quality does for what failed, and no credit."""

from __future__ import annotations

import pytest
from flask import Flask

from server.roles import PERSONAL
from tests.handheld import PHONE, unit
from tests.server.running import NOW, Handheld, Person, sign_in
from tests.server.site import state_document

STEPS = ("sent", "rejected", "sent", "accepted", "credited")
CREDIT = {"EUR": 100}
EVERYTHING = {"defects": set(STEPS), "delivery": set(STEPS)}
NOTHING: dict[str, set[str]] = {"defects": set(), "delivery": set()}
FOLLOWS = {
    "admin": EVERYTHING,
    "supervisor": EVERYTHING,
    "receiver": EVERYTHING,
    "quality": {"defects": {"sent", "rejected", "accepted"}, "delivery": set()},
    "picker": NOTHING,
    "returns": NOTHING,
}


@pytest.fixture
def claims(app: Flask, handheld: Handheld, supervisor: Person) -> dict[str, str]:
    """The number of a claim of each kind to Acme: S1 failed, and S2 never came."""
    product = {"subject": PHONE, "attributes": {"name": "Phone 12", "cost": 12000, "currency": "EUR"}}
    state_document("products", "PRODUCTS-1", [product], now_ms=NOW - 9_000_000)
    rows = [{"subject": unit(s), "attributes": {"supplier": "Acme"}} for s in ("S1", "S2")]
    state_document("asn", "ASN-1", rows, now_ms=NOW - 8_000_000)
    handheld.scan("receive", unit("S1"), document="ASN-1", minutes_ago=30)
    handheld.push()
    assert supervisor.post("/api/v1/receipts/ASN-1/close").status_code == 200
    made = sign_in(app, "quality").post("/api/v1/claims/defects", json={"units": ["S1"], "reason": "dead"})
    short = supervisor.post("/api/v1/receipts/ASN-1/claim")
    return {"defects": made.get_json()["claims"][0]["number"], "delivery": short.get_json()["number"]}


def test_every_role_is_spoken_of() -> None:
    assert FOLLOWS.keys() == set(PERSONAL)


@pytest.mark.parametrize("kind", ["defects", "delivery"])
@pytest.mark.parametrize("role", PERSONAL)
def test_each_role_writes_down_exactly_the_steps_that_are_its(
    app: Flask, claims: dict[str, str], role: str, kind: str
) -> None:
    person, boss, number = sign_in(app, role), sign_in(app, "admin"), claims[kind]
    for fate in STEPS:
        said = {"fate": fate, **({"credited": CREDIT} if fate == "credited" else {})}
        answer = person.post(f"/api/v1/claims/{number}/fate", json=said)
        assert answer.status_code == (200 if fate in FOLLOWS[role][kind] else 403), f"{fate}: {answer.text}"
        if answer.status_code == 403:
            assert boss.post(f"/api/v1/claims/{number}/fate", json=said).status_code == 200


def test_quality_sees_its_claim_with_what_may_be_written_down_and_by_whom(app: Flask, claims: dict[str, str]) -> None:
    quality, boss = sign_in(app, "quality"), sign_in(app, "admin")
    page = quality.get("/claims/claim?number=" + claims["defects"]).text
    assert "It was sent" in page
    assert "It was sent" not in quality.get("/claims/claim?number=" + claims["delivery"]).text
    for fate in ("sent", "accepted"):
        done = quality.client.post(
            "/claims/follow",
            data={"number": claims["defects"], "fate": fate, "note": "RMA 7", "csrf_token": quality.token},
        )
        assert done.status_code == 302
    page = quality.get("/claims/claim?number=" + claims["defects"]).text
    assert "RMA 7" in page
    assert "It was credited" not in page
    assert "Who closes receipts writes down what the supplier credits." in page
    assert "It was credited" in boss.get("/claims/claim?number=" + claims["defects"]).text
    credit = {"number": claims["defects"], "fate": "credited", "amount": "1", "currency": "EUR"}
    refused = quality.client.post("/claims/follow", data=credit | {"csrf_token": quality.token})
    assert refused.status_code == 403
    assert "Your role (quality) does not include this (receive)." in refused.text
