import pytest

from tests.handheld import BIN_A, BIN_B, CARTON_1
from tests.server.rules.story import Quiet, Story, fact, said

HERE = fact(1, "put_away", location=BIN_A)
PICKED = fact(1, "pick", location=BIN_A)


@pytest.mark.parametrize(
    "story",
    [
        [HERE, fact(1.1, "inspect", device=2, location=BIN_A)],  # they agree
        [HERE, fact(1.1, "inspect", device=1, location=BIN_B)],  # one handheld knows its own order
        [HERE, fact(1.3, "inspect", device=2, location=BIN_B)],  # the clocks tell them apart
        [HERE, fact(1.1, "link", device=2)],
        [HERE, fact(1.1, "expect", device=0, location=BIN_A), fact(1.2, "inspect", location=BIN_B)],
        [PICKED, fact(1.1, "pack", device=2, container=CARTON_1, unsure_ms=300_000)],  # from hand to hand
        [fact(1, "receive", location=BIN_A), fact(1.1, "put_away", device=2, location=BIN_B)],
        [fact(1, "announce", device=0, container=CARTON_1), fact(1.1, "inspect", device=2, location=BIN_B)],
    ],
)
def test_it_says_nothing(story: Story) -> None:
    assert said("conflicting_claims", story) == []


@pytest.mark.parametrize(
    ("story", "cases"),
    [
        ([HERE, fact(1.1, "inspect", device=2, location=BIN_B)], [("open", BIN_A, BIN_B)]),
        ([HERE, fact(1.2, "inspect", device=2, location=BIN_B)], [("open", BIN_A, BIN_B)]),
        ([HERE, fact(9, "inspect", device=2, location=BIN_B, unsure_ms=300_000)], [("open", BIN_A, BIN_B)]),
        ([HERE, fact(1.1, "inspect", device=2, location=BIN_B, barcode=None, entry="keyed")], [("open", BIN_A, BIN_B)]),
        ([HERE, fact(1.1, "put_away", device=2, location=BIN_B)], [("open", BIN_A, BIN_B)]),
        ([PICKED, fact(1.1, "count", device=2, location=BIN_B, document="CC-1")], [("open", BIN_A, BIN_B)]),
        ([HERE, fact(1.1, "pack", device=2, container=CARTON_1)], [("open", BIN_A, CARTON_1)]),
    ],
)
def test_it_says_this(story: Story, cases: list[tuple[str, str | None, str | None]]) -> None:
    assert said("conflicting_claims", story) == cases


def test_a_carton_that_stands_in_the_same_place_is_no_other_place() -> None:
    around = Quiet(standing={CARTON_1: BIN_A})
    assert said("conflicting_claims", [HERE, fact(1.1, "pack", device=2, container=CARTON_1)], around) == []
    packed = [fact(1, "pack", container=CARTON_1), fact(1.1, "inspect", device=2, location=BIN_A)]
    assert said("conflicting_claims", packed, around) == []


def test_a_scan_that_names_what_it_came_of_in_no_known_way_is_still_judged() -> None:
    first = fact(1, "put_away", location=BIN_A, about="yesterday")
    assert said("conflicting_claims", [first, fact(1.1, "inspect", device=2, location=BIN_B)]) != []
    assert said("conflicting_claims", [HERE, fact(1.1, "inspect", device=2, location=BIN_B, about="yesterday")]) != []
