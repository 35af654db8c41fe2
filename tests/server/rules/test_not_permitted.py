"""Ravi is a picker from second 10, receives from second 20, and has left at second 30."""

import pytest

from server.permissions import Crew
from tests.handheld import BIN_A, DAY
from tests.server.rules.story import Quiet, fact, said, told

CREW = Crew(DAY + 5_000, {"Ravi": ((DAY + 10_000, "picker"), (DAY + 20_000, "receiver"), (DAY + 30_000, None))})
SITE = Quiet(crew=CREW)


@pytest.mark.parametrize(
    ("second", "action", "operator"),
    [(15, "pick", "Ravi"), (25, "receive", "Ravi"), (15, "inspect", "Ravi"), (20.05, "pick", "Ravi")],
)
def test_it_says_nothing_of_what_the_role_of_that_moment_includes(second: float, action: str, operator: str) -> None:
    assert said("not_permitted", [fact(second, action, location=BIN_A, operator=operator)], SITE) == []


def test_it_says_nothing_where_nobody_has_a_badge_nor_of_what_was_before_the_first_one() -> None:
    assert said("not_permitted", [fact(15, "pick", location=BIN_A, operator="Tom")]) == []
    assert said("not_permitted", [fact(4, "pick", location=BIN_A, operator="Tom")], SITE) == []


def test_it_says_nothing_of_what_the_server_itself_states() -> None:
    assert said("not_permitted", [fact(15, "expect", device=0, location=BIN_A, operator="Rosa")], SITE) == []


@pytest.mark.parametrize(
    ("second", "action", "operator", "words"),
    [
        (15, "receive", "Ravi", "Ravi was picker at that moment, which does not include: Receive."),
        (25, "pick", "Ravi", "Ravi was receiver at that moment, which does not include: Pick."),
        (20.05, "take_back", "Ravi", "Ravi was picker or receiver at that moment, which does not include: Take back."),
        (35, "pick", "Ravi", "Ravi was not permitted to sign in at that moment."),
        (8, "pick", "Ravi", "Nobody named Ravi had a badge here at that moment."),
        (15, "pick", "Tom", "Nobody named Tom had a badge here at that moment."),
        (15, "pick", None, "Nobody had signed in."),
    ],
)
def test_it_says_who_scanned_what_they_were_not_permitted_to(
    second: float, action: str, operator: str | None, words: str
) -> None:
    [case] = told("not_permitted", [fact(second, action, location=BIN_A, operator=operator)], SITE)
    assert (case.finding.detail, case.finding.seen) == (words, BIN_A)


def test_the_same_person_scanning_on_makes_one_case_of_a_unit() -> None:
    story = [fact(second, "receive", location=BIN_A, operator="Ravi") for second in (12, 13, 14)]
    assert len(told("not_permitted", story, SITE)) == 1
