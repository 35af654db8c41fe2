"""Which frames of a film are too blurred to matter: they are not decoded, and only say how the camera moved."""

from __future__ import annotations

import cv2
import numpy as np
from cv2.typing import MatLike

from scanner_client.vision.decoder import Decoder
from scanner_client.vision.frame import Frame, Grey
from scanner_client.vision.look import Look

BLURRED_MAX = 0.08
"""The steepness below which a frame is not worth decoding. A step over one pixel has 0.25, one over four or more
0.0625. In two shaken and badly focused films (717 frames, 313 of them read) 95 frames lay below it, none of them
read; below 0.09 lay 149, 5 of them read."""

SKIPPED_MAX = 4
"""So many frames in a row are skipped at most, 130 ms of a film: a label with very wide bars is legible when soft."""

TRUST = 0.95
"""A frame as blurred as the last one that was read is worth reading, and one a little more blurred."""

LAG_PX = 4
CONTRAST_MIN = 32
"""Weaker steps are not judged: a sensor's noise is no edge."""

EDGES_MIN = 200
"""With fewer edges in the sample there is nothing to judge; to decode such a frame costs little."""

LINES = 48
"""Rows and columns that are sampled: 0.4 ms at 1280 x 720."""


class Focus:
    """Gives the frames of one source to a decoder, but for those that are too blurred."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._blurred_max = BLURRED_MAX
        self._skipped = 0

    def look(self, frame: Frame) -> Look | None:
        """What was read in a frame; None where it was not worth a look. A still always is."""
        if frame.still:
            return self._decoder.look(frame)
        steep = steepness(frame.grey)
        if steep is not None and steep < self._blurred_max and self._skipped < SKIPPED_MAX:
            self._skipped += 1
            return None
        self._skipped = 0
        look = self._decoder.look(frame)
        if steep is not None and look.readings:
            self._blurred_max = min(BLURRED_MAX, TRUST * steep)
        return look


def steepness(grey: Grey) -> float | None:
    """How steep the edges of a picture (height x width) are, whatever it shows: 0.0625 to 0.25 and more.

    The share of a step over LAG_PX pixels that one pixel takes, squared, summed over rows and over columns apart; the
    larger one is returned, for blur along the bars of a linear label does no harm. None where there are no edges.
    """
    rows = grey[:: max(1, grey.shape[0] // LINES)]
    columns = np.ascontiguousarray(grey[:, :: max(1, grey.shape[1] // LINES)].T)
    found = [steep for steep in map(_steepness, (rows, columns)) if steep is not None]
    return max(found, default=None)


def _steepness(lines: MatLike) -> float | None:
    if lines.shape[1] <= LAG_PX:
        return None
    middle = LAG_PX // 2
    whole = cv2.absdiff(lines[:, LAG_PX:], lines[:, :-LAG_PX])
    one = cv2.absdiff(lines[:, middle : middle - LAG_PX], lines[:, middle - 1 : middle - LAG_PX - 1])
    edges = whole > CONTRAST_MIN
    if int(np.count_nonzero(edges)) < EDGES_MIN:
        return None
    steps, wholes = one[edges].astype(np.float32), whole[edges].astype(np.float32)
    return float(np.dot(steps, steps) / np.dot(wholes, wholes))
