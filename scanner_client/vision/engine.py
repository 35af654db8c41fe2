"""zxing-cpp, and the only file that knows it: every symbol that it finds in one grey picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import zxingcpp

from scanner_client.vision.frame import Grey
from scanner_client.vision.reading import Point, Quad, Reading, turns_left

LINEAR_FORMATS: tuple[str, ...] = (
    "Code128", "Code39", "Code93", "Codabar", "ITF",
    "EAN13", "EAN8", "UPCA", "UPCE",
    "DataBarOmni", "DataBarExp", "DataBarExpStk", "DataBarStk", "DataBarStkOmni", "DataBarLtd",
)  # fmt: skip
MATRIX_FORMATS: tuple[str, ...] = ("QRCode", "DataMatrix", "PDF417", "Aztec")
FORMATS = LINEAR_FORMATS + MATRIX_FORMATS
"""The formats of warehouse labels. Fewer cost less and are misread less: give only what the task needs."""

ROWED_FORMATS: tuple[str, ...] = ("PDF417", "DataBarStk", "DataBarStkOmni", "DataBarExpStk")
BARRED_FORMATS = (*LINEAR_FORMATS, "PDF417")
"""Those that the engine reads only where their bars stand about upright."""

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


AS_IT_STANDS = Effort(quarter_turns=False, smaller_scales=False, light_on_dark=False)
"""Once over the picture: a third of the time of everything on."""

EVERYTHING = Effort(quarter_turns=True, smaller_scales=True, light_on_dark=True)
"""What the engine does when nothing is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A symbol that was found and could not be read."""

    format: str
    quad: Quad


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the engine made of one picture."""

    readings: tuple[Reading, ...]
    """Also those that contradict each other."""

    failed: tuple[Failed, ...]
    """Where a matrix symbol was found whose error correction did not suffice: on 418 photographs one was no symbol.
    Known only where no linear formats were asked for."""


def read(grey: Grey, *, formats: Sequence[str] = FORMATS, effort: Effort = EVERYTHING) -> Found:
    """Every symbol in a grey picture (height x width).

    A symbol whose checksum fails is not among the readings. Raises ValueError for a format that is not in the binding.
    """
    if not formats:  # none at all means every one to the binding
        return Found(readings=(), failed=())
    symbols = zxingcpp.read_barcodes(
        grey,
        formats=_formats(tuple(formats)),
        try_rotate=effort.quarter_turns,
        try_downscale=effort.smaller_scales,
        try_invert=effort.light_on_dark,
        # It gives up on a linear symbol at the first bad line when errors are asked for: 4 of 390 photographs.
        return_errors=set(formats) <= set(MATRIX_FORMATS),
    )
    symbols = symbols[:READINGS_PER_FRAME_MAX]
    return Found(
        readings=tuple(_reading(symbol, grey.shape[1]) for symbol in symbols if symbol.valid),
        failed=tuple(
            Failed(format=symbol.format.name, quad=_place(symbol))
            for symbol in symbols
            if not symbol.valid and symbol.format.name in MATRIX_FORMATS
        ),
    )


def _formats(names: tuple[str, ...]) -> Any:
    # A list built name by name: the binding ignores what it does not know.
    for name in names:
        if name not in FORMATS:
            raise ValueError(f"The decoder reads no format {name!r}; it reads {', '.join(FORMATS)}.")
    return [getattr(zxingcpp.BarcodeFormat, name) for name in names]


def _reading(symbol: Any, width: int) -> Reading:
    quad = _place(symbol)
    if symbol.format.name == "DataBarExpStk" and turns_left(quad):
        # Every other row runs from right to left. Where the engine gives such a row's place in the picture that it
        # turned round, it stands mirrored about the middle: in 382 readings the only ones whose corners run leftward.
        quad = _mirrored(quad, width)
    return Reading(
        format=symbol.format.name, symbology=symbol.symbology_identifier, data=bytes(symbol.bytes), quad=quad
    )


def _mirrored(quad: Quad, width: int) -> Quad:
    a, b, c, d = ((width - 1 - x, y) for x, y in quad)
    return a, b, c, d


def _place(symbol: Any) -> Quad:
    where = symbol.position
    corners = where.top_left, where.top_right, where.bottom_right, where.bottom_left
    a, b, c, d = (_point(corner) for corner in corners)
    return a, b, c, d


def _point(corner: Any) -> Point:
    return float(corner.x), float(corner.y)
