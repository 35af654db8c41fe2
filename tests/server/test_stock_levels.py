"""Stored balances of stock without units: the same on top of what is stored as from scratch."""

from __future__ import annotations

from itertools import permutations

import pytest

from server.database import stamp, writing
from server.rebuild import rebuild
from tests.handheld import BIN_A, CABLE, DAY, DOCK, Chain
from tests.server.site import SITE, differences, enrol, folded, push

RECEIVED, CHECKED, LATE = 1, 2, 3


@pytest.mark.parametrize("arrival", [*permutations((RECEIVED, CHECKED, LATE))])
def test_the_last_word_on_an_expiry_counts_in_whatever_order_handhelds_are_heard_of(
    warehouse: str, arrival: tuple[int, ...]
) -> None:
    chains = {no: Chain(no) for no in arrival}
    for no in arrival:
        enrol(no)
    chains[RECEIVED].scan(DAY + 20_000, "receive", CABLE, location=DOCK, quantity=5)
    chains[LATE].scan(DAY + 25_000, "receive", CABLE, location=BIN_A, quantity=5, expiry="2027-01-31")
    chains[CHECKED].scan(DAY + 30_000, "inspect", CABLE, location=DOCK, expiry="2027-06-30")
    for no in arrival:
        push(chains[no], now_ms=DAY + 60_000)
    as_heard = folded()
    with writing() as c:
        rebuild(c, SITE, [CABLE], stamp(c))
    assert differences(as_heard, folded()) == []
    assert all("2027-06-30" in str(row) and "2027-01-31" not in str(row) for row in as_heard["stock_levels"])
