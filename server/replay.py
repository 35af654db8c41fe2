"""Replay a unit's history: the state after each fact, and the cases that open and close on the way.

Pure. From the beginning it is a rebuild; from a stored state and its open cases, with facts that are all newer, it is
the increment. Both give the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Protocol

from server.case import Case, case_name
from server.rules import Finding, Rule, Step, rules
from sync.actions import ACTIONS
from sync.condition import is_damage
from sync.event import ScanEvent, format_name, parse_name
from sync.history import Fact, step
from sync.recall import LATER, Reach
from sync.returning import ReturnVerdict
from sync.stolen import Theft, names_read
from sync.unit import IN_STOCK, Status, UnitState, carried, is_emptied, is_inferred
from sync.verdict import COMMITTED, NO_ORDER, STOPPED, Judgement, Known, Ordered, Verdict, day, judge


class Surroundings(Protocol):
    """What a unit's history does not hold itself."""

    def straight(self, fact: Fact) -> Fact:
        """The fact, less the container that it would put into itself, or into what is in it."""

    def locate(self, place: str | None, at_ms: int) -> str | None:
        """The location of a place at a moment: of a container, where it stood."""

    def carrier(self, place: str | None, at_ms: int) -> UnitState | None:
        """What was known at a moment of the container in which something is; None where it is in none."""

    def recalled(self, event: ScanEvent, known: Known | None, at_ms: int) -> Reach:
        """Whether a recall was in force on what this scan is about, and the scan does not set it apart for one."""

    def listed(self, document: str | None, unit: str) -> bool:
        """Whether a document announces this unit's product without naming units."""

    def takes_on(self, document: str | None) -> bool:
        """Whether this is a count that takes stock on: what it sees is right where it is seen."""

    def rivals(self, unit: str) -> Mapping[str, str]:
        """Further names of this unit that another unit claims too."""

    def ordered(self, document: str | None, unit: str, at_ms: int) -> Ordered:
        """What the orders said of this unit at a moment, picked or packed for the order `document`."""

    def is_cancelled(self, number: str, at_ms: int) -> bool:
        """Whether an order was cancelled at a moment."""

    def foreign(self, document: str | None, unit: str, at_ms: int) -> str | None:
        """Why what came under this document cannot be of its supplier, in a sentence, by what was known then."""

    def returned(self, unit: str, after: UnitState, fact: Fact) -> ReturnVerdict | None:
        """What a return comes to by what was known after this fact; None where the fact is about no return."""

    def shipped_with(self, state: UnitState, since_ms: int, until_ms: int | None) -> UnitState | None:
        """State of what carried it away, just after it was shipped at such a moment; None where nothing was."""

    def holds(self, unit: str, at_ms: int) -> bool:
        """Whether something had been put into this container before: then it is one of ours."""

    def strange(self, place: str, at_ms: int) -> bool:
        """Whether this is a bin that nobody knew at a moment, though others were known."""

    def stolen(self, names: Iterable[str], at_ms: int) -> Theft | None:
        """The report of a theft that a thing of these names stood under at a moment."""

    def found_by(self, theft: Theft) -> str | None:
        """The fact that says that what was reported so was found; None where nobody said so."""

    def barred(self, fact: Fact) -> str | None:
        """Why whoever made this scan was not permitted to, in a sentence."""


_TAKEN_ALONG: Final = IN_STOCK | {Status.ANNOUNCED}
"""Where a unit may stand by its own scans, so that its carton takes it along."""


@dataclass(slots=True)
class Replay:
    """State and cases of one unit, while its facts go by."""

    unit: str
    around: Surroundings
    state: UnitState | None = None
    cases: dict[tuple[str, str], Case] = field(default_factory=dict)
    watched: Mapping[str, Rule] = field(default_factory=rules)
    """The rules that look at it."""
    lapsed: list[Fact] = field(default_factory=list)
    """Decisions that no longer hold: the case was closed before, or rests on other evidence by now."""
    looked_ms: int = 0
    """Up to when it was asked what became of the unit in its carton."""
    thefts: dict[tuple[str, str], Theft] = field(default_factory=dict)
    """Of what was scanned while it was reported stolen, by its case: the report, where it was found since."""

    def run(self, facts: Iterable[Fact]) -> None:
        """Take in facts, in the order of their history and without those that were undone."""
        for fact in facts:
            self._go_along(fact.event_ms)
            if self.thefts:
                self._turn_up(fact.event_ms)
            self._take(fact)
        self._go_along(None)
        self._turn_up(LATER)

    def _go_along(self, until_ms: int | None) -> None:
        """Look whether the unit left in its carton since, while a recall was in force: no scan of its own says so."""
        state, since_ms = self.state, self.looked_ms
        self.looked_ms = since_ms if until_ms is None else max(since_ms, until_ms)
        if state is None or state.place is None or state.status not in _TAKEN_ALONG:
            return
        gone = self.around.shipped_with(state, max(since_ms, state.place_ms), until_ms)
        if gone is None or gone.last_event is None:
            return
        name = parse_name(gone.last_event)
        event = ScanEvent(
            device_no=name[0],
            epoch=name[1],
            seq=name[2],
            action="ship",
            subject=self.unit,
            document=gone.document,
            wall_ms=gone.status_ms,
            boot="",
            boot_ms=0,
        )
        fact = Fact(gone.status_ms, name, 0, gone.last_event.encode(), gone.last_uncertainty_ms, event)
        if self._judge(fact, state, carried(state, gone)).verdict in STOPPED and "recalled" in self.watched:
            finding = Finding(detail="It was shipped in its carton while it was recalled.", against=state.place)
            self._open(self.watched["recalled"], fact, finding)

    def _turn_up(self, until_ms: int) -> None:
        """Close what was found by then: who said so may not have known that this unit bears the name of the report."""
        for key, theft in [*self.thefts.items()]:
            found, case = self.around.found_by(theft), self.cases[key]
            if found is not None and theft.until_ms is not None and theft.until_ms <= until_ms:
                del self.thefts[key]
                if case.status == "open":
                    closed_ms = theft.until_ms
                    self.cases[key] = replace(case, status="explained", closed_by=found, closed_ms=closed_ms)

    def _take(self, fact: Fact) -> None:
        if fact.event.action in ("note", "void"):
            return  # words change nothing that is known, and what was undone is left out already
        if fact.event.action == "assign":
            self._assign(fact)
            return
        if fact.event.action == "reopen":
            self._reopen(fact)
        if fact.event.action == "settle" and not any(map(partial(_settles, fact.event), self.cases.values())):
            self.lapsed.append(fact)
            return
        own, said = self.state, fact.event.container
        fact = self.around.straight(fact)
        carrier = self.around.carrier(own.place, fact.event_ms) if own else None
        before = carried(own, carrier) if own else None
        after = step(own, fact, carrier)
        seen = Step(
            unit=self.unit,
            fact=fact,
            before=before,
            after=after,
            judgement=self._judge(fact, own, before),
            stood=self.around.locate(before.place, fact.event_ms) if before else None,
            belonged=self.around.locate(before.expected, fact.event_ms) if before else None,
            stands=fact.event.location or self.around.locate(fact.event.container, fact.event_ms),
            returned=self.around.returned(self.unit, after, fact),
            rivals=self.around.rivals(self.unit),
            holds=self.around.holds(self.unit, fact.event_ms),
            foreign=self.around.foreign(fact.event.document, self.unit, fact.event_ms),
            strange_bin=self.around.strange(self.unit, fact.event_ms),
            into_itself=said if fact.event.container is None else None,
            barred=self.around.barred(fact),
            stolen=self.around.stolen((self.unit, *names_read(fact.event), *after.identifiers), fact.event_ms),
        )
        self._close(seen)
        for rule in self.watched.values():
            finding = rule.check(seen)
            if finding is not None:
                self._open(rule, fact, finding)
                if seen.stolen is not None and seen.stolen.until_ms is not None:
                    self._remember(rule, fact, seen.stolen)
        self.state = after

    def _judge(self, fact: Fact, own: UnitState | None, before: UnitState | None) -> Judgement:
        known = None
        if own is not None and before is not None:
            inferred = is_inferred(own, before)
            known = known_of(before, lambda place: self.around.locate(place, fact.event_ms), inferred=inferred)
        event = fact.event
        guarded = ACTIONS[event.action].guarded
        asked = event if event.subject == self.unit else replace(event, subject=self.unit)
        recalled = self.around.recalled(asked, known, fact.event_ms)
        found = judge(
            event,
            known,
            recalled=recalled is Reach.YES,
            perhaps_recalled=recalled is Reach.POSSIBLE,
            listed=self.around.listed(event.document, self.unit),
            whole=True,
            ordered=self._ordered(fact, known) if guarded else NO_ORDER,
            today=day(fact.event_ms) if guarded else None,
        )
        takes_on = event.action == "count" and self.around.takes_on(event.document)
        return Judgement(verdict=Verdict.RIGHT) if takes_on and recalled is not Reach.YES else found

    def _ordered(self, fact: Fact, known: Known | None) -> Ordered:
        ordered = self.around.ordered(fact.event.document, self.unit, fact.event_ms)
        mine = known.document if known is not None and known.status in COMMITTED else None
        lapsed = mine if mine and self.around.is_cancelled(mine, fact.event_ms) else None
        return replace(ordered, lapsed=lapsed) if lapsed else ordered

    def _open(self, rule: Rule, fact: Fact, finding: Finding) -> None:
        """Open a case, unless one is open that says just this: who scans it again has found nothing new.

        One that was closed later, for the stolen thing was found, was open by then: this is heard after that.
        """
        said = (c for c in self.cases.values() if c.rule == rule.name and c.finding == finding)
        if any(rule.once or c.status == "open" or (c.closed_ms or 0) > fact.event_ms for c in said):
            return
        episode = format_name(fact.name)
        evidence = hashlib.sha256(fact.digest + repr(finding).encode()).hexdigest()[:32]
        self.cases[rule.name, episode] = Case(
            rule=rule.name,
            episode=episode,
            opened_ms=fact.event_ms,
            document=fact.event.document,
            finding=finding,
            evidence=evidence,
            operator=fact.event.operator,
            device_no=fact.name[0],
        )

    def _remember(self, rule: Rule, fact: Fact, theft: Theft) -> None:
        key = rule.name, format_name(fact.name)
        if rule.name == "stolen" and key in self.cases:
            self.thefts[key] = theft

    def _assign(self, fact: Fact) -> None:
        for key, case in self.cases.items():
            if case.status == "open" and fact.event.document == case_name(*key):
                self.cases[key] = replace(case, assigned=fact.event.reason)

    def _reopen(self, fact: Fact) -> None:
        """A person wants it decided anew: it rests on their word too from now on."""
        for key, case in self.cases.items():
            if fact.event.document == case_name(case.rule, case.episode):
                evidence = hashlib.sha256(fact.digest + case.evidence.encode()).hexdigest()[:32]
                self.cases[key] = replace(
                    case, status="open", evidence=evidence, closed_by=None, closed_ms=None, resolution=None
                )

    def _close(self, seen: Step) -> None:
        event = seen.fact.event
        for key, case in self.cases.items():
            if case.status != "open":
                continue
            if event.action == "settle" and _settles(event, case):
                self.cases[key] = _closed(case, seen.fact, "settled", event.reason)
            elif case.rule in self.watched and self.watched[case.rule].explained(case.finding, seen):
                self.cases[key] = _closed(case, seen.fact, "explained", None)


def standing(unit: str, facts: list[Fact], around: Surroundings) -> list[Fact]:
    """The facts, in order and without those that were undone, less the decisions that no longer hold."""
    if all(fact.event.action != "settle" for fact in facts):
        return facts
    replay = Replay(unit, around)
    replay.run(facts)
    return [fact for fact in facts if fact not in replay.lapsed]


def _settles(event: ScanEvent, case: Case) -> bool:
    """Whether a decision was taken on this open case, on the evidence that it still rests on."""
    named = event.document == case_name(case.rule, case.episode)
    return named and case.status == "open" and event.evidence == case.evidence


def _closed(case: Case, fact: Fact, status: str, resolution: str | None) -> Case:
    return replace(
        case, status=status, closed_by=format_name(fact.name), closed_ms=fact.event_ms, resolution=resolution
    )


def known_of(state: UnitState, locate: Callable[[str | None], str | None], *, inferred: bool = False) -> Known:
    """What a verdict needs of a state, as its container has it."""
    latest_ms = state.received_ms or state.stocked_ms
    return Known(
        status=state.status,
        expected=state.expected,
        expected_location=locate(state.expected),
        place=state.place,
        announced_by=state.announced_by,
        announced_in=state.announced_in,
        inferred=inferred,
        document=state.document,
        lot=state.lot,
        expiry=state.expiry,
        held=state.held is not None,
        condition=None if state.returns or not is_damage(state.condition) else state.condition,  # as `sync.marks` says
        doubted=bool(state.doubts),
        closed=state.closed,
        emptied=is_emptied(state),
        notice=state.came_under or state.announced_by,
        received=(state.received_ms, latest_ms) if latest_ms else None,
    )
