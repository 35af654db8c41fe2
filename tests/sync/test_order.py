"""Which units are promised to which order."""

from itertools import permutations

from sync.order import Available, Order, OrderLine, Taken, Wants, promise
from tests.handheld import BIN_A, BIN_B, CABLE, PHONE, unit


def order(number: str, *lines: OrderLine, due: str | None = None, priority: int = 0) -> Order:
    return Order(number=number, lines=lines, due=due, priority=priority)


def phone(serial: str, **of: object) -> Available:
    return Available(unit=unit(serial), place=BIN_A, **of)  # type: ignore[arg-type]


def dealt(wants: Wants, number: str) -> list[list[str]]:
    return [[one.unit.rpartition("/")[2] for one in want.units] for want in wants[number]]


PHONES = OrderLine(item=PHONE, quantity=2)


def test_what_expires_first_goes_first_then_what_has_lain_longest() -> None:
    stock = [
        phone("S1", stocked_minute=5),
        phone("S2", stocked_minute=4),
        phone("S3", expiry="2027-01-01", stocked_minute=9),
        phone("S4", expiry="2026-12-31", stocked_minute=9),
    ]
    found = promise([order("SO-1", OrderLine(item=PHONE, quantity=3))], {}, stock)
    assert dealt(found, "SO-1") == [["S4", "S3", "S2"]]


def test_orders_get_their_share_by_due_date_and_then_by_number_whatever_the_sequence_of_the_rows() -> None:
    orders = [
        order("SO-3", PHONES, due="2026-12-02"),
        order("SO-2", PHONES, due="2026-12-01"),
        order("SO-1", PHONES, due="2026-12-02"),
    ]
    stock = [phone(f"S{n}", stocked_minute=n) for n in range(1, 6)]
    found = {str(promise(some, {}, more)) for some in permutations(orders) for more in (stock, stock[::-1])}
    first = promise(orders, {}, stock)
    assert [dealt(first, f"SO-{n}") for n in (2, 1, 3)] == [[["S1", "S2"]], [["S3", "S4"]], [["S5"]]]
    assert len({frozenset(text) for text in found}) == 1
    urgent = order("SO-9", PHONES, due="2027-01-01", priority=1)
    assert dealt(promise([*orders, urgent], {}, stock), "SO-9") == [["S1", "S2"]]


def test_a_unit_made_for_one_order_is_promised_to_no_other_and_never_substituted() -> None:
    orders = [order("SO-1", OrderLine(item=PHONE, quantity=2)), order("SO-2", OrderLine(item=PHONE, unit=unit("S1")))]
    found = promise(orders, {}, [phone("S1"), phone("S2")])
    assert (dealt(found, "SO-1"), dealt(found, "SO-2")) == ([["S2"]], [["S1"]])
    gone = promise(orders, {}, [phone("S2"), phone("S3")])
    assert dealt(gone, "SO-2") == [[]]


def test_a_line_that_names_a_lot_takes_no_other_and_has_the_first_choice() -> None:
    lines = (OrderLine(item=PHONE), OrderLine(item=PHONE, lot="L1"))
    found = promise(
        [order("SO-1", *lines)], {}, [phone("S1", lot="L1", stocked_minute=1), phone("S2", stocked_minute=2)]
    )
    assert {want.line.lot: [one.unit for one in want.units] for want in found["SO-1"]} == {
        "L1": [unit("S1")],
        None: [unit("S2")],
    }


def test_what_was_picked_or_reported_short_is_asked_for_no_more() -> None:
    asked = order("SO-1", PHONES, OrderLine(item=CABLE, quantity=5))
    taken = {"SO-1": [Taken(subject=unit("S7")), Taken(subject=CABLE, quantity=3)]}
    found = promise([asked], taken, [phone("S1"), Available(unit=unit("C1", CABLE), place=BIN_B)])
    assert [(want.line.item, want.missing, len(want.units)) for want in found["SO-1"]] == [(PHONE, 1, 1), (CABLE, 2, 1)]
    done = promise([asked], {"SO-1": [*taken["SO-1"], Taken(subject=PHONE), Taken(subject=CABLE, quantity=2)]}, [])
    assert done == {"SO-1": ()}
