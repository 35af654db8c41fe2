"""Each scan that comes late for a closed count is a case: taken over or dismissed by itself, and never lost."""

from __future__ import annotations

from typing import Any

import pytest

from server import case_file, decisions, many_decisions, papers
from server.case import opened_by
from server.case_list import CaseFilter, CaseLine, list_cases
from server.counts.late import late_scans
from server.counts.limits import Limit, set_limit
from server.counts.recount import open_recount
from server.database import reading, writing
from server.decisions import DecisionError
from server.many_decisions import Choice
from server.refolding import rebuild_all
from server.undo import look, undo
from server.upkeep import verify
from sync.event import format_name
from tests.handheld import BIN_A, BIN_B, BIN_C, CABLE, DAY, Chain, unit
from tests.server.closed_counts import misplaced_exceptions
from tests.server.counting import NOW, Counting, begin, close, kinds, result
from tests.server.site import SITE, differences, enrol, folded, push, state_document

DAY_MS = 86_400_000
A1, A2, A3, B1 = (unit(serial) for serial in ("A1", "A2", "A3", "B1"))


@pytest.fixture
def late(warehouse: str) -> Chain:
    """A closed count of two bins, and the handheld that still holds two scans of the first one."""
    rows = [{"subject": u, "location": BIN_A} for u in (A1, A2, A3)] + [{"subject": B1, "location": BIN_B}]
    state_document("stock", "STOCK", rows, now_ms=DAY - 100_000)
    begin()
    enrol(1)
    enrol(2)
    counter, late = Chain(1), Chain(2)
    late.scan(DAY + 90_000, "count", A2, location=BIN_A, document="CC-1", operator="Ravi")
    late.scan(DAY + 95_000, "count", A3, location=BIN_A, document="CC-1", operator="Ravi")
    count = Counting(counter)
    count(BIN_A, A1)
    count(BIN_B, B1)
    push(counter, now_ms=NOW)
    close()
    return late


def exceptions(status: str | None = "open", number: str = "CC-1") -> list[CaseLine]:
    with reading() as c:
        return list_cases(c, SITE, CaseFilter(rule="late_scan", document=number, status=status))


def settle(case: CaseLine, resolution: str, **more: Any) -> None:
    about: dict[str, Any] = {"unit": case.unit, "rule": case.rule, "episode": case.episode, "evidence": case.evidence}
    said: dict[str, Any] = {"operator": "Sam", "now_ms": NOW + 70_000} | more
    with writing() as c:
        decisions.settle(c, site=SITE, resolution=resolution, **about, **said)


def test_each_late_scan_of_a_closed_count_is_a_case_that_says_who_scanned_it(late: Chain) -> None:
    assert exceptions() == []
    push(late, now_ms=NOW + 60_000)
    assert [(e.unit, e.seen, e.operator, e.device_no) for e in exceptions()] == [
        (A2, BIN_A, "Ravi", 2),
        (A3, BIN_A, "Ravi", 2),
    ]


def test_an_undo_of_a_copied_queue_that_names_a_scan_of_the_count_too_is_late_once(late: Chain) -> None:
    copy = Chain(1)
    copy.scan(DAY + 61_000, "inspect", B1, location=BIN_A)
    copy.scan(DAY + 62_000, "void", B1, voids="1.1.1", reason="mistake")
    push(copy, now_ms=NOW + 400_000)
    with reading() as c:
        found = [(fact.event.action, fact.forked) for fact in late_scans(c, site=SITE, number="CC-1")]
    assert found.count(("void", True)) == 1
    assert misplaced_exceptions("CC-1") is None


def test_scans_of_a_recount_that_a_restored_server_opens_again_are_late_no_more(late: Chain) -> None:
    enrol(3)
    recounting = Chain(3)
    Counting(recounting, start_ms=DAY, number="CC-1-R1", operator="Rosa")(BIN_A, B1, A2)
    push(recounting, now_ms=NOW + 400_000)
    assert {case.unit for case in exceptions()} == {A2, B1}
    with writing() as c:
        open_recount(c, site=SITE, number="CC-1", bins=[BIN_A], operator="Sam", now_ms=NOW + 500_000)
    assert [said for said in verify(SITE, lambda _: None) if said.startswith("cases")] == []


def test_a_count_by_a_clock_that_is_minutes_out_has_the_same_late_scans_after_a_rebuild(warehouse: str) -> None:
    state_document("stock", "STOCK", [{"subject": A1, "location": BIN_A}], now_ms=DAY - 100_000)
    begin("CC-1", BIN_A)
    enrol(1)
    enrol(2)
    counter, picker = Chain(1, boot="before its battery was changed"), Chain(2)
    Counting(counter, start_ms=NOW - 10_000)(BIN_A, A1)
    counter.boot = "after"
    push(counter, now_ms=NOW)
    close(now_ms=NOW + 1_000)
    picker.scan(NOW + 60_000, "pick", A1, location=BIN_A, document="SO-1")
    push(picker, now_ms=NOW + 90_000)
    assert [said for said in verify(SITE, lambda _: None) if said.startswith("cases")] == []


@pytest.fixture
def late_for_two(late: Chain) -> str:
    """Name of a move of A1 that comes after two counts of its bin were closed."""
    begin("CC/2~b", BIN_A, now_ms=NOW + 2_000)
    again = Chain(1, epoch=2)
    Counting(again, start_ms=NOW + 10_000, number="CC/2~b")(BIN_A, A1, A2, A3)
    push(again, now_ms=NOW + 300_000)
    close("CC/2~b", now_ms=NOW + 400_000)
    enrol(3)
    away = Chain(3)
    moved = away.scan(DAY + 65_000, "move", A1, location=BIN_B, operator="Ravi")
    push(away, now_ms=NOW + 500_000)
    return format_name(moved.name)


def test_one_scan_late_for_two_counts_is_a_case_of_each(late_for_two: str) -> None:
    (first,), (second,) = exceptions(), exceptions(number="CC/2~b")
    assert {opened_by(case.episode) for case in (first, second)} == {late_for_two}
    settle(first, "dismiss", now_ms=NOW + 600_000)
    assert [e.resolution for e in exceptions(None)] == ["dismiss"]
    assert exceptions(number="CC/2~b") == [second]
    settle(second, "take_over", now_ms=NOW + 700_000)
    assert (versions(), versions("CC/2~b")) == (1, 2)
    assert [said for said in verify(SITE, lambda _: None) if said.startswith("cases")] == []


def test_who_undoes_a_scan_late_for_two_counts_is_told_of_both_cases(late_for_two: str) -> None:
    with writing() as c:
        undoing = look(c, SITE, late_for_two, NOW + 600_000)
    assert undoing is not None
    assert {case.document for case in undoing.depends.cases if case.rule == "late_scan"} == {"CC-1", "CC/2~b"}


def test_a_scan_late_for_one_count_is_a_case_though_the_unit_was_scanned_again_before_a_later_count_closed(
    late: Chain,
) -> None:
    begin("CC-2", BIN_B, now_ms=NOW + 2_000)
    other = Chain(1, epoch=2)
    Counting(other, start_ms=NOW + 10_000, number="CC-2")(BIN_B, B1)
    push(other, now_ms=NOW + 300_000)
    close("CC-2", now_ms=NOW + 400_000)
    enrol(3)
    away = Chain(3)
    away.scan(DAY + 65_000, "move", A1, location=BIN_B, operator="Ravi")
    away.scan(NOW + 200_000, "move", A1, location=BIN_A, operator="Ravi")
    push(away, now_ms=NOW + 500_000)
    assert [(e.unit, e.device_no) for e in exceptions()] == [(A1, 3)]
    assert not [sentence for sentence in verify(SITE, lambda _: None) if "late_scan" in sentence]


def test_one_late_scan_is_taken_over_and_the_other_one_waits(late: Chain) -> None:
    push(late, now_ms=NOW + 60_000)
    first, second = exceptions()
    settle(first, "take_over")
    assert [e.unit for e in exceptions()] == [second.unit]
    assert [(e.unit, e.status, e.resolution) for e in exceptions(None)] == [
        (A2, "settled", "take_over"),
        (A3, "open", None),
    ]
    settle(exceptions()[0], "take_over", now_ms=NOW + 80_000)
    assert exceptions() == []
    assert kinds(result()) == dict.fromkeys((A1, A2, A3, B1), "matched")


@pytest.mark.parametrize("other", [A2, B1], ids=["of the same unit", "of another"])
def test_a_copied_handhelds_late_scan_waits_though_one_of_its_name_was_taken_over(late: Chain, other: str) -> None:
    push(late, now_ms=NOW + 60_000)
    settle(exceptions()[0], "take_over")
    settle(exceptions()[0], "take_over", now_ms=NOW + 80_000)
    copy = Chain(2)
    copy.scan(DAY + 91_000, "count", other, location=BIN_A, document="CC-1", operator="Nina")
    push(copy, now_ms=NOW + 90_000)
    assert [(e.unit, e.operator) for e in exceptions()] == [(other, "Nina")]
    settle(exceptions()[0], "dismiss", now_ms=NOW + 95_000)
    assert exceptions() == []
    stored = folded()
    rebuild_all(SITE, lambda _: None)
    assert differences(stored, folded()) == []


def test_a_dismissed_late_scan_is_left_out_of_every_later_version(late: Chain) -> None:
    push(late, now_ms=NOW + 60_000)
    settle(exceptions()[0], "dismiss")
    assert kinds(close(now_ms=NOW + 90_000)) == {A1: "matched", A2: "missing", A3: "matched", B1: "matched"}
    assert [(e.unit, e.status, e.resolution) for e in exceptions(None)] == [
        (A2, "settled", "dismiss"),
        (A3, "explained", None),
    ]


def test_a_dismissed_late_scan_is_opened_again_and_taken_over(late: Chain) -> None:
    push(late, now_ms=NOW + 60_000)
    settle(exceptions()[0], "dismiss")
    [case] = [e for e in exceptions(None) if e.status == "settled"]
    about = {"unit": case.unit, "rule": case.rule, "episode": case.episode}
    with writing() as c:
        decisions.reopen(c, site=SITE, reason="it was right", operator="Sam", now_ms=NOW + 75_000, **about)
    settle(exceptions()[0], "take_over", now_ms=NOW + 80_000)
    with pytest.raises(DecisionError, match="undo the scan instead"), writing() as c:
        decisions.reopen(c, site=SITE, reason="no", operator="Sam", now_ms=NOW + 85_000, **about)


def test_several_late_scans_taken_over_together_make_one_version(late: Chain) -> None:
    push(late, now_ms=NOW + 60_000)
    choices = [Choice(unit=e.unit, rule=e.rule, episode=e.episode, evidence=e.evidence) for e in exceptions()]
    said: dict[str, Any] = {"site": SITE, "operator": "Sam", "now_ms": NOW + 70_000}
    decided, skipped = many_decisions.settle_all(choices, resolution="take_over", **said)
    assert (len(decided), skipped, exceptions()) == (2, [], [])
    assert versions() == 2


def versions(number: str = "CC-1") -> int:
    with reading() as c:
        return papers.versions(c, SITE, "count_result", number)


def test_a_late_scan_above_a_persons_limit_waits_for_approval_and_stays_open(late: Chain) -> None:
    push(late, now_ms=NOW + 60_000)
    with writing() as c:
        limit = Limit(units=0, value=None, percent=None)
        set_limit(c, site=SITE, whose="role:supervisor", limit=limit, operator="admin", now_ms=NOW)
    settle(exceptions()[0], "take_over", role="supervisor")
    assert (len(exceptions()), versions()) == (2, 1)
    with pytest.raises(DecisionError, match="waits for approval already"):
        settle(exceptions()[1], "take_over", role="supervisor")


def test_who_may_not_close_counts_takes_no_late_scan_over(late: Chain) -> None:
    push(late, now_ms=NOW + 60_000)
    with pytest.raises(DecisionError, match="which your role does not include"):
        settle(exceptions()[0], "take_over", role="quality")


def test_an_undo_of_a_counted_scan_is_a_case_of_its_unit(late: Chain) -> None:
    with writing() as c:
        undo(c, site=SITE, name="1.1.2", reason="wrong unit", operator="Sam", now_ms=NOW + 60_000)
    assert [(e.unit, e.detail.partition(":")[0]) for e in exceptions()] == [(A1, "Undo")]
    settle(exceptions()[0], "take_over")
    assert kinds(result())[A1] == "missing"


def test_a_late_move_of_a_counted_unit_is_a_case_too(late: Chain) -> None:
    enrol(3)
    mover = Chain(3)
    mover.scan(DAY + 30_000, "move", A1, location=BIN_B)
    push(mover, now_ms=NOW + 60_000)
    assert [(e.unit, e.device_no) for e in exceptions()] == [(A1, 3)]


def test_a_rebuild_and_a_check_of_everything_find_the_same_exceptions(late: Chain) -> None:
    push(late, now_ms=NOW + 60_000)
    settle(exceptions()[0], "take_over")
    settle(exceptions()[0], "dismiss", now_ms=NOW + 80_000)
    stored = folded()
    rebuild_all(SITE, lambda _: None)
    assert differences(stored, folded()) == []
    assert [said for said in verify(SITE, lambda _: None) if said.startswith("cases")] == []


def test_a_late_word_on_a_bin_says_what_to_do_and_goes_along_when_the_late_scans_are_taken_over(late: Chain) -> None:
    for number, action in enumerate(("open_bin", "unreadable", "finish_bin")):
        late.scan(DAY + 96_000 + number, action, None, location=BIN_A, document="CC-1", operator="Ravi")
    push(late, now_ms=NOW + 60_000)
    told = {}
    for case in exceptions():
        with reading() as c:
            file = case_file.read(c, SITE, case.unit, case.rule, case.episode, NOW)
        assert file is not None
        told[case.detail.partition(":")[0]] = [(option.resolution, option.why) for option in file.options]
    when = "It says when the bin was counted, and not what lies there: the late scans of units do."
    label = "Have somebody find that label in the bin, stick a plate on it and scan it. Then decide so."
    assert told == {
        "Count": [("take_over", ""), ("dismiss", "")],
        "Open bin": [("dismiss", when), ("take_over", "")],
        "Unreadable": [("dismiss", label), ("take_over", "")],
        "Finish bin": [("dismiss", when), ("take_over", "")],
    }
    choices = [Choice(unit=e.unit, rule=e.rule, episode=e.episode, evidence=e.evidence) for e in exceptions()]
    said: dict[str, Any] = {"site": SITE, "operator": "Sam", "now_ms": NOW + 70_000}
    decided, skipped = many_decisions.settle_all(choices, resolution="take_over", **said)
    assert (len(decided), skipped, exceptions(), versions()) == (5, [], [], 2)
    assert [line for line in verify(SITE, lambda _: None) if line.startswith("cases")] == []


@pytest.fixture
def mover(late: Chain) -> Chain:
    """A handheld that moved a counted unit to another bin two days after the count was closed, and has not said so."""
    enrol(3)
    mover = Chain(3)
    mover.scan(NOW + 2 * DAY_MS, "move", B1, location=BIN_C, operator="Ravi")
    return mover


def test_what_happened_before_a_scan_that_somebody_made_for_a_closed_count_days_later_is_late_like_it(
    late: Chain, mover: Chain
) -> None:
    late.scan(NOW + 3 * DAY_MS, "count", A3, location=BIN_A, document="CC-1", operator="Ravi")
    push(late, now_ms=NOW + 4 * DAY_MS)
    push(mover, now_ms=NOW + 4 * DAY_MS + 1)
    assert misplaced_exceptions("CC-1") is None
    assert [(e.unit, e.device_no) for e in exceptions()] == [(A2, 2), (A3, 2), (B1, 3), (A3, 2)]


@pytest.mark.parametrize("step", [1, -1], ids=["moved, then counted", "counted, then moved"])
def test_what_happens_between_a_closing_and_a_recount_is_no_late_scan(late: Chain, mover: Chain, step: int) -> None:
    later = NOW + 3 * DAY_MS
    with writing() as c:
        open_recount(c, site=SITE, number="CC-1", bins=[BIN_A], blind=False, operator="Sam", now_ms=later)
    again = Chain(1, epoch=2)
    Counting(again, start_ms=later, number="CC-1-R1", operator="Ravi")(BIN_A, A2, A3)
    for n, chain in enumerate([mover, again][::step]):
        push(chain, now_ms=later + 600_000 + n)
    assert misplaced_exceptions("CC-1") is None
    assert exceptions() == []
    close(now_ms=later + 700_000)
    assert kinds(result()) == {A1: "missing", A2: "matched", A3: "matched", B1: "matched"}
    assert exceptions(None) == []


def test_pieces_that_another_count_says_were_in_a_bin_before_are_looked_at_again_in_the_count_that_was_closed_first(
    warehouse: str,
) -> None:
    enrol(1)
    begin("CC-1", BIN_B)
    begin("CC-2", BIN_B)
    counter = Chain(1)
    Counting(counter, number="CC-2")(BIN_B, CABLE, quantity=2)
    Counting(counter, start_ms=DAY + 900_000)(BIN_B)
    push(counter, now_ms=NOW)
    assert kinds(close("CC-1")) == {}
    assert misplaced_exceptions("CC-1") is None
    close("CC-2", now_ms=NOW + 60_000)
    assert [case.unit for case in exceptions()] == [CABLE]
    assert misplaced_exceptions("CC-1") is None
    assert list(verify(SITE, lambda _: None)) == []
