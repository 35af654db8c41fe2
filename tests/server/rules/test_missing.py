import pytest

from tests.handheld import BIN_A, BIN_B
from tests.server.rules.story import Story, fact, said

STORED = fact(1, "put_away", location=BIN_A)
LOST = fact(3, "not_found", device=0, location=BIN_A, document="CC-1")


@pytest.mark.parametrize(
    "story",
    [
        [STORED, fact(2, "inspect", location=BIN_B)],
        [STORED, fact(2, "ship"), LOST],  # it had left before: a scan that came late says so
        [LOST],
        [STORED, fact(2, "pick", location=BIN_B), LOST],  # taken for an order, by a scan that may have come late
        [STORED, fact(2, "put_away", location=BIN_B), LOST],
        [STORED, fact(2, "inspect", location=BIN_B), LOST],  # misplaced, and that is a case of its own
    ],
)
def test_it_says_nothing(story: Story) -> None:
    assert said("missing", story) == []


@pytest.mark.parametrize(
    ("story", "cases"),
    [
        ([STORED, LOST], [("open", BIN_A, None)]),
        ([STORED, fact(2, "inspect", location=BIN_A), LOST], [("open", BIN_A, None)]),
        ([fact(1, "expect", device=0, location=BIN_A), LOST], [("open", BIN_A, None)]),
        ([STORED, LOST, fact(4, "inspect", location=BIN_B)], [("explained", BIN_A, None)]),
        ([STORED, LOST, fact(4, "inspect", location=BIN_B, barcode=None, entry="keyed")], [("explained", BIN_A, None)]),
        ([STORED, LOST, fact(4, "void", voids="1.1.9", reason="x")], [("open", BIN_A, None)]),
        ([STORED, LOST, fact(4, "expect", device=0, location=BIN_B)], [("open", BIN_A, None)]),
    ],
)
def test_it_says_this(story: Story, cases: list[tuple[str, str | None, str | None]]) -> None:
    assert said("missing", story) == cases
