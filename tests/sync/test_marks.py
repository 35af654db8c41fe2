"""What a unit's row tells of it in one number: the places of its words never move."""

from __future__ import annotations

import pytest

from sync.because import Because
from sync.marks import DOUBTS, pack, unpack
from sync.unit import UnitState

NUMBERS = {
    "twin_in_stock": 1,
    "twin_returned": 2,
    "gone_before": 3,
    "numbers_disagree": 4,
    "never_received": 5,
    "missing_before": 6,
    "not_ours": 7,
}
"""As handhelds in use have them: a graver reason that is added later must not move them."""


@pytest.mark.parametrize("doubt", DOUBTS)
def test_each_doubt_keeps_its_number_however_grave_others_are(doubt: Because) -> None:
    marks = pack(UnitState(doubts=(doubt.value,))) or 0
    assert (marks >> 21, unpack(marks)["doubts"]) == (NUMBERS[doubt.value], (doubt.value,))


def test_of_several_doubts_the_gravest_is_told() -> None:
    marks = pack(UnitState(doubts=("not_ours", "gone_before", "never_received"))) or 0
    assert unpack(marks)["doubts"] == ("gone_before",)
