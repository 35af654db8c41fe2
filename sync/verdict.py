"""What a scan means for the one who holds the handheld: the same judgement offline and on the server."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sync.actions import ACTIONS, Compare
from sync.event import ScanEvent
from sync.unit import Status


class Verdict(StrEnum):
    """What one scan comes to."""

    RIGHT = "right"
    KNOWN_ELSEWHERE = "known_elsewhere"
    NOT_EXPECTED = "not_expected"
    RECALLED = "recalled"
    SHIPPED_ALREADY = "shipped_already"
    UNKNOWN = "unknown"
    CANNOT_TELL = "cannot_tell"
    """The data at hand do not hold this unit: offline, that is all that can honestly be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a unit before the scan; places are resolved: a carton stands for where it is."""

    status: Status
    expected: str | None = None
    """The location or container where the records say it belongs."""
    expected_location: str | None = None
    """Where that container stands, or the same location again."""
    announced_by: str | None = None
    announced_in: str | None = None
    inferred: bool = False
    """Whether only its container was scanned when it came in: its own scan then confirms that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict, and the place that it speaks of (where the unit belongs), if any."""

    verdict: Verdict
    belongs: str | None = None


def judge(event: ScanEvent, known: Known | None, *, recalled: bool, listed: bool = False, whole: bool) -> Judgement:
    """Judge one scan of a unit or container.

    Args:
        event: the scan.
        known: what is known of its subject before the scan.
        recalled: whether a recall in force bites on it.
        listed: whether the event's document announces this product without naming units.
        whole: whether `known` comes from everything there is to know (the server), so that its absence means
            that the unit is unknown; a handheld's map may simply not hold it.
    """
    what = ACTIONS[event.action]
    if recalled:
        return Judgement(verdict=Verdict.RECALLED, belongs=known.expected_location if known else None)
    if listed and what.compare is Compare.ANNOUNCED and (known is None or known.status is Status.SEEN):
        return Judgement(verdict=Verdict.RIGHT)
    if known is None or known.status is Status.SEEN:
        return Judgement(verdict=Verdict.UNKNOWN if whole else Verdict.CANNOT_TELL)
    if not what.expects:
        return Judgement(verdict=Verdict.RIGHT)
    confirms = known.inferred and what.compare is Compare.ANNOUNCED
    if known.status not in what.expects and not confirms:
        gone = known.status is Status.SHIPPED
        verdict = Verdict.SHIPPED_ALREADY if gone else Verdict.NOT_EXPECTED
        return Judgement(verdict=verdict, belongs=known.expected_location)
    return _compare(what.compare, event, known, listed=listed)


def _compare(compare: Compare, event: ScanEvent, known: Known, *, listed: bool) -> Judgement:
    if compare is Compare.ANNOUNCED:
        # an order lists the product, and a notice that fulfils it announced the unit
        if event.document and known.announced_by != event.document and not listed:
            return Judgement(verdict=Verdict.NOT_EXPECTED, belongs=known.announced_in)
        if event.container and known.announced_in not in (None, event.container):
            return Judgement(verdict=Verdict.KNOWN_ELSEWHERE, belongs=known.announced_in)
    if compare is Compare.EXPECTED and event.location:
        here = (event.location, event.container)
        if known.expected not in here and known.expected_location != event.location:
            return Judgement(verdict=Verdict.KNOWN_ELSEWHERE, belongs=known.expected_location)
    return Judgement(verdict=Verdict.RIGHT)
