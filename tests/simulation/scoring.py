"""The server's cases held against the perfect clerk's books: what was found, what was missed, what was made up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from server.case import opened_by
from sync.event import ScanEvent
from sync.unit import IN_STOCK, Status
from tests.simulation.books import Books
from tests.simulation.office import Record
from tests.simulation.truth import CaseKey, Exposure, Kind, World, case_key


@dataclass(kw_only=True)
class Line:
    """One kind of fault."""

    injected: int = 0
    exposed: int = 0
    found: int = 0

    @property
    def missed(self) -> int:
        return self.exposed - self.found

    @property
    def recall(self) -> float:
        return self.found / self.exposed if self.exposed else 1.0


@dataclass(kw_only=True)
class RuleLine:
    """One rule of the server."""

    exposures: int = 0
    """Different cases that had to be opened."""
    found: int = 0
    cases: int = 0
    false: int = 0

    @property
    def precision(self) -> float:
        return (self.cases - self.false) / self.cases if self.cases else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.exposures if self.exposures else 1.0


@dataclass(kw_only=True)
class Score:
    """Everything."""

    kinds: dict[Kind, Line]
    rules: dict[str, RuleLine]
    missed: list[Exposure] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    """Each in a sentence, with what truly happened to the unit."""
    unexplained: list[Exposure] = field(default_factory=list)
    """Exposures without a fault: the simulation contradicts itself."""
    records: int = 0
    differing: list[str] = field(default_factory=list)
    """Records in stock that are not what the perfect clerk's are, once everything has arrived."""

    @property
    def is_faultless(self) -> bool:
        """Whether everything that was exposed was found, rightly named, and nothing else."""
        return not (self.missed or self.false or self.unexplained or self.differing)


def score(world: World, books: Books, cases: Sequence[Mapping[str, Any]], scans: Mapping[str, ScanEvent]) -> Score:
    """Match cases and exposures by rule, unit and both places."""
    opened = Counter(_key(case) for case in cases)
    due: dict[CaseKey, list[Exposure]] = defaultdict(list)
    for exposure in books.exposures:
        due[exposure.key].append(exposure)
    kinds = {kind: Line() for kind in Kind}
    rules: dict[str, RuleLine] = defaultdict(RuleLine)
    for fault in world.faults:
        line = kinds[fault.kind]
        line.injected += 1
        line.exposed += bool(fault.exposures)
        line.found += bool(fault.exposures) and all(e.key in opened for e in fault.exposures)
    found = Score(kinds=kinds, rules=rules)
    for key, exposures in due.items():
        rules[key[0]].exposures += 1
        rules[key[0]].found += key in opened
        if key not in opened:
            found.missed.append(exposures[0])
        found.unexplained += [e for e in exposures if e.fault is None]
    for case in cases:
        rules[case["rule"]].cases += 1
    for key, count in opened.items():
        extra = count - len(due.get(key, ()))
        if extra > 0:
            rules[key[0]].false += extra
            found.false.append(_sentence(key, extra, world, books, [c for c in cases if _key(c) == key][-1], scans))
    return found


def compare_records(found: Score, books: Books, records: Mapping[str, Record]) -> None:
    """Hold where the server says that each unit belongs against what the clerk says."""
    for unit in sorted(books.labels() | {u for u in records if "/21/" in u}):
        entry, record = books.entry(unit), records.get(unit)
        mine = entry.belongs if entry is not None and entry.status in IN_STOCK else None
        theirs = record.belongs if record is not None and record.status in IN_STOCK else None
        if entry is not None and entry.status is Status.SHIPPED and record is not None and record.status == "packed":
            theirs = None  # it left with its carton, whose row says so
        found.records += 1
        if mine != theirs:
            said = f"{entry.status.value} {_short(mine)}" if entry else "nothing"
            found.differing.append(f"{_short(unit)}: {record}, the clerk: {said}")


def compare_pieces(found: Score, clerk: Mapping[tuple[str, str], int], server: Mapping[tuple[str, str], int]) -> None:
    """Hold how many pieces the server says lie where against what the clerk says."""
    for where in sorted(clerk.keys() | server.keys()):
        found.records += 1
        mine, theirs = clerk.get(where, 0), server.get(where, 0)
        if mine != theirs:
            place, subject = map(_short, where)
            found.differing.append(f"pieces of {subject} in {place}: {theirs}, the clerk: {mine}")


def _key(case: Mapping[str, Any]) -> CaseKey:
    return case_key(case["rule"], case["unit"], case["expected"], case["seen"])


def _sentence(
    key: CaseKey, extra: int, world: World, books: Books, case: Mapping[str, Any], scans: Mapping[str, ScanEvent]
) -> str:
    rule, unit, expected, seen = key
    boxes = ", ".join(str(box.place) for box in world.bearing(unit)) or "no box"
    faults = "; ".join(f"{f.kind.value} at {f.at_ms}" for f in world.faults if f.label == unit) or "none"
    said = " | ".join(f"{e.at_ms} {e.status.value} {_short(e.belongs)}" for e in books.history(unit))
    scan = scans.get(opened_by(case["episode"]))
    by = f"{scan.action} {_short(scan.location)} {scan.document} by {scan.operator}" if scan else "the server"
    return (
        f"{rule} of {_short(unit)} (expected {_short(expected)}, seen {_short(seen)}, {extra} too many, "
        f"{case['status']}, opened {case['opened_ms']} by {by}); "
        f"boxes: {boxes}; faults: {faults}; books: {said}"
    )


def _short(key: str | None) -> str:
    return key.rpartition("/")[2] if key else "-"


def table(found: Score) -> str:
    """The two tables as text."""
    lines = [f"{'fault':<24}{'injected':>9}{'exposed':>9}{'not exp.':>9}{'found':>7}{'missed':>7}{'recall':>8}"]
    for kind, line in found.kinds.items():
        lines.append(
            f"{kind.value:<24}{line.injected:>9}{line.exposed:>9}{line.injected - line.exposed:>9}"
            f"{line.found:>7}{line.missed:>7}{line.recall:>8.3f}"
        )
    lines += ["", f"{'case':<24}{'due':>9}{'found':>9}{'opened':>9}{'false':>7}{'precis.':>8}{'recall':>8}"]
    for name, rule in sorted(found.rules.items()):
        lines.append(
            f"{name:<24}{rule.exposures:>9}{rule.found:>9}{rule.cases:>9}{rule.false:>7}"
            f"{rule.precision:>8.3f}{rule.recall:>8.3f}"
        )
    return "\n".join(lines)
