"""An order's way as the office sees it: imported, picked, packed, cancelled, its parcels found again."""

from __future__ import annotations

import io
import re
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from server.database import reading, writing
from server.orders import cancelling
from server.tables import cases, reference
from sync.event import format_name
from tests.handheld import BIN_A, BIN_C, CABLE, CARTON_1, CARTON_2, DOCK, PHONE, unit
from tests.server.running import NOW, SITE, Handheld, Person, refusal, sign_in

PHONE_GTIN, CABLE_GTIN = PHONE.rpartition("/")[2], CABLE.rpartition("/")[2]
HEAD = "number,gtin,quantity,serial,due,priority,customer\n"
ORDERS = HEAD + (
    f"SO-1,{PHONE_GTIN},2,,2026-06-01,,Ada\nSO-1,{CABLE_GTIN},3,,2026-06-01,,Ada\nSO-2,{PHONE_GTIN},,MADE,,2,\n"
)


def take(person: Person, kind: str, content: str) -> TestResponse:
    return person.post(f"/api/v1/documents?kind={kind}", data=content)


@pytest.fixture
def ordered(app: Flask, admin: Person) -> Person:
    answer = take(admin, "order", ORDERS)
    assert answer.status_code == 200, answer.text
    return admin


def order(person: Person, number: str = "SO-1") -> dict[str, Any]:
    answer = person.get(f"/api/v1/orders/{number}")
    assert answer.status_code == 200, answer.text
    found = answer.get_json()
    assert isinstance(found, dict)
    return found


def lines(found: dict[str, Any]) -> list[tuple[int, int, int, int, int]]:
    return [tuple(line[n] for n in ("quantity", "picked", "packed", "shipped", "short")) for line in found["lines"]]


def rules_of(subject: str) -> list[tuple[str, str]]:
    with reading() as c:
        found = c.execute(cases.select().where(cases.c.unit == subject)).mappings()
        return sorted((row["rule"], row["status"]) for row in found)


def pick_and_pack(handheld: Handheld) -> None:
    for serial in ("S1", "S2"):
        handheld.scan("put_away", unit(serial), location=BIN_A, minutes_ago=50)
        handheld.scan("pick", unit(serial), location=BIN_A, document="SO-1", minutes_ago=40)
        handheld.scan("pack", unit(serial), container=CARTON_1, document="SO-1", minutes_ago=30)
    handheld.scan("pick", CABLE, location=BIN_A, document="SO-1", quantity=2, minutes_ago=25)
    handheld.scan("pack", CABLE, container=CARTON_1, document="SO-1", quantity=2, minutes_ago=24)
    handheld.scan("short_pick", CABLE, document="SO-1", quantity=1, reason="none left", minutes_ago=23)


def test_an_order_tells_line_by_line_and_parcel_by_parcel_how_far_it_is(ordered: Person, handheld: Handheld) -> None:
    assert order(ordered)["standing"] == "open"
    pick_and_pack(handheld)
    handheld.scan("close_carton", CARTON_1, document="SO-1", minutes_ago=20)
    handheld.push()
    found = order(ordered)
    assert (found["standing"], found["due"]) == ("packed", "2026-06-01")
    assert lines(found) == [(2, 2, 2, 0, 0), (3, 2, 2, 0, 1)]
    [parcel] = found["parcels"]
    assert (parcel["container"], parcel["closed"], parcel["shipped"]) == (CARTON_1, True, False)
    assert {one["subject"]: one["quantity"] for one in parcel["contents"]} == {unit("S1"): 1, unit("S2"): 1, CABLE: 2}
    assert found["shortages"][0]["reason"] == "none left"
    assert "pick" in found["people"]["Rosa"]
    handheld.scan("ship", CARTON_1, document="SO-1", minutes_ago=10)
    handheld.push(first=len(handheld.chain.lines))
    found = order(ordered)
    assert (found["standing"], lines(found)) == ("short", [(2, 2, 2, 2, 0), (3, 2, 2, 2, 1)])


def test_a_cancelled_order_says_what_is_to_be_put_back_and_until_when(ordered: Person, handheld: Handheld) -> None:
    pick_and_pack(handheld)
    handheld.push()
    answer = ordered.post("/api/v1/orders/SO-1/cancel", json={"reason": "customer called"})
    assert answer.status_code == 200, answer.text
    found = order(ordered)
    assert (found["standing"], found["cancelled_why"]) == ("cancelled", "customer called")
    assert {one["subject"] for one in found["to_put_back"]} == {unit("S1"), unit("S2"), CABLE}
    with reading() as c:
        row = c.execute(reference.select().where(reference.c.key == "SO-1")).mappings().one()["row"]
    assert row["state"] == "cancelled", "handhelds hear of it"
    assert refusal(ordered.post("/api/v1/orders/SO-1/cancel", json={"reason": "again"})) == (409, "conflict")
    handheld.scan("unpack", unit("S1"), location=BIN_A, minutes_ago=5)
    handheld.scan("put_away", unit("S1"), location=BIN_A, minutes_ago=4)
    handheld.push(first=len(handheld.chain.lines) - 1)
    assert {one["subject"] for one in order(ordered)["to_put_back"]} == {unit("S2"), CABLE}


def test_cancellations_come_as_a_file_and_all_of_it_counts_or_nothing(ordered: Person) -> None:
    wrong = b"order_no,reason\nSO-1,wrong address\nSO-9,no such\n"
    answer = ordered.post("/api/v1/cancellations", data=wrong)
    assert (answer.status_code, answer.get_json()["message"]) == (409, "There is no order SO-9.")
    assert order(ordered)["standing"] == "open"
    answer = ordered.post("/api/v1/cancellations", data=b"order_no,reason\nSO-1,wrong address\nSO-2,same\n")
    assert answer.get_json() == {"taken": 2}
    assert [order(ordered, number)["standing"] for number in ("SO-1", "SO-2")] == ["cancelled", "cancelled"]
    assert refusal(ordered.post("/api/v1/cancellations", data=b"number\nSO-1\n")) == (422, "not_a_table")


def test_what_was_packed_wrongly_all_the_same_is_a_case(ordered: Person, handheld: Handheld) -> None:
    handheld.scan("put_away", unit("MADE"), location=BIN_A, minutes_ago=50)
    handheld.scan("pack", unit("MADE"), container=CARTON_1, document="SO-1", minutes_ago=1)
    handheld.scan("put_away", unit("C1", CABLE), location=BIN_A, minutes_ago=50)
    handheld.scan("pack", unit("C1", CABLE), container=CARTON_1, document="SO-2", minutes_ago=40)
    handheld.push()
    assert rules_of(unit("C1", CABLE)) == [("wrong_product", "open")]
    assert rules_of(unit("MADE")) == [], "by its own clock that scan was made before the order came"


def test_two_handhelds_that_close_one_carton_both_count_and_somebody_looks(
    app: Flask, ordered: Person, handheld: Handheld
) -> None:
    other = Handheld(app).enrol(name="HH-2")
    pick_and_pack(handheld)
    handheld.scan("close_carton", CARTON_1, document="SO-1", minutes_ago=20)
    other.scan("close_carton", CARTON_1, document="SO-1", minutes_ago=10)
    handheld.push()
    other.push()
    assert rules_of(CARTON_1) == [("closed_twice", "open")]


def test_a_parcel_is_found_by_its_tracking_number_and_comes_back_into_stock_as_no_return(
    ordered: Person, handheld: Handheld
) -> None:
    pick_and_pack(handheld)
    handheld.scan("close_carton", CARTON_1, document="SO-1", minutes_ago=20)
    handheld.scan("ship", CARTON_1, document="SO-1", minutes_ago=15)
    handheld.push()
    answer = ordered.post("/api/v1/parcels/file", data=f"sscc,tracking\n{CARTON_1[-18:]},1Z999AA10123\n".encode())
    assert answer.get_json() == {"taken": 1}
    tracking = order(ordered)["parcels"][0]["tracking"][0]
    assert tracking.endswith("/250/1Z999AA10123")
    handheld.scan("parcel_back", tracking, location=DOCK, reason="undelivered", minutes_ago=0)
    handheld.push(first=len(handheld.chain.lines))
    found = order(ordered)
    [parcel] = found["parcels"]
    assert (parcel["shipped"], parcel["came_back"], parcel["location"]) == (False, "undelivered", DOCK)
    assert {one["subject"] for one in found["to_put_back"]} >= {unit("S1"), unit("S2")}
    state = ordered.get(f"/api/v1/units/{unit('S1')}").get_json()
    assert (state["state"]["status"], state["location"]) == ("packed", DOCK)
    assert refusal(ordered.post("/api/v1/parcels", json={"container": CARTON_2, "tracking": "X1"})) == (409, "conflict")
    same = {"container": CARTON_1, "tracking": PHONE_GTIN}
    assert refusal(ordered.post("/api/v1/parcels", json=same)) == (409, "conflict")


def test_a_parcel_came_back_or_not_by_the_scans_that_stand(ordered: Person, handheld: Handheld) -> None:
    def undone(*seqs: int) -> str | None:
        first = len(handheld.chain.lines) + 1
        for seq in seqs:
            name = f"{handheld.chain.device_no}.{handheld.chain.epoch}.{seq}"
            handheld.scan("void", CARTON_1, voids=name, reason="mistake", minutes_ago=1)
        handheld.push(first=first)
        found = order(ordered)["parcels"][0]["came_back"]
        assert found is None or isinstance(found, str)
        return found

    pick_and_pack(handheld)
    first = len(handheld.chain.lines) + 1
    handheld.scan("ship", CARTON_1, document="SO-1", minutes_ago=15)
    handheld.scan("parcel_back", CARTON_1, location=DOCK, reason="undelivered", minutes_ago=10)
    handheld.scan("ship", CARTON_1, document="SO-1", minutes_ago=5)
    handheld.push()
    assert undone(first + 2) == "undelivered", "it was not handed over again after all"
    assert undone(first, first + 1) is None, "it never left"


def test_the_pages_show_the_order_its_parcels_and_the_slip_and_cancel_it(
    app: Flask, ordered: Person, handheld: Handheld
) -> None:
    pick_and_pack(handheld)
    handheld.scan("close_carton", CARTON_1, document="SO-1", minutes_ago=20)
    handheld.push()
    listed = ordered.get("/orders").text
    assert "SO-1" in listed
    assert "to be shipped" in listed
    page = ordered.get("/order?number=SO-1").text
    assert all(word in page for word in ("Ada", "none left", "Packing slip", "Cancel SO-1"))
    slip = ordered.get(f"/order/slip?number=SO-1&carton={CARTON_1}").text
    assert all(word in slip for word in (f"(00) {CARTON_1[-18:]}", "S1", "S2", "<svg", "4 pieces"))
    assert ordered.get("/order?number=SO-9").status_code == 404
    assert ordered.get(f"/order/slip?number=SO-2&carton={CARTON_1}").status_code == 404
    answer = ordered.post("/order/cancel", data={"number": "SO-1", "reason": "duplicate"}, follow_redirects=True)
    assert "To be put back" in answer.text
    rows = ordered.get("/exports/orders.csv").text
    assert "SO-2" in rows
    assert sign_in(app, "picker").post("/order/cancel", data={"number": "SO-2"}).status_code == 403


def test_a_carton_without_contents_says_so_and_shows_no_bare_table(ordered: Person, handheld: Handheld) -> None:
    handheld.scan("close_carton", CARTON_2, document="SO-1", minutes_ago=20)
    handheld.push()
    page = ordered.get("/order?number=SO-1").text
    assert "Nothing is in this carton." in page
    assert 'aria-label="In this carton"' not in page
    assert "Packing slip" not in page


def test_a_tracking_number_is_added_on_the_page(ordered: Person, handheld: Handheld) -> None:
    pick_and_pack(handheld)
    handheld.push()
    form = {"number": "SO-1", "container": CARTON_1, "tracking": "DHL 4711"}
    assert "DHL 4711" in ordered.post("/order/parcel", data=form, follow_redirects=True).text


def test_orders_are_cancelled_and_parcels_labelled_at_the_command_line(
    app: Flask, ordered: Person, handheld: Handheld, tmp_path: Any
) -> None:
    pick_and_pack(handheld)
    handheld.push()
    file = tmp_path / "parcels.csv"
    file.write_text(f"container,tracking\n{CARTON_1[-18:]},T-1\n")
    runner = app.test_cli_runner()
    assert runner.invoke(args=["parcels", str(file)]).output == "1 parcel labelled.\n"
    assert runner.invoke(args=["cancel", "SO-1", "--reason", "fraud"]).output == "1 order cancelled.\n"
    assert "was cancelled before" in runner.invoke(args=["cancel", "SO-1", "--reason", "fraud"]).output
    assert io.StringIO(order(ordered)["cancelled_why"]).read() == "fraud"


def test_a_shortage_reaches_the_other_handhelds_until_it_is_taken_back(ordered: Person, handheld: Handheld) -> None:
    def known() -> Any:
        with reading() as c:
            return c.execute(reference.select().where(reference.c.key == "SO-1")).mappings().one()["row"].get("short")

    handheld.scan("short_pick", CABLE, document="SO-1", quantity=2, reason="none left", minutes_ago=20)
    handheld.push()
    assert known() == [{"subject": CABLE, "quantity": 2}]
    name = f"{handheld.chain.device_no}.{handheld.chain.epoch}.1"
    handheld.scan("void", CABLE, document="SO-1", voids=name, reason="found them", minutes_ago=10)
    handheld.push(first=2)
    assert known() is None
    assert lines(order(ordered))[1] == (3, 0, 0, 0, 0)


def test_a_pick_whose_undo_was_undone_counts_again_and_so_does_a_shortage(ordered: Person, handheld: Handheld) -> None:
    def undo(seq: int, subject: str) -> None:
        name = f"{handheld.chain.device_no}.{handheld.chain.epoch}.{seq}"
        handheld.scan("void", subject, document="SO-1", voids=name, reason="mistake", minutes_ago=10)

    handheld.scan("put_away", unit("S1"), location=BIN_A, minutes_ago=50)
    handheld.scan("pick", unit("S1"), location=BIN_A, document="SO-1", minutes_ago=40)
    handheld.scan("short_pick", CABLE, document="SO-1", quantity=2, reason="none left", minutes_ago=20)
    undo(2, unit("S1"))
    undo(3, CABLE)
    handheld.push()
    assert lines(order(ordered)) == [(2, 0, 0, 0, 0), (3, 0, 0, 0, 0)]
    undo(4, unit("S1"))
    undo(5, CABLE)
    handheld.push(first=6)
    assert lines(order(ordered)) == [(2, 1, 0, 0, 0), (3, 0, 0, 0, 2)]
    with reading() as c:
        row = c.execute(reference.select().where(reference.c.key == "SO-1")).mappings().one()["row"]
    assert row["short"] == [{"subject": CABLE, "quantity": 2}], "handhelds hear of it again"


def test_every_order_of_one_large_file_is_reached_page_by_page(app: Flask, admin: Person) -> None:
    numbers = [f"SO-{n:03}" for n in range(120)]
    content = HEAD + "".join(f"{number},{PHONE_GTIN},1,,,,\n" for number in numbers)
    assert take(admin, "order", content).status_code == 200
    asked: dict[str, Any] = {"limit": 50}
    told: list[str] = []
    while len(told) <= len(numbers):
        page = admin.get("/api/v1/orders", query_string=asked).get_json()
        told += [one["number"] for one in page["orders"]]
        if page["next"] is None:
            break
        asked["after"] = page["next"]
    assert told == numbers
    shown: list[str] = []
    address: str | None = "/orders"
    while address and len(shown) <= len(numbers):
        text = unescape(admin.get(address).text)
        shown += re.findall(r'href="/order\?number=([^"#]+)"', text)
        further = re.search(r'href="([^"]+)" rel="next"', text)
        address = further[1] if further else None
    assert shown == numbers
    assert refusal(admin.get("/api/v1/orders?after=SO-1")) == (422, "not_valid")
    assert admin.get("/orders?after=SO-1").status_code == 400


def test_what_waits_is_listed_by_whose_turn_it_is_however_many_orders_came_after_it(
    ordered: Person, handheld: Handheld
) -> None:
    def waiting(step: str) -> list[str]:
        found = ordered.get(f"/api/v1/orders?waits_for={step}").get_json()["orders"]
        shown = re.findall(r'href="/order\?number=([^"#]+)"', unescape(ordered.get(f"/orders?todo={step}").text))
        assert shown[: len(found)] == [one["number"] for one in found]
        return [one["number"] for one in found]

    later = "".join(f"SO-9{n:03},{PHONE_GTIN},1,,,,\n" for n in range(210))
    assert take(ordered, "order", HEAD + later).status_code == 200
    assert waiting("pick")[:3] == ["SO-2", "SO-1", "SO-9000"], "priority, then the day that it is due"
    pick_and_pack(handheld)
    handheld.push()
    assert waiting("ship") == ["SO-1"]
    assert "1 order to hand over" in " ".join(re.sub(r"<[^>]+>", " ", ordered.get("/").text).split())
    assert (waiting("pack"), waiting("put_back")) == ([], [])
    assert ordered.post("/api/v1/orders/SO-1/cancel", json={"reason": "?"}).status_code == 200
    assert (waiting("ship"), waiting("put_back")) == ([], ["SO-1"])
    assert "No order waits for that." in ordered.get("/orders?todo=pack").text


def test_handhelds_hear_of_the_pieces_that_an_order_has(ordered: Person, handheld: Handheld) -> None:
    def offered() -> dict[str, Any]:
        with reading() as c:
            row = c.execute(reference.select().where(reference.c.key == "SO-1")).mappings().one()["row"]
        return {name: row[name] for name in ("picked", "packed") if name in row}

    handheld.scan("pick", CABLE, location=BIN_A, document="SO-1", quantity=2, minutes_ago=25)
    handheld.scan("pick", CABLE, location=BIN_A, document="SO-1", minutes_ago=24)
    handheld.scan("pack", CABLE, container=CARTON_1, document="SO-1", quantity=2, minutes_ago=23)
    handheld.push()
    assert offered() == {
        "picked": [{"subject": CABLE, "quantity": 3}],
        "packed": [{"subject": CABLE, "quantity": 2, "container": CARTON_1}],
    }
    undo = {"voids": format_name((handheld.chain.device_no, 1, 2)), "reason": "too many", "document": "SO-1"}
    handheld.scan("void", CABLE, minutes_ago=10, **undo)
    handheld.push(first=len(handheld.chain.lines))
    assert offered()["picked"] == [{"subject": CABLE, "quantity": 2}]


def test_a_cancellation_is_taken_back_and_the_order_is_picked_again(ordered: Person, handheld: Handheld) -> None:
    ordered.post("/api/v1/orders/SO-1/cancel", json={"reason": "changed her mind"})
    assert refusal(ordered.post("/api/v1/orders/SO-2/resume", json={"reason": "?"})) == (409, "conflict")
    answer = ordered.post("/api/v1/orders/SO-1/resume", json={"reason": "wanted after all"})
    assert (answer.status_code, answer.get_json()["standing"]) == (200, "open")
    with reading() as c:
        [row] = c.execute(sa.select(reference.c.row).where(reference.c.key == "SO-1")).scalars()
    assert row["state"] == "open"
    pick_and_pack(handheld)
    handheld.push()
    assert rules_of(unit("S1")) == []


def test_what_was_picked_while_an_order_was_cancelled_stays_a_case(app: Flask, ordered: Person) -> None:
    with writing() as c:
        cancelling.cancel(c, site=SITE, number="SO-1", reason="no", operator="Ada", now_ms=NOW - 2_500_000)
        cancelling.resume(c, site=SITE, number="SO-1", reason="yes", operator="Ada", now_ms=NOW - 1_000_000)
    handheld = Handheld(app).enrol()
    handheld.scan("put_away", unit("S1"), location=BIN_A, minutes_ago=50)
    handheld.scan("pick", unit("S1"), location=BIN_A, document="SO-1", minutes_ago=30)
    handheld.scan("put_away", unit("S2"), location=BIN_A, minutes_ago=12)
    handheld.scan("pick", unit("S2"), location=BIN_A, document="SO-1", minutes_ago=10)
    handheld.push()
    assert [rules_of(unit(s)) for s in ("S1", "S2")] == [[("cancelled_order", "open")], []]


def test_a_carton_that_is_handed_over_after_its_order_was_cancelled_is_a_case_though_the_scan_names_the_carton_alone(
    app: Flask, ordered: Person, handheld: Handheld
) -> None:
    handheld.scan("put_away", unit("S1"), location=BIN_A, minutes_ago=50)
    handheld.scan("pack", unit("S1"), container=CARTON_1, document="SO-1", minutes_ago=40)
    handheld.scan("close_carton", CARTON_1, document="SO-1", minutes_ago=30)
    handheld.push()
    with writing() as c:
        cancelling.cancel(c, site=SITE, number="SO-1", reason="no", operator="Ada", now_ms=NOW - 1_200_000)
    handheld.scan("ship", CARTON_1, minutes_ago=10)
    handheld.push(len(handheld.chain.lines))
    assert rules_of(CARTON_1) == [("cancelled_order", "open")]
    handheld.scan("parcel_back", CARTON_1, location=DOCK, reason="cancelled", minutes_ago=5)
    handheld.push(len(handheld.chain.lines))
    assert rules_of(CARTON_1) == [("cancelled_order", "explained")]


def order_row(number: str = "SO-1") -> Any:
    with reading() as c:
        return c.execute(sa.select(reference.c.row).where(reference.c.key == number)).scalar_one()


def test_an_order_leaves_the_handhelds_with_its_last_parcel_and_is_there_again_with_the_parcel(
    app: Flask, admin: Person, handheld: Handheld
) -> None:
    take(admin, "order", HEAD + f"SO-1,{PHONE_GTIN},2,,,,Ada\n")
    pick_and_pack(handheld)
    handheld.scan("close_carton", CARTON_1, document="SO-1", minutes_ago=25)
    handheld.push()
    assert order_row()["state"] == "open"
    handheld.scan("ship", CARTON_1, document="SO-1", minutes_ago=20)
    handheld.push(len(handheld.chain.lines))
    assert order_row() is None
    handheld.scan("parcel_back", CARTON_1, document="SO-1", location=DOCK, reason="undelivered", minutes_ago=10)
    handheld.push(len(handheld.chain.lines))
    assert order_row()["state"] == "open"


def test_a_cancelled_order_leaves_the_handhelds_with_the_last_unit_that_is_put_back(
    ordered: Person, handheld: Handheld
) -> None:
    for serial in ("S1", "S2"):
        handheld.scan("pick", unit(serial), location=BIN_A, document="SO-1", minutes_ago=40)
    handheld.push()
    ordered.post("/api/v1/orders/SO-1/cancel", json={"reason": "no"})
    for serial, gone in (("S1", False), ("S2", True)):
        handheld.scan("put_away", unit(serial), location=BIN_A, minutes_ago=5)
        handheld.push(len(handheld.chain.lines))
        assert (order_row() is None) is gone


def test_an_order_that_was_shipped_stays_shipped_whatever_becomes_of_its_units(
    ordered: Person, handheld: Handheld
) -> None:
    pick_and_pack(handheld)
    handheld.scan("ship", CARTON_1, document="SO-1", minutes_ago=20)
    handheld.push()
    before = order(ordered)
    sent = len(handheld.chain.lines)
    handheld.scan("take_back", unit("S1"), location=DOCK, document="RMA-1", reason="fit", minutes_ago=10)
    handheld.scan("open_repair", unit("S2"), location=DOCK, document="RPR-1", reason="dead", minutes_ago=9)
    handheld.push(first=sent + 1)
    after = order(ordered)
    assert (after["standing"], lines(after)) == (before["standing"], lines(before))
    assert lines(after)[0] == (2, 2, 2, 2, 0)


def test_an_order_imported_after_too_many_were_picked_for_it_is_a_case_at_once(
    admin: Person, handheld: Handheld
) -> None:
    for minutes_ago, serial in ((50, "S1"), (40, "S2"), (30, "S3")):
        handheld.scan("pick", unit(serial), location=BIN_A, document="SO-1", minutes_ago=minutes_ago)
    handheld.push()
    assert "more_than_ordered" not in dict(rules_of(unit("S3")))
    assert take(admin, "order", ORDERS).status_code == 200
    assert dict(rules_of(unit("S3")))["more_than_ordered"] == "open"


def test_a_recalled_unit_that_is_moved_out_of_its_carton_into_quarantine_leaves_its_order(
    ordered: Person, handheld: Handheld
) -> None:
    answer = take(ordered, "locations", "code,gln,zone\nC-01,9506000134352,Quarantine\nDOCK,9506000134352,dock\n")
    assert answer.status_code == 200, answer.text
    pick_and_pack(handheld)
    handheld.scan("move", unit("S1"), location=DOCK, minutes_ago=20)
    handheld.push()
    assert lines(order(ordered))[0][1] == 2, "what lies beside the carton is the order's still"
    sent = len(handheld.chain.lines)
    handheld.scan("move", unit("S1"), location=BIN_C, minutes_ago=19)
    handheld.push(first=sent + 1)
    assert lines(order(ordered))[0] == (2, 1, 1, 0, 0)
    sent = len(handheld.chain.lines)
    handheld.scan("pick", unit("S3"), location=BIN_A, document="SO-1", minutes_ago=18)
    handheld.scan("pack", unit("S3"), container=CARTON_1, document="SO-1", minutes_ago=17)
    handheld.scan("ship", CARTON_1, document="SO-1", minutes_ago=16)
    handheld.push(first=sent + 1)
    found = order(ordered)
    assert lines(found)[0] == (2, 2, 2, 2, 0)
    assert unit("S1") not in {one["subject"] for one in found["units"]}
    assert "more_than_ordered" not in dict(rules_of(unit("S3")))


@pytest.mark.parametrize("action", ["unpack", "put_away"])
def test_what_was_taken_out_of_a_carton_before_it_was_handed_over_did_not_leave_with_it(
    ordered: Person, handheld: Handheld, action: str
) -> None:
    pick_and_pack(handheld)
    handheld.scan(action, unit("S1"), location=BIN_A, minutes_ago=20)
    handheld.scan("ship", CARTON_1, document="SO-1", minutes_ago=16)
    handheld.push()
    assert lines(order(ordered))[0][3] == 1


def test_the_trail_at_the_command_line_says_that_a_unit_left_in_its_carton(
    app: Flask, ordered: Person, handheld: Handheld
) -> None:
    pick_and_pack(handheld)
    handheld.scan("ship", CARTON_1, document="SO-1", minutes_ago=20)
    handheld.push()
    trail = app.test_cli_runner().invoke(args=["trail", unit("S1")]).output
    assert f"ship SO-1 carried in carton …{CARTON_1[-6:]}, by" in trail.splitlines()[-1]
