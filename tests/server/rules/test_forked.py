import pytest

from tests.handheld import BIN_A, CARTON_1
from tests.server.rules.story import Story, fact, said


@pytest.mark.parametrize(
    "story",
    [
        [fact(1, "put_away", location=BIN_A)],
    ],
)
def test_it_says_nothing(story: Story) -> None:
    assert said("forked", story) == []


@pytest.mark.parametrize(
    ("story", "cases"),
    [
        ([fact(1, "put_away", location=BIN_A, forked=True)], [("open", None, BIN_A)]),
        ([fact(1, "pack", container=CARTON_1, forked=True)], [("open", None, CARTON_1)]),
    ],
)
def test_it_says_this(story: Story, cases: list[tuple[str, str | None, str | None]]) -> None:
    assert said("forked", story) == cases
