from __future__ import annotations

import pytest

from tests.handheld import BIN_A, DOCK
from tests.server.rules.story import Story, fact, said

SOLD = [fact(1, "put_away", location=BIN_A, lot="L7"), fact(2, "ship", document="SO-1")]


@pytest.mark.parametrize(
    "story",
    [SOLD, [*SOLD, fact(9, "take_back", location=DOCK)], [*SOLD, fact(9, "take_back", location=DOCK, reason="fit")]],
)
def test_says_nothing(story: Story) -> None:
    assert said("came_back_defective", story) == []


def test_a_unit_that_does_not_work_is_a_case_until_it_is_decided() -> None:
    back = [*SOLD, fact(9, "take_back", location=DOCK, reason="defect")]
    assert said("came_back_defective", back) == [("open", None, DOCK)]
    looked = [*back, fact(10, "examine", seal="broken")]
    assert said("came_back_defective", looked) == [("open", None, DOCK)]
    assert said("came_back_defective", [*looked, fact(11, "return_to_vendor")]) == [("explained", None, DOCK)]


def test_a_defect_that_only_the_desk_finds_is_the_same_case() -> None:
    story = [*SOLD, fact(9, "take_back", location=DOCK, reason="fit"), fact(10, "examine", reason="defect")]
    assert said("came_back_defective", story) == [("open", None, DOCK)]
