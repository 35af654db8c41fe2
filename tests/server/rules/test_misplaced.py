import pytest

from tests.handheld import BIN_A, BIN_B
from tests.server.rules.story import Story, fact, said

STORED = fact(1, "put_away", location=BIN_A)


@pytest.mark.parametrize(
    "story",
    [
        [STORED, fact(2, "inspect", location=BIN_A)],
        [STORED, fact(2, "put_away", location=BIN_B)],
        [STORED, fact(2, "link", location=BIN_B)],
        [STORED, fact(2, "reject", location=BIN_A, reason="known_elsewhere")],
        [fact(2, "inspect", location=BIN_B)],
    ],
)
def test_it_says_nothing(story: Story) -> None:
    assert said("misplaced", story) == []


@pytest.mark.parametrize(
    ("story", "cases"),
    [
        ([STORED, fact(2, "inspect", location=BIN_B)], [("open", BIN_A, BIN_B)]),
        ([STORED, fact(2, "count", location=BIN_B), fact(3, "count", location=BIN_B)], [("open", BIN_A, BIN_B)]),
        ([STORED, fact(2, "pick", location=BIN_B)], [("open", BIN_A, BIN_B)]),
        ([STORED, fact(2, "reject", location=BIN_B, reason="known_elsewhere")], [("open", BIN_A, BIN_B)]),
        (
            [STORED, fact(2, "inspect", location=BIN_B), fact(3, "inspect", location=BIN_A)],
            [("explained", BIN_A, BIN_B)],
        ),
        (
            [STORED, fact(2, "inspect", location=BIN_B), fact(3, "put_away", location=BIN_B)],
            [("explained", BIN_A, BIN_B)],
        ),
        ([STORED, fact(2, "inspect", location=BIN_B), fact(3, "link")], [("open", BIN_A, BIN_B)]),
    ],
)
def test_it_says_this(story: Story, cases: list[tuple[str, str | None, str | None]]) -> None:
    assert said("misplaced", story) == cases
