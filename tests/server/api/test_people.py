"""People through the API: only admins, and no secret comes out."""

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.server.running import Person, refusal, sign_in

RAVI = {"name": "Ravi", "role": "picker", "badge": "BADGE:K-17", "pin": "7391", "password": "correct horse battery"}


def patch(admin: Person, number: int, **wanted: Any) -> TestResponse:
    return admin.client.patch(f"/api/v1/people/{number}", json=wanted, headers={"X-CSRFToken": admin.token})


def test_an_admin_lets_somebody_in_who_then_signs_in(app: Flask, admin: Person) -> None:
    answer = admin.post("/api/v1/people", json=RAVI)
    assert answer.status_code == 201
    number = answer.get_json().pop("id")
    expected = {"id": number, "name": "Ravi", "role": "picker", "active": True, "badge": "K-17"}
    expected |= {"console": True, "home": "main", "also": []}
    assert answer.get_json() == expected
    assert expected in admin.get("/api/v1/people").get_json()["people"]
    assert sign_in(app, "Ravi").get("/api/v1/session").get_json()["role"] == "picker"


def test_no_secret_comes_out(admin: Person) -> None:
    answer = admin.post("/api/v1/people", json=RAVI)
    told = answer.text + admin.get("/api/v1/people").text
    assert all(word not in told for word in ("7391", "horse", "scrypt", "argon2"))


def test_whoever_is_let_go_is_out_at_once(app: Flask, admin: Person) -> None:
    number = admin.post("/api/v1/people", json=RAVI).get_json()["id"]
    ravi = sign_in(app, "Ravi")
    assert patch(admin, number, active=False).get_json()["active"] is False
    assert refusal(ravi.get("/api/v1/cases")) == (401, "sign_in")


def test_several_changes_are_made_together_or_not_at_all(admin: Person) -> None:
    number = admin.post("/api/v1/people", json=RAVI).get_json()["id"]
    assert refusal(patch(admin, number, role="receiver", badge="K-18", pin="1234")) == (409, "conflict")
    before = next(p for p in admin.get("/api/v1/people").get_json()["people"] if p["id"] == number)
    assert (before["role"], before["badge"]) == ("picker", "K-17")
    after = patch(admin, number, role="receiver", badge="K-18", pin="8264").get_json()
    assert (after["role"], after["badge"]) == ("receiver", "K-18")
    assert patch(admin, number, badge=None).get_json()["badge"] is None


def test_somebody_who_fails_to_get_a_badge_is_not_added_either(admin: Person) -> None:
    assert refusal(admin.post("/api/v1/people", json=RAVI | {"pin": "0000"})) == (409, "conflict")
    assert "Ravi" not in admin.get("/api/v1/people").text


def test_an_admin_cannot_demote_themselves(admin: Person) -> None:
    people = admin.get("/api/v1/people").get_json()["people"]
    mine = next(p["id"] for p in people if p["name"] == "admin")
    answer = patch(admin, mine, role="picker")
    assert refusal(answer) == (409, "conflict")
    assert answer.get_json()["message"] == "You cannot take your own role away: another admin has to do that."


def test_what_is_no_change_and_who_is_nobody(admin: Person) -> None:
    assert refusal(patch(admin, 1)) == (422, "not_valid")
    assert refusal(patch(admin, 10**18, active=False)) == (404, "not_found")
    assert refusal(patch(admin, 1, role="director")) == (422, "not_valid")
