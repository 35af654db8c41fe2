"""A report: what a count found, as it is reckoned now (`reckoning`) or as a version of it was frozen (`versions`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from server.counts import still
from server.counts.compare import Line, ReportLine, in_order, totals
from server.counts.moves import Move
from server.counts.plan import Plan, Share
from server.counts.scans import Evidence, Interval
from server.counts.still import Still
from server.counts.tally import Tally, Variance
from server.papers import HandheldHeard
from sync.history import Fact
from sync.identity import is_stock


@dataclass(frozen=True, slots=True, kw_only=True)
class BinReport:
    """How one bin of a count stands."""

    share: Share
    interval: Interval | None
    """None where nobody has begun it."""
    counted: int
    """Units and pieces scanned there."""
    tally: Tally
    unheard: tuple[str, ...]
    """Handhelds that may still hold scans made before this bin was finished."""
    recounted: str | None
    """The recount that speaks for it."""

    @property
    def finished(self) -> bool:
        return self.interval is not None and self.interval.finished


@dataclass(frozen=True, kw_only=True)
class CountReport:
    """What a count found."""

    number: str
    looked_at: Sequence[ReportLine]
    """Its lines, but for those of `quiet`; of a frozen version so many of each kind as were asked for."""
    quiet: Mapping[str, Still] = field(default_factory=dict, repr=False)
    """Units of which nothing was to be found out, by bin."""
    totals: Mapping[str, int]
    """How many lines there are of each kind."""
    provisional: int
    """How many of them may still turn out otherwise."""
    unfinished: list[str]
    """Bins that nobody has finished."""
    unheard: list[str]
    """Handhelds that may still explain what is missing."""
    plan: Plan
    bins: list[BinReport]
    moves: list[Move]
    """Missing here and seen there, also across counts."""
    variance: Variance
    recounts: list[str]
    """Recounts, the first one first."""
    refused: list[str]
    """Scans of recounts by who had counted the bin before, by event name: they are kept and not used."""
    counters: tuple[str, ...]
    """Everyone who scanned for it, by name."""
    version: int | None = None
    """The frozen version that this is; None where it is none."""

    @cached_property
    def lines(self) -> list[ReportLine]:
        """A line for each unit and each quantity, by kind and subject."""
        return in_order(self.each_line())

    def each_line(self) -> Iterator[ReportLine]:
        """The same, those of quiet units last and bin by bin: a large count has a million."""
        yield from self.looked_at
        for unit in still.units_in(self.quiet.values()):
            yield unit.line

    @property
    def first_lines(self) -> list[ReportLine]:
        """As many of them as an answer holds."""
        return still.first_lines(self.looked_at, still.units_in(self.quiet.values()))

    @property
    def unscanned(self) -> list[ReportLine]:
        """Products and lots of which finished bins should hold pieces, and of which nobody scanned one label there.

        Closing writes them off, as it does what was looked for in vain: only a person can tell these apart.
        """
        return [
            line
            for line in self.looked_at
            if line.kind is Line.MISSING and is_stock(line.subject) and not line.events and line.counted_ms
        ]


@dataclass(frozen=True, kw_only=True)
class Reckoned(CountReport):
    """A report with all that it rests on, so that it can be frozen."""

    heads: Mapping[str, int]
    """How far each chain was here: `device.epoch` -> seq."""
    scans: list[str]
    """Every scan that it rests on, by the beginning of its digest, but for those of quiet units."""
    evidence: Evidence = field(repr=False)
    facts: Mapping[str, Fact] = field(repr=False)
    """The scans outside the count that its lines rest on, by their marks."""

    @property
    def marks(self) -> set[str]:
        """Every scan of the count that it rests on, by the beginning of its digest."""
        return {*self.scans, *(unit.mark for unit in still.units_in(self.quiet.values()))}


def unheard_of(handhelds: Iterable[HandheldHeard], interval: Interval) -> tuple[str, ...]:
    """Names of those that may still hold scans of a bin's interval; its own counters' clocks need no margin."""
    until = dict.fromkeys(interval.devices, interval.last_ms)
    return tuple(h.name for h in handhelds if h.may_hold_scans(until.get(h.device_no, interval.finished_ms)))


def veiled(found: CountReport) -> CountReport:
    """The report without anything that says what belongs in its bins, for who may count them blind."""
    if not any(b.share.blind for b in found.bins):
        return found
    return replace(
        found,
        looked_at=[],
        quiet={},
        totals=totals([]),
        provisional=0,
        bins=[replace(b, tally=Tally()) for b in found.bins],
        moves=[],
        variance=Variance(),
    )
