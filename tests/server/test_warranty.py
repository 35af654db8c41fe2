"""The warranty desk: terms are imported, and one scan says who may claim."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from scanner_client.clock import Clock
from scanner_client.handheld import open_handheld
from scanner_client.session import Session
from scanner_client.sighting import Sighting, Symbol
from scanner_client.site_map import Cursor
from scanner_client.task import Task
from server.changes import pull
from server.database import reading
from server.parties import parties
from sync.identity import imei_key
from tests.handheld import BIN_A, CARTON_1, DOCK, PHONE, unit
from tests.server.running import NOW, SITE, Handheld, Person, refusal, sign_in
from tests.server.site import state_document

GTIN = PHONE.rpartition("/")[2]


def take(person: Person, kind: str, content: str) -> None:
    answer = person.post(f"/api/v1/documents?kind={kind}", data=content)
    assert answer.status_code == 200, answer.text


def ask(person: Person, serial: str, claimant: str | None = None) -> dict[str, Any]:
    answer = person.get(
        f"/api/v1/warranty/01/{GTIN}/21/{serial}", query_string={"claimant": claimant} if claimant else {}
    )
    assert answer.status_code == 200, answer.text
    found = answer.get_json()
    assert isinstance(found, dict)
    return found


@pytest.fixture
def sold(admin: Person, handheld: Handheld) -> Handheld:
    """Two phones received, S1 packed and handed over for SO-1 in a carton; S2 is on the shelf."""
    take(admin, "warranty", f"gtin,months,starts,covers\n{GTIN},24,sale,parts and labour\n")
    for serial in ("S1", "S2"):
        handheld.scan("receive", unit(serial), location=DOCK, minutes_ago=45)
        handheld.scan("put_away", unit(serial), location=BIN_A, minutes_ago=43)
    handheld.scan("pick", unit("S1"), location=BIN_A, document="SO-1", minutes_ago=41)
    handheld.scan("pack", unit("S1"), container=CARTON_1, document="SO-1", minutes_ago=39)
    handheld.scan("ship", CARTON_1, document="SO-1", minutes_ago=37)
    handheld.push()
    return handheld


def test_what_left_in_a_carton_is_covered_from_the_day_it_was_handed_over(admin: Person, sold: Handheld) -> None:
    told = ask(admin, "S1")
    assert (told["claim"], told["owner"], told["covers"]) == ("covered", "SO-1", "parts and labour")
    assert told["since"] == told["sold"]
    assert told["until"][:4] == str(int(told["since"][:4]) + 2)


def test_a_handheld_with_no_network_gives_the_same_answer_until_the_desk_had_a_hand_in_it(
    admin: Person, sold: Handheld, tmp_path: Path
) -> None:
    clock = Clock(wall_ms=lambda: NOW, boot_ms=lambda: 1, boot="b")
    label = Symbol(data=f"01{GTIN}21S1".encode(), symbology="]d2")

    def offline() -> str:
        with reading() as c:
            changes, cursor, _ = pull(c, SITE, None)
        with open_handheld(tmp_path / "home", clock) as handheld:
            now = Cursor(cursor=cursor, incarnation="inc1")
            handheld.site_map.apply(changes, now, more=False, clock=clock, server_ms=NOW)
            task = Task(action="inspect", location=DOCK)
            return Session(handheld, task).scan(Sighting(symbols=(label,)))[-1].text

    assert f"Warranty: covered until {ask(admin, 'S1')['until']}." in offline()
    given = {"unit": unit("S1"), "number": "SO-77", "reason": "a gift"}
    assert admin.post("/api/v1/titles", json=given).status_code == 201
    assert "cannot tell here, for it was repaired, replaced or passed on" in offline()


def test_the_hand_over_of_its_carton_stands_in_a_units_trail(admin: Person, sold: Handheld) -> None:
    sold.scan("pack", unit("S2"), container=CARTON_1, minutes_ago=2)
    sold.scan("ship", CARTON_1, document="SO-2", minutes_ago=1)
    sold.push(first=len(sold.chain.lines) - 1)
    told = admin.get(f"/api/v1/trails/01/{GTIN}/21/S1").get_json()["events"]
    assert [(e["action"], e["carried_in"]) for e in told][-2:] == [("pack", None), ("ship", CARTON_1)]
    assert told[-1]["document"] == "SO-1", "what left in the carton the next time is no part of it"
    page = admin.get(f"/units/01/{GTIN}/21/S1").text
    assert page.count("carried in") == 1


def test_who_shows_another_order_is_asked_for_the_right_one(admin: Person, sold: Handheld) -> None:
    assert ask(admin, "S1", "SO-1")["claim"] == "covered"
    told = ask(admin, "S1", "SO-2")
    assert told["claim"] == "another_owner"
    assert "whom SO-1 names" in told["sentence"]


def test_what_was_never_sold_and_what_nobody_knows_cannot_be_claimed_for(admin: Person, sold: Handheld) -> None:
    assert ask(admin, "S2")["claim"] == "not_sold"
    assert ask(admin, "S9")["claim"] == "cannot_tell"


def test_a_unit_that_came_back_is_ours_and_not_covered(admin: Person, sold: Handheld) -> None:
    sold.scan("take_back", unit("S1"), location=DOCK, minutes_ago=10)
    sold.push(first=len(sold.chain.lines))
    assert ask(admin, "S1")["claim"] == "not_sold"


def test_terms_of_a_lot_hold_also_of_a_unit_whose_lot_was_read_only_later(admin: Person, sold: Handheld) -> None:
    take(admin, "warranty", f"gtin,lot,until\n{GTIN},L1,2020-01-31\n")
    assert ask(admin, "S1")["claim"] == "covered"
    sold.scan("take_back", unit("S1"), location=DOCK, document="SO-1", minutes_ago=10)
    sold.scan("inspect", unit("S1"), location=DOCK, lot="L1", minutes_ago=5)
    sold.push(first=len(sold.chain.lines) - 1)
    page = admin.get(f"/returns/unit/01/{GTIN}/21/S1").text
    assert "The warranty ended on 2020-01-31." in page, "as on the day it came back, by what is known today"


def test_what_is_said_of_one_unit_goes_before_its_product(admin: Person, sold: Handheld) -> None:
    take(admin, "warranty", f"gtin,serial,until\n{GTIN},S1,2020-01-31\n")
    told = ask(admin, "S1")
    assert (told["claim"], told["until"]) == ("expired", "2020-01-31")
    assert told["sentence"] == "The warranty ended on 2020-01-31."


def test_terms_that_change_after_the_sale_change_nothing_that_was_promised(admin: Person, sold: Handheld) -> None:
    promised = ask(admin, "S1")["until"]
    take(admin, "warranty", f"gtin,months,starts\n{GTIN},1,sale\n")
    assert ask(admin, "S1")["until"] == promised


def test_a_warranty_from_manufacture_takes_the_day_from_the_label(admin: Person, sold: Handheld) -> None:
    take(admin, "warranty", f"gtin,serial,months,starts\n{GTIN},S1,12,manufacture\n")
    assert ask(admin, "S1")["claim"] == "no_date"
    label = f"01{GTIN}1124013121S1".encode()
    sold.scan("inspect", unit("S1"), location=DOCK, minutes_ago=5, barcode=label, symbology="]d2")
    sold.push(first=len(sold.chain.lines))
    told = ask(admin, "S1")
    assert (told["made"], told["until"]) == ("2024-01-31", "2025-01-31")


def test_a_changed_board_changes_the_imei_and_not_the_warranty(admin: Person, sold: Handheld) -> None:
    old, new = imei_key("490154203237518"), imei_key("356938035643809")
    sold.scan("link", unit("S1"), identifiers=(old,), minutes_ago=20)
    sold.push(first=len(sold.chain.lines))
    before = ask(admin, "S1")
    asked = {"unit": unit("S1"), "location": DOCK, "fault": "does not charge"}
    number = admin.post("/api/v1/repairs", json=asked).get_json()["number"]
    assert number == "RPR-1"
    assert "for repair already under RPR-1" in admin.post("/api/v1/repairs", json=asked).text
    closed = admin.post(f"/api/v1/repairs/{number}/close", json={"done": "new board", "gone": [old], "new": [new]})
    assert closed.status_code == 200, closed.text
    state = admin.get(f"/api/v1/units/01/{GTIN}/21/S1").get_json()["state"]
    assert (state["identifiers"], state["status"]) == ([new], "shipped")
    after = ask(admin, "S1")
    assert (after["until"], after["owner"]) == (before["until"], "SO-1")
    assert [repair["done"] for repair in after["repairs"]] == ["new board"]


def test_a_phone_is_asked_for_by_the_imei_as_its_box_says_it_and_what_is_no_unit_by_a_sentence(
    admin: Person, sold: Handheld
) -> None:
    sold.scan("link", unit("S1"), identifiers=(imei_key("490154203237518"),), minutes_ago=20)
    sold.push(first=len(sold.chain.lines))
    for path in ("8040/490154203237518", "8041/490154203237518", "https://id.gs1.org/8040/490154203237518"):
        told = admin.get(f"/api/v1/warranty/{path}").get_json()
        assert (told["unit"], told["claim"]) == (unit("S1"), "covered")
    assert "Phone 12" in admin.get("/warranty?label=8040/490154203237518").text
    for path, says in (
        ("8004/4000001111", "names no single unit"),
        ("00/106141412345678939", "names no single unit"),
        ("8040/490154203237517", "names nothing that is known here"),
    ):
        answer = admin.get(f"/api/v1/warranty/{path}")
        assert refusal(answer) == (404, "not_found")
        assert says in answer.get_json()["message"]
    assert "names no single unit" in admin.get("/warranty?label=8004/4000001111").text
    assert "The check digit of IMEI" in admin.get("/warranty?label=8040/490154203237517").text


def test_a_replacement_takes_the_warranty_along_and_the_replaced_one_is_ours(admin: Person, sold: Handheld) -> None:
    before = ask(admin, "S1")
    admin.post("/api/v1/repairs", json={"unit": unit("S1"), "location": DOCK, "fault": "dead"})
    given = admin.post("/api/v1/repairs/RPR-1/replacement", json={"unit": unit("S2")})
    assert (given.status_code, given.get_json()) == (200, {"still_lent": []})
    told = ask(admin, "S2")
    assert (told["claim"], told["until"], told["stands_for"]) == ("covered", before["until"], unit("S1"))
    assert ask(admin, "S1")["claim"] == "replaced"
    assert admin.get(f"/api/v1/units/01/{GTIN}/21/S1").get_json()["state"]["status"] == "returned"


def test_what_is_lent_stays_ours_and_comes_back(admin: Person, sold: Handheld) -> None:
    admin.post("/api/v1/repairs", json={"unit": unit("S1"), "location": DOCK, "fault": "dead"})
    assert admin.post("/api/v1/repairs/RPR-1/loans", json={"unit": unit("S2")}).status_code == 204
    assert ask(admin, "S2")["claim"] == "not_sold"
    again = admin.post("/api/v1/repairs/RPR-1/loans", json={"unit": unit("S2")})
    assert "By the records it is not free" in again.text
    assert admin.post("/api/v1/loans/end", json={"unit": unit("S2"), "location": BIN_A}).status_code == 204
    state = admin.get(f"/api/v1/units/01/{GTIN}/21/S2").get_json()["state"]
    assert (state["status"], state["place"]) == ("returned", BIN_A)
    waiting = admin.get("/api/v1/returns").get_json()["returns"]
    assert [row["unit"] for row in waiting] == [unit("S2")], "somebody has to look at it before it is sold"


def test_for_a_unit_of_our_own_nothing_is_given_out(admin: Person, sold: Handheld) -> None:
    sold.scan("receive", unit("S3"), location=DOCK, minutes_ago=5)
    sold.push(first=len(sold.chain.lines))
    admin.post("/api/v1/repairs", json={"unit": unit("S2"), "location": DOCK, "fault": "dead"})
    for given in ("loans", "replacement"):
        refused = admin.post(f"/api/v1/repairs/RPR-1/{given}", json={"unit": unit("S3")})
        assert refusal(refused) == (409, "conflict")
        assert refused.get_json()["message"] == "RPR-1 repairs a unit of our own: no customer waits for another one."
    assert "Give another out" not in admin.get("/warranty").text
    admin.post("/api/v1/repairs", json={"unit": unit("S1"), "location": DOCK, "fault": "dead"})
    assert "Give another out" in admin.get("/warranty").text


def test_another_product_is_given_for_good_only_with_a_reason(admin: Person, sold: Handheld) -> None:
    other = unit("T1", "https://id.gs1.org/01/00614141000036")
    sold.scan("receive", other, location=DOCK, minutes_ago=5)
    sold.push(first=len(sold.chain.lines))
    admin.post("/api/v1/repairs", json={"unit": unit("S1"), "location": DOCK, "fault": "dead"})
    refused = admin.post("/api/v1/repairs/RPR-1/replacement", json={"unit": other})
    assert refusal(refused) == (409, "conflict")
    assert refused.get_json()["message"].startswith("It is another product than the one in repair.")
    given = admin.post("/api/v1/repairs/RPR-1/replacement", json={"unit": other, "reason": "made no more"})
    assert given.status_code == 200, given.text


def test_what_is_still_lent_is_told_when_its_repair_ends(admin: Person, sold: Handheld) -> None:
    admin.post("/api/v1/repairs", json={"unit": unit("S1"), "location": DOCK, "fault": "dead"})
    admin.post("/api/v1/repairs/RPR-1/loans", json={"unit": unit("S2")})
    ended = admin.post("/api/v1/repairs/RPR-1/close", json={"done": "new board"})
    assert ended.get_json() == {"still_lent": [unit("S2")]}
    assert "lent, still out" in admin.get("/warranty").text
    admin.post("/api/v1/loans/end", json={"unit": unit("S2"), "location": BIN_A})
    assert "still out" not in admin.get("/warranty").text


def test_a_lent_unit_that_the_returns_desk_takes_back_ends_its_loan_and_is_no_return(
    admin: Person, sold: Handheld
) -> None:
    admin.post("/api/v1/repairs", json={"unit": unit("S1"), "location": DOCK, "fault": "dead"})
    admin.post("/api/v1/repairs/RPR-1/loans", json={"unit": unit("S2")})
    for serial in ("S1", "S2"):
        sold.scan("take_back", unit(serial), location=BIN_A, minutes_ago=-1)
    sold.push(first=len(sold.chain.lines) - 1)
    lent, repaired = (admin.get(f"/api/v1/units/01/{GTIN}/21/{serial}").get_json()["state"] for serial in ("S2", "S1"))
    assert (lent["status"], lent["place"]) == ("returned", BIN_A)
    assert (repaired["status"], repaired["place"]) == ("in_repair", BIN_A), "it stays its owner's, wherever it lies"


def sound_return(handheld: Handheld, serial: str, order: str) -> None:
    """It is sold on the order, comes back whole, is looked at, and is for sale again."""
    first = len(handheld.chain.lines) + 1
    imei = imei_key("490154203237518")
    handheld.scan("ship", unit(serial), document=order, identifiers=(imei,), minutes_ago=36)
    handheld.scan("take_back", unit(serial), location=DOCK, document=order, reason="fit", minutes_ago=30)
    looked = {"seal": "broken", "condition": "opened", "evidence": "sha256:1"}
    handheld.scan("examine", unit(serial), numbers=(imei,), minutes_ago=29, **looked)
    handheld.scan("restock", unit(serial), location=DOCK, minutes_ago=28)
    handheld.scan("put_away", unit(serial), location=BIN_A, minutes_ago=27)
    handheld.push(first=first)


@pytest.mark.parametrize("how", ["its loan ends", "the returns desk takes it back", "another is given for it"])
def test_what_was_seen_at_an_earlier_return_releases_nothing_that_comes_back_from_the_warranty_desk(
    admin: Person, sold: Handheld, how: str
) -> None:
    sound_return(sold, "S2", "SO-2")
    if how == "another is given for it":
        sold.scan("receive", unit("S3"), location=DOCK, minutes_ago=20)
        sold.scan("ship", unit("S2"), document="SO-3", minutes_ago=19)
        sold.push(first=len(sold.chain.lines) - 1)
        admin.post("/api/v1/repairs", json={"unit": unit("S2"), "location": DOCK, "fault": "dead"})
        admin.post("/api/v1/repairs/RPR-1/replacement", json={"unit": unit("S3")})
    else:
        admin.post("/api/v1/repairs", json={"unit": unit("S1"), "location": DOCK, "fault": "dead"})
        admin.post("/api/v1/repairs/RPR-1/loans", json={"unit": unit("S2")})
    if how == "its loan ends":
        admin.post("/api/v1/loans/end", json={"unit": unit("S2"), "location": BIN_A})
    elif how == "the returns desk takes it back":
        sold.scan("take_back", unit("S2"), location=BIN_A, minutes_ago=-1)
        sold.push(first=len(sold.chain.lines))
    told = admin.get("/api/v1/returns/verdict", query_string={"unit": unit("S2")}).get_json()
    missing = {"number_missing", "seal_missing", "condition_missing", "picture_missing"}
    assert told["outcome"] == "inspect"
    assert missing <= set(told["because"])
    released = admin.post("/api/v1/returns/decide", json={"unit": unit("S2"), "decision": "restock", "reason": "ok"})
    assert refusal(released) == (409, "not_open")


def test_what_came_back_and_was_released_was_not_received_anew(admin: Person, sold: Handheld) -> None:
    take(admin, "warranty", f"gtin,serial,months,starts\n{GTIN},S5,24,receipt\n")
    state_document("stock", "S-1", [{"subject": unit("S5"), "location": BIN_A}], now_ms=NOW - 7_200_000)
    sound_return(sold, "S5", "SO-5")
    sold.scan("ship", unit("S5"), document="SO-6", minutes_ago=5)
    sold.push(first=len(sold.chain.lines))
    told = ask(admin, "S5")
    assert (told["claim"], told["received"]) == ("no_date", None), "nobody saw it come in from a supplier"


@pytest.mark.parametrize("how", ["its loan ends", "the returns desk takes it back"])
def test_the_desk_alone_releases_what_comes_back_sound_from_a_loan(
    app: Flask, admin: Person, sold: Handheld, how: str
) -> None:
    first, imei = len(sold.chain.lines) + 1, imei_key("490154203237518")
    sold.scan("link", unit("S2"), identifiers=(imei,), minutes_ago=9)
    sold.push(first=first)
    admin.post("/api/v1/repairs", json={"unit": unit("S1"), "location": DOCK, "fault": "dead"})
    admin.post("/api/v1/repairs/RPR-1/loans", json={"unit": unit("S2")})
    if how == "its loan ends":
        admin.post("/api/v1/loans/end", json={"unit": unit("S2"), "location": DOCK})
    else:
        sold.scan("take_back", unit("S2"), location=DOCK, minutes_ago=-1)
    desk, decided = sign_in(app, "returns"), {"unit": unit("S2"), "decision": "restock", "reason": "whole"}
    sold.scan("examine", unit("S2"), numbers=(imei,), seal="broken", condition="damaged", evidence="a", minutes_ago=-2)
    sold.push(first=first + 1)
    assert refusal(desk.post("/api/v1/returns/decide", json=decided)) == (409, "not_open")
    page = desk.get(f"/returns/unit/01/{GTIN}/21/S2").text
    assert "RPR-1, for which it was lent" in page
    assert "Release it for sale: That is for quality or a supervisor to say." in page
    sold.scan("grade", unit("S2"), condition="opened", minutes_ago=-3)
    sold.push(first=len(sold.chain.lines))
    assert "It is ours, back from its loan, and sound." in desk.get(f"/returns/unit/01/{GTIN}/21/S2").text
    assert desk.post("/api/v1/returns/decide", json=decided).status_code == 200


def test_what_is_said_of_the_end_of_a_loan_changes_no_return_before_it(admin: Person, sold: Handheld) -> None:
    sound_return(sold, "S2", "SO-2")
    admin.post("/api/v1/repairs", json={"unit": unit("S1"), "location": DOCK, "fault": "dead"})
    admin.post("/api/v1/repairs/RPR-1/loans", json={"unit": unit("S2")})
    sold.scan("take_back", unit("S2"), location=BIN_A, minutes_ago=-1)
    sold.scan("examine", unit("S2"), reason="defect", minutes_ago=-2)
    sold.scan("reject_return", unit("S2"), reason="sent on", minutes_ago=-3)
    sold.push(first=len(sold.chain.lines) - 2)
    told = admin.get("/api/v1/returns/verdict", query_string={"unit": unit("S2")}).get_json()
    assert (told["returns"], told["returned_for"]) == (1, ["fit"])


def test_what_quality_holds_back_is_neither_lent_nor_given(admin: Person, sold: Handheld) -> None:
    admin.post("/api/v1/repairs", json={"unit": unit("S1"), "location": DOCK, "fault": "dead"})
    sold.scan("quarantine", unit("S2"), reason="dented", minutes_ago=1)
    sold.push(first=len(sold.chain.lines))
    refused = admin.post("/api/v1/repairs/RPR-1/replacement", json={"unit": unit("S2")})
    assert (refusal(refused), refused.get_json()["message"]) == ((409, "conflict"), "Quality holds it back: dented.")


def test_what_is_recalled_is_neither_lent_nor_given(admin: Person, sold: Handheld) -> None:
    admin.post("/api/v1/repairs", json={"unit": unit("S1"), "location": DOCK, "fault": "dead"})
    asked = {"number": "RC-1", "reason": "battery", "product": GTIN, "serials": ["S2"]}
    begun = admin.post("/api/v1/recalls", json=asked)
    assert begun.status_code in (200, 201), begun.text
    for given in ("replacement", "loans"):
        refused = admin.post(f"/api/v1/repairs/RPR-1/{given}", json={"unit": unit("S2")})
        assert refusal(refused) == (409, "conflict")
        assert refused.get_json()["message"] == "Recall RC-1 holds it back: battery."


def test_what_is_recalled_while_it_is_repaired_does_not_go_back_to_its_owner(admin: Person, sold: Handheld) -> None:
    admin.post("/api/v1/repairs", json={"unit": unit("S1"), "location": DOCK, "fault": "dead"})
    asked = {"number": "RC-1", "reason": "battery", "product": GTIN, "serials": ["S1"]}
    begun = admin.post("/api/v1/recalls", json=asked)
    assert begun.status_code in (200, 201), begun.text
    refused = admin.post("/api/v1/repairs/RPR-1/close", json={"done": "new board"})
    assert refusal(refused) == (409, "conflict")
    assert refused.get_json()["message"] == "Recall RC-1 holds it back: battery."
    assert admin.post("/api/v1/repairs/RPR-1/replacement", json={"unit": unit("S2")}).status_code == 200


def test_a_replaced_unit_that_is_put_right_and_sold_anew_is_covered_for_its_new_owner(
    admin: Person, sold: Handheld
) -> None:
    admin.post("/api/v1/repairs", json={"unit": unit("S1"), "location": DOCK, "fault": "dead"})
    admin.post("/api/v1/repairs/RPR-1/replacement", json={"unit": unit("S2")})
    first = len(sold.chain.lines) + 1
    sold.scan("examine", unit("S1"), numbers=(unit("S1"),), seal="none", evidence="sha256:1", minutes_ago=-1)
    sold.scan("restock", unit("S1"), location=BIN_A, minutes_ago=-2)
    sold.scan("pick", unit("S1"), location=BIN_A, document="SO-7", minutes_ago=-3)
    sold.scan("ship", unit("S1"), document="SO-7", minutes_ago=-4)
    sold.push(first=first)
    told = ask(admin, "S1", "SO-7")
    assert (told["claim"], told["owner"]) == ("covered", "SO-7")


@pytest.mark.parametrize("said", [{"location": "the dock"}, {"location": PHONE}])
def test_a_place_that_is_none_is_met_with_a_sentence(admin: Person, sold: Handheld, said: dict[str, str]) -> None:
    answer = admin.post("/api/v1/repairs", json={"unit": unit("S1"), "fault": "dead"} | said)
    assert refusal(answer) == (422, "not_valid")
    assert "give its code, or its canonical name" in answer.get_json()["message"]


def test_a_new_number_that_is_none_is_met_with_a_sentence(admin: Person, sold: Handheld) -> None:
    admin.post("/api/v1/repairs", json={"unit": unit("S1"), "location": DOCK, "fault": "dead"})
    answer = admin.post("/api/v1/repairs/RPR-1/close", json={"done": "new board", "new": ["IMEI 1"]})
    assert refusal(answer) == (422, "not_valid")
    assert admin.post("/api/v1/repairs/RPR-1/close", json={"done": "new board"}).status_code == 200


def test_another_owner_claims_by_the_number_of_the_transfer_and_their_name_is_in_no_fact(
    admin: Person, sold: Handheld
) -> None:
    told = admin.post(
        "/api/v1/titles", json={"unit": unit("S1"), "reason": "bill of sale", "name": "Grace", "address": "Elm Row 1"}
    )
    assert told.get_json() == {"number": "TITLE-1"}
    assert ask(admin, "S1", "TITLE-1")["claim"] == "covered"
    assert ask(admin, "S1", "SO-1")["claim"] == "another_owner"
    assert "Grace" not in admin.get(f"/api/v1/trails/01/{GTIN}/21/S1").text
    with reading() as c:
        assert c.execute(parties.select().where(parties.c.document == "TITLE-1")).mappings().one()["name"] == "Grace"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("2026-05-02,2026-05-01,", "The warranty would end (2026-05-01) before it starts (2026-05-02)."),
        (",,-6", "'-6' is no number of months: write a whole one, like 24."),
        (",,0", "A warranty lasts 1 to 1,200 months, and not 0."),
        (",,", "A warranty needs its months, or the day on which it ends."),
    ],
)
def test_terms_that_cannot_be_are_named_by_their_row(admin: Person, row: str, says: str) -> None:
    answer = admin.post("/api/v1/documents?kind=warranty", data=f"gtin,since,until,months\n{GTIN},{row}\n")
    assert answer.status_code == 422
    assert says in answer.text


@pytest.mark.parametrize("serial", ["S\N{MOBILE PHONE}1", "%F0%9F%93%B1"])
def test_a_serial_with_an_emoji_is_told_as_unknown(admin: Person, sold: Handheld, serial: str) -> None:
    refused = admin.get(f"/api/v1/warranty/01/{GTIN}/21/{serial}")
    assert refused.status_code == 404
    assert "names nothing that is known here. Write a unit's serial number" in refused.get_json()["message"]


def test_the_desk_page_answers_a_scan_and_takes_the_unit_in(admin: Person, sold: Handheld) -> None:
    page = admin.get("/warranty", query_string={"label": unit("S1"), "claimant": "SO-1"}).text
    assert "Covered until" in page
    assert "under SO-1" in page
    assert "It is not sold by the records" in admin.get("/warranty", query_string={"label": unit("S2")}).text
    assert "cannot stand in a label" in admin.get("/warranty", query_string={"label": "\N{MOBILE PHONE}"}).text


def test_the_page_of_a_sold_unit_says_how_long_it_is_covered_and_leads_to_the_desk(
    admin: Person, sold: Handheld
) -> None:
    page = admin.get(f"/units/01/{GTIN}/21/S1").text
    assert "Covered until" in page
    assert "/warranty?label=" in page
    assert "Covered until" not in admin.get(f"/units/01/{GTIN}/21/S2").text


@pytest.mark.parametrize("room", ["warranty", "units", "trails", "put-away"])
@pytest.mark.parametrize("name", ["0", "01", "01/0", "x/y/z", "https://id.gs1.org/0"])
def test_what_is_no_name_of_anything_is_answered_with_a_sentence(supervisor: Person, room: str, name: str) -> None:
    answer = supervisor.get(f"/api/v1/{room}/{name}")
    assert answer.status_code in (200, 400, 404, 422)
    assert answer.get_json()
