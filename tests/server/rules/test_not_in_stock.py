import pytest

from tests.handheld import BIN_A, CARTON_1
from tests.server.rules.story import Story, fact, said

ANNOUNCED = fact(1, "announce", device=0, document="ASN-1", container=CARTON_1)


@pytest.mark.parametrize(
    "story",
    [
        [ANNOUNCED, fact(2, "receive", document="ASN-1", location=BIN_A)],
        [fact(1, "put_away", location=BIN_A), fact(2, "count", location=BIN_A)],
        [fact(1, "inspect", location=BIN_A)],
    ],
)
def test_it_says_nothing(story: Story) -> None:
    assert said("not_in_stock", story) == []


@pytest.mark.parametrize(
    ("story", "cases"),
    [
        ([ANNOUNCED, fact(2, "count", location=BIN_A)], [("open", None, BIN_A)]),
        (
            [ANNOUNCED, fact(2, "count", location=BIN_A), fact(3, "receive", location=BIN_A)],
            [("explained", None, BIN_A)],
        ),
    ],
)
def test_it_says_this(story: Story, cases: list[tuple[str, str | None, str | None]]) -> None:
    assert said("not_in_stock", story) == cases
