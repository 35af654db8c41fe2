"""What a closed count has no line of may still have lain in its bins, if a scan that comes late says so."""

from __future__ import annotations

import pytest

from server.counts.closing import approve
from server.counts.late import late_scans
from server.counts.limits import Limit, set_limit
from server.database import reading, writing
from server.undo import undo
from server.upkeep import verify
from sync.event import ScanEvent, format_name
from tests.handheld import BIN_A, BIN_B, BIN_C, DAY, PHONE, Chain, unit
from tests.server.closed_counts import misplaced_exceptions
from tests.server.counting import NOW, Counting, begin, close, kinds, result
from tests.server.plans import plans_of
from tests.server.site import SITE, enrol, push, state_document

A1, NEW, OLD = (unit(serial) for serial in ("A1", "NEW", "OLD"))
IMEI = "urn:gsma:imei:49015420-323751-0"
PLATE = "https://warehouse.example/21/LPN7"
BOX = "https://id.gs1.org/00/095011010000000014"


@pytest.fixture
def away(warehouse: str) -> Chain:
    """A count of two bins that is closed, and a handheld that had no network since before."""
    state_document("stock", "STOCK", [{"subject": A1, "location": BIN_A}], now_ms=DAY - 100_000)
    state_document("stock", "OTHERS", [{"subject": OLD, "location": BIN_C}], now_ms=DAY - 90_000)
    for number in (1, 2, 3):
        enrol(number)
    begin()
    counter = Chain(1)
    count = Counting(counter)
    count(BIN_A, A1)
    count(BIN_B)
    push(counter, now_ms=NOW)
    close()
    return Chain(3)


def late(number: str = "CC-1") -> list[str | None]:
    """Subjects of the late scans of the count, as they are reckoned; what is stored has to say the same."""
    assert misplaced_exceptions(number) is None
    assert [said for said in verify(SITE, lambda _: None) if said.startswith("cases")] == []
    with reading() as c:
        return [fact.event.subject for fact in late_scans(c, site=SITE, number=number)]


def move_on(subject: str, at_ms: int = NOW + 120_000) -> None:
    other = Chain(2, epoch=2)
    other.scan(at_ms, "move", subject, location=BIN_C)
    push(other, now_ms=at_ms + 10_000)


def take_back(scan: ScanEvent) -> None:
    with writing() as c:
        undo(c, site=SITE, name=format_name(scan.name), reason="wrong bin", operator="Sam", now_ms=NOW + 200_000)


def test_a_unit_that_a_late_scan_puts_into_a_counted_bin_is_an_exception_wherever_it_goes_then(away: Chain) -> None:
    away.scan(DAY - 20_000, "receive", NEW, location=BIN_A)
    push(away, now_ms=NOW + 60_000)
    assert late() == [NEW]
    move_on(NEW)
    assert late() == [NEW]


def test_a_known_unit_that_a_late_scan_moves_into_a_counted_bin_is_an_exception_wherever_it_goes_then(
    away: Chain,
) -> None:
    away.scan(DAY - 20_000, "move", OLD, location=BIN_B)
    push(away, now_ms=NOW + 60_000)
    assert late() == [OLD]
    move_on(OLD)
    assert late() == [OLD]


def test_what_a_late_scan_says_of_a_unit_that_another_late_scan_brought_is_an_exception_too(away: Chain) -> None:
    away.scan(DAY - 20_000, "receive", NEW, location=BIN_A)
    away.scan(DAY - 10_000, "inspect", NEW, location=BIN_A)
    push(away, now_ms=NOW + 60_000)
    assert late() == [NEW, NEW]
    later = Chain(2)
    later.scan(DAY - 5_000, "inspect", NEW, location=BIN_A)
    push(later, now_ms=NOW + 70_000)
    assert late() == [NEW, NEW, NEW]


def test_a_late_scan_into_a_counted_bin_that_is_undone_is_no_exception_any_more(away: Chain) -> None:
    put = away.scan(DAY - 20_000, "receive", NEW, location=BIN_A)
    push(away, now_ms=NOW + 60_000)
    move_on(NEW)
    take_back(put)
    assert late() == []


def test_a_unit_in_a_carton_that_a_late_scan_moves_into_a_counted_bin_is_an_exception(away: Chain) -> None:
    packer = Chain(2)
    packer.scan(DAY - 80_000, "pack", OLD, container=BOX)
    push(packer, now_ms=DAY - 70_000)
    away.scan(DAY - 20_000, "move", BOX, location=BIN_A)
    push(away, now_ms=NOW + 60_000)
    first = late()
    assert OLD in first
    packer.scan(NOW + 120_000, "move", OLD, location=BIN_C)
    push(packer, now_ms=NOW + 130_000)
    assert late() == first


def test_a_unit_back_in_a_counted_bin_by_an_undo_is_an_exception_wherever_it_goes_then(away: Chain) -> None:
    hers = Chain(2)
    hers.scan(DAY - 60_000, "receive", NEW, location=BIN_A)
    wrong = hers.scan(DAY - 50_000, "move", NEW, location=BIN_C)
    push(hers, now_ms=DAY - 40_000)
    assert late() == []
    take_back(wrong)
    assert late() == [NEW]
    hers.scan(NOW + 300_000, "move", NEW, location=BIN_C)
    push(hers, now_ms=NOW + 310_000)
    assert late() == [NEW]


def test_a_unit_that_an_undone_undo_leaves_in_a_counted_bin_is_an_exception_wherever_it_goes_then(away: Chain) -> None:
    hers = Chain(2)
    received = hers.scan(NOW + 5_000, "receive", NEW, location=BIN_C)
    begin("CC-2", BIN_C, now_ms=NOW + 10_000)
    counter = Chain(1, epoch=2)
    Counting(counter, NOW + 20_000, number="CC-2")(BIN_C, OLD)
    push(counter, now_ms=NOW + 300_000)
    undone = hers.scan(NOW + 1_000_000, "void", NEW, voids=format_name(received.name), reason="wrong label")
    push(hers, now_ms=NOW + 1_001_000)
    close("CC-2", now_ms=NOW + 2_000_000)  # long after
    assert late("CC-2") == []
    hers.scan(NOW + 2_003_000, "void", NEW, voids=format_name(undone.name), reason="it was right")
    push(hers, 3, now_ms=NOW + 2_004_000)
    assert late("CC-2") == [NEW]
    hers.scan(NOW + 2_005_000, "move", NEW, location=BIN_A)
    push(hers, 4, now_ms=NOW + 2_006_000)
    assert late("CC-2") == [NEW]


def test_an_undo_that_is_undone_a_thousand_times_over_is_followed_to_its_end(away: Chain) -> None:
    hers = Chain(2)
    said = hers.scan(NOW + 5_000, "receive", NEW, location=BIN_C)
    begin("CC-2", BIN_C, now_ms=NOW + 10_000)
    counter = Chain(1, epoch=2)
    Counting(counter, NOW + 20_000, number="CC-2")(BIN_C, OLD)
    push(counter, now_ms=NOW + 300_000)
    said = hers.scan(NOW + 1_000_000, "void", NEW, voids=format_name(said.name), reason="wrong label")
    push(hers, now_ms=NOW + 1_001_000)
    close("CC-2", now_ms=NOW + 2_000_000)
    for n in range(1_101):
        said = hers.scan(NOW + 2_003_000 + n, "void", NEW, voids=format_name(said.name), reason="no, it was right")
    push(hers, 3, now_ms=NOW + 2_010_000)
    assert late("CC-2") == [NEW]


def test_pieces_that_a_late_scan_puts_into_a_counted_bin_are_an_exception_wherever_they_go_then(away: Chain) -> None:
    away.scan(DAY - 20_000, "receive", PHONE, location=BIN_A, quantity=5)
    push(away, now_ms=NOW + 60_000)
    assert late() == [PHONE]
    other = Chain(2)
    other.scan(NOW + 120_000, "move", PHONE, location=BIN_C, origin=BIN_A, quantity=5)
    push(other, now_ms=NOW + 130_000)
    assert late() == [PHONE]


def test_a_scan_that_may_be_late_by_a_bad_clock_is_so_whatever_else_happened_after_the_count(away: Chain) -> None:
    away.scan(DAY + 400_000, "put_away", NEW, location=BIN_A)
    away.boot = "a later boot"  # of the clock before that the server knows no more than to within five minutes
    push(away, now_ms=NOW + 60_000)
    assert late() == [NEW]
    other = Chain(2)
    other.scan(DAY + 350_000, "move", NEW, location=BIN_C)
    push(other, now_ms=NOW + 70_000)
    assert late() == [NEW]


def test_what_certainly_happened_after_the_count_says_nothing_of_what_a_bad_clock_may_date_into_it(away: Chain) -> None:
    other = Chain(2)
    other.scan(DAY + 350_000, "move", NEW, location=BIN_A)
    push(other, now_ms=NOW + 50_000)
    away.scan(DAY + 400_000, "inspect", NEW, location=BIN_A)
    away.boot = "a later boot"
    push(away, now_ms=NOW + 60_000)
    assert late() == []


def test_pieces_that_a_late_scan_takes_from_a_counted_bin_are_an_exception(away: Chain) -> None:
    away.scan(DAY - 20_000, "move", PHONE, location=BIN_C, origin=BIN_A, quantity=2)
    push(away, now_ms=NOW + 60_000)
    assert late() == [PHONE]


def test_a_scan_of_a_number_that_turns_out_to_be_a_counted_units_is_an_exception(away: Chain) -> None:
    hers = Chain(2)
    hers.scan(DAY - 60_000, "inspect", IMEI, location=BIN_C)
    push(hers, now_ms=DAY - 40_000)
    assert late() == []
    hers.scan(NOW + 100_000, "link", A1, identifiers=(IMEI,))
    push(hers, now_ms=NOW + 110_000)
    assert late() == [IMEI]


def test_a_counted_unit_that_turns_out_to_be_a_further_name_of_another_is_not_missing(away: Chain) -> None:
    again = Chain(2)
    again.scan(DAY - 30_000, "put_away", NEW, location=BIN_A)
    count = Counting(again, start_ms=NOW + 100_000, number="CC-2")
    begin("CC-2", BIN_A, now_ms=NOW + 50_000)
    count(BIN_A, A1, NEW)
    push(again, now_ms=NOW + 600_000)
    close("CC-2", now_ms=NOW + 700_000)
    again.scan(NOW + 800_000, "link", OLD, identifiers=(NEW,))
    push(again, now_ms=NOW + 900_000)
    assert kinds(result("CC-2")) == {A1: "matched", OLD: "matched"}


def test_what_is_in_a_carton_that_was_put_away_by_its_plate_is_an_exception_if_it_is_heard_of_late(away: Chain) -> None:
    hers = Chain(2)
    hers.scan(DAY - 70_000, "link", BOX, identifiers=(PLATE,))
    hers.scan(DAY - 60_000, "put_away", PLATE, location=BIN_A)
    push(hers, now_ms=DAY - 40_000)
    away.scan(DAY - 80_000, "receive", NEW, container=BOX, location=BIN_C)
    push(away, now_ms=NOW + 60_000)
    assert NEW in late()


def test_what_came_while_a_count_waited_for_approval_is_an_exception_wherever_it_goes_then(away: Chain) -> None:
    with writing() as c:
        none = Limit(units=0, value=None, percent=None)
        set_limit(c, site=SITE, whose="role:supervisor", limit=none, operator="admin", now_ms=NOW)
    counter, later = Chain(2), NOW + 100_000_000
    begin("CC-2", BIN_A, now_ms=later)
    Counting(counter, start_ms=later + 100_000, number="CC-2")(BIN_A)
    push(counter, now_ms=later + 600_000)
    close("CC-2", role="supervisor", now_ms=later + 700_000)
    away.scan(DAY - 20_000, "put_away", NEW, location=BIN_A)
    push(away, now_ms=later + 8_000_000)
    with writing() as c:
        approve(c, site=SITE, number="CC-2", operator="Ada", note="seen", now_ms=later + 12_000_000)
    assert late("CC-2") == [NEW]
    move_on(NEW, later + 200_000_000)
    assert late("CC-2") == [NEW]


def test_late_scans_are_found_without_reading_all_that_ever_happened_at_the_site(away: Chain) -> None:
    # of SQLite, which takes an index that begins with the site for a good one; PostgreSQL counts
    away.scan(DAY - 30_000, "pack", NEW, container=BOX)
    away.scan(DAY - 20_000, "move", BOX, location=BIN_A)
    with plans_of("site = ") as plans:
        push(away, now_ms=NOW + 60_000)
    assert any("ix_events_afterwards" in plan for plan in plans)
    assert any("ix_events_container" in plan for plan in plans)
    wholly = (
        "SCAN events",
        "events USING INDEX ix_events_subject (site=? AND subject>",
        "document_rows_subject (site=?)",
    )
    assert not [plan for plan in plans if any(words in plan for words in wholly)]
