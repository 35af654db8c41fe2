"""OpenCV's pen: lines, dashes, signs and text on a picture, in the style of each tone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import ceil, dist
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner_client.vision.mark import MarkTone
from scanner_client.vision.reading import Quad

Picture: TypeAlias = NDArray[np.uint8]
"""Blue, green, red: height x width x 3."""

Colour: TypeAlias = tuple[int, int, int]

WIDTH_PER_TEXT: Final = 36
"""The picture's width divided by this is the height of its text: 10 px where a phone shows it 360 px wide."""
TEXT_PX_MIN: Final = 12
WEIGHT: Final = 600
"""Semi-bold: thin strokes drown in a photograph."""

BLACK: Final = (0, 0, 0)
WHITE: Final = (255, 255, 255)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How one tone looks."""

    fill: Colour
    text: Colour
    sign: str
    thickness: float
    """Of the line, in eighths of the text's height."""
    dash: float = 0.0
    """Length of a dash and of the gap behind it, in text heights; 0 for a line without gaps."""
    doubled: bool = False
    """Whether a second outline stands around the first."""
    insists: bool = False
    """Whether its words may lie on another label where there is no room beside it."""


STYLES: Final[Mapping[MarkTone, Style]] = {
    MarkTone.WRONG: Style(fill=(38, 16, 196), text=WHITE, sign="✗", thickness=1.2, doubled=True, insists=True),
    MarkTone.LOOK: Style(fill=(0, 176, 255), text=BLACK, sign="!", thickness=1.2, dash=1.2, insists=True),
    MarkTone.UNREAD: Style(fill=(210, 70, 150), text=WHITE, sign="?", thickness=1.0, dash=0.4, insists=True),
    MarkTone.RIGHT: Style(fill=(60, 120, 0), text=WHITE, sign="✓", thickness=1.2),
    MarkTone.KEPT: Style(fill=(170, 90, 0), text=WHITE, sign="●", thickness=1.0),
    MarkTone.PENDING: Style(fill=WHITE, text=BLACK, sign="", thickness=0.4),
}
"""The most important first: it gets its caption where it wants it, and is drawn above the others.

The colours differ in lightness as well, so that they are told apart with every common colour blindness, and the text
on each has a contrast of 4.5 or more (WCAG 2.2, 1.4.3).
"""

_STROKES: Final[Mapping[str, tuple[tuple[float, float], ...]]] = {
    "✓": ((0.18, 0.54), (0.42, 0.78), (0.84, 0.24)),
    "✗": ((0.22, 0.22), (0.78, 0.78), (0.5, 0.5), (0.78, 0.22), (0.22, 0.78)),
}
"""Signs that OpenCV's font lacks, in a square of 1."""


def text_height(width_px: int) -> int:
    """How high text stands on a picture of this width, in pixels."""
    return max(TEXT_PX_MIN, round(width_px / WIDTH_PER_TEXT))


def text_width(text: str, text_px: int) -> int:
    """How much room a text takes, in pixels."""
    if not text:
        return 0
    _, _, width, _ = cv2.getTextSize((65_535, 1_000), text, (0, 0), _font(), text_px, WEIGHT)
    return int(width)


def write(
    canvas: Picture, text: str, at: tuple[int, int], text_px: int, colour: Colour, *, weight: int = WEIGHT
) -> None:
    """Put text on a picture; `at` is where its baseline begins."""
    if text:
        cv2.putText(canvas, text, at, colour, _font(), text_px, weight)


def shortened(text: str, characters_max: int) -> str:
    """A text in one line that ends in "…" where it is too long; what cannot be printed is a blank."""
    clean = "".join(c if c.isprintable() else " " for c in text)
    return clean if len(clean) <= characters_max else clean[: characters_max - 1] + "…"


def outline(canvas: Picture, quad: Quad, colour: Colour, thickness: int) -> None:
    """Draw round a quad, on a dark rim that stands out from whatever is below."""
    line = [_corners(quad)]
    cv2.polylines(canvas, line, True, BLACK, thickness + 2)  # noqa: FBT003 - closed
    cv2.polylines(canvas, line, True, colour, thickness, cv2.LINE_AA)  # noqa: FBT003


def dashes(canvas: Picture, quad: Quad, colour: Colour, thickness: int, dash_px: float) -> None:
    """Draw round a quad with dashes, and gaps as long between them."""
    pieces: list[NDArray[np.int32]] = []
    for a, b in pairwise((*quad, quad[0])):
        steps = 2 * ceil(dist(a, b) / dash_px / 2) + 1  # an odd number: each corner has its dash
        at = np.rint(np.linspace(a, b, steps + 1)).astype(np.int32)
        pieces += [at[n : n + 2] for n in range(0, steps, 2)]
    cv2.polylines(canvas, [_corners(quad)], True, BLACK, thickness + 2)  # noqa: FBT003 - closed
    cv2.polylines(canvas, pieces, False, colour, thickness, cv2.LINE_AA)  # noqa: FBT003 - open


def sign(canvas: Picture, style: Style, at: tuple[int, int], side_px: int) -> None:
    """A square of the tone's colour with its sign; `at` is its left upper corner."""
    x, y = at
    cv2.rectangle(canvas, (x, y), (x + side_px - 1, y + side_px - 1), style.fill, -1)
    if style.sign == "●":
        middle = (x + side_px // 2, y + side_px // 2)
        cv2.circle(canvas, middle, round(0.22 * side_px), style.text, -1, cv2.LINE_AA)
    elif style.sign in _STROKES:
        strokes = np.array(_STROKES[style.sign]) * side_px + np.array(at)
        thickness = max(2, round(side_px / 8))
        cv2.polylines(canvas, [_corners(strokes)], False, style.text, thickness, cv2.LINE_AA)  # noqa: FBT003 - open
    elif style.sign:
        size = round(0.8 * side_px)
        left = x + (side_px - text_width(style.sign, size)) // 2
        write(canvas, style.sign, (left, y + round(0.79 * side_px)), size, style.text, weight=800)


def _corners(points: Sequence[tuple[float, float]] | NDArray[np.float64]) -> NDArray[np.int32]:
    return np.rint(points).astype(np.int32)


@cache
def _font() -> cv2.FontFace:
    """OpenCV's own, so that a machine without fonts draws the same."""
    return cv2.FontFace("sans")
