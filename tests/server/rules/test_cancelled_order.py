"""What was picked for an order after it was cancelled."""

from sync.order import Order, OrderLine
from sync.verdict import Ordered
from tests.handheld import BIN_A, CARTON_1, PHONE
from tests.server.rules.story import Quiet, fact, told

CANCELLED = Quiet(orders=Ordered(order=Order(number="SO-1", lines=(OrderLine(item=PHONE),), cancelled=True)))
STORED = fact(1, "put_away", location=BIN_A)


def test_it_says_nothing_of_a_unit_that_is_put_back() -> None:
    assert told("cancelled_order", [STORED, fact(2, "put_away", location=BIN_A)], CANCELLED) == []


def test_what_was_packed_for_it_is_a_case_until_it_is_put_away() -> None:
    packed = fact(2, "pack", container=CARTON_1, document="SO-1")
    [case] = told("cancelled_order", [STORED, packed], CANCELLED)
    assert (case.status, case.finding.detail) == ("open", "SO-1 had been cancelled.")
    [case] = told("cancelled_order", [STORED, packed, fact(3, "put_away", location=BIN_A)], CANCELLED)
    assert case.status == "explained"
