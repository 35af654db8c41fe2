import pytest

from tests.handheld import BIN_A
from tests.server.rules.story import Story, fact, said

SHIPPED = fact(1, "ship", document="TRANSFER-1", location=BIN_A)
LOST = fact(3, "not_arrived", device=0, document="TRANSFER-1/1")
FOUND = fact(4, "arrived", device=0, document="TRANSFER-1/2")


@pytest.mark.parametrize("story", [[SHIPPED], [SHIPPED, FOUND]])
def test_it_says_nothing(story: Story) -> None:
    assert said("lost_in_transit", story) == []


@pytest.mark.parametrize(
    ("story", "cases"),
    [
        ([SHIPPED, LOST], [("open", None, None)]),
        ([SHIPPED, LOST, FOUND], [("explained", None, None)]),
        ([SHIPPED, LOST, fact(5, "inspect", location=BIN_A)], [("explained", None, None)]),
    ],
)
def test_it_says_this(story: Story, cases: list[tuple[str, str | None, str | None]]) -> None:
    assert said("lost_in_transit", story) == cases
