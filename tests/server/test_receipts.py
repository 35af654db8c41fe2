"""Receipts: what a notice announced against what came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from server import queries
from server.counts.plan import CountError
from server.database import reading, stamp, writing
from server.rebuild import rebuild
from server.receipts.receipt import ReceiptReport, close_receipt, report
from server.receipts.sampling import set_rule
from server.tables import cases, unit_states
from sync.identity import lot_key
from tests.handheld import BIN_A, CABLE, CARTON_1, CARTON_2, DAY, DOCK, PHONE, Chain, unit
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


def sealed() -> None:
    """The notice names its carton, and the carton its pieces."""
    rows: list[dict[str, Any]] = [
        {"subject": CARTON_1},
        {"subject": lot_key(BATTERY, "L1"), "container": CARTON_1, "quantity": 4},
    ]
    state_document("asn", "ASN-1", rows, now_ms=DAY - 8_500)


def test_what_is_in_a_scanned_carton_is_there_by_its_label_and_not_missing(receiver: Chain) -> None:
    sealed()
    receive(receiver, CARTON_1, container=None)
    receive(receiver, unit("S1"))
    found = {line.subject: (line.kind.value, line.how, line.inferred) for line in result(receiver).lines}
    assert found == {
        unit("S1"): ("matched", "scanned", 0),
        unit("S2"): ("matched", "inferred", 1),
        unit("S3"): ("matched", "inferred", 1),
        lot_key(BATTERY, "L1"): ("matched", "inferred", 4),
        CABLE: ("missing", "", 0),
    }


@pytest.mark.parametrize(("read", "kind"), [(1, "not_sampled"), (2, "matched")])
def test_a_carton_of_which_too_few_were_read_one_by_one_does_not_speak_for_the_rest(
    receiver: Chain, read: int, kind: str
) -> None:
    sealed()
    with writing() as c:
        set_rule(c, site=SITE, supplier=None, mode="share", value=50, operator="Sam", now_ms=DAY - 8_000)
    receive(receiver, CARTON_1, container=None)
    receive(receiver, *[unit(s) for s in ("S1", "S2")][:read])
    found = result(receiver)
    assert {line.kind.value for line in found.lines if line.how == "inferred" and line.subject == unit("S3")} == {kind}
    (carton,) = found.cartons
    assert (carton.read, carton.asked, carton.is_sampled, carton.due) == (read, 2, read == 2, 3)
    with writing() as c:
        close_receipt(c, site=SITE, number="ASN-1", operator="Sam", now_ms=NOW)
    with reading() as c:
        assert c.execute(sa.select(cases.c.unit).where(cases.c.rule == "short")).scalars().all() == []


def test_what_was_not_read_in_an_opened_carton_is_short_where_every_unit_has_to_be_read(receiver: Chain) -> None:
    sealed()
    with writing() as c:
        set_rule(c, site=SITE, supplier=None, mode="all", value=0, operator="Sam", now_ms=DAY - 8_000)
    receive(receiver, CARTON_1, container=None)
    assert lines(result(receiver))[unit("S3")][0] == "not_sampled"  # nobody has opened it yet
    receive(receiver, unit("S1"), unit("S2"))
    push(receiver, first=2, now_ms=NOW)
    with writing() as c:
        assert (
            lines(close_receipt(c, site=SITE, number="ASN-1", operator="Sam", now_ms=NOW))[unit("S3")][0] == "missing"
        )
    with reading() as c:
        assert c.execute(sa.select(cases.c.unit).where(cases.c.rule == "short")).scalars().all() == [unit("S3")]
        found = queries.read_unit(c, SITE, unit("S3"), NOW)
        assert lines(report(c, site=SITE, number="ASN-1"))[unit("S3")][0] == "missing"  # asked again, the same
    assert found is not None
    assert (found.state.status, found.location) == ("announced", None)  # its carton does not bring it in any more


def test_one_symbol_that_lists_a_carton_observes_each_unit_and_is_no_sample(receiver: Chain) -> None:
    receive(receiver, unit("S1"), unit("S2"), barcode=b"S1,S2")
    found = {line.subject: line.how for line in result(receiver).lines if line.kind == "matched"}
    assert found == {unit("S1"): "listed", unit("S2"): "listed"}


def test_a_serial_that_is_in_stock_already_is_a_duplicate_and_what_is_known_of_it_stays(receiver: Chain) -> None:
    state_document("stock", "STOCK-1", [{"subject": unit("S1"), "location": BIN_A}], now_ms=DAY - 20_000)
    receive(receiver, unit("S1"))
    assert lines(result(receiver))[unit("S1")][0] == "duplicate"
    with reading() as c:
        state = c.execute(sa.select(unit_states).where(unit_states.c.unit == unit("S1"))).one()
        rules = c.execute(sa.select(cases.c.rule).where(cases.c.unit == unit("S1"))).scalars().all()
    assert (state.status, state.expected, state.place) == ("stored", BIN_A, CARTON_1)
    assert rules == ["duplicate"]


def test_an_order_is_filled_by_what_its_notices_bring_and_by_what_is_scanned_under_its_own_number(
    receiver: Chain,
) -> None:
    state_document("purchase_order", "PO-1", [{"subject": PHONE, "quantity": 5}], now_ms=DAY - 30_000)
    fulfils: dict[str, Any] = {"subject": "PO-1", "attributes": {"fulfils": "PO-1"}}
    for number, serial, carton in (("ASN-3", "T1", CARTON_1), ("ASN-4", "T2", CARTON_2)):
        rows = [{"subject": unit(serial), "container": carton}, {"subject": carton}, fulfils]
        state_document("asn", number, rows, now_ms=DAY - 7_000)
    receiver.scan(DAY, "receive", unit("T1"), container=CARTON_1, document="ASN-3", location=DOCK)
    receiver.scan(DAY + 1_000, "receive", CARTON_2, document="ASN-4", location=DOCK)
    receiver.scan(DAY + 2_000, "receive", unit("T9"), document="PO-1", location=DOCK)
    push(receiver, now_ms=NOW)
    with reading() as c:
        found = report(c, site=SITE, number="PO-1")
    (line,) = found.lines
    assert (line.subject, line.kind.value, line.expected_quantity, line.quantity, line.inferred) == (
        PHONE, "missing", 5, 3, 1,
    )  # fmt: skip
    assert found.asns == ("ASN-3", "ASN-4")


def test_a_plate_put_on_at_the_dock_counts_for_the_product_whose_barcode_stands_beside_it(receiver: Chain) -> None:
    plate = "https://warehouse.example/21/LPN7"
    receive(receiver, plate, beside=("]C1010061414100003610X",), barcode=b"LPN7")
    assert lines(result(receiver))[CABLE] == ("missing", 5, 1)


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        ({"supplier": "Zenith"}, "It came from Acme, and only Zenith delivers this product."),
        ({"serial_pattern": "SN[0-9]+"}, "Serial number 'Z1' is not of the form that this product's have."),
        ({"supplier": "acme", "serial_pattern": "Z[0-9]"}, None),
        ({}, None),
    ],
)
def test_a_serial_of_another_supplier_is_kept_and_a_case(
    warehouse: str, said: dict[str, str], detail: str | None
) -> None:
    state_document("products", "P-1", [{"subject": PHONE, "attributes": said}], now_ms=DAY - 90_000)
    row = {"subject": unit("S9"), "container": CARTON_1, "attributes": {"supplier": "Acme"}}
    state_document("asn", "ASN-1", [row], now_ms=DAY - 80_000)
    enrol(1)
    chain = Chain(1)
    receive(chain, unit("Z1"))
    push(chain, now_ms=NOW)
    state_document("products", "P-2", [{"subject": PHONE, "attributes": {"supplier": "Other"}}], now_ms=NOW)
    with writing() as c:
        rebuild(c, SITE, [unit("Z1")], stamp(c))
        found = c.execute(sa.select(cases.c.detail).where(cases.c.rule == "wrong_supplier")).scalars().all()
    assert found == ([detail] if detail else [])


def short_by_the_cartons(found: ReceiptReport) -> dict[str, tuple[int, int]]:
    """What each carton is short of: units, and pieces."""
    return {carton.key: (carton.missing, carton.pieces_short) for carton in found.cartons}


def test_a_carton_is_short_of_what_the_lines_are_short_of(receiver: Chain) -> None:
    sealed()
    rows = [{"subject": unit("S4"), "container": CARTON_2}, {"subject": unit("S5"), "container": CARTON_2}]
    pieces = [{"subject": CABLE, "container": carton, "quantity": 3} for carton in (CARTON_1, CARTON_2)]
    state_document("asn", "ASN-1", [*rows, *pieces, {"subject": CARTON_2}], now_ms=DAY - 8_400)
    receive(receiver, unit("S1"))
    receive(receiver, unit("S2"), container=CARTON_2)
    receive(receiver, CABLE, container=CARTON_2, quantity=2)
    receive(receiver, CABLE, container=None, quantity=6)
    receiver.scan(DAY + 600_000, "receive", unit("S4"), document="PO-7", location=DOCK)
    found = result(receiver)
    missing = {line.subject for line in found.lines if line.kind.value == "missing"}
    assert missing == {unit("S3"), unit("S5"), CABLE, lot_key(BATTERY, "L1")}
    assert lines(found)[CABLE] == ("missing", 11, 8)
    assert short_by_the_cartons(found) == {CARTON_1: (1, 4 + 3), CARTON_2: (1, 0)}
    assert [carton.elsewhere for carton in found.cartons] == [1, 1], "S2 came in the other carton, S4 under an order"


def test_what_a_cartons_label_speaks_for_stands_in_its_row_too_until_every_unit_has_to_be_read(
    receiver: Chain,
) -> None:
    sealed()
    receive(receiver, CARTON_1, container=None)
    receive(receiver, unit("S1"))
    (carton,) = result(receiver).cartons
    assert (carton.read, carton.inferred, carton.missing) == (1, 2, 0)
    assert (carton.pieces, carton.pieces_inferred, carton.pieces_short) == (4, 4, 0)
    with writing() as c:
        set_rule(c, site=SITE, supplier=None, mode="all", value=0, operator="Sam", now_ms=DAY - 8_000)
    with reading() as c:
        found = report(c, site=SITE, number="ASN-1")
    assert [lines(found)[unit(serial)][0] for serial in ("S2", "S3")] == ["missing"] * 2
    assert (found.cartons[0].inferred, short_by_the_cartons(found)) == (0, {CARTON_1: (2, 0)})


def test_a_carton_that_the_notice_does_not_name_stands_on_its_receipt_once_its_label_was_scanned(
    receiver: Chain,
) -> None:
    sealed()
    receive(receiver, CARTON_2, container=None)
    found = {carton.key: (carton.announced, carton.here) for carton in result(receiver).cartons}
    assert found == {CARTON_1: (True, False), CARTON_2: (False, True)}
