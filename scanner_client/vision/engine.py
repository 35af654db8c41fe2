"""zxing-cpp, and the only file that knows it: every symbol that it finds in one grey picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import zxingcpp

from scanner_client.vision.frame import Grey
from scanner_client.vision.reading import Point, Quad, Reading

FORMATS: tuple[str, ...] = (
    "Code128", "Code39", "Code93", "Codabar", "ITF",
    "EAN13", "EAN8", "UPCA", "UPCE",
    "DataBarOmni", "DataBarExp", "DataBarExpStk", "DataBarStk", "DataBarStkOmni", "DataBarLtd",
    "QRCode", "DataMatrix", "PDF417", "Aztec",
)  # fmt: skip
"""The formats of warehouse labels. Fewer cost less and are misread less: give only what the task needs."""

READINGS_PER_FRAME_MAX = 256


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


def read(grey: Grey, *, formats: Sequence[str] = FORMATS, effort: Effort = STILL) -> list[Reading]:
    """Every symbol in a grey picture (height x width), also those that contradict each other.

    A symbol whose checksum fails is not returned. Raises ValueError for a format that is not in the binding.
    """
    symbols = zxingcpp.read_barcodes(
        grey,
        formats=_formats(tuple(formats)),
        try_rotate=effort.quarter_turns,
        try_downscale=effort.smaller_scales,
        try_invert=effort.light_on_dark,
    )
    return [_reading(symbol) for symbol in symbols[:READINGS_PER_FRAME_MAX]]


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
