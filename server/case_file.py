"""Everything about one case: its evidence, what could be decided and what would come of it, and what was said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server import case_list, decisions, ledger, queries
from server.case import Case, case_name, opened_by
from server.case_list import CaseLine
from server.counts import late
from server.queries import TrailLine
from server.rules import Finding, Rule, rules
from server.whatif import Effect, WhatIf, hypothesis
from sync.actions import CLAIMS
from sync.event import format_name
from sync.history import Fact, is_claim
from sync.identity import is_location

AROUND: Final = 3
"""Scans of a handheld that are shown before and after one of its claims."""
TRAIL_AROUND: Final = 8
"""Lines of a unit's trail that are shown before and after the scan that opened a case."""
SAID: Final = ("settle", "reopen", "note", "assign")
DEFAULT_DECISIONS: Final = ("stays", "write_off", "dismiss")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One thing that can be decided, and what would come of it."""

    resolution: str
    effect: Effect
    proposed: bool
    why: str = ""
    """Why it is proposed, in a sentence; empty for the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two sides of a case: a scan with its handheld's own scans around it, or a unit with its trail."""

    scan: Fact | None
    unit: str
    around: list[Fact]
    """What the same handheld said before and after."""
    trail: list[TrailLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Something that a person decided or wrote."""

    fact: Fact
    holds: bool
    """Whether it is what closed the case."""
    taken_back: bool = False
    """A later opening of the case took it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """One case."""

    case: CaseLine
    sides: list[Side]
    """One, or two where two scans or two units stand against each other: the earlier claim first."""
    options: list[Option]
    """What can be decided, the proposed one first; none once it is closed."""
    said: list[Said]
    closing: Fact | None
    """The fact that explained it."""

    @property
    def apart_ms(self) -> int | None:
        """How far two scans are apart; None where the case is not about two."""
        scans = self._scans
        return abs(scans[1].event_ms - scans[0].event_ms) if len(scans) > 1 else None

    @property
    def unsure_ms(self) -> int:
        """How far the clocks of the scans may be wrong together."""
        return sum(scan.uncertainty_ms for scan in self._scans)

    @property
    def _scans(self) -> list[Fact]:
        return [side.scan for side in self.sides if side.scan is not None]


def read(connection: sa.Connection, site: str, unit: str, rule: str, episode: str, now_ms: int) -> CaseFile | None:
    """The file of a case; None where there is no such case."""
    case = case_list.read_case(connection, site, unit, rule, episode)
    if case is None:
        return None
    said = ledger.speaking_of(connection, site, case_name(rule, episode), SAID)
    back = {fact.event.voids for fact in said}
    explained = case.status == "explained" and case.closed_by
    return CaseFile(
        case=case,
        sides=_sides(connection, site, case),
        options=_options(connection, site, case, now_ms) if case.status == "open" else [],
        said=[
            Said(fact=f, holds=(name := format_name(f.name)) == case.closed_by, taken_back=name in back) for f in said
        ],
        closing=ledger.read_fact(connection, case.closed_by) if explained and case.closed_by else None,
    )


def effect_in(connection: sa.Connection, what_if: WhatIf, case: CaseLine, resolution: str, now_ms: int) -> Effect:
    """What one decision about a case would do to its unit, which `what_if` has read.

    Raises:
        DecisionError: it says which of two scans holds, and the case is not about two.
    """
    rule = rules().get(case.rule)
    if rule is not None and rule.apart:
        return what_if.closed(case.unit, _as_folded(case))
    fact = hypothesis(
        now_ms,
        action="settle",
        subject=case.unit,
        document=case_name(case.rule, case.episode),
        reason=resolution,
        evidence=case.evidence,
        **decisions.held(connection, case, resolution),
    )
    return what_if.decided(case.unit, fact)


def _as_folded(case: CaseLine) -> Case:
    finding = Finding(detail=case.detail, expected=case.expected, seen=case.seen, against=case.against)
    names = ("rule", "episode", "opened_ms", "document", "evidence", "operator", "device_no")
    return Case(finding=finding, **{name: getattr(case, name) for name in names})


def _options(connection: sa.Connection, site: str, case: CaseLine, now_ms: int) -> list[Option]:
    what_if = WhatIf(connection, site, [case.unit], now_ms)
    proposed, why = _proposal(rules().get(case.rule), case, what_if.facts[case.unit])
    if case.rule == late.RULE and is_location(case.unit):
        proposed, why = _of_a_bin(ledger.read_fact(connection, opened_by(case.episode)))
    words = [proposed, *(word for word in offered(case) if word != proposed)]
    return [
        Option(
            resolution=word,
            effect=effect_in(connection, what_if, case, word, now_ms),
            proposed=word == proposed,
            why=why if word == proposed else "",
        )
        for word in words
    ]


def offered(case: CaseLine) -> list[str]:
    """What can be decided about a case of its kind."""
    rule = rules().get(case.rule)
    if is_location(case.unit) and case.rule != late.RULE:
        return ["dismiss"]  # a bin is where it is
    two_scans = case.against is not None and "/" not in case.against
    return [word for word in (rule.decisions if rule else DEFAULT_DECISIONS) if two_scans or word not in CLAIMS]


def _proposal(rule: Rule | None, case: CaseLine, facts: Iterable[Fact]) -> tuple[str, str]:
    """What to decide, and why that."""
    if case.rule == "conflicting_claims" and case.against:
        return _claim(case, sorted(facts, key=lambda fact: fact.order))
    if case.rule == "misplaced" and case.expected is None:
        return "stays", "The records give it no other place."
    words = offered(case)
    return words[0], _WHY.get((rule.name if rule else "", words[0]), "")


_WHY: Final = {
    ("misplaced", "put_back"): "It belongs there, and nothing says that it was to move.",
    ("missing", "write_off"): "No scan has seen it since the count. Have the bins around looked through first.",
    ("not_in_stock", "stays"): "Somebody had it before them, so it is here, whatever the records say.",
    ("shipped_already", "stays"): "Somebody had it before them, so it did not leave, or it came back.",
    ("unexpected_receipt", "stays"): "It has come in. Ask the supplier for a notice that names it.",
    ("wrong_carton", "dismiss"): "It has come in; only its carton is another one.",
    (
        "claimed_twice",
        "dismiss",
    ): "It is with one of the two orders. See in which carton, and pick another for the other.",
    ("cancelled_order", "dismiss"): "It closes by itself when it is put back. Say so where nobody has to.",
    ("duplicate", "dismiss"): "One box may have been scanned twice. Look whether there are two.",
}


def _of_a_bin(scan: Fact | None) -> tuple[str, str]:
    """What to decide about a late scan of no unit, and why that."""
    if scan is not None and scan.event.action == "unreadable":
        return "dismiss", "Have somebody find that label in the bin, stick a plate on it and scan it. Then decide so."
    return "dismiss", "It says when the bin was counted, and not what lies there: the late scans of units do."


def _claim(case: CaseLine, facts: list[Fact]) -> tuple[str, str]:
    """Which of two scans holds: a later sighting says so, else the surer clock."""
    by_name = {format_name(fact.name): fact for fact in facts}
    first, second = by_name.get(case.against or ""), by_name.get(case.episode)
    if first is None or second is None:
        return "claim_second", ""
    for fact in reversed(facts):
        place = fact.event.container or fact.event.location
        if fact.event_ms <= max(first.event_ms, second.event_ms) or not is_claim(fact.event):
            continue
        if place in (case.expected, case.seen):
            return ("claim_first" if place == case.expected else "claim_second"), "A later scan saw it there."
    if first.uncertainty_ms < second.uncertainty_ms:
        return "claim_first", "The clock of this handheld is the surer one."
    if second.uncertainty_ms < first.uncertainty_ms:
        return "claim_second", "The clock of this handheld is the surer one."
    return "claim_second", "By the clocks it is the later one, though not surely. Go and look."


def _sides(connection: sa.Connection, site: str, case: CaseLine) -> list[Side]:
    here = _side(connection, site, case.unit, opened_by(case.episode))
    if case.against is None:
        return [here]
    if "/" in case.against:
        return [here, _side(connection, site, case.against, None)]
    return [_side(connection, site, case.unit, case.against), here]


def _side(connection: sa.Connection, site: str, unit: str, episode: str | None) -> Side:
    scan = ledger.read_fact(connection, episode) if episode else None
    trail = queries.trail(connection, site, unit)
    at = next((i for i, line in enumerate(trail) if scan and line.fact.name == scan.name), len(trail) - 1)
    return Side(
        scan=scan,
        unit=unit,
        around=_around(connection, scan) if scan else [],
        trail=trail[max(0, at - TRAIL_AROUND) : at + TRAIL_AROUND + 1],
    )


def _around(connection: sa.Connection, scan: Fact) -> list[Fact]:
    if scan.name[0] == ledger.SERVER_DEVICE:
        return []  # what the server says next has nothing to do with it
    return ledger.neighbours(connection, scan.name, AROUND)
