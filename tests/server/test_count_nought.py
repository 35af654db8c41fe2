"""Pieces that a count found none of: a bin finished without a scan of a product counts it as nought."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from server.counts import closing, limits
from server.counts.limits import Limit
from server.counts.recount import open_recount
from server.database import stamp, writing
from server.rebuild import rebuild
from server.tables import stock_levels
from tests.handheld import BIN_A, BIN_B, CABLE, DAY, Chain
from tests.server.counting import NOW, Counting, begin, close, result
from tests.server.site import SITE, differences, enrol, folded, push, state_document


@pytest.fixture
def counter(warehouse: str) -> Chain:
    """A handheld, and 5 cables in bin A and in bin B."""
    rows = [{"subject": CABLE, "location": place, "quantity": 5} for place in (BIN_A, BIN_B)]
    state_document("stock", "CABLES", rows, now_ms=DAY - 90_000)
    enrol(1)
    begin("CC-1", BIN_A)
    return Chain(1)


def held(place: str = BIN_A) -> int:
    """What the records say lies there, after they were folded anew and that changed nothing."""
    before = folded()
    with writing() as c:
        rebuild(c, SITE, [CABLE], stamp(c))
        here = (stock_levels.c.subject == CABLE) & (stock_levels.c.place == place)
        quantity = int(c.execute(sa.select(stock_levels.c.quantity).where(here)).scalar_one())
    assert differences(before, folded()) == []
    return quantity


def test_pieces_that_nobody_found_are_out_of_the_books_once_the_count_is_closed(counter: Chain) -> None:
    Counting(counter, operator="Rosa")(BIN_A)
    push(counter, now_ms=NOW)
    assert held() == 5
    close()
    assert (held(), held(BIN_B)) == (0, 5)
    begin("CC-2", BIN_A, now_ms=NOW + 2_000)
    Counting(counter, NOW + 2_000, number="CC-2", operator="Rosa")(BIN_A)
    push(counter, 3, now_ms=NOW + 600_000)
    assert result("CC-2").lines == [], "they are not short again"


def test_what_came_into_the_bin_after_it_was_finished_stays_in_the_books(counter: Chain) -> None:
    Counting(counter)(BIN_A)
    counter.scan(NOW - 600_000, "move", CABLE, origin=BIN_B, location=BIN_A, quantity=3)
    push(counter, now_ms=NOW)
    close()
    assert (held(), held(BIN_B)) == (3, 2)


def test_nought_above_the_closers_limit_is_in_the_books_once_it_is_approved(counter: Chain) -> None:
    with writing() as c:
        limits.set_limit(c, site=SITE, whose="role:supervisor", limit=Limit(units=0), operator="admin", now_ms=DAY)
    Counting(counter, operator="Rosa")(BIN_A)
    push(counter, now_ms=NOW)
    close(role="supervisor")
    assert held() == 5
    with writing() as c:
        closing.approve(c, site=SITE, number="CC-1", operator="Ada", note=None, now_ms=NOW + 2_000)
    assert held() == 0


def test_a_late_scan_of_them_counts_in_the_next_version_and_not_before(counter: Chain) -> None:
    count = Counting(counter)
    count(BIN_A, finish=False)
    finished_ms = count.now_ms + 60_000
    enrol(2)
    away = Chain(2)
    other = Counting(away, DAY - 30_000)
    other.say("count", CABLE, BIN_A, quantity=4)
    count.say("finish_bin", None, BIN_A)
    assert finished_ms == count.now_ms
    push(counter, now_ms=NOW)
    close()
    push(away, now_ms=NOW)
    assert held() == 0
    assert close().version == 2
    assert held() == 4


def test_a_recount_that_finds_none_speaks_for_the_bin_and_one_that_finds_some_too(counter: Chain) -> None:
    Counting(counter, operator="Rosa")(BIN_A, CABLE, quantity=4)
    push(counter, now_ms=NOW)
    close()
    recount(10, "Ravi")
    assert close().version == 2
    assert held() == 0
    recount(11, "Uma", CABLE)
    (line,) = result().lines
    assert (line.expected_quantity, line.quantity) == (5, 2), "what the count itself said is not what it should find"
    assert close().version == 3
    assert held() == 2


def recount(device_no: int, operator: str, *subjects: str) -> None:
    at = NOW + device_no * 1_000_000
    with writing() as c:
        plan = open_recount(c, site=SITE, number="CC-1", bins=[BIN_A], operator="Sam", now_ms=at)
    enrol(device_no, name=f"HH-{device_no}")
    chain = Chain(device_no)
    Counting(chain, at, number=plan.number, operator=operator)(BIN_A, *subjects, quantity=2)
    push(chain, now_ms=at + 900_000)
