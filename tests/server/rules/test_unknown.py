import pytest

from tests.handheld import BIN_A
from tests.server.rules.story import Story, fact, said


@pytest.mark.parametrize(
    "story",
    [
        [fact(1, "put_away", location=BIN_A), fact(2, "inspect", location=BIN_A)],
        [fact(1, "receive", location=BIN_A)],
        [fact(1, "link", identifiers=("urn:gsma:imei:49015420-323751-0",))],
    ],
)
def test_it_says_nothing(story: Story) -> None:
    assert said("unknown", story) == []


@pytest.mark.parametrize(
    ("story", "cases"),
    [
        ([fact(1, "inspect", location=BIN_A)], [("open", None, BIN_A)]),
        ([fact(1, "count", location=BIN_A), fact(2, "count", location=BIN_A)], [("open", None, BIN_A)]),
        ([fact(1, "link"), fact(2, "inspect", location=BIN_A)], [("open", None, BIN_A)]),
        (
            [fact(1, "inspect", location=BIN_A), fact(2, "expect", device=0, location=BIN_A)],
            [("explained", None, BIN_A)],
        ),
    ],
)
def test_it_says_this(story: Story, cases: list[tuple[str, str | None, str | None]]) -> None:
    assert said("unknown", story) == cases
