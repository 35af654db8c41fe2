"""zxing-cpp, and the only file that knows it: every symbol that it finds in one grey picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import zxingcpp

from scanner_client.vision.frame import Grey
from scanner_client.vision.reading import Point, Quad, Reading, turns_left

LINEAR_FORMATS: tuple[str, ...] = (
    "Code128", "Code39", "Code93", "Codabar", "ITF",
    "EAN13", "EAN8", "UPCA", "UPCE",
    "DataBarOmni", "DataBarExp", "DataBarExpStk", "DataBarStk", "DataBarStkOmni", "DataBarLtd",
)  # fmt: skip
COMES_ALONG: tuple[str, ...] = ("MicroQRCode", "RMQRCode", "MicroPDF417")
"""The engine reads them wherever it is asked for QRCode or PDF417; they are returned where they are asked for."""

CORRECTED_FORMATS: tuple[str, ...] = ("QRCode", "DataMatrix", "PDF417", "Aztec")
MATRIX_FORMATS = CORRECTED_FORMATS + COMES_ALONG
FORMATS = LINEAR_FORMATS + MATRIX_FORMATS
"""The formats of warehouse labels, by the engine's own names. Fewer cost less and are misread less: give only what the
task needs. A UPC-A symbol is, bar for bar, an EAN-13 that begins with 0: both are EAN13, but where UPCA is asked for
and EAN13 is not."""

ROWED_FORMATS: tuple[str, ...] = ("PDF417", "MicroPDF417", "DataBarStk", "DataBarStkOmni", "DataBarExpStk")
BARRED_FORMATS = (*LINEAR_FORMATS, "PDF417", "MicroPDF417")
"""Those that the engine reads only where their bars stand about upright."""

READINGS_PER_FRAME_MAX = 256
BESIDE_SHARE = 1.2
"""How far beside its place a DataBar Expanded is looked for: that is its last row's, often half as long as others."""


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
    unasked = set(COMES_ALONG).difference(formats)
    symbols = [symbol for symbol in symbols[:READINGS_PER_FRAME_MAX] if symbol.format.name not in unasked]
    return Found(
        readings=tuple(reading for symbol in symbols if symbol.valid for reading in _readings(symbol, grey)),
        failed=tuple(
            Failed(format=symbol.format.name, quad=_place(symbol))
            for symbol in symbols
            if not symbol.valid and symbol.format.name in CORRECTED_FORMATS
        ),
    )


def _formats(names: tuple[str, ...]) -> Any:
    # A list built name by name: the binding ignores what it does not know.
    for name in names:
        if name not in FORMATS:
            raise ValueError(f"The decoder reads no format {name!r}; it reads {', '.join(FORMATS)}.")
    return [getattr(zxingcpp.BarcodeFormat, name) for name in names]


def _readings(symbol: Any, grey: Grey) -> Iterator[Reading]:
    """A symbol that was read; none, where it is a DataBar Expanded that no second look finds again."""
    quad, data = _place(symbol), bytes(symbol.bytes)
    places = [quad]
    if symbol.format.name.startswith("DataBarExp"):
        # Every other row runs from right to left, and the engine often gives the place of such a row in the picture
        # that it turned round. Its corners do not tell: those of a single line are in any order.
        mirrored = _mirrored(quad, grey.shape[1])
        places = [place for place in (quad, mirrored) if _stands_there(grey, place, data)]
    for place in places[:1]:
        yield Reading(format=symbol.format.name, symbology=symbol.symbology_identifier, data=data, quad=place)


def _stands_there(grey: Grey, place: Quad, data: bytes) -> bool:
    """Whether this DataBar Expanded is read again in the rows about a place."""
    xs, ys = [x for x, _ in place], [y for _, y in place]
    reach = max(xs) - min(xs)
    left, right = (round(x) for x in (min(xs) - BESIDE_SHARE * reach, max(xs) + BESIDE_SHARE * reach))
    above, below = (round(y) for y in (min(ys) - reach / 2, max(ys) + reach / 2))
    part = grey[max(0, above) : max(0, below) + 1, max(0, left) : max(0, right) + 1]
    again = zxingcpp.read_barcodes(
        np.ascontiguousarray(part),
        formats=_formats(("DataBarExp", "DataBarExpStk")),
        try_rotate=False,
        try_downscale=False,
        try_invert=False,
    )
    return data in {bytes(symbol.bytes) for symbol in again}


def _mirrored(quad: Quad, width: int) -> Quad:
    """The same place in a mirror, its corners clockwise."""
    a, b, c, d = ((width - 1 - x, y) for x, y in quad)
    return (a, b, c, d) if turns_left(quad) else (b, a, d, c)


def _place(symbol: Any) -> Quad:
    where = symbol.position
    corners = where.top_left, where.top_right, where.bottom_right, where.bottom_left
    a, b, c, d = (_point(corner) for corner in corners)
    return a, b, c, d


def _point(corner: Any) -> Point:
    return float(corner.x), float(corner.y)
