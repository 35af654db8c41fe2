"""Missing here and seen there is one move, also across counts; and what a count comes to in units and in value."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from server.counts.accuracy import By, accuracy
from server.counts.compare import Line, ReportLine
from server.counts.moves import Difference, Move, across, pair
from server.counts.reckoning import reckon
from server.counts.recount import open_recount
from server.counts.tally import Tally, tallies, variance
from server.database import reading, writing
from server.tables import cases
from sync.event import format_name
from tests.handheld import BIN_A, BIN_B, BIN_C, CABLE, CARTON_1, DAY, PHONE, Chain, unit
from tests.server.counting import NOW, Counting, begin, close, kinds, result
from tests.server.site import SITE, enrol, push, state_document

A1, A2, B1 = unit("A1"), unit("A2"), unit("B1")


@pytest.fixture
def counter(warehouse: str) -> Chain:
    """A handheld, and bins A and B, where A1, A2 and B1 belong."""
    rows = [{"subject": s, "location": place} for s, place in ((A1, BIN_A), (A2, BIN_A), (B1, BIN_B))]
    state_document("stock", "STOCK", rows, now_ms=DAY - 100_000)
    enrol(1)
    return Chain(1)


def open_cases() -> list[tuple[str, str]]:
    with reading() as c:
        query = sa.select(cases.c.rule, cases.c.unit).where(cases.c.status == "open")
        return sorted((rule, unit_) for rule, unit_ in c.execute(query))


def test_a_unit_missing_in_one_count_and_seen_in_another_is_one_move_and_one_case(counter: Chain) -> None:
    begin("CC-1", BIN_A)
    begin("CC-2", BIN_C)
    one, other = Counting(counter), Counting(counter, number="CC-2", start_ms=DAY + 900_000)
    one(BIN_A, A1)
    other(BIN_C, A2)
    push(counter, now_ms=NOW)
    found = close("CC-1")
    assert kinds(found) == {A1: "matched", A2: "misplaced"}
    assert found.moves == [Move(subject=A2, quantity=1, origin=BIN_A, destination=BIN_C, found_under="CC-2")]
    assert found.variance.units == 0
    assert result("CC-2").moves == [Move(subject=A2, quantity=1, origin=BIN_A, destination=BIN_C)]
    assert open_cases() == [("misplaced", A2)]


def test_a_unit_that_any_later_scan_saw_elsewhere_is_no_write_off(counter: Chain) -> None:
    begin("CC-1", BIN_A)
    count = Counting(counter)
    count(BIN_A, A1)
    push(counter, now_ms=NOW)
    assert kinds(result())[A2] == "missing"
    counter.scan(NOW - 600_000, "inspect", A2, location=BIN_C)
    push(counter, len(counter.lines), now_ms=NOW)
    (line,) = [line for line in result().lines if line.subject == A2]
    assert (line.kind, line.expected, line.seen) == (Line.MISPLACED, BIN_A, (BIN_C,))


def test_a_scan_that_was_undone_at_the_handheld_is_no_sighting(counter: Chain) -> None:
    begin("CC-1")
    count = Counting(counter)
    count(BIN_A, A1)
    wrong = count.say("count", A2, BIN_B)
    count.say("void", A2, BIN_B, voids=format_name(wrong.name), reason="a mistake")
    count(BIN_B, B1)
    push(counter, now_ms=NOW)
    (line,) = [line for line in result().lines if line.subject == A2]
    assert (line.kind, line.expected, line.seen, line.since) == (Line.MISSING, BIN_A, (), None)
    assert result().moves == []


@pytest.mark.parametrize("without", [frozenset(), frozenset({"a scan that never was"})], ids=["as stored", "anew"])
def test_a_scan_whose_undo_was_undone_while_the_handheld_did_other_work_is_a_sighting(
    counter: Chain, without: frozenset[str]
) -> None:
    begin("CC-1", BIN_A)
    count = Counting(counter)
    count(BIN_A, finish=False)
    counted = format_name(count.say("count", A2, BIN_A).name)
    count.say("finish_bin", None, BIN_A)
    undone = counter.scan(DAY + 300_000, "void", A2, voids=counted, reason="a mistake")
    counter.scan(DAY + 301_000, "void", A2, voids=format_name(undone.name), reason="it was right")
    push(counter, now_ms=NOW)
    with reading() as c:
        assert kinds(reckon(c, site=SITE, number="CC-1", without=without)) == {A1: "missing", A2: "matched"}


def test_a_unit_that_was_picked_from_its_bin_after_it_was_overlooked_is_looked_at_again(counter: Chain) -> None:
    begin("CC-1", BIN_A)
    count = Counting(counter)
    count(BIN_A, A1)
    counter.scan(DAY + 900_000, "pick", A2, location=BIN_A)
    push(counter, now_ms=NOW)
    assert kinds(result())[A2] == "in_motion"


def test_a_pick_whose_moment_is_uncertain_counts_as_inside_the_interval(counter: Chain) -> None:
    begin("CC-1", BIN_A)
    enrol(2)
    old = Chain(2, boot="an earlier boot")  # its clock places the pick to within five minutes
    old.scan(DAY - 60_000, "pick", A2, location=BIN_A)
    old.boot = "boot-2"
    count = Counting(counter)
    count(BIN_A, A1)
    push(counter, now_ms=NOW)
    push(old, now_ms=NOW)
    assert kinds(result())[A2] == "in_motion"


def test_a_unit_taken_out_and_put_back_inside_the_interval_is_in_motion(counter: Chain) -> None:
    begin("CC-1", BIN_A)
    enrol(2)
    other = Chain(2)
    other.scan(DAY + 70_000, "move", A2, location=BIN_B)
    other.scan(DAY + 100_000, "move", A2, location=BIN_A)
    count = Counting(counter)
    count(BIN_A, A1)
    push(counter, now_ms=NOW)
    push(other, now_ms=NOW)
    assert kinds(result())[A2] == "in_motion"


def test_pieces_short_in_one_count_and_over_in_another_are_a_move(counter: Chain) -> None:
    rows = [{"subject": CABLE, "location": BIN_A, "quantity": 10}, {"subject": CABLE, "location": BIN_B, "quantity": 4}]
    state_document("stock", "CABLES", rows, now_ms=DAY - 90_000)
    begin("CC-1", BIN_A)
    begin("CC-2", BIN_B)
    one, other = Counting(counter), Counting(counter, number="CC-2", start_ms=DAY + 900_000)
    one(BIN_A, A1, A2, CABLE, quantity=7)
    other(BIN_B, B1, CABLE, quantity=6)
    push(counter, now_ms=NOW)
    move = Move(subject=CABLE, quantity=2, origin=BIN_A, destination=BIN_B, found_under="CC-2")
    assert result("CC-1").moves == [move]
    assert (result("CC-1").variance.short, result("CC-1").variance.moved) == (1, 2)
    close("CC-1")
    assert [m.missed_under for m in result("CC-2").moves] == ["CC-1"]
    assert result("CC-2").variance.units == 0


def test_what_the_records_have_below_nothing_here_and_too_much_of_there_is_carried_by_nobody_and_missing_nowhere(
    counter: Chain,
) -> None:
    state_document("stock", "CABLES", [{"subject": CABLE, "location": BIN_B, "quantity": 30}], now_ms=DAY - 90_000)
    counter.scan(DAY - 60_000, "pick", CABLE, location=BIN_A, quantity=10)
    begin("CC-1", BIN_A, BIN_B)
    count = Counting(counter)
    count(BIN_A, A1, A2)
    count(BIN_B, B1, CABLE, quantity=20)
    push(counter, now_ms=NOW)
    found = close("CC-1")
    assert found.moves == [Move(subject=CABLE, quantity=10, origin=BIN_B, destination=BIN_A, carried=False)]
    assert (found.variance.units, found.variance.moved) == (0, 0)
    by_bin = {each.share.place: each.tally for each in found.bins}
    assert by_bin[BIN_A] == Tally(expected=2, matched=2)
    assert by_bin[BIN_B].accuracy == 21 / 31
    assert open_cases() == []


def test_a_unit_that_was_refused_at_a_carton_is_not_in_it(counter: Chain) -> None:
    counter.scan(DAY - 60_000, "reject", A2, container=CARTON_1, document="SO-1", reason="claimed")
    begin("CC-1", BIN_A)
    Counting(counter)(BIN_A, A1)
    push(counter, now_ms=NOW)
    assert (kinds(result())[A2], result().moves) == ("missing", [])


def test_what_another_counts_recount_put_right_explains_nothing_here(counter: Chain) -> None:
    rows = [{"subject": CABLE, "location": place, "quantity": 10} for place in (BIN_A, BIN_B)]
    state_document("stock", "CABLES", rows, now_ms=DAY - 90_000)
    begin("CC-1", BIN_A)
    begin("CC-2", BIN_B)
    Counting(counter, number="CC-2", operator="Rosa")(BIN_B, CABLE, quantity=6)
    push(counter, now_ms=NOW)
    with writing() as c:
        open_recount(c, site=SITE, number="CC-2", bins=[BIN_B], operator="Sam", now_ms=NOW)
    Counting(counter, NOW, number="CC-2-R1", operator="Ravi")(BIN_B, CABLE, quantity=10)
    Counting(counter, NOW + 900_000, operator="Ravi")(BIN_A, A1, A2, CABLE, quantity=6)
    push(counter, 4, now_ms=NOW + 3_600_000)
    close("CC-2")
    assert (result().moves, result().variance.short) == ([], 4)


def short(place: str, pieces: int, number: str | None = None) -> Difference:
    return Difference(subject=CABLE, place=place, pieces=pieces, number=number)


@pytest.mark.parametrize(
    ("found", "moved", "left"),
    [
        ([], [], []),
        ([short("A", -3)], [], [-3]),
        ([short("A", -3), short("B", 3)], [(3, "A", "B")], []),
        ([short("A", -3), short("B", 1), short("C", 5)], [(1, "A", "B"), (2, "A", "C")], [3]),
        ([short("A", -1), short("B", -1), short("C", 1)], [(1, "A", "C")], [-1]),
    ],
)
def test_what_is_short_is_paired_with_what_is_over(
    found: list[Difference], moved: list[tuple[int, str, str]], left: list[int]
) -> None:
    moves, rest = pair(found)
    assert [(m.quantity, m.origin, m.destination) for m in moves] == moved
    assert [d.pieces for d in rest] == left


def test_another_counts_own_pairs_are_none_of_ours() -> None:
    other = [short("X", 2, "CC-2"), short("Y", -2, "CC-2"), short("Z", 1, "CC-2")]
    (move,) = across([short("A", -3)], [other])
    assert (move.quantity, move.destination, move.found_under) == (1, "Z", "CC-2")


def line(kind: Line, subject: str, at: str | None, *seen: str, due: int = 1, got: int | None = None) -> ReportLine:
    return ReportLine(
        kind=kind,
        subject=subject,
        expected=at,
        seen=seen,
        expected_quantity=due,
        quantity=len(seen) if got is None else got,
    )


LINES = [
    line(Line.MATCHED, unit("1"), "A", "A"),
    line(Line.MISSING, unit("2"), "A"),
    line(Line.IN_MOTION, unit("3"), "A"),
    line(Line.MISPLACED, unit("4"), "A", "B"),
    line(Line.UNKNOWN, unit("5"), None, "B", due=0),
    line(Line.MISSING, CABLE, "B", "B", due=10, got=8),
]


def test_a_bins_accuracy_is_units_matched_by_units_expected_without_those_in_motion() -> None:
    found = tallies(LINES, ["A", "B", "C"])
    assert found["A"] == Tally(expected=3, matched=1, missing=2, in_motion=1)
    assert found["B"] == Tally(expected=10, matched=8, missing=2, surplus=2)
    assert (found["A"].accuracy, found["C"].accuracy) == (1 / 3, None)


def test_a_variance_is_what_is_written_off_and_on_and_its_value() -> None:
    moves = [Move(subject=CABLE, quantity=1, origin="B", destination="Z", found_under="CC-2")]
    found = variance(LINES, moves, lambda key: (30_000, "EUR") if key.startswith(PHONE) else None)
    assert (found.short, found.over, found.moved, found.unpriced) == (2, 1, 1, 1)
    assert found.value == {"EUR": 60_000}
    assert found.percent == pytest.approx(33.3, abs=0.1)


def test_accuracy_is_read_by_bin_zone_and_time_from_frozen_counts_alone(counter: Chain) -> None:
    begin("CC-1")
    count = Counting(counter)
    count(BIN_A, A1)
    count(BIN_B, B1)
    push(counter, now_ms=NOW)
    with reading() as c:
        assert accuracy(c, SITE, By.BIN) == []
    close()
    with reading() as c:
        assert [(a.key, a.accuracy) for a in accuracy(c, SITE, By.BIN)] == [(BIN_A, 0.5), (BIN_B, 1.0)]
        (day,) = accuracy(c, SITE, By.DAY)
        assert (day.key, day.tally.matched, day.tally.expected, day.counts) == ("2026-05-28", 2, 3, 2)
        assert [a.key for a in accuracy(c, SITE, By.WEEK)] == ["2026-05-25"]
        assert accuracy(c, SITE, By.ZONE, since_ms=NOW) == []
