"""What is in a carton by what a handheld with no network knows."""

from __future__ import annotations

import pytest

from scanner_client import parcel
from scanner_client.handheld import Handheld
from sync.protocol import stock_entry
from tests.scanner_client.labels import A_01, CABLE, CARTON, Learn, unit
from tests.scanner_client.test_site_map import PALLET

LEFT_EMPTY_AND_CAME_AGAIN = ["stored", A_01, A_01, None, None, None, 90, 90, None, *[None] * 5, [-70]]


@pytest.mark.parametrize(
    "cables",
    [[0, 1, None, 72, None, None, None, None, 3], [4, 1, None, 41], [0, None, None, 0, 4, "TRANSFER-1", None, 20]],
    ids=["one was put away", "read one by one", "by the label alone"],
)
def test_a_tote_that_left_empty_holds_nothing_of_what_came_in_it(
    handheld: Handheld, learn: Learn, cables: list[object]
) -> None:
    learn(
        ["unit", CARTON, LEFT_EMPTY_AND_CAME_AGAIN],
        ["unit", unit("S1"), ["stored", CARTON, CARTON, None, None, None, 41]],
        ["stock", stock_entry(CABLE, CARTON), cables],
    )
    assert parcel.contents(handheld, CARTON) == []
    assert [one.quantity for one in handheld.site_map.pieces.of(CABLE)] in ([3], [4]), "they are here all the same"


def test_a_carton_that_stayed_when_its_pallet_left_is_not_on_that_nor_is_what_is_in_it(
    handheld: Handheld, learn: Learn
) -> None:
    learn(
        ["unit", unit("S1"), ["stored", CARTON, CARTON, None, None, None, 15]],
        ["unit", CARTON, ["stored", PALLET, PALLET, None, None, None, 20, 20]],
        ["unit", PALLET, LEFT_EMPTY_AND_CAME_AGAIN],
    )
    assert handheld.site_map.packed_in(PALLET) == []
    assert handheld.site_map.packed_in(CARTON) == [unit("S1")]
