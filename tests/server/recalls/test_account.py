"""A recall is accounted for unit by unit, and forgets none."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.changes import pull
from server.database import reading, stamp, transact, writing
from server.parties import erase, remember
from server.rebuild import rebuild
from server.recalls.account import Account
from server.recalls.asked import RecallError
from server.recalls.customers import Customer, answer, customers, settle
from server.recalls.outcomes import Said
from server.tables import cases, unit_states
from server.unit_rows import states_of
from tests.handheld import BIN_A, BIN_C, CABLE, CARTON_1, CARTON_2, DOCK, unit
from tests.server.recalls.scene import BEGUN, GTIN, LOT_C, MINUTE, account, begin, fill, release, told
from tests.server.running import NOW, SITE, Handheld
from tests.server.site import state_document

SAID = Said(word="keeps", operator="Quinn", now_ms=NOW - MINUTE, note="by phone")


def say(order: str, said: Said, number: str = "RC-1") -> None:
    """A customer answers."""
    found = account(number)
    transact(lambda c: answer(c, found, site=SITE, order=order, said=said))


def done(serial: str, word: str, now_ms: int) -> None:
    """Somebody writes down what became of a unit that is here."""
    found, said = account(), Said(word=word, operator="Quinn", now_ms=now_ms)
    transact(lambda c: settle(c, found, site=SITE, subjects=[unit(serial)], said=said))


def people() -> list[Customer]:
    found = account()
    with reading() as c:
        return customers(c, SITE, found)


def scan(handheld: Handheld, *scans: tuple[str, str, dict[str, Any]]) -> None:
    first = len(handheld.chain.lines) + 1
    for at, (action, subject, more) in enumerate(scans):
        handheld.scan(action, subject, minutes_ago=20 - at, **more)
    handheld.push(first=first)


def test_everything_is_open_until_it_was_found_answered_for_or_is_gone(app: Flask, handheld: Handheld) -> None:
    fill(handheld)
    begin(product=GTIN, lots=["L1"], place="C-01")
    assert told(account()) == {
        "COMING": "coming",
        "BIN1": "to_find",
        "BIN2": "to_find",
        "BOXED": "to_find",
        "UNREAD": "to_find",
        "PICKED": "take_out",
        "PACKED": "take_out",
        "SOLD": "unanswered",
    }
    held = {"location": BIN_A, "reason": "recalled"}
    scan(
        handheld,
        ("quarantine", unit("BIN1"), held),
        ("put_away", unit("BIN2"), {"location": BIN_C}),
        ("move", "https://id.gs1.org/00/106141412345678939", {"location": BIN_C}),
        ("quarantine", unit("PICKED"), held),
        ("unpack", unit("PACKED"), {"location": DOCK}),
        ("quarantine", unit("PACKED"), held),
        ("quarantine", unit("UNREAD"), held | {"lot": "L2"}),
    )
    found = account()
    assert told(found) == {
        "COMING": "coming",
        "BIN1": "apart",
        "BIN2": "apart",
        "BOXED": "apart",
        "PICKED": "apart",
        "PACKED": "apart",
        "SOLD": "unanswered",
    }, "the unread one is of another lot, and so of no concern"
    assert (found.pieces, found.open, found.took_ms) == (7, 2, None)
    say("SO-3", SAID)
    done("COMING", "to_supplier", NOW - MINUTE)
    found = account()
    assert (found.open, told(found)["SOLD"], told(found)["COMING"]) == (0, "answered", "done")
    assert found.took_ms == NOW - MINUTE - BEGUN
    assert release("RC-1").took_ms == found.took_ms
    first = len(handheld.chain.lines) + 1
    handheld.scan("put_away", unit("BIN1"), location=BIN_A, minutes_ago=0)
    handheld.push(first=first)
    assert (told(account()), account().took_ms) == (told(found), found.took_ms), "it stays as it was at the release"


def test_what_is_held_back_and_lies_on_a_shelf_is_still_to_be_found_wherever_it_was_quarantined_before(
    app: Flask, handheld: Handheld
) -> None:
    fill(handheld)
    scan(
        handheld,
        (
            "take_back",
            unit("BIN1"),
            {"location": DOCK, "document": "SO-3"},
        ),  # a second one of its number: both are held
        ("count", unit("BIN1"), {"location": BIN_A, "document": "COUNT-1"}),
        ("quarantine", unit("BIN2"), {"location": BIN_C, "reason": "looks odd"}),
        ("inspect", unit("BIN2"), {"location": BIN_C}),
        ("quarantine", unit("OTHER"), {"location": BIN_C, "reason": "looks odd"}),
        ("put_away", unit("OTHER"), {"location": BIN_A}),
    )
    begin(product=GTIN, serials=["BIN1", "BIN2", "OTHER"], place="DOCK", now_ms=NOW - 10 * MINUTE)
    assert told(account()) == {"BIN1": "to_find", "BIN2": "apart", "OTHER": "to_find"}
    scan(handheld, ("put_away", unit("BIN1"), {"location": DOCK}))
    assert told(account())["BIN1"] == "apart"


def test_what_was_written_down_as_destroyed_and_is_scanned_again_is_open_again(app: Flask, handheld: Handheld) -> None:
    fill(handheld)
    begin(serials=["BIN1"], product=GTIN)
    done("BIN1", "destroyed", NOW - 25 * MINUTE)
    assert told(account()) == {"BIN1": "done"}
    scan(handheld, ("inspect", unit("BIN1"), {"location": BIN_A}))
    assert told(account()) == {"BIN1": "to_find"}


def test_what_was_destroyed_sent_back_or_written_off_has_left_the_stock_and_is_not_for_sale_after_the_release(
    app: Flask, handheld: Handheld
) -> None:
    fill(handheld)
    begin(product=GTIN, lots=["L1"])
    for serial, word in (("BIN1", "destroyed"), ("BOXED", "to_supplier"), ("PICKED", "written_off")):
        done(serial, word, NOW - 25 * MINUTE)
    state_document("count_result", "CNT-1/1", [_not_found("BIN1")], now_ms=NOW - 9 * MINUTE)
    assert {s: told(account())[s] for s in GONE} == {"BIN1": "done", "BOXED": "done", "PICKED": "written_off"}
    release("RC-1", leaving=5)
    done("BIN2", "destroyed", NOW)
    assert told(account())["BIN2"] == "done"
    with reading() as c:
        states = states_of(c, SITE, map(unit, (*GONE, "BIN2")))
    assert [states[unit(serial)].status for serial in GONE] == ["disposed", "disposed", "missing"]
    assert states[unit("BIN2")].status == "disposed"
    before = _rows()
    with writing() as c:
        rebuild(c, SITE, map(unit, GONE), stamp(c))
    assert _rows() == before


GONE = ("BIN1", "BOXED", "PICKED")


def _not_found(serial: str) -> dict[str, Any]:
    counted_ms = [NOW - 10 * MINUTE] * 2
    return {"subject": unit(serial), "location": BIN_A, "attributes": {"bins": {}, "counted_ms": counted_ms}}


def _rows() -> list[sa.Row[Any]]:
    with reading() as c:
        return list(c.execute(sa.select(unit_states).order_by(unit_states.c.unit)).all())


def test_pieces_that_were_destroyed_have_left_and_those_that_come_later_are_still_to_be_found(
    app: Flask, handheld: Handheld
) -> None:
    fill(handheld)
    begin(product=CABLE.rpartition("/")[2], lots=["C1"], place="C-01")
    found, said = account(), Said(word="destroyed", operator="Quinn", now_ms=NOW - 25 * MINUTE)
    transact(lambda c: settle(c, found, site=SITE, subjects=[LOT_C], said=said))
    assert _pieces() == [("disposed", 40, "done")]
    of_bin = {"location": BIN_A, "quantity": 60, "document": "ASN-9"}
    packed = {"container": CARTON_1, "origin": BIN_A, "location": BIN_A, "quantity": 5, "document": "SO-9"}
    scan(handheld, ("receive", LOT_C, of_bin), ("pack", LOT_C, packed), ("ship", CARTON_1, {"document": "SO-9"}))
    assert _pieces() == [("bin", 55, "to_find"), ("customer", 5, "unanswered"), ("disposed", 40, "done")]
    assert [entry.thing.quantity for entry in account().handed_over] == [5]
    say("SO-9", Said(word="keeps", operator="Quinn", now_ms=NOW - 15 * MINUTE))
    more = packed | {"container": CARTON_2, "quantity": 3}
    first = len(handheld.chain.lines) + 1
    handheld.scan("pack", LOT_C, minutes_ago=12, **more)
    handheld.scan("ship", CARTON_2, document="SO-9", minutes_ago=11)
    handheld.push(first=first)
    at_customer = [(quantity, account) for where, quantity, account in _pieces() if where == "customer"]
    assert at_customer == [(5, "answered"), (3, "unanswered")]
    say("SO-9", Said(word="passed_on", operator="Quinn", now_ms=NOW - 5 * MINUTE))
    assert (account().open, [one.pieces for one in people()]) == (52, [8])
    assert [(one.pieces, one.answer and one.answer.word) for one in people()] == [(8, "passed_on")]


def _pieces() -> list[tuple[str, int, str]]:
    return [(str(one.thing.where), one.thing.quantity, str(one.account)) for one in account().entries]


def test_a_lent_unit_is_at_its_customer_and_a_merged_one_is_among_the_pieces(app: Flask, handheld: Handheld) -> None:
    fill(handheld)
    scan(handheld, ("lend", unit("BIN1"), {"document": "RPR-1"}))
    state_document("mode_result", "MC-1", [{"subject": unit("BIN2")}], now_ms=NOW - 9 * MINUTE)
    begin(product=GTIN, lots=["L1"], now_ms=NOW - 5 * MINUTE)
    assert told(account())["BIN1"] == "unanswered"
    assert ("RPR-1", 1) in [(one.order, one.pieces) for one in people()]
    assert "BIN2" not in told(account())


def test_nothing_is_destroyed_for_a_drill(app: Flask, handheld: Handheld) -> None:
    fill(handheld)
    begin(product=GTIN, lots=["L1"], drill=True)
    with pytest.raises(RecallError, match="RC-1 is a drill: nothing leaves the stock for it"):
        done("BIN1", "destroyed", NOW - 25 * MINUTE)


def test_a_customer_who_said_it_comes_back_is_open_again_when_it_is_here(app: Flask, handheld: Handheld) -> None:
    fill(handheld)
    begin(serials=["SOLD"], product=GTIN)
    say("SO-3", Said(word="sends_back", operator="Quinn", now_ms=NOW - 25 * MINUTE))
    assert told(account()) == {"SOLD": "answered"}
    scan(handheld, ("take_back", unit("SOLD"), {"location": DOCK, "document": "RMA-1"}))
    assert told(account()) == {"SOLD": "back"}
    scan(handheld, ("quarantine", unit("SOLD"), {"location": DOCK, "reason": "recalled"}))
    assert told(account()) == {"SOLD": "apart"}


def test_customers_are_named_by_their_orders_and_forgotten_when_they_ask(app: Flask, handheld: Handheld) -> None:

    fill(handheld)
    begin(product=GTIN, lots=["L1"])
    (one,) = people()
    assert (one.order, one.name, one.address, one.answer) == ("SO-3", "Ada Lovelace", "1 Main Street", None)
    with writing() as c:
        erase(c, SITE, "Ada Lovelace", operator="Rosa", now_ms=0)
    (one,) = people()
    assert (one.order, one.name) == ("SO-3", None)
    with pytest.raises(RecallError, match="SO-8 has nothing of recall RC-1"):
        say("SO-8", SAID)
    with pytest.raises(RecallError, match="'burnt' is no answer here"):
        say("SO-3", Said(word="burnt", operator="Quinn", now_ms=NOW))


def test_the_letter_goes_to_who_owns_it_now_or_was_given_it_for_another(app: Flask, handheld: Handheld) -> None:
    fill(handheld)
    with writing() as c:
        remember(c, SITE, "TITLE-1", "New Owner", "2 Side Street")
    sold = {"location": BIN_A, "document": "SO-4"}
    scan(
        handheld,
        ("transfer_title", unit("SOLD"), {"document": "TITLE-1", "reason": "bill of sale"}),
        ("ship", unit("OTHER"), sold),
        ("open_repair", unit("OTHER"), {"location": DOCK, "document": "RPR-1", "reason": "dead"}),
        ("give_replacement", unit("BIN1"), {"document": "RPR-1"}),
        ("keep_replaced", unit("OTHER"), {"location": DOCK, "document": "RPR-1"}),
    )
    begin(product=GTIN, serials=["SOLD", "BIN1"], now_ms=NOW - 10 * MINUTE)
    assert [(one.order, one.name) for one in people()] == [("SO-4", None), ("TITLE-1", "New Owner")]
    say("TITLE-1", Said(word="keeps", operator="Quinn", now_ms=NOW - MINUTE))
    assert told(account()) == {"SOLD": "answered", "BIN1": "unanswered"}


def test_what_left_after_the_start_is_told_apart(app: Flask, handheld: Handheld) -> None:
    fill(handheld)
    begin(product=GTIN, lots=["L1"])
    assert account().handed_over == []
    scan(handheld, ("ship", CARTON_1, {"document": "SO-2"}))
    assert [entry.thing.subject for entry in account().handed_over] == [unit("PACKED")]
    assert told(account())["PACKED"] == "unanswered"


def test_a_drill_stops_nothing_and_counts_what_was_seen(app: Flask, handheld: Handheld) -> None:

    fill(handheld)
    begin("DRILL-1", product=GTIN, lots=["L1"], drill=True)
    with reading() as c:
        assert [change for change in pull(c, SITE, None)[0] if change[0] == "recall"] == [["recall", "DRILL-1", None]]
    scan(
        handheld,
        ("move", unit("BIN1"), {"location": BIN_C}),
        *(("inspect", unit(s), {"location": BIN_A}) for s in ("BIN2", "PICKED", "UNREAD")),
        ("inspect", "https://id.gs1.org/00/106141412345678939", {"location": BIN_A}),
        ("inspect", CARTON_1, {"location": BIN_A}),
        ("inspect", CARTON_2, {"location": DOCK}),
    )
    with reading() as c:
        assert [row for row in c.execute(cases.select()).mappings() if row["rule"] == "recalled"] == []
    found = account("DRILL-1")
    assert told(found) == {
        **dict.fromkeys(("BIN1", "BIN2", "BOXED", "PICKED", "PACKED", "UNREAD", "COMING"), str(Account.SEEN)),
        "SOLD": str(Account.UNANSWERED),
    }
    say("SO-3", SAID, "DRILL-1")
    assert account("DRILL-1").took_ms == NOW - MINUTE - BEGUN


def test_nobody_ends_a_recall_without_saying_how_many_are_unaccounted_for_and_late_answers_still_stand_in_it(
    app: Flask, handheld: Handheld
) -> None:
    fill(handheld)
    begin(product=GTIN, lots=["L1"])
    done("BIN2", "destroyed", NOW - 25 * MINUTE)
    scan(handheld, ("inspect", unit("BIN2"), {"location": BIN_A}))
    with pytest.raises(RecallError, match=r"8 of 8 are not accounted for, so RC-1 goes on\. .* say that you leave 8"):
        release("RC-1", leaving=7)
    assert account().standing.until_ms is None
    assert release("RC-1", leaving=8, now_ms=NOW - 9 * MINUTE).open == 8
    first = len(handheld.chain.lines) + 1
    handheld.scan("quarantine", unit("BIN2"), location=BIN_A, reason="late", minutes_ago=5)
    handheld.push(first=first)
    say("SO-3", SAID)
    done("BIN1", "destroyed", NOW - MINUTE)
    found = account()
    assert {serial: told(found)[serial] for serial in ("SOLD", "BIN1", "BIN2")} == {
        "SOLD": "answered",
        "BIN1": "done",
        "BIN2": "to_find",
    }, "scans after the release are no part of it, nor is a word that held no more by then"
    assert (found.open, people()[0].answer is not None) == (6, True)


def test_of_two_recalls_of_one_unit_one_is_released_and_the_other_one_holds(app: Flask, handheld: Handheld) -> None:

    fill(handheld)
    begin("RC-1", product=GTIN, lots=["L1"])
    begin("RC-2", product=GTIN, serials=["BIN1"])
    release("RC-1", leaving=8)
    with reading() as c:
        offered = {key: row and row["number"] for kind, key, row in pull(c, SITE, None)[0] if kind == "recall"}
    assert offered == {"RC-1": None, "RC-2": "RC-2"}
    assert told(account("RC-2")) == {"BIN1": "to_find"}
    with pytest.raises(RecallError, match="RC-1 was released already; nothing is changed"):
        release("RC-1")
    with pytest.raises(LookupError, match="no recall RC-9"):
        release("RC-9")
    with pytest.raises(RecallError, match="There is a recall RC-2 already"):
        begin("RC-2", product=GTIN)
    with pytest.raises(RecallError, match="ASN-1 is an ASN already"):
        begin("ASN-1", product=GTIN)
