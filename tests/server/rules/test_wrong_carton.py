import pytest

from tests.handheld import CARTON_1, CARTON_2, DOCK
from tests.server.rules.story import Story, fact, said

ANNOUNCED = fact(1, "announce", device=0, document="ASN-1", container=CARTON_1)


@pytest.mark.parametrize(
    "story",
    [
        [ANNOUNCED, fact(2, "receive", document="ASN-1", container=CARTON_1)],
        [ANNOUNCED, fact(2, "receive", document="ASN-1", location=DOCK)],
        [fact(2, "receive", document="ASN-1", container=CARTON_2)],
    ],
)
def test_it_says_nothing(story: Story) -> None:
    assert said("wrong_carton", story) == []


@pytest.mark.parametrize(
    ("story", "cases"),
    [
        ([ANNOUNCED, fact(2, "receive", document="ASN-1", container=CARTON_2)], [("open", CARTON_1, CARTON_2)]),
    ],
)
def test_it_says_this(story: Story, cases: list[tuple[str, str | None, str | None]]) -> None:
    assert said("wrong_carton", story) == cases
