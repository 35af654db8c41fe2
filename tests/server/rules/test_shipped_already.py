import pytest

from tests.handheld import BIN_A, CARTON_1
from tests.server.rules.story import Story, fact, said

SHIPPED = fact(1, "ship")


@pytest.mark.parametrize(
    "story",
    [
        [SHIPPED],
        [SHIPPED, fact(3, "take_back", location=BIN_A)],
        [SHIPPED, fact(3, "take_back", location=BIN_A), fact(4, "inspect", location=BIN_A)],
    ],
)
def test_it_says_nothing(story: Story) -> None:
    assert said("shipped_already", story) == []


@pytest.mark.parametrize(
    ("story", "cases"),
    [
        ([SHIPPED, fact(3, "inspect", location=BIN_A)], [("open", None, BIN_A)]),
        ([SHIPPED, fact(3, "pack", container=CARTON_1)], [("open", None, CARTON_1)]),
        (
            [SHIPPED, fact(3, "inspect", location=BIN_A), fact(4, "take_back", location=BIN_A)],
            [("explained", None, BIN_A)],
        ),
    ],
)
def test_it_says_this(story: Story, cases: list[tuple[str, str | None, str | None]]) -> None:
    assert said("shipped_already", story) == cases
