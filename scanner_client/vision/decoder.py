"""From one grey frame to the readings in it. The only file of the client that knows zxing-cpp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import zxingcpp

from scanner_client.vision.frame import Grey
from scanner_client.vision.reading import Point, Quad, Reading, area, share_a_place

__all__ = ["FORMATS", "STILL", "VIDEO", "Effort", "Reading", "decode", "without_conflicts"]

FORMATS: tuple[str, ...] = (
    "Code128", "Code39", "Code93", "Codabar", "ITF",
    "EAN13", "EAN8", "UPCA", "UPCE",
    "DataBarOmni", "DataBarExp", "DataBarExpStk", "DataBarStk", "DataBarStkOmni", "DataBarLtd",
    "QRCode", "DataMatrix", "PDF417", "Aztec",
)  # fmt: skip
"""The formats of warehouse labels. Fewer cost less and are misread less: give only what the task needs."""

READINGS_PER_FRAME_MAX = 256

CLEARLY_LARGER = 1.5
"""A linear reading's area grows with the scan lines that agree on it: this many times as many decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How hard one frame is tried; each switch costs time and, on photographs, some misreads."""

    quarter_turns: bool
    """Also look for symbols that stand upright; a label on its side needs it."""

    smaller_scales: bool
    """Also look at shrunken copies; large and soft symbols need it, and most misreads come from it."""

    light_on_dark: bool
    """Also look for inverted symbols."""


STILL = Effort(quarter_turns=True, smaller_scales=True, light_on_dark=True)
"""A picture has no next frame to try again with."""

VIDEO = Effort(quarter_turns=True, smaller_scales=False, light_on_dark=False)
"""The next frame comes in 33 ms, so time and certainty are worth more than the hardest label."""


def decode(grey: Grey, *, formats: Sequence[str] = FORMATS, effort: Effort = STILL) -> tuple[Reading, ...]:
    """Read every symbol in a grey picture (height x width).

    Readings that contradict each other at one place are never both returned: see `without_conflicts`.
    A symbol whose checksum fails is not returned. Raises ValueError for a format that is not in the binding.
    """
    symbols = zxingcpp.read_barcodes(
        grey,
        formats=_formats(tuple(formats)),
        try_rotate=effort.quarter_turns,
        try_downscale=effort.smaller_scales,
        try_invert=effort.light_on_dark,
    )
    return without_conflicts([_reading(symbol) for symbol in symbols[:READINGS_PER_FRAME_MAX]])


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


def _formats(names: tuple[str, ...]) -> Any:
    # A list built name by name: the binding ignores what it does not know.
    for name in names:
        if name not in FORMATS:
            raise ValueError(f"The decoder reads no format {name!r}; it reads {', '.join(FORMATS)}.")
    return [getattr(zxingcpp.BarcodeFormat, name) for name in names]


def _reading(symbol: Any) -> Reading:
    where = symbol.position
    return Reading(
        format=symbol.format.name,
        symbology=symbol.symbology_identifier,
        data=bytes(symbol.bytes),
        quad=_quad(where.top_left, where.top_right, where.bottom_right, where.bottom_left),
    )


def _quad(*corners: Any) -> Quad:
    a, b, c, d = (_point(corner) for corner in corners)
    return a, b, c, d


def _point(corner: Any) -> Point:
    return float(corner.x), float(corner.y)


def _weight(reading: Reading) -> tuple[bool, int, float]:
    return not reading.linear, len(reading.data), area(reading.quad)


def _equally_likely(stronger: Reading, weaker: Reading) -> bool:
    """Whether nothing tells which of two contradicting readings is the right one."""
    alike = stronger.linear == weaker.linear and len(stronger.data) == len(weaker.data)
    lines_alike = area(stronger.quad) < CLEARLY_LARGER * area(weaker.quad)
    return stronger.content != weaker.content and alike and lines_alike
