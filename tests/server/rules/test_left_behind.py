import pytest

from tests.handheld import BIN_A, BIN_B, CARTON_1
from tests.server.rules.story import Story, fact, said

PICKED = fact(2, "pick", location=BIN_A, document="SO-1")
COUNTED = fact(3, "count", location=BIN_A, document="CC-1")


@pytest.mark.parametrize(
    "story",
    [
        [fact(1, "put_away", location=BIN_A), COUNTED],
        [PICKED, fact(3, "inspect", location=BIN_B)],  # somebody has it in their hands
        [PICKED, fact(2.5, "put_away", location=BIN_A), COUNTED],
        [PICKED, fact(2.5, "pack", container=CARTON_1), COUNTED],  # that is misplaced: it belongs in its carton
        [fact(1, "announce", device=0, container=CARTON_1), COUNTED],
    ],
)
def test_it_says_nothing(story: Story) -> None:
    assert said("left_behind", story) == []


@pytest.mark.parametrize(
    ("story", "cases"),
    [
        ([PICKED, COUNTED], [("open", None, BIN_A)]),
        ([PICKED, fact(3, "count", location=BIN_B, document="CC-1")], [("open", None, BIN_B)]),
        ([PICKED, COUNTED, fact(4, "pack", container=CARTON_1)], [("explained", None, BIN_A)]),
        ([PICKED, COUNTED, fact(4, "put_away", location=BIN_B)], [("explained", None, BIN_A)]),
        ([PICKED, COUNTED, fact(4, "inspect", location=BIN_A)], [("open", None, BIN_A)]),
    ],
)
def test_it_says_this(story: Story, cases: list[tuple[str, str | None, str | None]]) -> None:
    assert said("left_behind", story) == cases
