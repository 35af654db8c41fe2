"""How many pieces are where, from movements and counts in any order of arrival."""

from itertools import permutations
from typing import Any

from sync.event import ScanEvent
from sync.history import Fact
from sync.stock import fold
from tests.handheld import BIN_A, BIN_B, CABLE, CARTON_1, DOCK


def fact(second: int, action: str, *, device: int = 1, **fields: Any) -> Fact:
    event = ScanEvent(
        device_no=device, epoch=1, seq=second, action=action, subject=CABLE, wall_ms=1, boot="b", boot_ms=1, **fields
    )
    return Fact(second * 1000, event.name, 0, bytes([second]), 0, event)


def quantities(*facts: Fact) -> dict[str, int]:
    return {place: balance.quantity for place, balance in fold(facts).items()}


def test_what_arrives_is_put_away_and_picked() -> None:
    received = fact(1, "receive", location=DOCK, quantity=10)
    stored = fact(2, "put_away", origin=DOCK, location=BIN_A, quantity=8)
    picked = fact(3, "pick", location=BIN_A, container=CARTON_1, quantity=3)
    assert quantities(received, stored, picked) == {DOCK: 2, BIN_A: 5, CARTON_1: 3}


def test_a_scan_without_a_quantity_is_one_piece() -> None:
    assert quantities(fact(1, "receive", location=DOCK), fact(2, "receive", location=DOCK)) == {DOCK: 2}


def test_more_taken_than_anyone_said_was_there_falls_below_nought() -> None:
    assert quantities(fact(1, "pick", location=BIN_A, quantity=2)) == {BIN_A: -2}


def test_a_count_replaces_what_was_thought_to_be_there_and_its_scans_add_up() -> None:
    before = fact(1, "receive", location=BIN_A, quantity=10)
    first = fact(2, "count", location=BIN_A, document="CC-1", quantity=4)
    second = fact(3, "count", device=2, location=BIN_A, document="CC-1", quantity=3)
    assert quantities(before, first, second) == {BIN_A: 7}


def test_what_left_before_the_count_does_not_change_what_was_counted_however_late_it_is_heard_of() -> None:
    story = [
        fact(1, "receive", location=BIN_A, quantity=10),
        fact(2, "pick", location=BIN_A, quantity=4),
        fact(3, "count", location=BIN_A, document="CC-1", quantity=6),
        fact(4, "pick", location=BIN_A, quantity=1),
    ]
    assert {tuple(quantities(*order).items()) for order in permutations(story)} == {((BIN_A, 5),)}


def test_who_opens_a_bin_anew_counts_it_anew() -> None:
    scans = [
        fact(1, "count", location=BIN_A, document="CC-1", opening="1.1.1", quantity=5),
        fact(2, "count", device=2, location=BIN_A, document="CC-1", opening="2.1.1", quantity=2),
        fact(3, "count", location=BIN_A, document="CC-1", opening="1.1.3", quantity=4),
    ]
    assert quantities(*scans) == {BIN_A: 6}


def test_a_scan_that_was_undone_counts_for_nothing() -> None:
    wrong = fact(1, "receive", location=BIN_B, quantity=90)
    right = fact(2, "receive", location=BIN_B, quantity=9)
    assert quantities(wrong, right, fact(3, "void", voids="1.1.1", reason="typed twice")) == {BIN_B: 9}


def test_a_piece_scanned_after_the_bin_was_finished_adds_to_what_was_counted_in_it() -> None:
    counted = fact(1, "count", location=BIN_A, document="CC-1", opening="1.1.1", quantity=10)
    one_more = fact(2, "count", location=BIN_A, document="CC-1", quantity=1)
    assert quantities(counted, one_more) == {BIN_A: 11}
