"""What a count comes to: bin by bin, and as a variance in units and in value. Pure.

Accuracy is units and pieces matched / expected: expected are those that the records put into the bin while it was
counted, without those in motion; matched are those of them that were seen there. Of pieces, as many match as were both
expected and counted; of a product of which some came or went meanwhile, all of them are in motion. Where the records
have less than none, none were expected, so that it lies between 0 and 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from server.counts.compare import Alike, Line, ReportLine
from server.counts.moves import Move
from sync.identity import is_stock

Price = Callable[[str], tuple[int, str] | None]
"""Minor units and currency of one piece of what a canonical name names; None where nobody has said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """One bin, or several together."""

    expected: int = 0
    """Units that belonged there, those in motion left out."""
    matched: int = 0
    missing: int = 0
    surplus: int = 0
    """Seen there though they belong elsewhere, or nowhere."""
    in_motion: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            expected=self.expected + other.expected,
            matched=self.matched + other.matched,
            missing=self.missing + other.missing,
            surplus=self.surplus + other.surplus,
            in_motion=self.in_motion + other.in_motion,
        )

    def __mul__(self, times: int) -> Tally:
        return Tally(
            expected=self.expected * times,
            matched=self.matched * times,
            missing=self.missing * times,
            surplus=self.surplus * times,
            in_motion=self.in_motion * times,
        )

    @property
    def accuracy(self) -> float | None:
        """Units matched / units expected; None where nothing was expected."""
        return self.matched / self.expected if self.expected else None


def tallies(lines: Iterable[ReportLine], bins: Iterable[str], alike: Alike = ()) -> dict[str, Tally]:
    """The tally of each bin, by its name."""
    found = dict.fromkeys(bins, Tally())
    for line, times in [*((line, 1) for line in lines), *alike]:
        for place, part in _parts(line):
            if place in found:
                found[place] += part * times
    return found


def _parts(line: ReportLine) -> Iterable[tuple[str | None, Tally]]:
    """What a line adds to the bin where the unit belongs, and to those where it was seen."""
    if line.kind is Line.IN_MOTION:
        yield line.expected, Tally(in_motion=max(1, line.expected_quantity))
        return
    if is_stock(line.subject):
        due = max(0, line.expected_quantity)
        both = min(due, line.quantity)
        yield (
            line.expected,
            Tally(
                expected=due,
                matched=both,
                missing=due - both,
                surplus=line.quantity - both,
            ),
        )
        return
    was_due, here = line.expected_quantity > 0, line.expected in line.seen
    if was_due:
        yield line.expected, Tally(expected=1, matched=int(here), missing=int(not here))
    if line.kind is not Line.MATCHED and line.found_under is None and line.since is None:
        yield from ((place, Tally(surplus=1)) for place in line.seen if place != line.expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variance:
    """What closing a count changes in the books: units written off and on. What only moved is neither."""

    short: int = 0
    over: int = 0
    moved: int = 0
    value: Mapping[str, int] = field(default_factory=dict)
    """Currency -> minor units, short and over together."""
    unpriced: int = 0
    """Units of the variance whose product has no price."""
    percent: float = 0.0
    """The largest share of its expectation by which one bin is out; where nothing was expected, of one unit."""

    @property
    def units(self) -> int:
        return self.short + self.over


def variance(lines: Sequence[ReportLine], moves: Iterable[Move], price: Price, alike: Alike = ()) -> Variance:
    """The variance of a report; pieces that only moved are taken off both sides."""
    moved = list(moves)
    off: Counter[tuple[str, str]] = Counter()
    for move in moved:
        off[move.subject, move.origin] += move.quantity
        off[move.subject, move.destination] += move.quantity
    short = over = unpriced = 0
    value: Counter[str] = Counter()
    due: Counter[str] = Counter()
    out: Counter[str] = Counter()
    for line, times in [*((line, 1) for line in lines), *alike]:
        if line.kind is Line.IN_MOTION:
            continue
        for place in {line.expected} - {None} if line.expected_quantity else ():
            due[str(place)] += max(0, line.expected_quantity) * times
        less, more = (pieces * times for pieces in _out(line, off))
        place = line.expected if line.expected_quantity or is_stock(line.subject) else next(iter(line.seen), None)
        out[str(place)] += less + more
        short, over = short + less, over + more
        known = price(line.subject) if less + more else None
        if known is not None:
            value[known[1]] += known[0] * (less + more)
        else:
            unpriced += less + more
    percent = max((100 * pieces / max(due[place], 1) for place, pieces in out.items() if pieces), default=0.0)
    return Variance(
        short=short,
        over=over,
        moved=sum(move.quantity for move in moved if move.carried),
        value=dict(value),
        unpriced=unpriced,
        percent=round(percent, 1),
    )


def _out(line: ReportLine, off: Mapping[tuple[str, str], int]) -> tuple[int, int]:
    """Pieces that one line writes off, and pieces that it writes on."""
    if is_stock(line.subject):
        moved = off.get((line.subject, line.expected or ""), 0)
        difference = line.quantity - line.expected_quantity
        rest = max(0, abs(difference) - moved)
        return (rest, 0) if difference < 0 else (0, rest)
    if line.kind is Line.DUPLICATE:
        return (0, len(line.seen) - 1)
    return (int(line.kind is Line.MISSING), int(line.kind in (Line.UNEXPECTED, Line.UNKNOWN)))
