"""A picked or packed unit that its order does not ask for."""

from sync.order import Order, OrderLine
from sync.verdict import Ordered
from tests.handheld import BIN_A, CABLE, CARTON_1, PHONE, unit
from tests.server.rules.story import Quiet, fact, told

STORED = fact(1, "put_away", location=BIN_A)


def ordering(*lines: OrderLine) -> Quiet:
    return Quiet(orders=Ordered(order=Order(number="SO-1", lines=lines)))


def test_it_says_nothing_of_what_the_order_asks_for_nor_of_an_order_that_nobody_knows() -> None:
    packed = fact(2, "pack", container=CARTON_1, document="SO-1")
    assert told("wrong_product", [STORED, packed], ordering(OrderLine(item=PHONE))) == []
    assert told("wrong_product", [STORED, packed], Quiet()) == []


def test_it_names_what_is_wrong_and_closes_when_it_is_taken_out() -> None:
    packed = fact(2, "pack", container=CARTON_1, document="SO-1", lot="L1")
    for lines, said in (
        (OrderLine(item=CABLE), "SO-1 does not ask for this product."),
        (OrderLine(item=PHONE, lot="L2"), "SO-1 asks for another lot of it."),
        (OrderLine(item=PHONE, unit=unit("S2")), "SO-1 takes only the unit that was made for it."),
    ):
        [case] = told("wrong_product", [STORED, packed], ordering(lines))
        assert (case.status, case.finding.detail, case.finding.seen) == ("open", said, CARTON_1)
    taken_out = fact(3, "unpack", location=BIN_A)
    [case] = told("wrong_product", [STORED, packed, taken_out], ordering(OrderLine(item=CABLE)))
    assert case.status == "explained"
