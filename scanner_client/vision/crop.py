"""The part of a frame that shows one label: small enough to keep, large enough to look at."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from scanner_client.vision.frame import Grey
from scanner_client.vision.reading import Quad, long_side
from scanner_client.vision.shrink import shrunk

SIDE_MAX_PX = 480
"""A Code 128 of 30 characters still has more than one pixel a module; in grey it takes 0.2 MB at most."""

MARGIN_SHARE = 0.1
"""How much of a label's surroundings stays on each side, as a share of its long side: its quiet zone and text."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cutting:
    """A label as one frame showed it."""

    picture: Grey
    """A copy, height x width, neither longer than SIDE_MAX_PX."""

    detail: float
    """The sum of its steps between neighbouring pixels: a larger and a sharper picture of one label has more."""


def cropped(grey: Grey, quad: Quad) -> Cutting:
    """The label that stands at a quad, in pixels of the frame; what is outside the frame is left out."""
    margin = MARGIN_SHARE * long_side(quad)
    rows = _span([y for _, y in quad], margin, grey.shape[0])
    columns = _span([x for x, _ in quad], margin, grey.shape[1])
    picture = _small(grey[rows, columns])
    return Cutting(picture=picture, detail=_detail(picture))


def _span(at: list[float], margin: float, length: int) -> slice:
    """The rows or columns to take, at least one."""
    first = min(max(0, int(min(at) - margin)), length - 1)
    return slice(first, max(first + 1, ceil(max(at) + margin)))


def _small(part: Grey) -> Grey:
    """A copy no longer than SIDE_MAX_PX."""
    scale = min(1.0, SIDE_MAX_PX / max(part.shape))
    return part.copy() if scale == 1.0 else shrunk(part, scale)


def _detail(picture: Grey) -> float:
    signed = picture.astype(np.int16)
    return float(np.abs(np.diff(signed, axis=0)).sum() + np.abs(np.diff(signed, axis=1)).sum())
