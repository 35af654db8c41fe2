"""Cases open, close by a later fact or by a decision, and open again when the evidence changes."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from server.database import reading, writing
from server.decisions import DecisionError, settle
from server.tables import cases, unit_states
from tests.handheld import BIN_A, BIN_B, BIN_C, DAY, DOCK, Chain, unit
from tests.server.site import SITE, assert_a_rebuild_changes_nothing, enrol, push, state_document

NOW = DAY + 3_600_000
UNIT = unit("S1")


@pytest.fixture
def device(warehouse: str) -> Chain:
    enrol(1)
    return Chain(1)


def of_rule(rule: str) -> list[sa.Row[tuple[object, ...]]]:
    with reading() as c:
        return list(c.execute(sa.select(cases).where(cases.c.rule == rule).order_by(cases.c.opened_ms)))


def decide(rule: str, resolution: str, *, evidence: str | None = None, now_ms: int = NOW) -> None:
    case = of_rule(rule)[-1]
    with writing() as c:
        settle(
            c,
            site=SITE,
            unit=UNIT,
            rule=rule,
            episode=case.episode,
            resolution=resolution,
            evidence=evidence or case.evidence,
            operator="Sam",
            now_ms=now_ms,
        )


def expected_place() -> str | None:
    with reading() as c:
        return c.execute(sa.select(unit_states.c.expected).where(unit_states.c.unit == UNIT)).scalar()


def misplace(device: Chain) -> None:
    device.scan(DAY, "put_away", UNIT, location=BIN_A)
    device.scan(DAY + 60_000, "inspect", UNIT, location=BIN_B)
    push(device, now_ms=NOW - 60_000)


def test_a_misplaced_unit_scanned_again_on_the_same_shelf_is_one_case(device: Chain) -> None:
    misplace(device)
    device.scan(DAY + 120_000, "inspect", UNIT, location=BIN_B)
    push(device, 3, now_ms=NOW)
    (case,) = of_rule("misplaced")
    assert (case.status, case.expected, case.seen, case.episode) == ("open", BIN_A, BIN_B, "1.1.2")
    assert_a_rebuild_changes_nothing(UNIT)


def test_a_misplaced_unit_seen_in_a_third_place_is_misplaced_there_instead(device: Chain) -> None:
    misplace(device)
    device.scan(DAY + 120_000, "inspect", UNIT, location=BIN_C)
    push(device, 3, now_ms=NOW)
    assert [(c.status, c.seen) for c in of_rule("misplaced")] == [("explained", BIN_B), ("open", BIN_C)]
    assert_a_rebuild_changes_nothing(UNIT)


def test_a_unit_that_is_put_back_closes_its_case_and_the_case_names_that_scan(device: Chain) -> None:
    misplace(device)
    device.scan(DAY + 120_000, "inspect", UNIT, location=BIN_A)
    push(device, 3, now_ms=NOW)
    (case,) = of_rule("misplaced")
    assert (case.status, case.closed_by, case.closed_ms) == ("explained", "1.1.3", DAY + 120_000)
    assert_a_rebuild_changes_nothing(UNIT)


def test_a_decision_closes_the_case_and_the_unit_stays_where_it_was_found(device: Chain) -> None:
    misplace(device)
    decide("misplaced", "stays")
    (case,) = of_rule("misplaced")
    assert (case.status, case.resolution) == ("settled", "stays")
    assert expected_place() == BIN_B
    assert_a_rebuild_changes_nothing(UNIT)


def test_late_evidence_that_changes_what_was_found_opens_the_case_again(device: Chain) -> None:
    enrol(2)
    misplace(device)
    decide("misplaced", "dismiss")
    late = Chain(2)
    late.scan(DAY + 30_000, "put_away", UNIT, location=BIN_C)
    push(late, now_ms=NOW + 60_000)
    (case,) = of_rule("misplaced")
    assert (case.status, case.expected, case.resolution) == ("open", BIN_C, None)
    assert_a_rebuild_changes_nothing(UNIT)


def test_late_evidence_that_changes_nothing_leaves_the_decision(device: Chain) -> None:
    enrol(2)
    misplace(device)
    decide("misplaced", "dismiss")
    late = Chain(2)
    late.scan(DAY - 30_000, "receive", UNIT, location=DOCK)
    push(late, now_ms=NOW + 60_000)
    (case,) = of_rule("misplaced")
    assert case.status == "settled"
    assert_a_rebuild_changes_nothing(UNIT)


def test_a_case_that_rests_on_other_evidence_by_now_cannot_be_decided(device: Chain) -> None:
    misplace(device)
    with pytest.raises(DecisionError, match="look again"):
        decide("misplaced", "dismiss", evidence="what I saw this morning")
    decide("misplaced", "dismiss")
    with pytest.raises(DecisionError, match="was settled already"):
        decide("misplaced", "dismiss")


def test_a_notice_that_lists_the_product_explains_what_came_before_it_was_imported(device: Chain) -> None:
    device.scan(DAY, "receive", UNIT, location=DOCK, document="ASN-1")
    push(device, now_ms=DAY + 60_000)
    assert [c.status for c in of_rule("unexpected_receipt")] == ["open"]
    item = UNIT.rpartition("/21/")[0]
    state_document("asn", "ASN-1", [{"subject": item, "quantity": 5}], now_ms=NOW)
    assert of_rule("unexpected_receipt") == []
    assert_a_rebuild_changes_nothing(UNIT)
