"""Further names of units: joined, parted, and never merged where two units claim one."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from server.database import reading
from server.identifiers import owners
from server.tables import cases, reference, unit_states
from tests.handheld import BIN_A, BIN_B, DAY, DOCK, Chain, unit
from tests.server.site import SITE, assert_a_rebuild_changes_nothing, enrol, push

IMEI = "urn:gsma:imei:49015420-323751-0"
PLATE = "https://warehouse.example/21/LPN7"
NOW = DAY + 3_600_000
FOLDED_ANEW = [unit("S1"), unit("S2"), IMEI, PLATE]


@pytest.fixture
def device(warehouse: str) -> Chain:
    enrol(1)
    return Chain(1)


def places() -> dict[str, str | None]:
    u = unit_states.c
    with reading() as c:
        return dict(c.execute(sa.select(u.unit, u.place)).all())


def shared() -> list[str]:
    with reading() as c:
        query = sa.select(cases.c.unit).where(cases.c.rule == "shared_identifier").order_by(cases.c.unit)
        return list(c.execute(query).scalars())


def test_an_imei_scanned_alone_is_the_unit_that_bears_it(device: Chain) -> None:
    device.scan(DAY, "receive", unit("S1"), location=DOCK, identifiers=[IMEI])
    device.scan(DAY + 60_000, "put_away", IMEI, location=BIN_A)
    push(device, now_ms=NOW)
    assert places() == {unit("S1"): BIN_A}


def test_an_imei_scanned_before_anyone_knew_whose_it_is_joins_its_unit_later(device: Chain) -> None:
    device.scan(DAY, "inspect", IMEI, location=BIN_B)
    push(device, now_ms=NOW)
    assert places() == {IMEI: BIN_B}
    device.scan(DAY + 60_000, "link", unit("S1"), identifiers=[IMEI])
    push(device, 2, now_ms=NOW)
    assert places() == {unit("S1"): BIN_B}
    assert_a_rebuild_changes_nothing(*FOLDED_ANEW)


def test_two_units_that_claim_one_imei_are_never_merged_and_both_get_a_case(device: Chain) -> None:
    device.scan(DAY, "receive", unit("S1"), location=BIN_A, identifiers=[IMEI])
    push(device, now_ms=NOW)
    device.scan(DAY + 60_000, "receive", unit("S2"), location=BIN_B, identifiers=[IMEI])
    push(device, 2, now_ms=NOW)
    assert places() == {unit("S1"): BIN_A, unit("S2"): BIN_B}
    assert shared() == [unit("S1"), unit("S2")]
    with reading() as c:
        assert owners(c, SITE, [IMEI]) == {}
    assert_a_rebuild_changes_nothing(*FOLDED_ANEW)


def test_an_unlinked_imei_belongs_to_the_other_unit_alone(device: Chain) -> None:
    device.scan(DAY, "receive", unit("S1"), location=BIN_A, identifiers=[IMEI])
    device.scan(DAY + 60_000, "receive", unit("S2"), location=BIN_B, identifiers=[IMEI])
    device.scan(DAY + 120_000, "unlink", unit("S1"), identifiers=[IMEI], reason="box was swapped")
    device.scan(DAY + 180_000, "move", IMEI, location=DOCK)
    push(device, now_ms=NOW)
    assert places() == {unit("S1"): BIN_A, unit("S2"): DOCK}
    assert_a_rebuild_changes_nothing(*FOLDED_ANEW)


def test_a_link_that_is_undone_parts_the_names_again(device: Chain) -> None:
    device.scan(DAY, "receive", unit("S1"), location=BIN_A)
    device.scan(DAY + 1_000, "receive", PLATE, location=BIN_B)
    device.scan(DAY + 2_000, "link", unit("S1"), identifiers=[PLATE])
    push(device, now_ms=NOW)
    assert places() == {unit("S1"): BIN_B}
    device.scan(DAY + 3_000, "void", unit("S1"), voids="1.1.3", reason="wrong box")
    push(device, 4, now_ms=NOW)
    assert places() == {unit("S1"): BIN_A, PLATE: BIN_B}
    assert_a_rebuild_changes_nothing(*FOLDED_ANEW)


def test_handhelds_learn_that_a_name_of_a_name_has_a_new_owner(device: Chain) -> None:
    device.scan(DAY, "link", PLATE, identifiers=[IMEI])
    push(device, now_ms=NOW)
    device.scan(DAY + 1_000, "link", unit("S1"), identifiers=[PLATE])
    push(device, 2, now_ms=NOW)
    with reading() as c:
        query = sa.select(reference.c.key, reference.c.row).where(reference.c.kind == "alias")
        assert dict(c.execute(query).all()) == {IMEI: unit("S1"), PLATE: unit("S1")}


def test_a_plate_that_a_second_unit_claims_leaves_the_imei_that_it_shared_with_the_first_to_neither(
    device: Chain,
) -> None:
    device.scan(DAY, "receive", unit("S1"), location=BIN_A, identifiers=[PLATE, IMEI])
    device.scan(DAY + 1_000, "link", PLATE, identifiers=[IMEI])
    device.scan(DAY + 2_000, "inspect", IMEI, location=BIN_B)
    push(device, now_ms=NOW)
    assert places() == {unit("S1"): BIN_B}
    device.scan(DAY + 3_000, "receive", unit("S2"), location=DOCK, identifiers=[PLATE])
    push(device, 4, now_ms=NOW)
    assert places()[IMEI] == BIN_B
    assert_a_rebuild_changes_nothing(*FOLDED_ANEW)
