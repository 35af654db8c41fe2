"""Stored balances of stock without units: the same on top of what is stored as from scratch."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from server.database import stamp, writing
from server.rebuild import rebuild
from tests.handheld import BIN_A, CABLE, CARTON_1, DAY, DOCK, Chain
from tests.server.site import SITE, differences, enrol, folded, push, state_document

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


PACKED, LEFT, ANNOUNCED = "packed", "left", "announced"


@pytest.mark.parametrize("before", [0, 9])
@pytest.mark.parametrize("arrival", [*permutations((PACKED, LEFT, ANNOUNCED))])
def test_what_was_in_a_tote_that_left_is_not_in_it_when_it_is_announced_again_however_late_that_is_heard(
    warehouse: str, arrival: tuple[str, ...], before: int
) -> None:
    chains = {PACKED: Chain(1), LEFT: Chain(2)}
    for no in (1, 2):
        enrol(no)
    if before:
        chains[LEFT].scan(DAY + 5_000, "receive", CABLE, location=DOCK, quantity=before)
        push(chains[LEFT], now_ms=DAY + 6_000)
    chains[PACKED].scan(DAY + 10_000, "pack", CABLE, container=CARTON_1, origin=DOCK, quantity=3, document="SO-1")
    left = chains[LEFT].scan(DAY + 20_000, "ship", CARTON_1, document="SO-1")
    lines: list[dict[str, Any]] = [
        {"subject": CABLE, "container": CARTON_1, "quantity": 2},
        {"subject": CARTON_1, "container": None},
    ]
    for what in arrival:
        if what == ANNOUNCED:
            state_document("asn", "ASN-1", lines, now_ms=DAY + 30_000)
        else:
            is_early = arrival.index(what) < arrival.index(ANNOUNCED)
            push(chains[what], left.seq if what == LEFT else 1, now_ms=DAY + (25_000 if is_early else 60_000))
    as_heard = folded()
    with writing() as c:
        rebuild(c, SITE, [CABLE], stamp(c))
    assert differences(as_heard, folded()) == []
    in_tote = [row for row in as_heard["stock_levels"] if repr(CARTON_1) in row]
    assert [row[3:5] for row in in_tote] == [("0", "2")]
