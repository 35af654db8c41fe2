"""Classify each unit and each quantity of one count or receipt. Pure.

Each bin is compared over its own interval, from opening to finishing, because the warehouse works on meanwhile: a
unit picked an hour later is not missing, and one that moved inside the interval is `in_motion`, to look at again.
Missing here and seen there is one line, and one proposed move (`moves`), also where another count or a later scan saw
it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Line(StrEnum):
    """What one line of a report says."""

    MATCHED = "matched"
    MISSING = "missing"
    MISPLACED = "misplaced"
    UNEXPECTED = "unexpected"
    """Known to us, but not as stock."""
    UNKNOWN = "unknown"
    """Nothing was known of it before."""
    DUPLICATE = "duplicate"
    """Seen in more than one place."""
    NOT_SAMPLED = "not_sampled"
    """On a receipt: its carton came, and too few of it were read one by one for the carton's label to speak for it."""
    IN_MOTION = "in_motion"
    """It moved while its bin was being counted, or was scanned since where it belongs: look again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One unit that the records put into a bin while it was counted."""

    unit: str
    place: str
    moving: bool = False
    """Whether it came or went inside the interval."""
    found: str | None = None
    """Another place where a scan outside this count saw it."""
    found_under: str | None = None
    """The document of that scan: another count, say."""
    since: str | None = None
    """Name of the scan that saw it there, or that accounts for it: made after its bin was opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One scan of a unit under this count or receipt."""

    unit: str
    place: str
    event: str
    known: bool
    """Whether anything was known of the unit before it was scanned."""
    belongs: str | None = None
    """Where the records put it at that moment; None where it is not stock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """So many of an item or lot were expected in a place, and so many were counted."""

    subject: str
    place: str | None
    """Null for a receipt, which is compared as a whole."""
    expected: int
    counted: int
    events: tuple[str, ...] = ()
    """The scans that were counted."""
    facts: tuple[str, ...] = ()
    """Marks of the scans outside the count that the expectation rests on."""
    moving: bool = False
    """Whether some may have been put there or taken away while it was counted."""
    boxed: int = 0
    """Of the expected, those in containers that stand there."""
    counted_ms: tuple[int, int] | None = None
    """From when to when the place was counted; None for a receipt, and where nobody has finished it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """What became of one unit, or of the pieces of one item or lot."""

    kind: Line
    subject: str
    expected: str | None = None
    seen: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    expected_quantity: int = 1
    quantity: int = 1
    found_under: str | None = None
    """The count or other document under which `seen` saw it, where that was not this one."""
    since: str | None = None
    """Name of the scan outside this count that saw it there, or that accounts for it."""
    provisional: bool = False
    """Whether what is missing may still turn up: its bin is not finished, or a handheld was not heard from."""
    facts: tuple[str, ...] = ()
    """Marks of the scans outside this count that the line rests on."""
    boxed: int = 0
    """Of the expected pieces, those in containers that stand in the bin."""
    counted_ms: tuple[int, int] | None = None
    """From when to when the bin of these pieces was counted; None for units, and for a bin that is not finished."""
    recounted: str | None = None
    """The recount that speaks for the bin where it belongs; None where the count itself does."""


def compare(
    expected: Iterable[Expected], sightings: Sequence[Sighting], quantities: Iterable[Quantity] = ()
) -> list[ReportLine]:
    """One line per unit and per quantity, ordered by kind and subject.

    A unit that is missing here and was seen there is one misplaced unit, not a write-off and a write-on.
    """
    due = {e.unit: e for e in expected}
    seen: dict[str, list[Sighting]] = {}
    for sighting in sightings:
        seen.setdefault(sighting.unit, []).append(sighting)
    lines = [_unit(unit, due.get(unit), seen.get(unit, [])) for unit in due.keys() | seen.keys()]
    lines += [_quantity(q) for q in quantities]
    return in_order(lines)


_RANK: Final = {kind: rank for rank, kind in enumerate(Line)}


def in_order(lines: Iterable[ReportLine]) -> list[ReportLine]:
    """The lines by kind and subject."""
    return sorted(lines, key=lambda line: (_RANK[line.kind], line.subject, line.expected or ""))


def _unit(unit: str, due: Expected | None, seen: list[Sighting]) -> ReportLine:
    places = tuple(dict.fromkeys(s.place for s in seen))
    found = due.found if due and not seen else None
    return ReportLine(
        kind=_kind(due, seen, places),
        subject=unit,
        expected=due.place if due else next((s.belongs for s in seen if s.belongs), None),
        seen=(found,) if found else places,
        events=tuple(s.event for s in seen),
        expected_quantity=int(due is not None),
        quantity=int(bool(seen)),
        found_under=due.found_under if due and found else None,
        since=due.since if due and not seen else None,
    )


def _kind(due: Expected | None, seen: list[Sighting], places: tuple[str, ...]) -> Line:
    moving = due is not None and due.moving
    if due is not None and not seen:
        return _kind_of_unseen(due)
    if all(s.belongs == s.place for s in seen):
        if due is not None and not moving and due.place not in places:
            return Line.MISSING  # it was moved here after it had been counted where it was before
        return Line.MATCHED  # also in two bins, where it was moved from one to the other between their counts
    if len(places) > 1:
        return Line.DUPLICATE
    if due is not None and not moving:
        return Line.MATCHED if due.place == places[0] else Line.MISPLACED
    if moving:
        return Line.IN_MOTION
    if seen[0].belongs is not None:
        return Line.MISPLACED
    return Line.UNEXPECTED if seen[0].known else Line.UNKNOWN


def _kind_of_unseen(due: Expected) -> Line:
    if due.found:
        return Line.MISPLACED
    return Line.IN_MOTION if due.moving or due.since else Line.MISSING


def _quantity(q: Quantity) -> ReportLine:
    kind = Line.IN_MOTION if q.moving else Line.MATCHED
    if q.counted != q.expected and not q.moving:
        kind = Line.MISSING if q.counted < q.expected else Line.UNEXPECTED
    return ReportLine(
        kind=kind,
        subject=q.subject,
        expected=q.place,
        seen=(q.place,) if q.place and q.counted else (),
        events=q.events,
        expected_quantity=q.expected,
        quantity=q.counted,
        facts=q.facts,
        boxed=q.boxed,
        counted_ms=q.counted_ms,
    )


COUNT_KINDS: Final = tuple(kind for kind in Line if kind is not Line.NOT_SAMPLED)
RECEIPT_KINDS: Final = tuple(kind for kind in Line if kind is not Line.IN_MOTION)


Alike = Sequence[tuple[ReportLine, int]]
"""Lines of which there are so many more that differ in their units and scans alone."""


def totals(lines: Iterable[ReportLine], kinds: Iterable[Line] = COUNT_KINDS, alike: Alike = ()) -> Mapping[str, int]:
    """How many lines there are of each kind, every kind that can be there named."""
    counted = Counter(line.kind for line in lines)
    for line, times in alike:
        counted[line.kind] += times
    return {kind.value: counted[kind] for kind in kinds}
