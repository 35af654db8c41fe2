"""How many pieces are where, from movements and counts in any order of arrival."""

from dataclasses import replace
from itertools import permutations
from typing import Any

from sync.event import ScanEvent
from sync.history import Fact
from sync.stock import fold, here
from sync.unit import Status, UnitState
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


def result(second: int, pieces: int, *, took: int = 2, count: str = "CC-1/1") -> Fact:
    """A closed count found so many in bin A, in an interval that ends at that second."""
    found = fact(second, "not_found", device=0, location=BIN_A, document=count, quantity=pieces)
    return replace(found, uncertainty_ms=took * 1000)


def test_scans_of_a_count_change_nothing_until_its_result_is_accepted() -> None:
    before = fact(1, "receive", location=BIN_A, quantity=10)
    scans = [fact(2 + n, "count", device=n, location=BIN_A, document="CC-1", quantity=4) for n in (1, 2)]
    assert quantities(before, *scans) == {BIN_A: 10}
    assert quantities(before, *scans, result(6, 8)) == {BIN_A: 8}


def test_what_left_before_the_count_does_not_change_what_was_counted_however_late_it_is_heard_of() -> None:
    story = [
        fact(1, "receive", location=BIN_A, quantity=10),
        fact(2, "pick", location=BIN_A, quantity=4),
        result(6, 6),
        fact(8, "pick", location=BIN_A, quantity=1),
    ]
    assert {tuple(quantities(*order).items()) for order in permutations(story)} == {((BIN_A, 5),)}


def test_pieces_that_came_or_went_while_the_bin_was_counted_leave_the_books_as_they_are() -> None:
    before = fact(1, "receive", location=BIN_A, quantity=10)
    for moved, left in (("receive", 13), ("pick", 7)):
        assert quantities(before, fact(5, moved, location=BIN_A, quantity=3), result(6, 0)) == {BIN_A: left}


def test_a_move_that_the_clocks_cannot_tell_from_the_counting_leaves_the_books_as_they_are() -> None:
    before = fact(1, "receive", location=BIN_A, quantity=10)
    near = replace(fact(8, "pick", location=BIN_A, quantity=3), uncertainty_ms=2_000)
    assert quantities(before, near, result(6, 6)) == {BIN_A: 7}
    assert quantities(before, replace(near, uncertainty_ms=1_999), result(6, 6)) == {BIN_A: 3}


def test_a_move_in_another_bin_or_of_another_count_takes_nothing_away() -> None:
    before = fact(1, "receive", location=BIN_A, quantity=10)
    elsewhere = fact(5, "receive", location=BIN_B, quantity=3)
    assert quantities(before, elsewhere, result(6, 7)) == {BIN_A: 7, BIN_B: 3}
    in_the_second = fact(20, "pick", location=BIN_A, quantity=1)
    assert quantities(before, result(6, 7), in_the_second, result(21, 9, count="CC-2/1")) == {BIN_A: 6}


def test_unpacked_pieces_leave_their_carton_for_the_place() -> None:
    packed = fact(1, "pack", container=CARTON_1, location=DOCK, quantity=5)
    out = fact(2, "unpack", container=CARTON_1, location=BIN_A, quantity=2)
    assert quantities(packed, out) == {CARTON_1: 3, BIN_A: 2}


def test_a_carton_that_is_filled_again_after_it_was_shipped_starts_empty() -> None:
    first = fact(1, "pack", container=CARTON_1, quantity=5)
    second = fact(9, "pack", container=CARTON_1, quantity=2)

    def shipped(place: str, since_ms: int, at_ms: int, /, *, filled: bool = False) -> int:
        return 5_000 if filled and place == CARTON_1 and since_ms < 5_000 <= at_ms else 0

    assert fold([first, second], shipped)[CARTON_1].quantity == 2


def test_what_a_supplier_says_is_in_a_carton_is_here_once_the_carton_is_and_until_pieces_are_read_in_it() -> None:
    told = fact(1, "announce", device=0, container=CARTON_1, document="ASN-1", quantity=12)
    came = UnitState(status=Status.RECEIVED, came_under="ASN-1")
    balance = fold([told])[CARTON_1]
    assert here(balance, CARTON_1, None)[:2] == (0, 0)
    assert here(balance, CARTON_1, came)[:2] == (12, 12)
    assert here(balance, CARTON_1, came._replace(came_under="ASN-2"))[:2] == (0, 0)
    assert here(balance, CARTON_1, came._replace(status=Status.SHIPPED, status_ms=2))[:2] == (0, 0)
    taken = fact(2, "pick", origin=CARTON_1, quantity=5)
    assert here(fold([told, taken])[CARTON_1], CARTON_1, came)[:2] == (7, 12)
    for order in permutations([told, fact(2, "receive", container=CARTON_1, document="ASN-1", quantity=11)]):
        assert here(fold(order)[CARTON_1], CARTON_1, came)[:2] == (11, 0), "read one by one, it lacks one"


def test_a_lots_expiry_is_the_last_word_on_it_wherever_it_lies() -> None:
    told = fact(1, "receive", location=DOCK, quantity=4, expiry="2027-01-31")
    moved = fact(2, "put_away", origin=DOCK, location=BIN_A, quantity=4)
    mended = fact(3, "inspect", location=BIN_B, expiry="2027-06-30")
    assert {b.expiry for b in fold([told, moved]).values()} == {"2027-01-31"}
    assert {b.expiry for b in fold([told, moved, mended]).values()} == {"2027-06-30"}


def test_a_scan_that_was_undone_counts_for_nothing() -> None:
    wrong = fact(1, "receive", location=BIN_B, quantity=90)
    right = fact(2, "receive", location=BIN_B, quantity=9)
    assert quantities(wrong, right, fact(3, "void", voids="1.1.1", reason="typed twice")) == {BIN_B: 9}
