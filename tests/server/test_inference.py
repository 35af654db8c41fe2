"""Scanning a container is scanning what was announced in it, until something of it is seen elsewhere."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from server import queries
from server.database import reading
from server.tables import cases
from tests.handheld import BIN_A, BIN_B, CARTON_1, CARTON_2, DAY, DOCK, Chain, unit
from tests.server.site import SITE, enrol, push, state_document

NOW = DAY + 3_600_000
A1, A2 = unit("A1"), unit("A2")
BOX, PALLET = "https://id.gs1.org/00/395060001343520032", "https://id.gs1.org/00/395060001343520049"


@pytest.fixture
def dock(warehouse: str) -> Chain:
    state_document(
        "asn",
        "ASN-1",
        [
            {"subject": A1, "container": BOX},
            {"subject": A2, "container": CARTON_1},
            {"subject": BOX, "container": CARTON_1},
            {"subject": CARTON_1, "container": PALLET},
            {"subject": PALLET},
        ],
        now_ms=DAY - 60_000,
    )
    enrol(1)
    return Chain(1)


def seen(key: str, at_ms: int = NOW) -> tuple[str, str, str | None, str | None]:
    """Status, evidence, where it is, where it belongs."""
    with reading() as c:
        found = queries.read_unit(c, SITE, key, at_ms)
    assert found is not None
    return found.state.status.value, found.evidence, found.location, found.expected_location


def open_cases() -> list[tuple[str, str]]:
    with reading() as c:
        rows = c.execute(sa.select(cases.c.unit, cases.c.rule).where(cases.c.status == "open"))
        return sorted((unit, rule) for unit, rule in rows)


def test_one_scan_of_a_pallet_brings_in_the_units_of_its_inner_boxes(dock: Chain) -> None:
    dock.scan(DAY, "receive", PALLET, document="ASN-1", location=DOCK)
    dock.scan(DAY + 60_000, "put_away", PALLET, location=BIN_A)
    push(dock, now_ms=NOW)
    assert seen(A1, DAY - 1)[:2] == ("announced", "stated")
    assert seen(A1, DAY + 1) == ("received", "inferred", DOCK, DOCK)
    assert seen(A1) == ("stored", "inferred", BIN_A, BIN_A)
    assert open_cases() == []


def test_a_carton_alone_brings_in_its_own_and_not_its_neighbours(dock: Chain) -> None:
    dock.scan(DAY, "receive", BOX, document="ASN-1", location=DOCK)
    push(dock, now_ms=NOW)
    assert (seen(A1)[0], seen(A2)[0]) == ("received", "announced")


def test_a_unit_of_a_received_carton_may_be_scanned_as_well_and_is_observed_then(dock: Chain) -> None:
    dock.scan(DAY, "receive", CARTON_1, document="ASN-1", location=DOCK)
    dock.scan(DAY + 60_000, "receive", A2, container=CARTON_1, document="ASN-1", location=DOCK)
    push(dock, now_ms=NOW)
    assert seen(A2) == ("received", "observed", DOCK, DOCK)
    assert open_cases() == []


def test_a_unit_of_a_received_carton_goes_on_to_its_bin_without_being_received_itself(dock: Chain) -> None:
    dock.scan(DAY, "receive", CARTON_1, document="ASN-1", location=DOCK)
    dock.scan(DAY + 60_000, "put_away", A2, location=BIN_B)
    dock.scan(DAY + 120_000, "put_away", CARTON_1, location=BIN_A)
    dock.scan(DAY + 180_000, "pick", A1, location=BIN_A, document="SO-1")
    push(dock, now_ms=NOW)
    assert seen(A2) == ("stored", "observed", BIN_B, BIN_B)
    assert seen(A1)[:2] == ("picked", "observed")
    assert open_cases() == []


def test_a_unit_seen_elsewhere_is_where_it_was_seen_and_a_case(dock: Chain) -> None:
    dock.scan(DAY, "receive", CARTON_1, document="ASN-1", location=DOCK)
    dock.scan(DAY + 60_000, "put_away", CARTON_1, location=BIN_A)
    dock.scan(DAY + 120_000, "inspect", A2, location=BIN_B)
    dock.scan(DAY + 180_000, "receive", A1, container=CARTON_2, document="ASN-1", location=DOCK)
    push(dock, now_ms=NOW)
    assert seen(A2) == ("stored", "observed", BIN_B, BIN_A)
    assert seen(A1)[2] == CARTON_2
    assert open_cases() == [(A1, "wrong_carton"), (A2, "misplaced")]


def test_undoing_the_scan_of_the_carton_takes_back_what_it_inferred(dock: Chain) -> None:
    carton = dock.scan(DAY, "receive", CARTON_1, document="ASN-1", location=DOCK)
    dock.scan(DAY + 60_000, "inspect", A2, location=BIN_B)
    push(dock, now_ms=NOW)
    assert seen(A2)[0] == "received"
    name = f"{carton.device_no}.{carton.epoch}.{carton.seq}"
    dock.scan(DAY + 120_000, "void", CARTON_1, voids=name, reason="the next dock's")
    push(dock, 3, now_ms=NOW)
    assert seen(A1)[:2] == ("announced", "stated")
    assert (A2, "not_in_stock") in open_cases()


def test_a_notice_that_comes_after_its_carton_infers_as_well(dock: Chain) -> None:
    dock.scan(DAY, "receive", CARTON_2, location=DOCK)
    push(dock, now_ms=NOW)
    state_document("asn", "ASN-2", [{"subject": unit("B1"), "container": CARTON_2}, {"subject": CARTON_2}], now_ms=NOW)
    assert seen(unit("B1"), NOW + 1)[:2] == ("received", "inferred")
