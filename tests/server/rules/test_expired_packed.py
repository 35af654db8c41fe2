"""A unit that went into a carton after its use-by date."""

from tests.handheld import BIN_A, CARTON_1
from tests.server.rules.story import fact, told


def test_it_says_nothing_of_what_is_good_today_still() -> None:
    packed = fact(2, "pack", container=CARTON_1)
    assert told("expired_packed", [fact(1, "put_away", location=BIN_A), packed]) == []
    assert told("expired_packed", [fact(1, "put_away", location=BIN_A, expiry="2026-05-28"), packed]) == []


def test_what_was_packed_a_day_late_is_a_case_until_it_is_taken_out() -> None:
    story = [fact(1, "put_away", location=BIN_A, expiry="2026-05-27"), fact(2, "pack", container=CARTON_1)]
    [case] = told("expired_packed", story)
    assert (case.status, case.finding.detail) == ("open", "It expired on 2026-05-27.")
    [case] = told("expired_packed", [*story, fact(3, "unpack", location=BIN_A)])
    assert case.status == "explained"
