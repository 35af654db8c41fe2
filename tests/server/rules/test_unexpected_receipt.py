import pytest

from tests.handheld import CARTON_1, DOCK
from tests.server.rules.story import Story, fact, said

ANNOUNCED = fact(1, "announce", device=0, document="ASN-1", container=CARTON_1)
LATER = fact(9, "announce", device=0, document="ASN-1", container=CARTON_1)


@pytest.mark.parametrize(
    "story",
    [
        [ANNOUNCED, fact(2, "receive", document="ASN-1", container=CARTON_1)],
        [fact(2, "receive", location=DOCK)],  # under no notice, so none can lack it
        [fact(1, "receive", location=DOCK), fact(2, "receive", document="ASN-1", location=DOCK)],
    ],
)
def test_it_says_nothing(story: Story) -> None:
    assert said("unexpected_receipt", story) == []


@pytest.mark.parametrize(
    ("story", "cases"),
    [
        ([fact(2, "receive", document="ASN-1", container=CARTON_1)], [("open", None, CARTON_1)]),
        ([ANNOUNCED, fact(2, "receive", document="ASN-2", location=DOCK)], [("open", CARTON_1, DOCK)]),
        ([fact(2, "receive", document="ASN-1", location=DOCK), LATER], [("explained", None, DOCK)]),
    ],
)
def test_it_says_this(story: Story, cases: list[tuple[str, str | None, str | None]]) -> None:
    assert said("unexpected_receipt", story) == cases
