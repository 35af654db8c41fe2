"""Where bars seem to stand in a frame, at any angle, whether or not anything can read them.

Bars are many strong edges that all run one way (`structure`). Neighbouring cells of one direction make a region
(`groups`); its mean over the bars' length must alternate often enough to be a symbol, which print and shelf edges do
not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from scanner_client.vision.frame import Grey
from scanner_client.vision.groups import directed_regions
from scanner_client.vision.lean import bars_upright
from scanner_client.vision.region import Region
from scanner_client.vision.structure import Floats, Structure

COHERENCE_MIN = 0.6

ACROSS_PX_MIN = 40.0
"""Narrower bars have less than two pixels an edge."""

EDGES_MIN = 20
"""EAN-8 has 44 edges, the shortest Code 128 32, of which soft pictures lose some. Of the regions that a decoder could
read, 97 % had as many; of the others 8 %."""

EDGES_MIN_OF_STILL = 16
"""A UPC-E has 34, and soft ones lose half. One of 390 photographs more, at no cost that could be measured; in a film it
would only be more places that nothing reads."""

ROWED_EDGES_MIN, ROWED_LINES_SHARE_MIN = 12, 0.25
"""Half a row of the smallest, a stacked DataBar, has as many: its wide bars often hide the other half."""

PROFILE_ROWS = 12
EDGE_SHARE_MIN = 0.15
ALONG_SHARE_MIN = 0.3
"""How much of a crop's variance its mean over the bars' length must keep: print loses most of it."""

Passed = Callable[[Region], bool]
"""Whether a region is not looked at any further."""


def bar_regions(grey: Grey, tensor: Structure, *, passed: Passed, edges_min: int = EDGES_MIN) -> Iterator[Region]:
    """Where bars of so many edges seem to stand in a frame with this structure, upright, the strongest first."""
    for region in _candidates(tensor, COHERENCE_MIN):
        if not passed(region) and _alternates(region.rows(grey, PROFILE_ROWS), edges_min):
            yield bars_upright(grey, region)


def rowed_regions(grey: Grey, tensor: Structure, coherence_min: float) -> Iterator[Region]:
    """Where a symbol in rows (PDF417, stacked DataBar) may stand, the strongest first, to be turned by `rows_level`.

    Its bars end at every row, so that nothing is left of their mean: enough of the lines themselves must alternate.
    """
    candidates = _candidates(tensor, coherence_min)
    return (region for region in candidates if _lines_alternate(region.rows(grey, PROFILE_ROWS)))


def _candidates(tensor: Structure, coherence_min: float) -> Iterator[Region]:
    found = directed_regions(tensor, coherence_min)
    return (region for region in found if region.across_px > ACROSS_PX_MIN)


def _alternates(upright: Grey, edges_min: int) -> bool:
    """Whether the mean over the bars' length goes up and down as often as a symbol's, and is not blurred by it."""
    profile = np.asarray(cv2.reduce(upright, 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F), np.float32)
    _, spread = cv2.meanStdDev(upright)
    _, kept = cv2.meanStdDev(profile)
    if float(kept[0, 0]) ** 2 < ALONG_SHARE_MIN * (float(spread[0, 0]) ** 2 + 1e-3):
        return False
    return _edges(profile) >= edges_min


def _lines_alternate(upright: Grey) -> bool:
    """Whether enough of the lines each go up and down as often as a symbol's."""
    slopes = np.diff(cv2.GaussianBlur(upright.astype(np.float32), (3, 1), 0), axis=1)
    steep = np.abs(slopes) > EDGE_SHARE_MIN * np.abs(slopes).max(axis=1, keepdims=True)
    enough = sum(_turns(line[of_line]) >= ROWED_EDGES_MIN for line, of_line in zip(slopes, steep, strict=True))
    return enough >= ROWED_LINES_SHARE_MIN * len(slopes)


def _edges(line: Floats) -> int:
    """How often a line (1 x width) goes up and down."""
    slope = np.diff(cv2.GaussianBlur(line, (3, 1), 0)[0])
    steepest = np.abs(slope).max(initial=0.0)
    return _turns(slope[np.abs(slope) > EDGE_SHARE_MIN * steepest])


def _turns(slopes: Floats) -> int:
    rising = slopes > 0
    return int(np.count_nonzero(rising[1:] != rising[:-1])) + 1
