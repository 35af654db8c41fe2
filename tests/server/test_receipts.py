"""Receipts: what a notice announced against what came."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import sqlalchemy as sa

from server.counts.plan import CountError
from server.counts.receipt import ReceiptReport, close_receipt, report
from server.database import reading, writing
from server.tables import cases
from sync.identity import lot_key
from tests.handheld import CABLE, CARTON_1, CARTON_2, DAY, DOCK, PHONE, Chain, unit
from tests.server.site import SITE, enrol, push, state_document

NOW = DAY + 3_600_000
BATTERY = "https://id.gs1.org/01/09506000134369"


@pytest.fixture
def receiver(warehouse: str) -> Chain:
    rows = [{"subject": unit(s), "container": CARTON_1} for s in ("S1", "S2", "S3")]
    state_document("asn", "ASN-1", [*rows, {"subject": CABLE, "quantity": 5}], now_ms=DAY - 9_000)
    enrol(1)
    return Chain(1)


def receive(chain: Chain, *subjects: str, container: str | None = CARTON_1, **fields: object) -> None:
    for subject in subjects:
        at_ms = DAY + 60_000 * len(chain.lines)
        chain.scan(at_ms, "receive", subject, container=container, document="ASN-1", location=DOCK, **fields)


def result(chain: Chain) -> ReceiptReport:
    push(chain, now_ms=NOW)
    with reading() as c:
        return report(c, site=SITE, number="ASN-1")


def lines(found: ReceiptReport) -> Mapping[str, tuple[str, int, int]]:
    return {line.subject: (line.kind.value, line.expected_quantity, line.quantity) for line in found.lines}


def test_there_is_no_receipt_without_a_notice(receiver: Chain) -> None:
    with reading() as c, pytest.raises(CountError, match="There is no ASN ASN-9"):
        report(c, site=SITE, number="ASN-9")


def test_short_wrong_carton_and_unannounced_units_are_told_apart(receiver: Chain) -> None:
    state_document("asn", "ASN-2", [{"subject": unit("other"), "container": CARTON_2}], now_ms=DAY - 8_000)
    receive(receiver, unit("S1"), unit("ZZ9"), unit("other"))
    receive(receiver, unit("S2"), container=CARTON_2)
    found = lines(result(receiver))
    assert {k: v[0] for k, v in found.items()} == {
        unit("S1"): "matched",
        unit("S2"): "misplaced",
        unit("S3"): "missing",
        unit("ZZ9"): "unknown",
        unit("other"): "unexpected",
        CABLE: "missing",
    }


@pytest.mark.parametrize(("came", "kind"), [(4, "missing"), (5, "matched"), (6, "unexpected")])
def test_pieces_are_short_right_or_over(receiver: Chain, came: int, kind: str) -> None:
    receive(receiver, CABLE, quantity=came)
    assert lines(result(receiver))[CABLE] == (kind, 5, came)


def test_one_box_scanned_twice_in_its_carton_came_once_and_in_two_cartons_is_a_duplicate(receiver: Chain) -> None:
    receive(receiver, unit("S1"), unit("S1"), unit("S2"))
    receive(receiver, unit("S2"), container=CARTON_2)
    found = lines(result(receiver))
    assert (found[unit("S1")][0], found[unit("S2")][0]) == ("matched", "duplicate")


def test_a_serial_fills_a_line_given_by_quantity_once(receiver: Chain) -> None:
    receive(receiver, *[unit(s, CABLE) for s in ("C1", "C2", "C1")])
    receive(receiver, CABLE, quantity=3)
    found = lines(result(receiver))
    assert found[CABLE] == ("matched", 5, 5)
    assert unit("C1", CABLE) not in found


def test_a_lot_fills_the_line_of_its_lot_or_of_its_product(receiver: Chain) -> None:
    state_document("asn", "ASN-1", [{"subject": lot_key(BATTERY, "L1"), "quantity": 4}], now_ms=DAY - 8_000)
    receive(receiver, lot_key(BATTERY, "L1"), quantity=3)
    receive(receiver, unit("B1", BATTERY), lot="L1")
    receive(receiver, lot_key(CABLE, "X"), quantity=5)
    receive(receiver, lot_key(BATTERY, "L2"), quantity=2)
    found = lines(result(receiver))
    assert found[lot_key(BATTERY, "L1")] == ("matched", 4, 4)
    assert found[CABLE] == ("matched", 5, 5)
    assert found[lot_key(BATTERY, "L2")] == ("unexpected", 0, 2)


def test_closing_a_receipt_makes_a_case_of_what_is_short_and_it_closes_when_it_comes_after_all(
    receiver: Chain,
) -> None:
    receive(receiver, unit("S1"), unit("S2"))
    push(receiver, now_ms=NOW)
    with writing() as c:
        close_receipt(c, site=SITE, number="ASN-1", operator="Sam", now_ms=NOW)
    with reading() as c:
        short = c.execute(sa.select(cases).where(cases.c.rule == "short")).one()
    assert (short.unit, short.status, short.expected) == (unit("S3"), "open", CARTON_1)
    receiver.scan(NOW + 5_000, "receive", unit("S3"), container=CARTON_1, document="ASN-1", location=DOCK)
    push(receiver, 3, now_ms=NOW + 60_000)
    with reading() as c:
        assert c.execute(sa.select(cases.c.status).where(cases.c.rule == "short")).scalar_one() == "explained"


def test_a_product_is_no_unit_of_another(receiver: Chain) -> None:
    receive(receiver, unit("P1", PHONE))
    assert lines(result(receiver))[unit("P1", PHONE)][0] == "unknown"
