"""From one grey frame to the readings in it."""

from __future__ import annotations

from collections.abc import Sequence

from scanner_client.vision.engine import FORMATS, STILL, VIDEO, Effort, read
from scanner_client.vision.frame import Frame, Grey
from scanner_client.vision.look import Look
from scanner_client.vision.reading import Reading, area, share_a_place

__all__ = ["FORMATS", "STILL", "VIDEO", "Decoder", "Effort", "decode", "without_conflicts"]

CLEARLY_LARGER = 1.5
"""A linear reading's area grows with the scan lines that agree on it: this many times as many decide."""


class Decoder:
    """One task's way of reading: which formats there can be, and how much time a frame is worth."""

    def __init__(self, *, formats: Sequence[str] = FORMATS) -> None:
        self._formats = tuple(formats)

    def look(self, frame: Frame) -> Look:
        """Read a frame."""
        effort = STILL if frame.still else VIDEO
        return Look(readings=decode(frame.grey, formats=self._formats, effort=effort))


def decode(grey: Grey, *, formats: Sequence[str] = FORMATS, effort: Effort = STILL) -> tuple[Reading, ...]:
    """Read every symbol in a grey picture (height x width); no two readings contradict each other at one place."""
    return without_conflicts(read(grey, formats=formats, effort=effort))


def without_conflicts(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Leave out what another reading at the same place contradicts.

    A linear symbol is misread short: an EAN-8 inside an EAN-13, a cut ITF. So the longer text stands, among
    equally long ones the one that clearly more scan lines agree on, and of two equals neither does. A matrix
    symbol stands before a linear one.
    The same text read twice at one place is kept once.
    """
    standing: list[Reading] = []
    doubtful: set[int] = set()
    for reading in sorted(readings, key=_weight, reverse=True):
        rivals = [other for other in standing if share_a_place(reading.quad, other.quad)]
        if not rivals:
            standing.append(reading)
        doubtful |= {id(rival) for rival in rivals if _equally_likely(rival, reading)}
    kept = [reading for reading in standing if id(reading) not in doubtful]
    return tuple(sorted(kept, key=lambda reading: (reading.quad[0][1], reading.quad[0][0])))


def _weight(reading: Reading) -> tuple[bool, int, float]:
    return not reading.linear, len(reading.data), area(reading.quad)


def _equally_likely(stronger: Reading, weaker: Reading) -> bool:
    """Whether nothing tells which of two contradicting readings is the right one."""
    alike = stronger.linear == weaker.linear and len(stronger.data) == len(weaker.data)
    lines_alike = area(stronger.quad) < CLEARLY_LARGER * area(weaker.quad)
    return stronger.content != weaker.content and alike and lines_alike
