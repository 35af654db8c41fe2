"""Two people who closed one carton."""

from tests.handheld import DOCK
from tests.server.rules.story import fact, told


def test_it_says_nothing_of_a_carton_that_is_closed_once() -> None:
    assert told("closed_twice", [fact(1, "close_carton", document="SO-1")]) == []


def test_who_says_it_twice_with_one_handheld_has_closed_it_once() -> None:
    first = fact(1, "close_carton", document="SO-1")
    assert told("closed_twice", [first, fact(2, "close_carton", document="SO-1")]) == []
    assert len(told("closed_twice", [first, fact(2, "close_carton", document="SO-1", device=2)])) == 1


def test_the_second_closing_is_a_case() -> None:
    story = [fact(1, "close_carton", document="SO-1"), fact(2, "close_carton", document="SO-2", location=DOCK)]
    [case] = told("closed_twice", story)
    assert case.finding.detail == "It was closed for SO-1, and then for SO-2."
