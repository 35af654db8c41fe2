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


HANDHELDS = Quiet(
    crew=Crew(handhelds={1: ((DAY + 10_000, "picker"), (DAY + 20_000, "receiver"), (DAY + 30_000, None))})
)
"""While nobody has a badge: one that was for pickers, then for receivers, and has gone to another site."""


@pytest.mark.parametrize(
    ("second", "action", "device"),
    [(15, "pick", 1), (25, "receive", 1), (5, "pick", 1), (20.05, "pick", 1), (15, "receive", 2), (15, "expect", 0)],
)
def test_it_says_nothing_of_what_the_handheld_was_for_nor_of_one_that_nobody_was_told_of(
    second: float, action: str, device: int
) -> None:
    assert said("not_permitted", [fact(second, action, device=device, location=BIN_A)], HANDHELDS) == []


@pytest.mark.parametrize(
    ("second", "action", "words"),
    [
        (15, "receive", "This handheld was picker at that moment, which does not include: Receive."),
        (5, "receive", "This handheld was picker at that moment, which does not include: Receive."),
        (25, "pick", "This handheld was receiver at that moment, which does not include: Pick."),
        (35, "pick", "This handheld was another site's at that moment."),
    ],
)
def test_it_says_what_was_scanned_with_a_handheld_that_is_not_for_it(second: float, action: str, words: str) -> None:
    [case] = told("not_permitted", [fact(second, action, location=BIN_A)], HANDHELDS)
    assert case.finding.detail == words


def test_where_somebody_has_a_badge_the_role_follows_the_person_and_not_the_handheld() -> None:
    site = Quiet(crew=Crew(CREW.since_ms, CREW.spells, HANDHELDS.crew.handhelds))
    assert said("not_permitted", [fact(25, "receive", location=BIN_A, operator="Ravi")], site) == []
    assert said("not_permitted", [fact(15, "receive", location=BIN_A, operator="Ravi")], site) != []
    assert said("not_permitted", [fact(4, "pick", location=BIN_A)], site) == [], "before the first badge"
    assert said("not_permitted", [fact(4, "receive", location=BIN_A)], site) != []


def test_the_same_person_scanning_on_makes_one_case_of_a_unit() -> None:
    story = [fact(second, "receive", location=BIN_A, operator="Ravi") for second in (12, 13, 14)]
    assert len(told("not_permitted", story, SITE)) == 1
