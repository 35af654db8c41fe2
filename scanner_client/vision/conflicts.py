"""Which of several readings to keep where they contradict each other, and which to doubt though none does."""

from __future__ import annotations

from collections.abc import Sequence
from math import dist

from scanner_client.vision.reading import Reading, area, centre, long_side, share_a_place

CLEARLY_LARGER = 1.5
"""A linear reading's area grows with the scan lines that agree on it: this many times as many decide."""

IN_LINES = frozenset({"]e0", "]E0", "]E4"})
ONE_SYMBOL_SHARE, ONE_SYMBOL_SHARE_OF_HIGH = 0.4, 1.0
"""So near, by their length, are two lines of one DataBar, EAN or UPC that say the same. The engine may give each line
as a reading of its own, and of a stacked one any of its rows; a UPC-E is about as high as wide."""


def without_conflicts(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Leave out what another reading at the same place contradicts.

    A linear symbol is misread short: an EAN-8 inside an EAN-13, a cut ITF. So the longer text stands, among
    equally long ones the one that clearly more scan lines agree on, and of two equals neither does. A matrix
    symbol stands before a linear one.
    The same text read twice at one place is kept once. ITF is cut short by a line that leaves its side, so that a
    part of a longer one near by is left out as well.
    """
    standing: list[Reading] = []
    doubtful: set[int] = set()
    for reading in sorted(readings, key=_weight, reverse=True):
        if any(_is_part_of(reading, longer) or _is_line_of(reading, longer) for longer in standing):
            continue
        rivals = [other for other in standing if share_a_place(reading.quad, other.quad)]
        if not rivals:
            standing.append(reading)
        doubtful |= {id(rival) for rival in rivals if _equally_likely(rival, reading)}
    kept = [reading for reading in standing if id(reading) not in doubtful]
    return tuple(sorted(kept, key=lambda reading: (reading.quad[0][1], reading.quad[0][0])))


def _is_part_of(short: Reading, longer: Reading) -> bool:
    if not short.symbology.startswith("]I") or short.symbology != longer.symbology:
        return False
    near = dist(centre(short.quad), centre(longer.quad)) < long_side(longer.quad)
    return near and short.data != longer.data and short.data in longer.data


def _is_line_of(line: Reading, other: Reading) -> bool:
    if line.symbology not in IN_LINES or line.content != other.content:
        return False
    share = ONE_SYMBOL_SHARE_OF_HIGH if "Stk" in line.format or line.format == "UPCE" else ONE_SYMBOL_SHARE
    return dist(centre(line.quad), centre(other.quad)) < share * long_side(other.quad)


def _weight(reading: Reading) -> tuple[bool, int, float]:
    return not reading.linear, len(reading.data), area(reading.quad)


def _equally_likely(stronger: Reading, weaker: Reading) -> bool:
    """Whether nothing tells which of two contradicting readings is the right one."""
    alike = stronger.linear == weaker.linear and len(stronger.data) == len(weaker.data)
    lines_alike = area(stronger.quad) < CLEARLY_LARGER * area(weaker.quad)
    return stronger.content != weaker.content and alike and lines_alike
