"""Cases and undo through the API: what would come of a decision, many at once, notes, opening again."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask

from tests.handheld import BIN_A, BIN_B, unit
from tests.server.running import Handheld, Person, refusal, sign_in


@pytest.fixture
def cases(supervisor: Person, handheld: Handheld) -> list[dict[str, Any]]:
    """Two phones in a wrong bin."""
    for serial in ("A1", "A2"):
        handheld.scan("put_away", unit(serial), location=BIN_A, minutes_ago=30)
    for serial in ("A1", "A2"):
        handheld.scan("inspect", unit(serial), location=BIN_B, minutes_ago=10)
    handheld.push()
    found = supervisor.get("/api/v1/cases?rule=misplaced").get_json()
    assert found["counts"] == {"misplaced": 2}
    return list(found["cases"])


def name(case: dict[str, Any], *more: str) -> dict[str, str]:
    return {key: case[key] for key in ("unit", "rule", "episode", *more)}


def test_what_would_come_of_each_decision_is_told_and_nothing_is_recorded(
    supervisor: Person, cases: list[dict[str, Any]]
) -> None:
    file = supervisor.get("/api/v1/cases/file", query_string=name(cases[0])).get_json()
    told = {o["resolution"]: (o["proposed"], o["effect"]["after"]["belongs"]) for o in file["options"]}
    assert told == {
        "put_back": (True, BIN_A),
        "stays": (False, BIN_B),
        "write_off": (False, None),
        "dismiss": (False, BIN_A),
    }
    assert supervisor.get("/api/v1/cases?status=open&limit=1").get_json()["cases"] == cases[:1]
    strange = name(cases[0]) | {"unit": unit("none")}
    assert refusal(supervisor.get("/api/v1/cases/file", query_string=strange)) == (404, "not_found")


def test_many_cases_are_decided_alike_and_those_that_changed_are_named(
    supervisor: Person, cases: list[dict[str, Any]]
) -> None:
    old = name(cases[0], "evidence") | {"evidence": "what I saw yesterday"}
    asked = {"resolution": "stays", "cases": [old, name(cases[1], "evidence")]}
    done = supervisor.post("/api/v1/cases/settle-many", json=asked).get_json()
    assert [case["unit"] for case in done["decided"]] == [unit("A2")]
    (skipped,) = done["skipped"]
    assert (skipped["unit"], skipped["reason"].partition(":")[0]) == (
        unit("A1"),
        "A later scan has changed what the case rests on",
    )


def test_a_case_is_noted_closed_and_opened_again(app: Flask, supervisor: Person, cases: list[dict[str, Any]]) -> None:
    case = cases[0]
    assert supervisor.post("/api/v1/cases/note", json=name(case) | {"text": "asked Rosa"}).status_code == 200
    supervisor.post("/api/v1/cases/settle", json=name(case, "evidence") | {"resolution": "stays"})
    again = supervisor.post("/api/v1/cases/reopen", json=name(case) | {"reason": "two of them"}).get_json()
    assert (again["status"], again["evidence"] != case["evidence"]) == ("open", True)
    assert refusal(supervisor.post("/api/v1/cases/reopen", json=name(case) | {"reason": "x"})) == (409, "conflict")
    said = supervisor.get("/api/v1/cases/file", query_string=name(case)).get_json()["said"]
    assert [(s["action"], s["text"], s["taken_back"]) for s in said] == [
        ("note", "asked Rosa", False),
        ("settle", "stays", True),
        ("reopen", "two of them", False),
    ]
    picker = sign_in(app, "picker")
    assert refusal(picker.post("/api/v1/cases/note", json=name(case) | {"text": "x"})) == (403, "forbidden")


def test_of_two_people_who_settle_one_case_at_once_one_is_told_who_was_faster(
    app: Flask, cases: list[dict[str, Any]]
) -> None:
    start, answers = Barrier(2), {}

    def decide(who: str, resolution: str) -> None:
        person = sign_in(app, who)
        start.wait()
        asked = name(cases[0], "evidence") | {"resolution": resolution}
        answers[who] = person.post("/api/v1/cases/settle", json=asked)

    people = [Thread(target=decide, args=given) for given in (("supervisor", "stays"), ("admin", "write_off"))]
    for thread in people:
        thread.start()
    for thread in people:
        thread.join()
    assert sorted(answer.status_code for answer in answers.values()) == [200, 409]
    (slower,) = [answer for answer in answers.values() if answer.status_code == 409]
    (faster,) = [who for who, answer in answers.items() if answer.status_code == 200]
    assert f"The case was settled already by {faster} on" in slower.get_json()["message"]


def test_what_depends_on_a_scan_is_told_and_it_is_undone_once(
    supervisor: Person, handheld: Handheld, cases: list[dict[str, Any]]
) -> None:
    event = {"event": f"{handheld.chain.device_no}.1.1"}
    told = supervisor.get("/api/v1/undo", query_string=event).get_json()
    assert (told["problem"], told["later"]) == ("", [cases[0]["episode"]])
    (effect,) = told["effects"]
    assert (effect["before"]["belongs"], effect["after"]["belongs"]) == (BIN_A, None)
    undone = supervisor.post("/api/v1/undo", json=event | {"reason": "wrong bin"})
    assert undone.status_code == 201
    again = supervisor.post("/api/v1/undo", json=event | {"reason": "wrong bin"})
    assert refusal(again) == (409, "conflict")
    assert "undone already by supervisor, because: wrong bin" in again.get_json()["message"]
    back = {"event": undone.get_json()["event"], "reason": "it was right"}
    assert supervisor.post("/api/v1/undo", json=back).status_code == 201
    restored = supervisor.get("/api/v1/cases?rule=misplaced&status=open").get_json()["cases"]
    assert [case["unit"] for case in restored] == [unit("A1"), unit("A2")]
    for strange in ("1.2.3", "x"):
        assert refusal(supervisor.post("/api/v1/undo", json={"event": strange, "reason": "no"})) == (404, "not_found")
