"""The registry of actions, the fold of a unit's history, and what nobody may say."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from sync.actions import ACTIONS, QUANTITY_MAX, RESOLUTIONS, action, refuse
from sync.event import ScanEvent, format_name
from sync.history import Fact, fold
from sync.unit import Status, UnitState
from tests.handheld import BIN_A, BIN_B, CARTON_1, DOCK, unit

UNIT = unit("S1")
SCAN = ScanEvent(
    device_no=1, epoch=1, seq=1, action="inspect", subject=UNIT, location=BIN_A, wall_ms=1, boot="b", boot_ms=1
)


def fact(second: int, action_: str, *, device: int = 1, **fields: Any) -> Fact:
    event = replace(SCAN, **{"device_no": device, "seq": second, "action": action_, "location": None, **fields})
    return Fact(second * 1000, event.name, 0, bytes([second]), 500, event)


def told(*facts: Fact) -> UnitState:
    state = fold(facts)
    assert state is not None
    return state


def test_every_action_says_what_it_is() -> None:
    assert all(what.text.endswith((".", "?")) for what in ACTIONS.values())


def test_there_is_one_action_of_each_name() -> None:
    with pytest.raises(ValueError, match="two actions named 'receive'"):
        action("receive")(lambda state, _: state)


def test_a_unit_is_received_stored_picked_packed_and_shipped() -> None:
    story = [
        fact(1, "receive", container=CARTON_1, document="ASN-1"),
        fact(2, "put_away", location=BIN_A),
        fact(3, "pick", location=BIN_A, document="SO-1"),
        fact(4, "pack", container=CARTON_1),
        fact(5, "ship"),
    ]
    seen = [(told(*story[:n]).status, told(*story[:n]).place) for n in range(1, 6)]
    assert seen == [
        (Status.RECEIVED, CARTON_1),
        (Status.STORED, BIN_A),
        (Status.PICKED, BIN_A),
        (Status.PACKED, CARTON_1),
        (Status.SHIPPED, None),
    ]


def test_scans_are_folded_in_the_order_in_which_they_happened() -> None:
    story = [fact(1, "receive", location=DOCK), fact(2, "put_away", location=BIN_A), fact(3, "inspect", location=BIN_B)]
    assert {fold(order) for order in permutations(story)} == {told(*story)}


def test_counting_a_unit_in_another_bin_moves_it_there_and_not_where_it_belongs() -> None:
    state = told(fact(1, "put_away", location=BIN_A), fact(2, "count", location=BIN_B, document="CC-1"))
    assert (state.place, state.expected, state.status) == (BIN_B, BIN_A, Status.STORED)


def test_an_announced_unit_is_inferred_to_be_in_its_carton_until_it_is_seen() -> None:
    announced = fact(1, "announce", container=CARTON_1, document="ASN-1")
    assert (told(announced).place, told(announced).observed) == (CARTON_1, False)
    seen = told(announced, fact(2, "inspect", location=BIN_B))
    assert (seen.place, seen.observed, seen.status) == (BIN_B, True, Status.ANNOUNCED)


def test_a_notice_that_is_imported_after_the_goods_came_does_not_send_them_back() -> None:
    state = told(fact(1, "receive", location=DOCK), fact(2, "announce", container=CARTON_1, document="ASN-1"))
    assert (state.status, state.place, state.announced_by) == (Status.RECEIVED, DOCK, "ASN-1")


def test_an_undone_scan_never_was_and_an_undone_undo_undoes_nothing() -> None:
    stored, moved = fact(1, "put_away", location=BIN_A), fact(2, "move", location=BIN_B)
    undo = fact(3, "void", voids=format_name(moved.name), reason="wrong shelf")
    again = fact(4, "void", voids=format_name(undo.name), reason="it was right")
    assert told(stored, moved, undo).place == BIN_A
    assert told(stored, moved, undo, again).place == BIN_B


def test_identifiers_are_gathered_and_an_unlinked_one_is_gone() -> None:
    plate, imei = "https://warehouse.example/21/LPN7", "urn:gsma:imei:49015420-323751-0"
    linked = [fact(1, "receive", location=DOCK, identifiers=(imei,)), fact(2, "link", identifiers=(plate, imei))]
    assert told(*linked).identifiers == (imei, plate)
    assert told(*linked, fact(3, "unlink", identifiers=(imei,), reason="other phone")).identifiers == (plate,)


def settle(second: int, reason: str) -> Fact:
    return fact(second, "settle", device=0, reason=reason, document="case:misplaced:1.1.2", evidence="e")


def test_what_is_decided_to_stay_belongs_where_it_was_found() -> None:
    found = [fact(1, "put_away", location=BIN_A), fact(2, "count", location=BIN_B, document="CC-1")]
    assert told(*found, settle(3, "stays")).expected == BIN_B
    assert told(*found, settle(3, "dismiss")).expected == BIN_A
    assert told(*found, settle(3, "write_off")).status is Status.MISSING


@pytest.mark.parametrize("decision", sorted(RESOLUTIONS))
def test_a_decision_does_not_bring_back_what_a_late_scan_says_was_shipped_before_it(decision: str) -> None:
    state = told(fact(1, "put_away", location=BIN_A), fact(2, "ship"), settle(3, decision))
    assert (state.status, state.place) == (Status.SHIPPED, None)


@pytest.mark.parametrize(
    "event",
    [
        SCAN,
        replace(SCAN, action="receive", location=None),
        replace(SCAN, action="receive", container=CARTON_1),
        replace(SCAN, action="void", voids="1.1.1", reason="mistake"),
        replace(SCAN, quantity=QUANTITY_MAX),
        replace(SCAN, identifiers=("urn:gsma:imei:49015420-323751-0",)),
        replace(SCAN, action="unreadable", subject=None),
    ],
)
def test_a_handheld_may_say_this(event: ScanEvent) -> None:
    assert refuse(event) is None


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (replace(SCAN, action="teleport"), "There is no action 'teleport'"),
        (replace(SCAN, action="settle"), "only the server makes such a fact"),
        (replace(SCAN, location=None), "it lacks location"),
        (replace(SCAN, subject="S1"), "subject is 'S1', which names nothing"),
        (replace(SCAN, location=UNIT), "which is no place"),
        (replace(SCAN, container=BIN_B), "which is no pallet, carton or tote"),
        (replace(SCAN, subject=CARTON_1, container=CARTON_1), "cannot be in itself"),
        (replace(SCAN, identifiers=("\x00",)), "identifiers is '\\x00', which names nothing"),
        (replace(SCAN, quantity=QUANTITY_MAX + 1), f"one scan counts up to {QUANTITY_MAX}"),
        (replace(SCAN, action="void", voids="the last one", reason="mistake"), "does not name an event"),
        (replace(SCAN, action="void", voids="0.5.1", reason="mistake"), "which the server said"),
        (replace(SCAN, about="1.1.1"), "only the server says which event it speaks of"),
    ],
)
def test_a_handheld_may_not_say_this(event: ScanEvent, sentence: str) -> None:
    assert sentence in (refuse(event) or "")


def test_the_server_may_undo_what_it_said() -> None:
    assert refuse(replace(SCAN, device_no=0, action="void", voids="0.5.1", reason="mistake"), by_server=True) is None


def test_only_what_was_sold_can_be_returned_and_what_was_stolen_from_us_is_no_return_when_somebody_brings_it() -> None:
    story = [
        fact(1, "put_away", location=BIN_A),
        fact(2, "ship", document="SO-1"),
        fact(3, "take_back", location=DOCK, document="SO-1", reason="fit"),
        fact(4, "take_back", location=DOCK, document="SO-1", reason="fit"),  # its box, scanned again
        fact(5, "stolen", document="ST-1"),
        fact(6, "take_back", location=DOCK, document="SO-1", reason="defect"),
        fact(7, "examine", reason="damaged"),
        fact(8, "reject_return", reason="it was stolen from us"),
    ]
    seen = [told(*story[:n]) for n in (3, 4, 7, 8)]
    assert [(one.returns, one.returned_for, one.returned_ms) for one in seen] == [(1, ("fit",), (3000,))] * 4
    assert told(*story[:3], fact(4, "reject_return", reason="theirs is another")).returned_ms == ()


def test_a_parcel_that_comes_back_is_stock_and_a_thing_that_comes_back_without_it_waits_for_the_returns_desk() -> None:
    sold = [fact(1, "put_away", location=BIN_A), fact(2, "pack", container=CARTON_1, document="SO-1")]
    back: dict[str, Any] = {"location": DOCK, "reason": "undelivered"}
    assert told(*sold, fact(4, "parcel_back", **back)).status is Status.RECEIVED, "it never left"
    out = [*sold, fact(3, "ship", document="SO-1")]
    loose = told(*out, fact(4, "parcel_back", **back))
    assert (loose.status, loose.sold_on, loose.returns) == (Status.RETURNED, "SO-1", 0)
    assert told(*out, fact(4, "parcel_back", **back), fact(5, "put_away", location=BIN_A)).status is Status.RETURNED
    mended = fact(4, "open_repair", location=DOCK, document="RPR-1", reason="dead")
    assert told(*out, mended, fact(5, "parcel_back", **back)).status is Status.IN_REPAIR, "it stays its owner's"


def test_one_of_our_own_that_is_being_repaired_is_held_back_until_that_ends_and_what_quality_said_outlasts_it() -> None:
    stored = fact(1, "put_away", location=BIN_A)
    opened = fact(3, "open_repair", location=DOCK, document="RPR-1", reason="dead")
    closed = fact(4, "close_repair", document="RPR-1", reason="new board")
    story = [told(*facts) for facts in ([stored], [stored, opened], [stored, opened, closed])]
    assert [(one.status.value, one.held) for one in story] == [
        ("stored", None),
        ("stored", "it is being repaired, RPR-1"),
        ("stored", None),
    ]
    apart = fact(2, "quarantine", location=BIN_A, reason="smells")
    assert told(stored, apart, opened).held == told(stored, apart, opened, closed).held == "smells"
