from __future__ import annotations

import pytest

from tests.handheld import BIN_A, DOCK
from tests.server.rules.story import Story, fact, said

BACK = fact(9, "take_back", location=DOCK, document="RMA-1")
STORED = fact(1, "put_away", location=BIN_A)
SHIPPED = fact(2, "ship", document="SO-1")


@pytest.mark.parametrize(
    "story",
    [
        [],
        [STORED, SHIPPED, BACK],
        pytest.param([STORED, BACK], id="a second one of a number in stock is another case"),
        pytest.param([fact(1, "take_back", location=DOCK), fact(2, "reject_return", reason="no")], id="sent back again")
    ],
)  # fmt: skip
def test_says_nothing(story: Story) -> None:
    assert [case for case in said("returned_unsold", story) if case[0] == "open"] == []


@pytest.mark.parametrize(
    ("story", "belongs"),
    [
        pytest.param([BACK], None, id="nothing says that it was ours"),
        pytest.param([fact(1, "announce", device=0, document="ASN-1"), BACK], None, id="it never came in"),
        pytest.param([fact(1, "put_away", location=DOCK), BACK], DOCK, id="it lies here in stock"),
    ],
)
def test_what_was_never_sold_and_comes_back_is_a_case(story: Story, belongs: str | None) -> None:
    assert said("returned_unsold", story) == [("open", belongs, DOCK)]
