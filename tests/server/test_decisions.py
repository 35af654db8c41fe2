"""What people decide, write and take back: each an event, seen before it is taken, and never lost by a rebuild."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server import case_file, case_list, decisions, ledger, many_decisions, queries, staff
from server.case_list import CaseFilter, CaseLine
from server.database import reading, stamp, writing
from server.decisions import DecisionError
from server.many_decisions import Choice
from server.rebuild import rebuild
from server.tables import unit_states
from server.undo import look, may_be_undone, undo
from sync.actions import CLAIMS
from sync.event import format_name
from sync.unit import UnitState
from tests.handheld import BIN_A, BIN_B, BIN_C, DAY, Chain, unit
from tests.server.site import (
    SITE,
    assert_a_rebuild_changes_nothing,
    differences,
    enrol,
    folded,
    push,
    site,
    state_document,
)

NOW = DAY + 3_600_000
A1 = unit("A1")


@pytest.fixture
def device(warehouse: str) -> Chain:
    enrol(1)
    return Chain(1)


def misplace(device: Chain, *units: str) -> None:
    for at, what, place in ((DAY, "put_away", BIN_A), (DAY + 60_000, "inspect", BIN_B)):
        for name in units or (A1,):
            device.scan(at, what, name, location=place)
    push(device, now_ms=NOW - 60_000)


def the_case(rule: str = "misplaced", name: str = A1) -> CaseLine:
    with reading() as c:
        (found,) = case_list.list_cases(c, SITE, CaseFilter(status=None, rule=rule, unit=name))
    return found


def say(what: Any, case: CaseLine, *, by: str = "Sam", now_ms: int = NOW, **words: str) -> Any:
    about = {"unit": case.unit, "rule": case.rule, "episode": case.episode}
    with writing() as c:
        return what(c, site=SITE, operator=by, now_ms=now_ms, **about, **words)


def settle(resolution: str, case: CaseLine | None = None, **more: Any) -> Any:
    case = case or the_case()
    return say(decisions.settle, case, resolution=resolution, evidence=case.evidence, **more)


def state(name: str = A1) -> tuple[str, str | None, str | None]:
    u = unit_states.c
    with reading() as c:
        return tuple(c.execute(sa.select(u.status, u.place, u.expected).where(u.unit == name)).one())


def test_the_second_of_two_people_is_told_who_decided_what_and_when(device: Chain) -> None:
    misplace(device)
    case = the_case()
    settle("stays", case, by="Sam")
    with pytest.raises(DecisionError, match=r"settled already by Sam on 28 May 2026, 21:26 UTC, as 'stays'"):
        settle("write_off", case, by="Ines")


def test_a_decision_on_evidence_that_changed_is_told_what_arrived(device: Chain) -> None:
    misplace(device)
    case = the_case()
    enrol(2)
    late = Chain(2)
    late.scan(DAY + 30_000, "put_away", A1, location=BIN_C, operator="Ravi")
    push(late, now_ms=NOW)
    with pytest.raises(DecisionError, match=r"look again before you decide\. What arrived last is 'Put away' by Ravi"):
        settle("dismiss", case)


def test_a_unit_that_is_to_be_carried_back_stands_on_a_list_until_it_is_there(device: Chain) -> None:
    misplace(device)
    settle("put_back")
    wanted = CaseFilter(status=case_list.TO_PUT_BACK)
    with reading() as c:
        assert [case.unit for case in case_list.list_cases(c, SITE, wanted)] == [A1]
    device.scan(NOW + 1_000, "inspect", A1, location=BIN_A)
    push(device, 3, now_ms=NOW + 2_000)
    with reading() as c:
        assert case_list.list_cases(c, SITE, wanted) == []
    assert_a_rebuild_changes_nothing(A1)


def test_a_case_that_is_opened_again_takes_its_decision_back_and_rests_on_new_evidence(device: Chain) -> None:
    misplace(device)
    first = the_case()
    settle("write_off", first)
    assert state() == ("missing", None, None)
    say(decisions.reopen, the_case(), reason="the counter found it", now_ms=NOW + 1_000)
    again = the_case()
    assert (again.status, again.resolution, state()) == ("open", None, ("stored", BIN_B, BIN_A))
    assert again.evidence != first.evidence
    with pytest.raises(DecisionError, match="look again"):
        settle("stays", first, now_ms=NOW + 2_000)
    settle("stays", again, now_ms=NOW + 2_000)
    assert state() == ("stored", BIN_B, BIN_B)
    assert_a_rebuild_changes_nothing(A1)


def test_an_explained_case_can_be_opened_again_and_an_open_one_cannot(device: Chain) -> None:
    misplace(device)
    with pytest.raises(DecisionError, match="open already"):
        say(decisions.reopen, the_case(), reason="no")
    device.scan(DAY + 120_000, "inspect", A1, location=BIN_A)
    push(device, 3, now_ms=NOW)
    assert the_case().status == "explained"
    say(decisions.reopen, the_case(), reason="there are two of them", now_ms=NOW + 1_000)
    assert the_case().status == "open"
    assert_a_rebuild_changes_nothing(A1)


def test_a_note_changes_nothing_and_is_read_with_the_case(device: Chain) -> None:
    misplace(device)
    before = folded()
    say(decisions.note, the_case(), text="  asked Rosa,\n she will look ")
    assert differences(before, folded()) == []
    with reading() as c:
        file = case_file.read(c, SITE, A1, "misplaced", the_case().episode, NOW)
    assert file is not None
    assert [(s.fact.event.operator, s.fact.event.reason) for s in file.said] == [("Sam", "asked Rosa, she will look")]
    for text in ("  ", "x" * 401, "a\x00b"):
        with pytest.raises(DecisionError):
            say(decisions.note, the_case(), text=text)


def test_of_many_cases_those_that_changed_are_skipped_and_named(device: Chain) -> None:
    names = [unit(f"M{n}") for n in range(4)]
    misplace(device, *names)
    seen = [the_case(name=name) for name in names]
    settle("dismiss", seen[0], by="Ines")
    enrol(2)
    late = Chain(2)
    late.scan(DAY + 30_000, "put_away", names[1], location=BIN_C)
    push(late, now_ms=NOW)
    choices = [Choice(unit=c.unit, rule=c.rule, episode=c.episode, evidence=c.evidence) for c in seen]
    decided, skipped = many_decisions.settle_all(choices, site=SITE, resolution="stays", operator="Sam", now_ms=NOW)
    assert [choice.unit for choice in decided] == names[2:]
    assert [(s.choice.unit, s.reason.split(" by ")[0].split(":")[0]) for s in skipped] == [
        (names[0], "The case was settled already"),
        (names[1], "A later scan has changed what the case rests on"),
    ]
    assert [state(name)[2] for name in names] == [BIN_A, BIN_C, BIN_B, BIN_B]


@pytest.mark.parametrize("clocks", ["sure", "overlapping"])
@pytest.mark.parametrize("second_bin", [BIN_A, BIN_B])
def test_two_offline_handhelds_claim_one_unit(warehouse: str, clocks: str, second_bin: str) -> None:
    """Same place: corroborated. Separable times: the later holds. Overlapping times: a person decides."""
    enrol(1)
    enrol(2)
    one, other = Chain(1), Chain(2)
    gap = 10 if clocks == "overlapping" else 60_000
    one.scan(DAY, "put_away", A1, location=BIN_A)
    other.scan(DAY + gap, "put_away", A1, location=second_bin)
    push(other, now_ms=NOW)  # whichever comes first
    push(one, now_ms=NOW + 1_000)
    with reading() as c:
        cases = case_list.list_cases(c, SITE, CaseFilter(rule="conflicting_claims", status=None))
    conflict = clocks == "overlapping" and second_bin == BIN_B
    assert [(x.expected, x.seen, x.against) for x in cases] == ([(BIN_A, BIN_B, "1.1.1")] if conflict else [])
    assert state() == ("stored", second_bin, second_bin)


def conflict(warehouse: str) -> CaseLine:
    enrol(1)
    enrol(2)
    for number, place in ((1, BIN_A), (2, BIN_B)):
        chain = Chain(number)
        chain.scan(DAY + number, "put_away", A1, location=place)
        push(chain, now_ms=NOW)
    return the_case("conflicting_claims")


@pytest.mark.parametrize(
    ("resolution", "holds", "place"), [("claim_first", "1.1.1", BIN_A), ("claim_second", "2.1.1", BIN_B)]
)
def test_of_two_claims_the_one_that_a_person_names_holds(
    warehouse: str, resolution: str, holds: str, place: str
) -> None:
    case = conflict(warehouse)
    fact = settle(resolution, case, now_ms=NOW + 1_000)
    assert (fact.event.about, fact.event.location) == (holds, place)
    assert state() == ("stored", place, place)
    assert the_case("conflicting_claims").status == "settled"
    assert_a_rebuild_changes_nothing(A1)


def test_a_note_between_two_claims_hides_neither(warehouse: str) -> None:
    """What an office says between two scans is no sighting of the unit."""
    state_document("stock", "S", [{"subject": A1, "location": BIN_C}], now_ms=DAY - 60_000)
    enrol(1)
    enrol(2)
    one, other = Chain(1), Chain(2, wall_error_ms=0)
    one.scan(DAY, "inspect", A1, location=BIN_A)
    push(one, now_ms=DAY + 10)
    settle("dismiss", now_ms=DAY + 11)
    other.scan(DAY + 12, "inspect", A1, location=BIN_B)
    push(other, now_ms=DAY + 20)
    assert the_case("conflicting_claims").against == "1.1.1"


def test_only_a_case_about_two_scans_can_be_decided_between_them(device: Chain) -> None:
    misplace(device)
    with pytest.raises(DecisionError, match="not about two scans"):
        settle("claim_first")


def scenes(name: str) -> CaseLine:
    """One open case of a kind."""
    if name == "conflicting_claims":
        return conflict("")
    enrol(1)
    device = Chain(1)
    if name == "misplaced":
        misplace(device)
    if name == "unknown":
        device.scan(DAY, "inspect", A1, location=BIN_A)
        push(device, now_ms=NOW)
    if name == "not_in_stock":
        state_document("asn", "ASN-1", [{"subject": A1, "container": None}], now_ms=DAY - 60_000)
        device.scan(DAY, "inspect", A1, location=BIN_A)
        push(device, now_ms=NOW)
    if name == "duplicate":
        for at, place in ((0, BIN_A), (60_000, BIN_B)):
            device.scan(DAY + at, "receive", A1, location=place)
        push(device, now_ms=NOW)
    return the_case(name)


@pytest.mark.parametrize("rule", ["misplaced", "unknown", "not_in_stock", "duplicate", "conflicting_claims"])
def test_what_is_shown_before_a_decision_is_what_comes_of_it(warehouse: str, rule: str) -> None:
    case = scenes(rule)
    with reading() as c:
        file = case_file.read(c, SITE, case.unit, case.rule, case.episode, NOW)
    before = folded()
    assert file is not None
    assert {option.resolution for option in file.options} == set(case_file.offered(case))
    assert [option.proposed for option in file.options] == [True] + [False] * (len(file.options) - 1)
    assert (case.rule == "conflicting_claims") == any(o.resolution in CLAIMS for o in file.options)
    for option in file.options:
        with writing() as c:
            trial = c.begin_nested()
            decisions.settle(
                c,
                site=SITE,
                unit=case.unit,
                rule=case.rule,
                episode=case.episode,
                resolution=option.resolution,
                evidence=case.evidence,
                operator="Sam",
                now_ms=NOW,
            )
            u = unit_states.c
            row = c.execute(sa.select(u.status, u.place, u.expected).where(u.unit == A1)).one()
            still = {x.rule for x in case_list.list_cases(c, SITE, CaseFilter(unit=A1))}
            trial.rollback()
        shown = option.effect.after.state
        assert isinstance(shown, UnitState)
        assert (shown.status, shown.place, shown.expected) == tuple(row), option.resolution
        was = {case.rule for case in option.effect.opens}
        assert not was
        assert not {x.rule for x in option.effect.closes} & still
    assert differences(before, folded()) == []


steps = st.lists(
    st.tuples(
        st.sampled_from(["scan", "scan", "late scan", "push", "settle", "reopen", "note", "undo"]),
        st.integers(1, 2),
        st.integers(0, 2),
        st.integers(0, 5),
        st.integers(0, 1_200),
    ),
    min_size=3,
    max_size=14,
)
_ACTIONS = ("put_away", "inspect", "move", "pick", "count", "receive")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_decisions_notes_and_openings_among_late_scans_survive_a_rebuild(
    drawn: list[tuple[str, int, int, int, int]],
) -> None:
    with site("sqlite://"):
        chains = {n: Chain(n) for n in (1, 2)}
        sent = dict.fromkeys(chains, 1)
        for n in chains:
            enrol(n)
        for at, (what, device, place, choice, second) in enumerate(drawn):
            now_ms = NOW + at * 10_000
            chain = chains[device]
            if what.endswith("scan"):
                more = {"document": "CC-1"} if _ACTIONS[choice] == "count" else {}
                chain.scan(DAY + second * 1_000, _ACTIONS[choice], A1, location=(BIN_A, BIN_B, BIN_C)[place], **more)
            if what in ("scan", "push"):
                if len(chain.lines) >= sent[device]:
                    push(chain, sent[device], now_ms=now_ms)
                    sent[device] = len(chain.lines) + 1
            elif what == "undo":
                _undo_something(choice, now_ms)
            elif what in ("settle", "reopen", "note"):
                _say_something(what, choice, place, now_ms)
        assert_a_rebuild_changes_nothing(A1)


def _undo_something(choice: int, now_ms: int) -> None:
    """Undo a scan or an undo; what was shown before it is what comes of it."""
    with reading() as c:
        lines = [x for x in queries.trail(c, SITE, A1) if not x.undone and may_be_undone(x.fact)]
        if not lines:
            return
        name = format_name(lines[choice % len(lines)].fact.name)
        shown = look(c, SITE, name, now_ms)
    assert shown is not None
    with writing() as c:
        undo(c, site=SITE, name=name, reason="not so", operator="Sam", now_ms=now_ms)
    with reading() as c:
        u = unit_states.c
        row = c.execute(sa.select(u.status, u.place, u.expected).where(u.unit == A1)).one_or_none()
    (effect,) = shown.effects
    after = effect.after.state
    assert (tuple(row) if row else None) == ((after.status, after.place, after.expected) if after else None)


def _say_something(what: str, choice: int, number: int, now_ms: int) -> None:
    with reading() as c:
        cases = case_list.list_cases(c, SITE, CaseFilter(status=None))
    if not cases:
        return
    case = cases[number % len(cases)]
    if what == "note":
        say(decisions.note, case, text="looked at it", now_ms=now_ms)
    elif what == "settle" and case.status == "open":
        offered = case_file.offered(case)
        settle(offered[choice % len(offered)], case, now_ms=now_ms)
    elif what == "reopen" and case.status != "open":
        say(decisions.reopen, case, reason="not so", now_ms=now_ms)


def test_undos_that_go_round_in_a_ring_are_shown_and_undo_nothing(device: Chain) -> None:
    misplace(device)
    first, last = (f"1.{device.epoch}.{seq}" for seq in (3, 4))
    device.scan(DAY + 120_000, "void", A1, voids=last, reason="a faulty handheld", barcode=None)
    device.scan(DAY + 121_000, "void", A1, voids=first, reason="a faulty handheld", barcode=None)
    push(device, 3, now_ms=NOW)
    with reading() as c:
        for name in (first, last):
            found = look(c, SITE, name, NOW)
            assert found is not None
            assert found.fact.event.action == "void"


def test_a_case_is_given_to_a_person_and_that_survives_a_rebuild(device: Chain) -> None:
    with writing() as c:
        staff.add_person(c, site=SITE, name="Rosa", role="supervisor", by="admin", now_ms=NOW)
    misplace(device)
    with pytest.raises(DecisionError, match="Nobody here is called 'Rpsa'"):
        say(decisions.assign, the_case(), person="Rpsa")
    say(decisions.assign, the_case(), person="rosa", now_ms=NOW + 1)
    with reading() as c:
        assert [case.unit for case in case_list.list_cases(c, SITE, CaseFilter(assigned="Rosa"))] == [A1]
        assert case_list.list_cases(c, SITE, CaseFilter(assigned="Sam")) == []
    stored = folded()
    with writing() as c:
        rebuild(c, SITE, [A1], stamp(c))
    assert differences(stored, folded()) == []
    say(decisions.assign, the_case(), person="", now_ms=NOW + 2)
    assert the_case().assigned is None
    settle("dismiss")
    with pytest.raises(DecisionError, match="nothing left to settle"):
        say(decisions.assign, the_case(), person="Rosa", now_ms=NOW + 3)


def test_of_very_many_words_about_a_case_the_last_ones_are_shown(
    warehouse: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "SPEAKING_MAX", 2)
    with writing() as c:
        for number in range(5):
            said: dict[str, Any] = {"action": "note", "subject": A1, "document": "CASE", "operator": "Sam"}
            ledger.record(c, site=SITE, now_ms=NOW + number, reason=f"word {number}", **said)
        told = ledger.speaking_of(c, SITE, "CASE", ["note"])
    assert [fact.event.reason for fact in told] == ["word 3", "word 4"]
