"""What a recall reaches, what it may reach, and what it lets go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.event import ScanEvent
from sync.identity import lot_key
from sync.recall import Reach, Recall, Traits, bite, sets_apart, traits_of
from sync.unit import Status
from sync.verdict import Known
from tests.handheld import BIN_A, BIN_B, CABLE, DAY, PHONE, unit

YES, POSSIBLE, NO = Reach.YES, Reach.POSSIBLE, Reach.NO
BY_LOT = Recall(number="R1", reason="battery", item=PHONE, lots=("L1",))
BY_ITEM = Recall(number="R2", reason="battery", item=PHONE)
BY_UNIT = Recall(number="R3", reason="battery", units=(unit("S1"),))
BY_NOTICE = Recall(number="R4", reason="battery", notices=("ASN-1", "ASN-2"))
BY_TIME = Recall(number="R5", reason="battery", received_from_ms=DAY, received_until_ms=DAY + 100)
BOTH = replace(BY_LOT, notices=("ASN-1",))
HERS = Traits(key=unit("S1"), item=PHONE, lot="L1", notice="ASN-1", received=(DAY + 5, DAY + 5))
UNTOLD = Traits(key=unit("S9"), item=PHONE)
SCAN = ScanEvent(
    device_no=1, epoch=1, seq=1, action="receive", subject=unit("S1"), document="ASN-1", wall_ms=1, boot="b", boot_ms=1
)


@pytest.mark.parametrize(
    ("recall", "traits"),
    [
        (BY_LOT, replace(HERS, lot="L2")),
        (BY_ITEM, replace(HERS, key=unit("S1", CABLE), item=CABLE)),
        (BY_ITEM, Traits(key="urn:gsma:imei:49015420-323751-0")),
        (BY_UNIT, replace(HERS, key=unit("S2"))),
        (BY_NOTICE, replace(HERS, notice="ASN-3")),
        (BY_TIME, replace(HERS, received=(DAY + 100, DAY + 200))),
        (BY_TIME, replace(HERS, received=(DAY - 200, DAY - 1))),
        (BOTH, replace(UNTOLD, notice="ASN-3")),
        (Recall(number="R9", reason="names nothing"), HERS),
    ],
)
def test_it_lets_go(recall: Recall, traits: Traits) -> None:
    assert recall.reach(traits) is NO


@pytest.mark.parametrize("recall", [BY_LOT, BY_ITEM, BY_NOTICE, BY_TIME, BOTH])
def test_it_may_be_one_of_them_where_that_is_not_known(recall: Recall) -> None:
    assert recall.reach(UNTOLD) is (YES if recall is BY_ITEM else POSSIBLE)
    assert recall.reach(HERS) is YES


def test_a_day_that_the_window_cuts_through_leaves_it_open() -> None:
    assert BY_TIME.reach(replace(HERS, received=(DAY - 50, DAY + 50))) is POSSIBLE
    assert replace(BY_TIME, received_until_ms=None).reach(replace(HERS, received=(DAY + 900, DAY + 901))) is YES


def test_a_unit_that_is_named_is_reached_whatever_else_is_asked_for() -> None:
    named = replace(BY_LOT, units=(unit("S7"),))
    assert named.reach(Traits(key=unit("S7"), item=PHONE, lot="L9")) is YES
    assert named.reach(Traits(key=unit("S8"), item=PHONE, lot="L9")) is NO


def test_two_recalls_hold_by_themselves_and_the_surer_one_is_named() -> None:
    possible = replace(BY_NOTICE, number="R8", notices=("ASN-9",))
    found = bite([possible, BY_LOT], replace(HERS, notice=None))
    assert found is not None
    assert (found.reach, found.recall) == (YES, BY_LOT)
    found = bite([possible], replace(HERS, notice=None))
    assert found is not None
    assert found.reach is POSSIBLE, "the one that is left holds still"


def test_what_comes_in_now_comes_by_the_paper_in_hand() -> None:
    assert traits_of(unit("S1"), None, DAY, SCAN).notice == "ASN-1"
    known = Known(status=Status.ANNOUNCED, notice="ASN-2")
    assert traits_of(unit("S1"), known, DAY, SCAN) == Traits(
        key=unit("S1"), item=PHONE, notice="ASN-2", received=(DAY, DAY)
    )
    stored = Known(status=Status.STORED)
    assert traits_of(unit("S1"), stored, DAY, replace(SCAN, action="pick", document="SO-1")).notice is None


def test_what_is_still_on_its_way_came_in_no_window_of_the_past() -> None:
    assert BY_TIME.reach(traits_of(unit("S1"), Known(status=Status.ANNOUNCED), DAY + 100)) is NO


def test_what_is_here_though_nobody_saw_it_come_in_came_in_no_window_that_is_still_to_come() -> None:
    thing, stored = unit("S1"), Known(status=Status.STORED)
    assert BY_TIME.reach(traits_of(thing, stored, DAY - 1)) is NO
    assert BY_TIME.reach(traits_of(PHONE, None, DAY - 1)) is NO, "pieces that lie here as well"
    assert BY_TIME.reach(traits_of(thing, None, DAY - 1, replace(SCAN, action="pick"))) is NO
    assert BY_TIME.reach(traits_of(thing, stored, DAY + 900)) is POSSIBLE
    assert BY_TIME.reach(traits_of(thing, replace(stored, received=(0, DAY - 1)), DAY + 900)) is NO, (
        "it was here before"
    )
    before = Recall(number="R6", reason="battery", received_until_ms=DAY)
    assert before.reach(traits_of(thing, replace(stored, received=(0, DAY - 1)), DAY + 900)) is YES


def test_the_lot_is_read_off_the_label_and_out_of_the_name_of_a_lot() -> None:
    assert traits_of(unit("S1"), None, DAY, replace(SCAN, lot="L1")).lot == "L1"
    assert BY_LOT.reach(traits_of(lot_key(PHONE, "L1"), None, DAY)) is YES
    assert BY_LOT.reach(traits_of(lot_key(PHONE, "L2"), None, DAY)) is NO
    assert BY_LOT.reach(traits_of(PHONE, None, DAY)) is POSSIBLE
    stroke = replace(BY_LOT, lots=("B/7",))
    assert stroke.reach(traits_of(lot_key(PHONE, "B/7"), None, DAY)) is YES, (
        "a name has a stroke as %2F, a label has not"
    )


def test_it_may_be_moved_to_where_a_recall_wants_it_and_nowhere_else() -> None:
    scan = replace(SCAN, action="move", location=BIN_B)
    assert sets_apart(scan, [replace(BY_LOT, place=BIN_B), BY_ITEM])
    assert not sets_apart(replace(scan, location=BIN_A), [replace(BY_LOT, place=BIN_B), BY_ITEM])
    assert not sets_apart(replace(scan, action="pick"), [replace(BY_LOT, place=BIN_B)])


def test_a_recall_travels_as_a_row_and_reaches_the_same() -> None:
    row = {"number": "R1", "reason": "battery", "item": PHONE, "lots": ["L1"], "units": None, "since_ms": 1}
    assert Recall.from_row(row) == BY_LOT
    row = {"number": "R4", "reason": "battery", "notices": ["ASN-1", "ASN-2"]}
    assert Recall.from_row(row) == BY_NOTICE


RECALLS = st.builds(
    Recall,
    number=st.just("R"),
    reason=st.just("r"),
    item=st.sampled_from([None, PHONE, CABLE]),
    lots=st.lists(st.sampled_from(["L1", "L2"]), max_size=2).map(tuple),
    notices=st.none() | st.lists(st.sampled_from(["ASN-1", "ASN-2"]), max_size=2).map(tuple),
    received_from_ms=st.none() | st.integers(1, 9),
)
KNOWN = st.builds(
    Traits,
    key=st.just(unit("S1")),
    item=st.just(PHONE),
    lot=st.sampled_from(["L1", "L2", "L3"]),
    notice=st.sampled_from(["ASN-1", "ASN-2", "ASN-3"]),
    received=st.integers(1, 9).map(lambda at: (at, at)),
)


@given(recall=RECALLS, traits=KNOWN, hidden=st.sets(st.sampled_from(["lot", "notice", "received"])))
def test_whoever_knows_less_never_lets_go_what_would_be_held(recall: Recall, traits: Traits, hidden: set[str]) -> None:
    told = recall.reach(traits)
    assert told is not POSSIBLE, "all is known"
    nothing: dict[str, Any] = dict.fromkeys(hidden)
    less = recall.reach(replace(traits, **nothing))
    assert less in ({YES, POSSIBLE} if told is YES else {NO, POSSIBLE})
