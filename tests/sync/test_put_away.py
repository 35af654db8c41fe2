"""Which bin is suggested."""

from __future__ import annotations

import pytest

from sync.put_away import Bin, suggest

BINS = [
    Bin(key="A-1", zone="small", held=4),
    Bin(key="A-2", zone="small", held=0),
    Bin(key="A-3", zone="small", held=0),
    Bin(key="B-1", zone="large", held=2),
    Bin(key="DOCK", zone=None, held=0),
]


@pytest.mark.parametrize(
    ("same", "home", "place", "why"),
    [
        ({"A-1": 1, "B-1": 3}, None, "B-1", "same_item"),
        ({"A-1": 1, "B-1": 3}, "small", "A-1", "same_item"),
        ({"B-1": 3}, "small", "B-1", "same_item"),
        ({}, "small", "A-2", "empty"),
        ({}, "large", "B-1", "home_zone"),
    ],
)
def test_the_same_product_then_an_empty_bin_at_home_then_the_one_with_most_room(
    same: dict[str, int], home: str | None, place: str, why: str
) -> None:
    found = suggest(same, home=home, bins=BINS)
    assert found is not None
    assert (found.place, found.why.value) == (place, why)


@pytest.mark.parametrize(("same", "home"), [({}, None), ({}, "cold"), ({"GONE": 2}, None), ({"A-1": 0}, None)])
def test_nothing_is_suggested_where_nothing_speaks_for_a_bin(same: dict[str, int], home: str | None) -> None:
    assert suggest(same, home=home, bins=BINS) is None
