import pytest

from tests.handheld import BIN_A
from tests.server.rules.story import Story, fact, said

STORED = fact(1, "put_away", location=BIN_A)
ARRIVED = fact(3, "arrived", device=0, document="TRANSFER-1/1")
TOLD_AGAIN = fact(5, "arrived", device=0, document="TRANSFER-1/2")


@pytest.mark.parametrize("story", [[STORED], [STORED, fact(2, "ship", location=BIN_A), ARRIVED], [ARRIVED]])
def test_it_says_nothing(story: Story) -> None:
    assert said("left_unnoticed", story) == []


@pytest.mark.parametrize(
    ("story", "cases"),
    [
        ([STORED, ARRIVED], [("open", BIN_A, None)]),
        ([STORED, ARRIVED, fact(4, "ship", location=BIN_A)], [("explained", BIN_A, None)]),
        ([STORED, ARRIVED, fact(4, "inspect", location=BIN_A)], [("explained", BIN_A, None)]),
        ([STORED, ARRIVED, fact(4, "inspect", location=BIN_A), TOLD_AGAIN], [("explained", BIN_A, None)]),
    ],
)
def test_it_says_this(story: Story, cases: list[tuple[str, str | None, str | None]]) -> None:
    assert said("left_unnoticed", story) == cases
