"""Cycle counts: what each line says, and that a closed version never changes."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from server.counts.compare import Line
from server.counts.late import late_scans
from server.counts.opening import open_count
from server.counts.plan import CountError
from server.counts.reckoning import reckon
from server.database import reading, writing
from server.tables import cases, document_rows, documents, events, reference
from server.undo import undo
from tests.handheld import BIN_A, BIN_B, CABLE, CARTON_1, DAY, Chain, unit
from tests.server.counting import NOW, Counting, begin, close, kinds, result
from tests.server.site import SITE, enrol, push, state_document

A1, A2, B1 = unit("A1"), unit("A2"), unit("B1")


@pytest.fixture
def counter(warehouse: str) -> Chain:
    """A handheld that counts bins A and B, where A1, A2 and B1 belong."""
    rows = [{"subject": s, "location": place} for s, place in ((A1, BIN_A), (A2, BIN_A), (B1, BIN_B))]
    state_document("stock", "STOCK", rows, now_ms=DAY - 100_000)
    begin("CC-1", blind=True)
    enrol(1)
    return Chain(1)


def test_a_blind_count_is_offered_without_expectations(counter: Chain) -> None:
    with reading() as c:
        row = c.execute(sa.select(reference.c.row).where(reference.c.key == "CC-1")).scalar_one()
    assert (row["blind"], row["bins"], row["lines"]) == (True, [BIN_A, BIN_B], [])


def test_a_count_names_bins_and_has_a_number_of_its_own(counter: Chain) -> None:
    with pytest.raises(CountError, match="There is a count CC-1 already"):
        begin("CC-1", blind=False)
    with writing() as c, pytest.raises(CountError, match="names no bin"):
        open_count(c, site=SITE, number="CC-2", bins=[], blind=False, operator=None, now_ms=DAY)
    with reading() as c, pytest.raises(CountError, match="There is no count CC-9"):
        reckon(c, site=SITE, number="CC-9")


def test_each_unit_is_matched_missing_misplaced_unexpected_or_unknown(counter: Chain) -> None:
    announced = unit("N1")
    state_document("asn", "ASN-1", [{"subject": announced, "container": CARTON_1}], now_ms=DAY - 90_000)
    count = Counting(counter)
    count(BIN_A, A1, announced, unit("ZZ9"))
    count(BIN_B, A2)
    push(counter, now_ms=NOW)
    found = result()
    assert kinds(found) == {
        A1: "matched",
        B1: "missing",
        A2: "misplaced",  # missing in A and seen in B: one line
        announced: "unexpected",
        unit("ZZ9"): "unknown",
    }
    (moved,) = [line for line in found.lines if line.subject == A2]
    assert (moved.expected, moved.seen) == (BIN_A, (BIN_B,))
    assert found.totals == {
        "matched": 1, "missing": 1, "misplaced": 1, "unexpected": 1, "unknown": 1, "duplicate": 0, "in_motion": 0
    }  # fmt: skip


def test_a_unit_seen_in_two_bins_is_a_duplicate(counter: Chain) -> None:
    count = Counting(counter)
    count(BIN_A, A1, A2)
    count(BIN_B, B1, A1)
    push(counter, now_ms=NOW)
    assert kinds(result()) == {A1: "duplicate", A2: "matched", B1: "matched"}


def test_a_unit_that_was_moved_between_the_counts_of_two_bins_is_right_in_both(counter: Chain) -> None:
    enrol(2)
    mover = Chain(2)
    count = Counting(counter)
    count(BIN_A, A1, A2)
    count.now_ms += 600_000
    mover.scan(count.now_ms, "move", A1, location=BIN_B)
    count.now_ms += 600_000
    count(BIN_B, B1, A1)
    push(counter, now_ms=NOW)
    push(mover, now_ms=NOW)
    assert kinds(result()) == {A1: "matched", A2: "matched", B1: "matched"}


def test_a_unit_picked_after_its_bin_was_finished_is_not_missing_and_one_picked_before_is_not_due(
    counter: Chain,
) -> None:
    enrol(2)
    picker = Chain(2)
    picker.scan(DAY - 10_000, "pick", A2, location=BIN_A)
    count = Counting(counter)
    count(BIN_A, A1)
    count(BIN_B, B1)
    picker.scan(count.now_ms + 3_000_000 - 600_000, "pick", A1, location=BIN_A)
    push(counter, now_ms=NOW)
    push(picker, now_ms=NOW)
    assert kinds(result()) == {A1: "matched", B1: "matched"}


def test_a_unit_that_was_picked_while_its_bin_was_counted_is_in_motion(counter: Chain) -> None:
    enrol(2)
    picker = Chain(2)
    picker.scan(DAY + 90_000, "pick", A2, location=BIN_A)
    count = Counting(counter)
    count(BIN_A, A1)
    count(BIN_B, B1)
    push(counter, now_ms=NOW)
    push(picker, now_ms=NOW)
    assert kinds(result()) == {A1: "matched", A2: "in_motion", B1: "matched"}


def test_who_opens_a_bin_anew_counts_it_anew(counter: Chain) -> None:
    count = Counting(counter)
    count(BIN_A, A1, A2, finish=False)
    count(BIN_A, A1)
    count(BIN_B, B1)
    push(counter, now_ms=NOW)
    assert kinds(result()) == {A1: "matched", A2: "missing", B1: "matched"}


def test_pieces_are_counted_against_what_lay_there_when_the_bin_was_opened(counter: Chain) -> None:
    state_document("stock", "CABLES", [{"subject": CABLE, "location": BIN_A, "quantity": 10}], now_ms=DAY - 90_000)
    enrol(2)
    picker = Chain(2)
    picker.scan(DAY - 60_000, "pick", CABLE, location=BIN_A, quantity=3)
    count = Counting(counter)
    count(BIN_A, A1, A2, CABLE)
    count(BIN_B, B1)
    push(counter, now_ms=NOW)
    push(picker, now_ms=NOW)
    (line,) = [line for line in result().lines if line.subject == CABLE]
    assert (line.kind, line.expected_quantity, line.quantity, len(line.events)) == ("missing", 7, 1, 1)


def test_a_bin_declared_empty_is_finished_and_one_that_nobody_opened_keeps_the_count_open(counter: Chain) -> None:
    count = Counting(counter)
    count(BIN_A)
    push(counter, now_ms=NOW)
    assert result().unfinished == [BIN_B]
    with pytest.raises(CountError, match="1 of its bins are not finished"):
        close()
    count(BIN_B, B1)
    push(counter, 3, now_ms=NOW)
    assert kinds(close()) == {A1: "missing", A2: "missing", B1: "matched"}


def test_missing_is_provisional_while_a_handheld_has_not_been_heard_from(counter: Chain) -> None:
    enrol(2, name="HH-in-the-freezer")
    count = Counting(counter)
    count(BIN_A, A1)
    count(BIN_B, B1)
    push(counter, now_ms=NOW)
    assert close().unheard == ["HH-in-the-freezer"]
    with reading() as c:
        frozen = c.execute(sa.select(document_rows.c.attributes).where(document_rows.c.subject == A2)).scalars().all()
    assert [a["provisional"] for a in frozen if a and "kind" in a] == [True]


def test_the_handheld_that_counted_and_sent_everything_is_not_waited_for(counter: Chain) -> None:
    count = Counting(counter, NOW - 6 * 60_000)
    count(BIN_A, A1)
    count(BIN_B, B1)
    push(counter, now_ms=NOW)
    found = close()
    assert (found.totals["missing"], found.unheard) == (1, [])
    assert [line.provisional for line in found.lines if line.kind is Line.MISSING] == [False]


def frozen() -> list[Any]:
    with reading() as c:
        query = sa.select(documents.c.number, document_rows).join(
            document_rows, document_rows.c.document == documents.c.digest
        )
        return sorted(map(str, c.execute(query.where(documents.c.kind == "count_result"))))


def test_a_closed_count_never_changes_and_each_late_scan_is_in_one_exception(counter: Chain) -> None:
    enrol(2)
    late = Chain(2)
    late.scan(DAY + 90_000, "count", A2, location=BIN_A, document="CC-1")
    late.scan(DAY + 95_000, "count", unit("more"), location=BIN_A, document="CC-1")
    count = Counting(counter)
    count(BIN_A, A1)
    count(BIN_B, B1)
    push(counter, now_ms=NOW)
    push(late, 2, now_ms=NOW)  # its first scan is still on the way
    close()
    version_1 = frozen()
    with reading() as c:
        assert late_scans(c, site=SITE, number="CC-1") == []
    push(late, 1, 1, now_ms=NOW + 60_000)
    assert frozen() == version_1
    with reading() as c:
        assert [f.event.subject for f in late_scans(c, site=SITE, number="CC-1")] == [A2]
    assert kinds(close())[A2] == "matched"
    with reading() as c:
        assert late_scans(c, site=SITE, number="CC-1") == []


def test_an_undo_of_a_counted_scan_is_an_exception_and_never_changes_the_closed_count(counter: Chain) -> None:
    count = Counting(counter)
    count(BIN_A, A1, A2)
    count(BIN_B, B1)
    push(counter, now_ms=NOW)
    close()
    version_1 = frozen()
    with writing() as c:
        undo(c, site=SITE, name="1.1.2", reason="wrong unit", operator="Sam", now_ms=NOW + 60_000)
    assert frozen() == version_1
    with reading() as c:
        assert [(f.event.action, f.event.subject) for f in late_scans(c, site=SITE, number="CC-1")] == [("void", A1)]
    assert kinds(close())[A1] == "missing"
    with reading() as c:
        assert late_scans(c, site=SITE, number="CC-1") == []


def test_a_unit_that_a_count_missed_is_a_case_until_it_is_seen(counter: Chain) -> None:
    count = Counting(counter)
    count(BIN_A, A1)
    count(BIN_B, B1)
    push(counter, now_ms=NOW)
    close()
    with reading() as c:
        case = c.execute(sa.select(cases).where(cases.c.rule == "missing")).one()
    assert (case.unit, case.status, case.expected) == (A2, "open", BIN_A)
    counter.scan(NOW + 10_000, "inspect", A2, location=BIN_B)
    push(counter, len(counter.lines), now_ms=NOW + 60_000)
    with reading() as c:
        assert c.execute(sa.select(cases.c.status).where(cases.c.rule == "missing")).scalar_one() == "explained"


def test_a_late_scan_that_it_was_shipped_before_takes_the_missing_case_back(counter: Chain) -> None:
    enrol(2)
    count = Counting(counter)
    count(BIN_A, A1)
    count(BIN_B, B1)
    push(counter, now_ms=NOW)
    close()
    late = Chain(2)
    late.scan(DAY + 1_000, "ship", A2)
    push(late, now_ms=NOW + 60_000)
    with reading() as c:
        assert c.execute(sa.select(cases.c.unit).where(cases.c.rule == "missing")).all() == []


def test_a_counted_line_that_was_repaired_by_the_office_counts(counter: Chain) -> None:
    count = Counting(counter)
    count(BIN_A, A1, A2)
    count(BIN_B, B1)
    push(counter, now_ms=NOW)
    with writing() as c:
        c.execute(events.update().where(events.c.subject == A2).values(device_no=0))
    assert kinds(result())[A2] == "matched"
