"""What was sold, from scans: cartons that left, what was taken out before, what came back undelivered."""

from __future__ import annotations

from server.database import reading
from server.sales import read_sales
from sync.identity import imei_key
from tests.handheld import BIN_A, CABLE, CARTON_1, CARTON_2, DOCK, PHONE, unit
from tests.server.running import NOW, SITE, Handheld

DAY = 86_400_000
IMEI, IMEI_2 = imei_key("490154203237518"), imei_key("356938035643809")


def _sold(since_ms: int = NOW - DAY) -> list[tuple[str, int, str | None]]:
    with reading() as c:
        return [(s.subject, s.quantity, s.order) for s in read_sales(c, SITE, since_ms=since_ms, until_ms=NOW)]


def _pack(handheld: Handheld, subject: str, carton: str, minutes_ago: int, **fields: object) -> None:
    handheld.scan("pack", subject, container=carton, document="SO-1", minutes_ago=minutes_ago, **fields)


def test_what_leaves_in_a_carton_is_sold_when_the_carton_is_handed_over(handheld: Handheld) -> None:
    _pack(handheld, unit("A1"), CARTON_1, 30)
    _pack(handheld, unit("A2"), CARTON_1, 29)
    _pack(handheld, CABLE, CARTON_1, 28, quantity=3)
    _pack(handheld, CABLE, CARTON_1, 27, quantity=2)
    handheld.scan("unpack", unit("A2"), location=DOCK, minutes_ago=26)
    handheld.scan("unpack", CABLE, location=DOCK, origin=CARTON_1, quantity=1, minutes_ago=25)
    handheld.push()
    assert _sold() == []
    handheld.scan("ship", CARTON_1, minutes_ago=20)
    handheld.scan("ship", CARTON_1, minutes_ago=19)
    handheld.push(7)
    assert sorted(_sold()) == sorted([(unit("A1"), 1, "SO-1"), (CABLE, 4, "SO-1")])
    with reading() as c:
        assert {s.item for s in read_sales(c, SITE, since_ms=NOW - DAY, until_ms=NOW)} == {PHONE, CABLE}
        assert read_sales(c, SITE, since_ms=NOW - DAY, until_ms=NOW - 21 * 60_000) == []


def test_a_parcel_that_came_back_unopened_was_no_sale_and_a_unit_sold_twice_was_two(handheld: Handheld) -> None:
    _pack(handheld, unit("A1"), CARTON_1, 48)
    handheld.scan("ship", CARTON_1, minutes_ago=46)
    handheld.scan("parcel_back", CARTON_1, location=DOCK, reason="refused", minutes_ago=40)
    handheld.push()
    assert _sold() == []
    _pack(handheld, unit("A1"), CARTON_2, 30)
    handheld.scan("ship", CARTON_2, minutes_ago=29)
    handheld.scan("take_back", unit("A1"), location=DOCK, minutes_ago=20)
    handheld.scan("ship", unit("A1"), document="SO-2", minutes_ago=10)
    handheld.push(4)
    assert _sold() == [(unit("A1"), 1, "SO-1"), (unit("A1"), 1, "SO-2")]


def test_what_was_taken_out_of_a_parcel_that_came_back_does_not_leave_with_it_again(handheld: Handheld) -> None:
    for serial in ("A1", "A2", "A3"):
        _pack(handheld, unit(serial), CARTON_1, 48)
    handheld.scan("ship", CARTON_1, minutes_ago=46)
    handheld.scan("parcel_back", CARTON_1, location=DOCK, reason="refused", minutes_ago=40)
    handheld.scan("unpack", unit("A1"), origin=CARTON_1, location=DOCK, minutes_ago=30)
    _pack(handheld, unit("A2"), CARTON_2, 29)
    handheld.scan("ship", CARTON_1, minutes_ago=20)
    handheld.push()
    assert _sold() == [(unit("A3"), 1, "SO-1")]


def test_an_undone_shipment_is_no_sale(handheld: Handheld) -> None:
    handheld.scan("ship", unit("A1"), document="SO-1", minutes_ago=30)
    handheld.push()
    name = f"{handheld.chain.device_no}.{handheld.chain.epoch}.1"
    handheld.scan("void", unit("A1"), voids=name, reason="not mine", minutes_ago=20)
    handheld.push(2)
    assert _sold() == []


def test_a_unit_that_leaves_by_its_further_number_is_sold(handheld: Handheld) -> None:
    handheld.scan("put_away", unit("A1"), location=BIN_A, identifiers=(IMEI,), minutes_ago=48)
    handheld.scan("ship", IMEI, document="SO-1", minutes_ago=46)
    handheld.scan("put_away", unit("A2"), location=BIN_A, identifiers=(IMEI_2,), minutes_ago=45)
    _pack(handheld, IMEI_2, CARTON_1, 44)
    handheld.scan("ship", CARTON_1, minutes_ago=43)
    handheld.push()
    assert _sold() == [(unit("A1"), 1, "SO-1"), (unit("A2"), 1, "SO-1")]


def test_a_unit_that_two_people_hand_over_was_sold_once_unless_it_was_here_in_between(handheld: Handheld) -> None:
    _pack(handheld, unit("A1"), CARTON_1, 48)
    handheld.scan("ship", CARTON_1, document="SO-1", minutes_ago=46)
    handheld.scan("ship", unit("A1"), document="SO-1", minutes_ago=45)
    handheld.scan("ship", unit("A1"), document="SO-1", minutes_ago=44)
    handheld.push()
    assert _sold() == [(unit("A1"), 1, "SO-1")]
    handheld.scan("put_away", unit("A1"), location=BIN_A, minutes_ago=30)
    handheld.scan("ship", unit("A1"), document="SO-2", minutes_ago=29)
    handheld.push(5)
    assert _sold() == [(unit("A1"), 1, "SO-1"), (unit("A1"), 1, "SO-2")]


def test_a_carton_that_serves_a_second_order_sells_what_was_packed_for_each(handheld: Handheld) -> None:
    _pack(handheld, unit("A1"), CARTON_1, 48)
    _pack(handheld, CABLE, CARTON_1, 47, quantity=2)
    handheld.scan("ship", CARTON_1, document="SO-1", minutes_ago=46)
    handheld.scan("pack", unit("A2"), container=CARTON_1, document="SO-2", minutes_ago=30)
    handheld.scan("ship", CARTON_1, document="SO-2", minutes_ago=29)
    handheld.scan("ship", CARTON_1, document="SO-2", minutes_ago=28)
    handheld.push()
    assert _sold() == [(CABLE, 2, "SO-1"), (unit("A1"), 1, "SO-1"), (unit("A2"), 1, "SO-2")]
    handheld.scan("parcel_back", CARTON_1, location=DOCK, reason="refused", minutes_ago=20)
    handheld.push(7)
    assert [order for _, _, order in _sold()] == ["SO-1", "SO-1"]
