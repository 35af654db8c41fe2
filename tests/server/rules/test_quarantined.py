"""A unit that went on although quality held it back."""

from tests.handheld import BIN_A, CARTON_1
from tests.server.rules.story import fact, told

HELD = [fact(1, "put_away", location=BIN_A), fact(2, "quarantine", reason="seal broken")]


def test_it_says_nothing_of_what_was_cleared_or_only_moved() -> None:
    assert told("quarantined", [*HELD, fact(3, "move", location=BIN_A)]) == []
    assert told("quarantined", [*HELD, fact(3, "clear", reason="new seal"), fact(4, "pick", location=BIN_A)]) == []


def test_what_was_packed_all_the_same_is_a_case_until_it_is_cleared() -> None:
    story = [*HELD, fact(3, "pack", container=CARTON_1)]
    [case] = told("quarantined", story)
    assert (case.status, case.finding.detail) == ("open", "It was held back: seal broken.")
    [case] = told("quarantined", [*story, fact(4, "clear", reason="new seal")])
    assert case.status == "explained"
