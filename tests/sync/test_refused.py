"""What a picker or packer is told not to go on with, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.actions import ACTIONS
from sync.event import ScanEvent
from sync.order import Order, OrderLine
from sync.unit import Status
from sync.verdict import NO_ORDER, REFUSED, Judgement, Known, Ordered, Verdict, day, judge
from tests.handheld import BIN_A, CABLE, CARTON_1, CARTON_2, PHONE, unit

PICK = ScanEvent(
    device_no=1, epoch=1, seq=1, action="pick", subject=unit("S1"), location=BIN_A, document="SO-1",
    wall_ms=1, boot="b", boot_ms=1,
)  # fmt: skip
PACK = replace(PICK, action="pack", location=None, container=CARTON_1)
STORED = Known(status=Status.STORED, expected=BIN_A, expected_location=BIN_A)
PICKED = Known(status=Status.PICKED, document="SO-1")
PACKED = Known(status=Status.PACKED, expected=CARTON_1, document="SO-1")


def order(*lines: OrderLine, cancelled: bool = False) -> Order:
    return Order(number="SO-1", lines=lines, cancelled=cancelled)


TWO_PHONES = Ordered(order=order(OrderLine(item=PHONE, quantity=2)))
TODAY = "2026-11-28"


@pytest.mark.parametrize(
    ("event", "known", "ordered"),
    [
        (PICK, STORED, NO_ORDER),
        (PICK, STORED, TWO_PHONES),
        (PICK, STORED, replace(TWO_PHONES, taken=1)),
        (PICK, STORED, replace(TWO_PHONES, made_for="SO-1")),
        (PICK, replace(STORED, expiry=TODAY), TWO_PHONES),
        (PICK, replace(STORED, document="SO-7"), TWO_PHONES),
        (PICK, replace(STORED, condition="grade_a"), TWO_PHONES),
        (replace(PICK, document="TRANSFER-1"), replace(STORED, condition="damaged"), NO_ORDER),
        (PICK, STORED, Ordered(order=order(OrderLine(item=PHONE, unit=unit("S1"))))),
        (PICK, STORED, Ordered(order=order(OrderLine(item=PHONE, lot="L1")))),
        (PACK, PICKED, TWO_PHONES),
        (PACK, STORED, TWO_PHONES),
        (PACK, PACKED, TWO_PHONES),
        (replace(PACK, document=None), PICKED, NO_ORDER),
    ],
)
def test_right_is_what_the_order_asks_for_and_nothing_speaks_against(
    event: ScanEvent, known: Known, ordered: Ordered
) -> None:
    assert judge(event, known, recalled=False, whole=True, ordered=ordered, today=TODAY).verdict is Verdict.RIGHT


@pytest.mark.parametrize(
    ("event", "known", "ordered", "said"),
    [
        (PICK, replace(STORED, held=True), TWO_PHONES, Judgement(verdict=Verdict.QUARANTINED, belongs=BIN_A)),
        (PICK, replace(STORED, condition="wet"), TWO_PHONES, Judgement(verdict=Verdict.DAMAGED, belongs=BIN_A)),
        (replace(PACK, condition="damaged"), PICKED, TWO_PHONES, Judgement(verdict=Verdict.DAMAGED)),
        (PICK, replace(STORED, expiry="2026-11-27"), TWO_PHONES, Judgement(verdict=Verdict.EXPIRED)),
        (replace(PICK, expiry="2026-11-27"), None, NO_ORDER, Judgement(verdict=Verdict.EXPIRED)),
        (
            PACK,
            Known(status=Status.SHIPPED, document="SO-7"),
            TWO_PHONES,
            Judgement(verdict=Verdict.SHIPPED_ALREADY, claimed_by="SO-7"),
        ),
        (
            PICK,
            STORED,
            Ordered(order=order(OrderLine(item=PHONE), cancelled=True)),
            Judgement(verdict=Verdict.ORDER_CANCELLED, claimed_by="SO-1"),
        ),
        (PACK, PICKED, Ordered(order=order(OrderLine(item=CABLE))), Judgement(verdict=Verdict.WRONG_PRODUCT)),
        (
            PICK,
            replace(STORED, lot="L2"),
            Ordered(order=order(OrderLine(item=PHONE, lot="L1"))),
            Judgement(verdict=Verdict.WRONG_LOT),
        ),
        (
            PICK,
            STORED,
            Ordered(order=order(OrderLine(item=PHONE, unit=unit("S9")))),
            Judgement(verdict=Verdict.MADE_TO_ORDER, belongs=unit("S9")),
        ),
        (
            PACK,
            replace(PICKED, document="SO-7"),
            TWO_PHONES,
            Judgement(verdict=Verdict.CLAIMED, claimed_by="SO-7"),
        ),
        (PICK, STORED, replace(TWO_PHONES, made_for="SO-9"), Judgement(verdict=Verdict.CLAIMED, claimed_by="SO-9")),
        (
            replace(PACK, container=CARTON_2),
            PACKED,
            TWO_PHONES,
            Judgement(verdict=Verdict.PACKED_ELSEWHERE, belongs=CARTON_1),
        ),
        (PICK, STORED, replace(TWO_PHONES, taken=2), Judgement(verdict=Verdict.MORE_THAN_ORDERED)),
    ],
)
def test_refused_is_what_must_not_go_out_and_the_reason_is_named(
    event: ScanEvent, known: Known | None, ordered: Ordered, said: Judgement
) -> None:
    found = judge(event, known, recalled=False, whole=False, ordered=ordered, today=TODAY)
    assert found == said
    assert found.verdict in REFUSED
    looked_at = replace(event, action="inspect")
    assert judge(looked_at, known, recalled=False, whole=True, ordered=ordered, today=TODAY).verdict not in (
        REFUSED - {Verdict.SHIPPED_ALREADY}
    ), "whoever only looks at it is refused nothing"


def test_a_carton_is_closed_once() -> None:
    closing = replace(PICK, action="close_carton", subject=CARTON_1)
    carton = Known(status=Status.PACKED, expected=CARTON_1, document="SO-1")
    assert judge(closing, carton, recalled=False, whole=True).verdict is Verdict.RIGHT
    again = judge(closing, replace(carton, closed=True), recalled=False, whole=True)
    assert again == Judgement(verdict=Verdict.CLOSED_ALREADY, claimed_by="SO-1")


def test_what_is_refused_can_be_kept_as_rejected() -> None:
    assert not ACTIONS["reject"].chosen
    guarded = {name for name, what in ACTIONS.items() if what.guarded}
    assert guarded == {"pick", "pack", "ship", "lend", "give_replacement"}


def test_a_day_begins_at_midnight_utc() -> None:
    assert [day(ms) for ms in (0, 86_399_999, 86_400_000)] == ["1970-01-01", "1970-01-01", "1970-01-02"]
