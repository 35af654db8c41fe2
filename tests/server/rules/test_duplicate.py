import pytest

from tests.handheld import BIN_A, CARTON_1, CARTON_2, DOCK
from tests.server.rules.story import Story, fact, said

RECEIVED = fact(1, "receive", document="ASN-1", container=CARTON_1)


@pytest.mark.parametrize(
    "story",
    [
        [RECEIVED],
        [RECEIVED, fact(2, "receive", document="ASN-1", container=CARTON_1)],  # the same box once more
        [RECEIVED, fact(2, "ship"), fact(3, "receive", document="ASN-2", location=DOCK)],
    ],
)
def test_it_says_nothing(story: Story) -> None:
    assert said("duplicate", story) == []


@pytest.mark.parametrize(
    ("story", "cases"),
    [
        ([RECEIVED, fact(2, "receive", document="ASN-1", container=CARTON_2)], [("open", CARTON_1, CARTON_2)]),
        ([RECEIVED, fact(2, "receive", document="ASN-2", container=CARTON_1)], [("open", CARTON_1, CARTON_1)]),
        ([RECEIVED, fact(2, "put_away", location=DOCK), fact(3, "receive", location=BIN_A)], [("open", DOCK, BIN_A)]),
    ],
)
def test_it_says_this(story: Story, cases: list[tuple[str, str | None, str | None]]) -> None:
    assert said("duplicate", story) == cases
