"""What people and programs do with cases, units, counts and documents."""

from urllib.parse import quote

import pytest

from sync.identity import GS1
from tests.handheld import BIN_A, BIN_B, CABLE, CARTON_1, DOCK, unit
from tests.server.running import NOW, Handheld, Person, refusal
from tests.server.site import state_document


@pytest.fixture
def misplaced(handheld: Handheld) -> str:
    """A unit that belongs in A-01 and was seen in B-01."""
    handheld.scan("put_away", unit("A1"), location=BIN_A, minutes_ago=30)
    handheld.scan("inspect", unit("A1"), location=BIN_B)
    handheld.push()
    return unit("A1")


def _decision(person: Person) -> dict[str, str]:
    (case,) = person.get("/api/v1/cases").get_json()["cases"]
    return {name: case[name] for name in ("unit", "rule", "episode", "evidence")} | {"resolution": "stays"}


def test_a_misplaced_unit_is_a_case_with_who_saw_it(supervisor: Person, misplaced: str) -> None:
    (case,) = supervisor.get("/api/v1/cases?rule=misplaced&status=open").get_json()["cases"]
    assert (case["unit"], case["expected"], case["seen"]) == (misplaced, BIN_A, BIN_B)
    assert (case["operator"], case["opened_ms"]) == ("Rosa", NOW - 10 * 60_000)


def test_a_settled_case_moves_where_the_unit_belongs(supervisor: Person, misplaced: str) -> None:
    answer = supervisor.post("/api/v1/cases/settle", json=_decision(supervisor))
    assert (answer.status_code, answer.get_json()["status"]) == (200, "settled")
    assert answer.get_json()["closed_operator"] == "supervisor"
    found = supervisor.get("/api/v1/units/" + quote(misplaced, safe="")).get_json()
    assert (found["expected_location"], found["location"]) == (BIN_B, BIN_B)
    assert supervisor.get("/api/v1/cases?status=open").get_json()["cases"] == []


def test_a_case_is_settled_only_once(supervisor: Person, misplaced: str) -> None:
    decision = _decision(supervisor)
    supervisor.post("/api/v1/cases/settle", json=decision)
    assert refusal(supervisor.post("/api/v1/cases/settle", json=decision)) == (409, "conflict")


def test_a_decision_on_other_evidence_is_not_taken(supervisor: Person, misplaced: str) -> None:
    decision = _decision(supervisor) | {"evidence": "what I saw yesterday"}
    assert refusal(supervisor.post("/api/v1/cases/settle", json=decision)) == (409, "conflict")
    assert refusal(supervisor.post("/api/v1/cases/settle", json=decision | {"unit": "u"})) == (404, "not_found")


def test_cases_come_in_pages(supervisor: Person, handheld: Handheld) -> None:
    for number in range(5):
        handheld.scan("inspect", unit(f"X{number}"), location=BIN_A, minutes_ago=20 - number)
    handheld.push()
    pages, after = [], ""
    for _ in range(3):
        page = supervisor.get(f"/api/v1/cases?limit=2{after}").get_json()
        pages.append([case["unit"] for case in page["cases"]])
        after = "&after=" + quote(page["next"] or "")
    assert pages == [[unit("X0"), unit("X1")], [unit("X2"), unit("X3")], [unit("X4")]]
    assert after == "&after="


@pytest.mark.parametrize("after", ["x", "1~2", "0~²~a~b~c", "0~" + "1" * 20 + "~a~b~c", "0~1~a~b"])
def test_a_page_that_never_was_is_refused(supervisor: Person, after: str) -> None:
    assert refusal(supervisor.get("/api/v1/cases", query_string={"after": after})) == (422, "not_valid")


def test_a_trail_tells_what_happened_in_its_order(supervisor: Person, misplaced: str) -> None:
    path = misplaced.removeprefix(f"https://{GS1}/")
    lines = supervisor.get(f"/api/v1/trails/{path}").get_json()["events"]
    assert [(line["action"], line["location"]) for line in lines] == [("put_away", BIN_A), ("inspect", BIN_B)]
    assert lines[0]["barcode"] == "\x1d" + misplaced
    assert lines == supervisor.get(f"/api/v1/trails/{misplaced}").get_json()["events"]


def test_an_undone_scan_stays_in_the_trail(supervisor: Person, handheld: Handheld) -> None:
    handheld.scan("put_away", unit("A1"), location=BIN_A)
    name = f"{handheld.chain.device_no}.1.1"
    handheld.scan("void", unit("A1"), voids=name, reason="wrong box", minutes_ago=9)
    handheld.push()
    path = "/api/v1/trails/" + unit("A1")
    assert [line["undone"] for line in supervisor.get(path).get_json()["events"]] == [True, False]


def test_an_unknown_unit_is_not_found(supervisor: Person) -> None:
    assert refusal(supervisor.get("/api/v1/units/01/09506000134352/21/NONE")) == (404, "not_found")


def test_a_scan_can_be_checked_without_being_recorded(supervisor: Person, misplaced: str) -> None:
    query = {"scan": "010950600013435221A1", "symbology": "]d2", "location": BIN_B}
    found = supervisor.get("/api/v1/check", query_string=query).get_json()
    assert found == {"kind": "unit", "key": misplaced, "verdict": "known_elsewhere", "belongs": BIN_A}
    assert len(supervisor.get(f"/api/v1/trails/{misplaced}").get_json()["events"]) == 2


def test_a_checked_scan_with_a_wrong_check_digit_says_so(supervisor: Person) -> None:
    answer = supervisor.get("/api/v1/check", query_string={"scan": "010950600013435121A1", "symbology": "]d2"})
    assert refusal(answer) == (422, "not_a_label")
    assert "09506000134351" in answer.get_json()["message"]


def test_a_count_is_opened_by_bin_codes_reported_and_closed(supervisor: Person, handheld: Handheld) -> None:
    state_document("stock", "S-1", [{"subject": unit(s), "location": BIN_A} for s in "AB"], now_ms=NOW - 9_000_000)
    opened = supervisor.post("/api/v1/counts", json={"number": "CC-1", "bins": ["A-01"]})
    assert (opened.status_code, opened.get_json()["bins"]) == (201, [BIN_A])
    assert refusal(supervisor.post("/api/v1/counts/CC-1/close")) == (409, "conflict")
    handheld.scan("open_bin", None, location=BIN_A, document="CC-1")  # type: ignore[arg-type]
    handheld.scan("count", unit("A"), location=BIN_A, document="CC-1", minutes_ago=9)
    handheld.scan("finish_bin", None, location=BIN_A, document="CC-1", minutes_ago=8)  # type: ignore[arg-type]
    handheld.push()
    totals = supervisor.get("/api/v1/counts/CC-1").get_json()["totals"]
    assert (totals["matched"], totals["missing"]) == (1, 1)
    assert supervisor.post("/api/v1/counts/CC-1/close").status_code == 200
    (case,) = supervisor.get("/api/v1/cases").get_json()["cases"]
    assert (case["rule"], case["unit"]) == ("missing", unit("B"))


def test_a_count_of_a_bin_that_is_not_here_is_refused(supervisor: Person) -> None:
    assert refusal(supervisor.post("/api/v1/counts", json={"number": "C", "bins": ["Z-99"]})) == (422, "not_valid")


def test_a_receipt_is_compared_with_its_notice(supervisor: Person, handheld: Handheld) -> None:
    rows = [{"subject": unit(s), "container": CARTON_1} for s in "AB"]
    state_document("asn", "ASN-1", rows, now_ms=NOW - 9_000_000)
    handheld.scan("receive", unit("A"), container=CARTON_1, location=DOCK, document="ASN-1")
    handheld.push()
    totals = supervisor.get("/api/v1/receipts/ASN-1").get_json()["totals"]
    assert (totals["matched"], totals["missing"]) == (1, 1)
    assert supervisor.post("/api/v1/receipts/ASN-1/close").status_code == 200
    assert refusal(supervisor.get("/api/v1/receipts/ASN-2")) == (404, "not_found")


STOCK = b"gtin,serial,location\n09506000134352,A1,A-01\n09506000134352,A2,B-01\n"


def test_a_stock_list_is_imported(supervisor: Person) -> None:
    answer = supervisor.post("/api/v1/documents?kind=stock&number=S-1", data=STOCK, content_type="text/csv")
    assert answer.status_code == 200, answer.text
    (document,) = answer.get_json()["documents"]
    assert (document["number"], document["rows"], document["known"]) == ("S-1", 2, False)
    found = supervisor.get("/api/v1/units/" + unit("A2")).get_json()
    assert (found["expected_location"], found["state"]["observed"]) == (BIN_B, False)


def test_a_file_with_a_wrong_row_takes_nothing_and_names_it(supervisor: Person) -> None:
    wrong = STOCK + b"09506000134351,A3,A-01\n"
    answer = supervisor.post("/api/v1/documents?kind=stock&number=S-1", data=wrong)
    assert (answer.status_code, answer.get_json()["faults"]) == (422, 1)
    assert answer.get_json()["errors"][0]["row"] == 4
    assert supervisor.get("/api/v1/units/" + unit("A1")).status_code == 404


def test_a_dry_run_takes_nothing(supervisor: Person) -> None:
    answer = supervisor.post("/api/v1/documents?kind=stock&number=S-1&dry_run=true", data=STOCK)
    assert (answer.status_code, answer.get_json()["rows"], answer.get_json()["documents"]) == (200, 2, [])
    assert supervisor.get("/api/v1/units/" + unit("A1")).status_code == 404


@pytest.mark.parametrize("body", [b"", b"%PDF-1.7", b"PK\x03\x04xx", b"[{]", b"\x00\x01", b"a" * 100])
def test_a_file_that_is_no_table_is_refused(supervisor: Person, body: bytes) -> None:
    assert supervisor.post("/api/v1/documents?kind=stock&number=S-1", data=body).status_code == 422


def test_stock_without_units_has_balances(supervisor: Person) -> None:
    rows = [{"subject": CABLE, "location": BIN_B, "quantity": 40}]
    state_document("stock", "S-1", rows, now_ms=NOW - 9_000_000)
    found = supervisor.get("/api/v1/trails/" + CABLE).get_json()
    assert found["balances"] == [{"place": BIN_B, "quantity": 40}]
