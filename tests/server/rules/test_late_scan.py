"""`late_scan`: a count finds it (`tests/server/test_count_exceptions.py`), and never a unit's own history."""

import pytest

from server.rules import rules
from tests.handheld import BIN_A, BIN_B
from tests.server.rules.story import fact, told


@pytest.mark.parametrize("place", [BIN_A, BIN_B])
def test_no_scan_of_a_units_own_history_is_a_late_one(place: str) -> None:
    assert told("late_scan", [fact(4, "count", location=place, document="CC-1")]) == []


def test_it_is_taken_over_or_dismissed() -> None:
    assert (rules()["late_scan"].apart, rules()["late_scan"].decisions) == (True, ("take_over", "dismiss"))
