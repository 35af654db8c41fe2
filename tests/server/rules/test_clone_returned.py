from __future__ import annotations

import pytest

from tests.handheld import BIN_A, DOCK
from tests.server.rules.story import Story, fact, said

STORED = fact(1, "put_away", location=BIN_A)
SHIPPED = fact(2, "ship", document="SO-1")
BACK = fact(9, "take_back", location=DOCK, document="RMA-1")


@pytest.mark.parametrize(
    "story",
    [
        [BACK],
        [STORED, SHIPPED, BACK],
        pytest.param([STORED, SHIPPED, BACK, fact(10, "take_back", location=DOCK, document="RMA-1")], id="once more"),
        pytest.param([fact(1, "put_away", location=DOCK), BACK], id="it lies here by the records"),
    ],
)
def test_says_nothing(story: Story) -> None:
    assert said("clone_returned", story) == []


@pytest.mark.parametrize(
    ("story", "belongs"),
    [
        ([STORED, BACK], BIN_A),
        ([STORED, SHIPPED, BACK, fact(10, "take_back", location=DOCK, document="RMA-2")], DOCK),
        ([STORED, SHIPPED, BACK, fact(10, "scrap", reason="dead"), fact(11, "take_back", location=DOCK)], None),
    ],
)
def test_a_second_one_of_a_number_is_a_case(story: Story, belongs: str | None) -> None:
    assert said("clone_returned", story) == [("open", belongs, DOCK)]
