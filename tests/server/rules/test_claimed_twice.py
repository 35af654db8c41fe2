"""One unit for two orders."""

from sync.event import format_name
from sync.verdict import Ordered
from tests.handheld import BIN_A, CARTON_1
from tests.server.rules.story import Quiet, fact, told

PICKED = [fact(1, "put_away", location=BIN_A), fact(2, "pick", location=BIN_A, document="SO-1")]


def test_it_says_nothing_of_one_order_nor_of_a_unit_that_was_put_back() -> None:
    assert told("claimed_twice", [*PICKED, fact(3, "pack", container=CARTON_1, document="SO-1")]) == []
    put_back = fact(3, "put_away", location=BIN_A)
    assert told("claimed_twice", [*PICKED, put_back, fact(4, "pick", location=BIN_A, document="SO-2")]) == []


def test_a_second_order_is_a_case() -> None:
    [case] = told("claimed_twice", [*PICKED, fact(3, "pack", container=CARTON_1, document="SO-2")])
    assert case.finding.detail == "It belongs to SO-1, and was taken for SO-2."
    assert case.finding.against == format_name(PICKED[1].name), "both claims are its evidence"


def test_a_unit_made_for_one_order_and_taken_for_another_is_a_case_until_it_is_put_away() -> None:
    made = Quiet(orders=Ordered(made_for="SO-9"))
    assert [case.status for case in told("claimed_twice", PICKED, made)] == ["open"]
    [case] = told("claimed_twice", [*PICKED, fact(3, "put_away", location=BIN_A)], made)
    assert case.status == "explained"
