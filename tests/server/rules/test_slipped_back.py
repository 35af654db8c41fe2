from __future__ import annotations

import pytest

from tests.handheld import BIN_A, CARTON_1, DOCK
from tests.server.rules.story import UNIT, Story, fact, said

SOLD = [fact(1, "put_away", location=BIN_A), fact(2, "ship", document="SO-1")]
BACK = [*SOLD, fact(9, "take_back", location=DOCK, document="SO-1", reason="fit")]
EXAMINED = [*BACK, fact(10, "examine", numbers=(UNIT,), seal="broken", condition="opened", evidence="sha256:1")]


@pytest.mark.parametrize(
    "story",
    [
        BACK,
        [*SOLD, fact(3, "put_away", location=BIN_A)],
        [*EXAMINED, fact(11, "restock", location=DOCK), fact(12, "put_away", location=BIN_A)],
    ],
)
def test_says_nothing(story: Story) -> None:
    assert said("slipped_back", story) == []


@pytest.mark.parametrize(
    ("story", "seen"),
    [
        ([*BACK, fact(11, "put_away", location=BIN_A)], BIN_A),
        ([*BACK, fact(11, "pick", location=DOCK)], DOCK),
        ([*BACK, fact(11, "pack", container=CARTON_1)], CARTON_1),
        pytest.param([*BACK, fact(11, "restock", location=DOCK)], DOCK, id="on its label alone"),
        pytest.param(
            [*BACK, fact(10, "examine", numbers=(UNIT,)), fact(11, "restock", location=DOCK)], DOCK, id="no picture"
        ),
    ],
)
def test_what_was_not_released_and_goes_towards_the_shelf_is_a_case(story: Story, seen: str) -> None:
    assert said("slipped_back", story) == [("open", None, seen)]


def test_the_case_closes_when_it_is_released_after_all() -> None:
    story = [*EXAMINED, fact(11, "put_away", location=BIN_A), fact(12, "restock", location=BIN_A)]
    assert said("slipped_back", story) == [("explained", None, BIN_A)]
