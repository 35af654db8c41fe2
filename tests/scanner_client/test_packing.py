"""The packing station and the hand-over, with no network."""

from __future__ import annotations

from typing import Any

import pytest

from scanner_client.hand_over import WAITS_MS_MAX
from scanner_client.handheld import Handheld
from scanner_client.sighting import Symbol, Tone
from scanner_client.site_map import Cursor
from scanner_client.typed import Typing
from sync.verdict import Verdict
from tests.scanner_client.conftest import Hands
from tests.scanner_client.labels import (
    A_01,
    A_02,
    BIN_1,
    CABLE,
    CABLE_LABEL,
    CARTON,
    CARTON_LABEL,
    ITEM,
    Begin,
    Learn,
    kept,
    pieces,
    product,
    see,
    unit,
    unit_label,
)
from tests.scanner_client.test_order_now import ordering

TRACKING = Symbol(data=b"1Z999AA10123456784", symbology="]C0")
TRACKING_KEY = "https://warehouse.example/250/1Z999AA10123456784"
LINES = (
    {"item": ITEM, "lot": None, "quantity": 1, "container": None},
    {"item": CABLE, "lot": None, "quantity": 2, "container": None},
)


def picked(serial: str, order: str = "SO-1") -> list[object]:
    return ["unit", unit(serial), ["picked", None, A_01, *[None] * 6, 19000, None, order]]


def packed(serial: str, marks: int | None = None) -> list[object]:
    return ["unit", unit(serial), ["packed", CARTON, CARTON, *[None] * 3, 1, None, None, 19000, None, "SO-1", marks]]


CLOSED = ["unit", CARTON, ["packed", None, A_01, *[None] * 3, 1, 1, None, 19000, None, "SO-1", 2]]


def test_a_closed_carton_says_what_its_order_still_lacks(handheld: Handheld, begin: Begin, learn: Learn) -> None:
    learn(ordering("SO-1", *LINES), product(CABLE, "quantity"), picked("S1"))
    session = begin("pack", document="SO-1")
    assert Typing(session).enter(b"/close")[0].tone is Tone.ASK
    see(session, CARTON_LABEL)
    see(session, unit_label("S1"))
    assert session.packed is not None
    assert (session.packed.done, session.packed.asked, session.packed.inside) == (1, 3, 1)
    [told] = Typing(session).enter(b"/close")
    assert (told.tone, told.text) == (Tone.LOOK, "Closed, and SO-1 still lacks 2 \u00d7 Thing.")
    event = kept(handheld)[-1]
    assert (event.action, event.subject, event.document) == ("close_carton", CARTON, "SO-1")
    assert session.packed.done == 1, "the carton itself is no piece of the order"
    see(session, CARTON_LABEL)
    session.counts(2)
    see(session, CABLE_LABEL)
    before = kept(handheld)
    [again] = Typing(session).enter(b"/close")
    assert (again.tone, again.text) == (Tone.INFO, "It was closed here for SO-1 already. Nothing was changed.")
    assert kept(handheld) == before, "who says it twice has closed it once"


def test_a_complete_order_is_closed_with_a_good_word(begin: Begin, learn: Learn) -> None:
    learn(ordering("SO-1", LINES[0]), picked("S1"))
    session = begin("pack", document="SO-1")
    see(session, CARTON_LABEL)
    see(session, unit_label("S1"))
    [told] = session.close_carton()
    assert (told.tone, told.text) == (Tone.GOOD, "Closed. SO-1 is complete.")


def test_a_carton_is_handed_over_once_the_server_was_asked_after_its_scan(
    handheld: Handheld, begin: Begin, learn: Learn, hands: Hands
) -> None:
    learn(CLOSED, packed("S1"))
    hands.pass_ms(10)
    session = begin("ship", document="SO-1")
    [told] = see(session, CARTON_LABEL)
    assert (told.tone, told.event) == (Tone.INFO, None)
    assert told.text == "One moment: the server is asked whether it may go."
    assert (session.hand_over.asks(), session.hand_over.asks()) == (True, False), "it is asked at once, and once"
    asked = Cursor(cursor="8", incarnation="i")
    handheld.site_map.apply([], asked, more=False, clock=handheld.clock, asked_ms=handheld.clock.boot_ms() - 1)
    assert session.go_on() == [], "that answer was on its way already"
    hands.pass_ms(900)
    learn()
    [told] = session.go_on()
    assert (told.tone, told.text) == (Tone.GOOD, "Right.")
    assert kept(handheld)[-1].action == "ship"
    hands.pass_ms(1)
    assert see(session, CARTON_LABEL)[0].event is None, "and the next one is asked for anew"


def test_a_recall_that_began_before_the_answer_came_stops_the_carton(begin: Begin, learn: Learn, hands: Hands) -> None:
    learn(CLOSED, packed("S1"))
    hands.pass_ms(1)
    session = begin("ship", document="SO-1")
    see(session, CARTON_LABEL)
    learn(["recall", "R", {"number": "R", "reason": "Battery.", "item": None, "lots": [], "units": [unit("S1")]}])
    [told] = session.go_on()
    assert (told.tone, told.event.action if told.event else "") == (Tone.STOP, "reject")


@pytest.mark.parametrize("carton", [[CLOSED], []], ids=["closed", "never_closed"])
def test_a_carton_whose_order_was_cancelled_since_is_not_handed_over_by_its_label_alone(
    begin: Begin, learn: Learn, hands: Hands, carton: list[Any]
) -> None:
    learn(*carton, packed("S1"), ordering("SO-1", *LINES, state="cancelled"))
    hands.pass_ms(1)
    [told] = see(begin("ship"), CARTON_LABEL)
    assert (told.tone, told.event.action if told.event else "") == (Tone.STOP, "reject")
    assert told.text == "SO-1 was cancelled: it stays here. Unpack it, and put back what is in it."


def test_a_carton_is_held_when_the_question_finds_no_server_and_goes_only_when_it_is_scanned_again(
    handheld: Handheld, begin: Begin, learn: Learn, hands: Hands
) -> None:
    learn(CLOSED, packed("S1"))
    hands.pass_ms(4_000)
    packing = begin("pack", document="SO-1")
    see(packing, Symbol(data=b"CTN-9", symbology="]C0"))
    assert see(packing, unit_label("NEW"))[0].event is not None, "it stops no packing"
    session = begin("ship", document="SO-1")
    assert see(session, CARTON_LABEL)[0].tone is Tone.INFO
    hands.pass_ms(2_000)
    [told] = session.go_on(heard=False)
    assert (told.tone, told.event) == (Tone.STOP, None)
    assert told.text == (
        "HOLD: no word from the server for 6 s, and this may be recalled by now. "
        "Scan it again where there is a network."
    )
    learn()
    assert session.go_on() == [], "it lies on the hold pile"
    assert kept(handheld)[-1].action == "pack"
    assert see(session, CARTON_LABEL)[0].text == "Right."


def test_a_carton_is_held_when_the_answer_comes_after_nobody_stands_there_any_more(
    handheld: Handheld, begin: Begin, learn: Learn, hands: Hands
) -> None:
    session = begin("ship", document="SO-1")
    see(session, CARTON_LABEL)
    hands.pass_ms(WAITS_MS_MAX + 1)
    learn(CLOSED)
    [told] = session.go_on()
    assert told.text.startswith("HOLD: no word from the server for")
    assert handheld.outbox.waiting() == 0
    assert see(session, CARTON_LABEL)[0].text == "Right.", "scanned again, it goes"


def test_a_carton_that_the_server_was_never_asked_of_is_held_when_the_work_ends(begin: Begin) -> None:
    session = begin("ship", document="SO-1")
    see(session, CARTON_LABEL)
    [told] = session.go_on(heard=False)
    assert told.text.startswith("HOLD: no word from the server yet")


def test_a_carton_goes_for_the_order_that_it_was_scanned_for_whatever_was_scanned_since(
    handheld: Handheld, begin: Begin, learn: Learn, hands: Hands
) -> None:
    learn(CLOSED, ordering("SO-2", LINES[0]))
    hands.pass_ms(10)
    session = begin("ship", document="SO-1")
    see(session, CARTON_LABEL)
    see(session, Symbol(data=b"SO-2", symbology="]C0"))
    hands.pass_ms(100)
    learn()
    session.go_on()
    assert [(event.action, event.document) for event in kept(handheld)] == [("ship", "SO-1")]
    assert session.task.document == "SO-2"


def test_a_carton_with_something_recalled_or_held_in_it_does_not_leave(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    recall = {"number": "R", "reason": "Battery.", "item": None, "lots": [], "units": [unit("S1")]}
    learn(CLOSED, packed("S1"), ["recall", "R", recall])
    [told] = see(begin("ship", document="SO-1"), CARTON_LABEL)
    assert told.judgement is not None
    assert (told.judgement.verdict, told.tone) == (Verdict.RECALLED, Tone.STOP)
    assert told.text == "S1 is in it. RECALLED: do not move it. Battery."
    assert (kept(handheld)[-1].action, kept(handheld)[-1].reason) == ("reject", "recalled")
    learn(["recall", "R", None], packed("S2", 1))
    [told] = see(begin("ship", document="SO-1"), CARTON_LABEL)
    assert told.text.startswith("S2 is in it. QUARANTINED")


def test_a_carton_is_not_packed_into_itself_by_another_of_its_labels(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    plate, inner = "https://warehouse.example/21/LPN7", "https://id.gs1.org/00/395060001343520025"
    learn(CLOSED, ["alias", plate, CARTON], ["unit", inner, ["packed", CARTON, CARTON, *[None] * 3, 1, 1]])
    session = begin("pack", document="SO-1")
    for label, words in (
        (CARTON_LABEL, "Not kept: this is carton 395060001343520018 itself. Scan what goes into it."),
        (
            Symbol(data=b"00395060001343520025", symbology="]C1"),
            "Not kept: 395060001343520025 stands in 395060001343520018, so 395060001343520018 cannot go into it.",
        ),
    ):
        see(session, label)
        [told] = see(session, Symbol(data=b"LPN7", symbology="]C0"))
        assert (told.tone, told.text, told.event) == (Tone.ASK, words, None)
    assert handheld.outbox.waiting() == 0


def test_what_was_packed_here_a_moment_ago_is_looked_at_too(begin: Begin, learn: Learn) -> None:
    learn(["recall", "R", {"number": "R", "reason": "Battery.", "item": ITEM, "lots": ["L1"], "units": []}])
    session = begin("pack", document="SO-1")
    see(session, CARTON_LABEL)
    see(session, CABLE_LABEL)
    shipping = begin("ship", document="SO-1")
    assert see(shipping, CARTON_LABEL)[0].event is not None
    learn(["recall", "R2", {"number": "R2", "reason": "Fire.", "item": CABLE, "lots": [], "units": []}])
    [told] = see(begin("ship", document="SO-1"), CARTON_LABEL)
    assert "Fire." in told.text


def test_a_parcel_comes_back_by_its_carriers_label(handheld: Handheld, begin: Begin, learn: Learn) -> None:
    gone = ["unit", CARTON, ["shipped", None, None, *[None] * 3, 5, 5, None, None, None, "SO-1", 2]]
    learn(gone, packed("S1"), ["alias", TRACKING_KEY, CARTON])
    session = begin("parcel_back", reason="undelivered")
    assert see(session, TRACKING)[0].tone is Tone.ASK, "where to, first"
    see(session, BIN_1)
    [told] = see(session, TRACKING)
    assert (told.tone, told.text) == (Tone.GOOD, "Right.")
    event = kept(handheld)[-1]
    assert (event.action, event.subject, event.location, event.reason) == ("parcel_back", CARTON, A_01, "undelivered")
    assert event.barcode == TRACKING.data


def test_the_carriers_label_is_joined_to_the_carton_at_the_handheld(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(CLOSED)
    session = begin("label_parcel", document="SO-1")
    [told] = see(session, CARTON_LABEL)
    assert told.text.endswith("now scan the carrier's label.")
    [told] = see(session, TRACKING)
    assert (told.tone, told.text) == (Tone.GOOD, "It is found by 1Z999AA10123456784 from now on.")
    event = kept(handheld)[-1]
    assert (event.action, event.subject, event.identifiers) == ("label_parcel", CARTON, (TRACKING_KEY,))


def test_an_empty_carton_is_neither_closed_nor_handed_over(handheld: Handheld, begin: Begin, learn: Learn) -> None:
    order = ordering("SO-1", *LINES)
    learn(order, product(CABLE, "quantity"), CLOSED)
    session = begin("pack", document="SO-1")
    see(session, CARTON_LABEL)
    see(session, CABLE_LABEL)
    session.undo()
    before = len(kept(handheld))
    [told] = session.close_carton()
    assert (told.tone, told.event) == (Tone.ASK, None)
    assert told.text.startswith("Nothing is in 395060001343520018 by what this handheld knows.")
    assert see(begin("ship", document="SO-1"), CARTON_LABEL)[0].text == told.text
    assert len(kept(handheld)) == before
    learn(["stock", f"{CABLE} {CARTON}", [1]])
    assert see(begin("ship", document="SO-1"), CARTON_LABEL)[0].event is not None, "pieces are in it by the map"


def test_a_carton_of_which_nothing_is_known_here_is_said_to_be_handed_over_and_the_second_time_that_it_has_left(
    begin: Begin, learn: Learn
) -> None:
    learn(ordering("SO-1", *LINES))
    [told] = see(begin("ship", document="SO-1"), CARTON_LABEL)
    assert (told.tone, told.text) == (Tone.LOOK, "Handed over. This handheld's data do not hold it.")
    [told] = see(begin("ship", document="SO-1"), CARTON_LABEL)
    assert told.judgement is not None
    assert (told.judgement.verdict, told.tone) == (Verdict.SHIPPED_ALREADY, Tone.STOP)


def test_a_carton_that_leaves_and_was_never_closed_is_looked_at(begin: Begin, learn: Learn) -> None:
    learn(ordering("SO-1", *LINES), product(CABLE, "quantity"), picked("S1"))
    session = begin("pack", document="SO-1")
    see(session, CARTON_LABEL)
    see(session, unit_label("S1"))
    [told] = see(begin("ship", document="SO-1"), CARTON_LABEL)
    assert (told.tone, told.text) == (Tone.LOOK, "Handed over, but the carton was never closed.")


def test_a_closed_carton_that_leaves_its_order_short_says_what_is_lacking(begin: Begin, learn: Learn) -> None:
    learn(ordering("SO-1", *LINES), product(CABLE, "quantity"), packed("S1"), CLOSED)
    [told] = see(begin("ship", document="SO-1"), CARTON_LABEL)
    assert (told.tone, told.text) == (Tone.LOOK, "Handed over, and SO-1 still lacks 2 \u00d7 Thing.")
    assert told.event is not None


def test_nothing_is_packed_into_a_closed_carton_offline_too(begin: Begin, learn: Learn) -> None:
    learn(ordering("SO-1", *LINES), product(CABLE, "quantity"), picked("S1"), CLOSED)
    session = begin("pack", document="SO-1")
    see(session, CARTON_LABEL)
    [told] = see(session, unit_label("S1"))
    assert told.judgement is not None
    assert told.event is not None
    assert (told.event.action, told.judgement.verdict) == ("reject", Verdict.SEALED)
    assert (
        told.text == "Carton 395060001343520018 is CLOSED: not taken. Undo its closing first, or take another carton."
    )


def test_a_carton_that_was_closed_here_takes_no_more_until_its_closing_is_undone(begin: Begin, learn: Learn) -> None:
    learn(ordering("SO-1", *LINES), product(CABLE, "quantity"), picked("S1"))
    session = begin("pack", document="SO-1")
    see(session, CARTON_LABEL)
    assert see(session, CABLE_LABEL)[0].tone is Tone.ASK
    see(session, CABLE_LABEL)
    session.close_carton()
    see(session, CARTON_LABEL)
    [told] = see(session, unit_label("S1"))
    assert told.judgement is not None
    assert told.judgement.verdict is Verdict.SEALED
    session.undo()
    session.undo()
    [told] = see(session, unit_label("S1"))
    assert told.event is not None
    assert told.event.action == "pack"


def test_pieces_packed_straight_from_the_shelf_leave_the_bin_that_was_scanned_and_picked_ones_do_not(
    begin: Begin, learn: Learn
) -> None:
    order = ordering("SO-1", {"item": CABLE, "lot": None, "quantity": 9, "container": None})
    learn(order, product(CABLE, "quantity"), pieces(CABLE, A_01, 5))
    session = begin("pack", document="SO-1")
    see(session, CARTON_LABEL)
    [asked] = see(session, CABLE_LABEL)
    assert (asked.tone, asked.event) == (Tone.ASK, None)
    see(session, BIN_1)
    see(session, CARTON_LABEL)
    [told] = see(session, CABLE_LABEL)
    assert told.event is not None
    assert told.event.origin == A_01
    order[2] |= {"picked": [{"subject": CABLE, "quantity": 3}]}  # type: ignore[operator]
    learn(order)
    [told] = see(session, CABLE_LABEL)
    assert told.event is not None
    assert told.event.origin is None, "they come from the picker's hands"


def test_pieces_that_are_put_away_leave_the_only_place_where_they_wait(begin: Begin, learn: Learn) -> None:
    waiting = pieces(CABLE, A_02, 5)
    waiting[2] += [None, None, None, 1]  # type: ignore[operator]
    learn(product(CABLE, "quantity"), waiting)
    session = begin("put_away", location=A_01)
    [told] = see(session, CABLE_LABEL)
    assert told.event is not None
    assert told.event.origin == A_02
    learn(["unit", CARTON, ["received", A_02, A_02, None, None, None]], ["stock", f"{CABLE} {CARTON}", [4]])
    [asked] = see(session, CABLE_LABEL)
    assert asked.tone is Tone.ASK
    assert Typing(session).enter(b"/from A-02")[0].tone is Tone.ASK, "nobody has told it of a place A-02"
    Typing(session).enter(b"/from LOC:A-02")
    [told] = see(session, CABLE_LABEL)
    assert told.event is not None
    assert told.event.origin == A_02
