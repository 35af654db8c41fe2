import pytest

from tests.handheld import BIN_A, CARTON_1, DOCK
from tests.server.rules.story import Story, fact, said

ANNOUNCED = fact(1, "announce", device=0, document="ASN-1", container=CARTON_1)
SHORT = fact(3, "not_received", device=0, document="ASN-1")


@pytest.mark.parametrize(
    "story",
    [
        [ANNOUNCED],
        [ANNOUNCED, fact(2, "receive", document="ASN-1", container=CARTON_1)],
        [ANNOUNCED, fact(2, "put_away", location=BIN_A), SHORT],  # missed at the dock, and on its shelf all the same
    ],
)
def test_it_says_nothing(story: Story) -> None:
    assert said("short", story) == []


@pytest.mark.parametrize(
    ("story", "cases"),
    [
        ([ANNOUNCED, SHORT], [("open", CARTON_1, None)]),
        ([ANNOUNCED, SHORT, fact(4, "receive", document="ASN-1", location=DOCK)], [("explained", CARTON_1, None)]),
    ],
)
def test_it_says_this(story: Story, cases: list[tuple[str, str | None, str | None]]) -> None:
    assert said("short", story) == cases
