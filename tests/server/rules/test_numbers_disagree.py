from __future__ import annotations

import pytest

from tests.handheld import BIN_A, DOCK
from tests.server.rules.story import UNIT, Story, fact, said

OURS, FAKE = "urn:gsma:imei:49015420-323751-0", "urn:gsma:imei:35209900-176148-0"
SOLD = [fact(1, "receive", location=DOCK, identifiers=(OURS,)), fact(2, "put_away", location=BIN_A), fact(3, "ship")]
BACK = fact(9, "take_back", location=DOCK)


@pytest.mark.parametrize(
    "story",
    [
        [*SOLD, BACK],
        [*SOLD, BACK, fact(10, "examine", numbers=(OURS,))],
        [*SOLD, BACK, fact(10, "examine", numbers=(UNIT,))],
        pytest.param([BACK, fact(10, "examine", numbers=(FAKE,))], id="nothing was received to compare it with"),
    ],
)
def test_says_nothing(story: Story) -> None:
    assert said("numbers_disagree", story) == []


@pytest.mark.parametrize(
    "story",
    [
        pytest.param([*SOLD, BACK, fact(10, "examine", location=DOCK, numbers=(FAKE,))], id="on the device"),
        pytest.param([*SOLD, fact(9, "take_back", location=DOCK, numbers=(FAKE,))], id="on the box"),
        pytest.param([*SOLD, BACK, fact(10, "examine", location=DOCK, numbers=(OURS, FAKE))], id="one of two"),
    ],
)
def test_a_number_that_was_not_received_with_it_is_a_case(story: Story) -> None:
    assert said("numbers_disagree", story) == [("open", None, DOCK)]
