"""A count from the preview to the frozen version, as a program does it."""

from __future__ import annotations

import pytest

from tests.handheld import BIN_A, BIN_B, unit
from tests.server.running import NOW, Handheld, Person, employ, refusal
from tests.server.site import state_document


@pytest.fixture
def stocked(handheld: Handheld) -> Handheld:
    """A1 and A2 belong in A-01, B1 in B-01."""
    rows = [{"subject": unit(s), "location": p} for s, p in (("A1", BIN_A), ("A2", BIN_A), ("B1", BIN_B))]
    state_document("stock", "S-1", rows, now_ms=NOW - 9_000_000)
    employ("Rosa", "Ravi")
    return handheld


def count(handheld: Handheld, place: str, *serials: str, number: str = "COUNT-1", operator: str = "Rosa") -> None:
    said = {"location": place, "document": number}
    chain = handheld.chain
    for action, subject in [("open_bin", None), *(("count", unit(s)) for s in serials), ("finish_bin", None)]:
        chain.scan(NOW - 900_000 + 1_000 * len(chain.lines), action, subject, operator=operator, **said)


def test_a_count_from_the_preview_to_its_audited_version(supervisor: Person, stocked: Handheld) -> None:
    asked = {"by": "zone", "zones": ["G"]}
    seen = supervisor.post("/api/v1/counts/preview", json=asked).get_json()
    assert (len(seen["bins"]), seen["units"]) == (4, 3)
    assert supervisor.get("/api/v1/counts").get_json()["counts"] == []
    shares = [{"bin": "A-01", "counter": "Rosa"}, {"bin": "B-01", "counter": "HH-1", "blind": True}]
    opened = supervisor.post("/api/v1/counts", json={"bins": ["A-01", "B-01"], "shares": shares})
    assert opened.status_code == 201, opened.text
    plan = opened.get_json()
    assert (plan["number"], plan["sort"]) == ("COUNT-1", "cycle")
    assert [(s["person"], s["device_no"], s["blind"]) for s in plan["shares"]] == [
        ("Rosa", None, False),
        (None, stocked.chain.device_no, True),
    ]

    count(stocked, BIN_A, "A1")
    told = stocked.push()["changes"]
    assert next(row for kind, key, row in told if (kind, key) == ("document", "COUNT-1"))["done"] == [BIN_A]
    (listed,) = supervisor.get("/api/v1/counts").get_json()["counts"]
    assert (listed["state"], listed["done"], listed["bins"]) == ("open", 1, 2)
    count(stocked, BIN_B, "A2", "B1")
    stocked.push(len(stocked.chain.lines) - 3)
    closed = supervisor.post("/api/v1/counts/COUNT-1/close").get_json()
    assert (closed["version"], closed["variance"]["short"], closed["variance"]["moved"]) == (1, 0, 1)
    assert [(m["subject"], m["origin"], m["destination"]) for m in closed["moves"]] == [(unit("A2"), BIN_A, BIN_B)]
    assert [b["tally"]["accuracy"] for b in closed["bins"]] == [0.5, 1.0]

    frozen = supervisor.get("/api/v1/counts/COUNT-1/versions/1").get_json()
    assert (frozen["intact"], frozen["closed_by"], frozen["closed_ms"]) == (True, "supervisor", NOW)
    assert {line["kind"] for line in frozen["lines"]} == {"matched", "misplaced"}
    assert refusal(supervisor.get("/api/v1/counts/COUNT-1/versions/2")) == (404, "not_found")
    (week,) = supervisor.get("/api/v1/accuracy?by=week").get_json()["accuracy"]
    assert (week["tally"]["matched"], week["tally"]["expected"]) == (2, 3)


def test_a_late_scan_is_an_exception_until_the_count_is_closed_again(supervisor: Person, stocked: Handheld) -> None:
    supervisor.post("/api/v1/counts", json={"number": "COUNT-1", "bins": ["A-01"]})
    count(stocked, BIN_A, "A1")
    stocked.push()
    supervisor.post("/api/v1/counts/COUNT-1/close")
    assert supervisor.get("/api/v1/counts/COUNT-1/exceptions").get_json()["exceptions"] == []
    stocked.chain.scan(NOW - 800_000, "count", unit("A2"), location=BIN_A, document="COUNT-1", operator="Rosa")
    stocked.push(4)
    assert supervisor.get("/api/v1/counts/NOPE/exceptions").status_code == 404
    (late,) = supervisor.get("/api/v1/counts/COUNT-1/exceptions").get_json()["exceptions"]
    assert (late["subject"], late["operator"]) == (unit("A2"), "Rosa")
    assert supervisor.post("/api/v1/counts/COUNT-1/close").get_json()["version"] == 2
    assert supervisor.get("/api/v1/counts/COUNT-1/exceptions").get_json()["exceptions"] == []


def test_above_the_limit_a_count_waits_for_somebody_else(supervisor: Person, admin: Person, stocked: Handheld) -> None:
    limit = {"whose": "role:supervisor", "units": 0}
    assert refusal(supervisor.post("/api/v1/count-limits", json=limit)) == (403, "forbidden")
    assert admin.post("/api/v1/count-limits", json=limit).status_code == 200
    assert supervisor.get("/api/v1/count-limits").get_json()["limits"] == [limit | {"value": None, "percent": None}]
    assert refusal(admin.post("/api/v1/count-limits", json={"whose": "nobody"})) == (422, "not_valid")
    supervisor.post("/api/v1/counts", json={"number": "COUNT-1", "bins": ["A-01"]})
    count(stocked, BIN_A, "A1")
    stocked.push()
    assert supervisor.post("/api/v1/counts/COUNT-1/close").get_json()["version"] is None
    path = "/api/v1/counts/COUNT-1"
    assert refusal(supervisor.post(f"{path}/approve", json={})) == (409, "conflict")
    assert refusal(admin.post(f"{path}/reject", json={})) == (422, "not_valid")
    assert admin.post(f"{path}/reject", json={"note": "Count A-01 again."}).status_code == 200
    again = supervisor.post(f"{path}/recount", json={"counter": "Ravi"}).get_json()
    assert (again["number"], again["shares"][0]["refused"], again["shares"][0]["blind"]) == (
        "COUNT-1-R1",
        ["Rosa"],
        True,
    )
    supervisor.post(f"{path}/close")
    assert admin.post(f"{path}/approve", json={"note": "Looked myself."}).get_json()["version"] == 1
    assert supervisor.get(f"{path}/versions/1").get_json()["note"] == "Looked myself."


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ({"bins": []}, (422, "not_valid")),
        ({"bins": ["Z-99"]}, (422, "not_valid")),
        ({"by": "zone", "zones": ["nowhere"]}, (422, "not_valid")),
        ({"by": "weather"}, (422, "not_valid")),
        ({"bins": ["A-01"], "sort": "recount"}, (422, "not_valid")),
        ({"bins": ["A-01"], "shares": [{"bin": "B-01"}]}, (422, "not_valid")),
        ({"bins": ["A-01"], "number": "S-1"}, (409, "conflict")),
    ],
)
def test_a_count_that_cannot_be_opened_says_why(
    supervisor: Person, stocked: Handheld, asked: dict[str, object], answer: tuple[int, str]
) -> None:
    assert refusal(supervisor.post("/api/v1/counts", json=asked)) == answer


def test_a_count_is_given_up_with_a_reason(supervisor: Person, stocked: Handheld) -> None:
    supervisor.post("/api/v1/counts", json={"by": "spot", "spots": 2, "counters": ["Rosa"]})
    assert refusal(supervisor.post("/api/v1/counts/COUNT-1/cancel", json={})) == (422, "not_valid")
    assert supervisor.post("/api/v1/counts/COUNT-1/cancel", json={"note": "twice"}).status_code == 200
    (listed,) = supervisor.get("/api/v1/counts").get_json()["counts"]
    assert (listed["state"], listed["sort"]) == ("cancelled", "spot")


def test_a_counter_who_does_not_exist_is_refused_with_a_sentence(supervisor: Person, stocked: Handheld) -> None:
    answer = supervisor.post("/api/v1/counts", json={"bins": ["A-01"], "shares": [{"bin": "A-01", "counter": "Rpsa"}]})
    assert (answer.status_code, "Nobody and no handheld here is called 'Rpsa'" in answer.text) == (422, True)


def test_the_unfinished_bins_of_an_open_count_are_shared_out_anew(supervisor: Person, stocked: Handheld) -> None:
    shares = [{"bin": "A-01", "counter": "Rosa"}, {"bin": "B-01", "counter": "Rosa", "blind": True}]
    supervisor.post("/api/v1/counts", json={"bins": ["A-01", "B-01"], "shares": shares})
    count(stocked, BIN_A, "A1", "A2")
    stocked.push()
    anew = supervisor.post("/api/v1/counts/COUNT-1/shares", json={"counters": ["ravi"]})
    assert anew.status_code == 200, anew.text
    found = supervisor.get("/api/v1/counts/COUNT-1").get_json()
    assert [(b["person"], b["blind"]) for b in found["bins"]] == [("Rosa", False), ("Ravi", True)]
    told = stocked.push(len(stocked.chain.lines))["changes"]
    assert [row["shares"] for kind, key, row in told if key == "COUNT-1"] == [[["Rosa", None, []], ["Ravi", None, []]]]
    count(stocked, BIN_B, "B1", operator="Ravi")
    stocked.push(len(stocked.chain.lines) - 2)
    assert refusal(supervisor.post("/api/v1/counts/COUNT-1/shares", json={"counters": []})) == (409, "conflict")
