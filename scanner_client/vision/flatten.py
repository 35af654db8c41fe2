"""A QR code on cloth, foil or a bottle, laid flat.

Its grid of modules is bent until every module is clearly light or dark and the patterns that every QR code has
(ISO/IEC 18004, 6.3: finders, separators, timing) are in their places.

What comes out is a drawing of the modules; an engine reads it, so that the symbol's own error correction vouches for
the text.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner_client.vision.frame import Grey
from scanner_client.vision.reading import Quad

DIMENSIONS: Final = tuple(range(21, 62, 4))
"""Modules along a side, versions 1 to 11: larger ones have no place on a label."""

TYPICAL_DIMENSION = 29
MODULE_PX = 6
MARGIN_PX = 3 * MODULE_PX
CONTROLS = 6
"""The grid is bent by as many points along each side."""

STEPS: Final = (0.6, 0.35, 0.2)
"""How far, in modules, a point is tried to be moved: first far, then near."""

SWEEPS_MAX = 3
CLEAR_MAX = 1.2
"""No module counts for more than this many deviations, so that none is bought at the price of its neighbours."""

KNOWN_WEIGHT = 2.0
DRAWN_PX = 4
QUIET_MODULES = 4

Floats = NDArray[np.float32]

_AROUND: Final = np.array([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if (x, y) != (0, 0)], np.float32)


def flattened(grey: Grey, quad: Quad) -> Grey:
    """The modules of a QR code that stands about here, drawn anew, light and dark, with a quiet zone."""
    grid = _Grid(grey, quad, _dimension(grey, quad))
    grid.bend()
    return grid.drawn()


def _dimension(grey: Grey, quad: Quad) -> int:
    """How many modules the symbol has along a side: that number with which the known patterns fit best."""
    side = TYPICAL_DIMENSION * MODULE_PX
    contrast = _contrast(grey, quad, side)

    def fit(dimension: int) -> float:
        middles = (np.arange(dimension, dtype=np.float32) + 0.5) * side / dimension + MARGIN_PX
        known = _known(dimension)
        x, y = np.meshgrid(middles, middles)
        values = _clear(_sampled(contrast, x.astype(np.float32), y.astype(np.float32)))
        return float((values * known)[known != 0].mean())

    return max(DIMENSIONS, key=fit)


class _Grid:
    def __init__(self, grey: Grey, quad: Quad, dimension: int) -> None:
        self._contrast = _contrast(grey, quad, dimension * MODULE_PX)
        self._known = _known(dimension)
        middles = (np.arange(dimension, dtype=np.float32) + 0.5) * MODULE_PX + MARGIN_PX
        self._x, self._y = np.meshgrid(middles, middles)
        self._spread = _spread(dimension)
        self._moved = np.zeros((2, CONTROLS, CONTROLS), np.float32)

    def bend(self) -> None:
        """Move one point of the grid after the other for as long as it becomes clearer."""
        for step in STEPS:
            for _ in range(SWEEPS_MAX):
                moves = [self._improve(row, column, step) for row in range(CONTROLS) for column in range(CONTROLS)]
                if not any(moves):
                    break

    def drawn(self) -> Grey:
        """The modules as they are sampled now."""
        modules = np.where(self._values() > 0, 255, 0).astype(np.uint8)
        framed = np.pad(modules, QUIET_MODULES, constant_values=255)
        return np.asarray(np.kron(framed, np.ones((DRAWN_PX, DRAWN_PX), np.uint8)), np.uint8)

    def _values(self) -> Floats:
        across, down = (self._spread @ moved @ self._spread.T for moved in self._moved)
        return _sampled(self._contrast, self._x + across, self._y + down)

    def _improve(self, row: int, column: int, step: float) -> bool:
        """Try this point a step aside in each direction; whether one of them was better."""
        rows, columns = np.flatnonzero(self._spread[:, row]), np.flatnonzero(self._spread[:, column])
        part = np.ix_(rows, columns)
        pull = np.outer(self._spread[rows, row], self._spread[columns, column]) * step * MODULE_PX
        across, down = (self._spread[rows] @ moved @ self._spread[columns].T for moved in self._moved)
        aside = np.concatenate([np.zeros((1, 2), np.float32), _AROUND])
        x = (self._x[part] + across)[None] + aside[:, 0, None, None] * pull
        y = (self._y[part] + down)[None] + aside[:, 1, None, None] * pull
        values = _clear(_sampled(self._contrast, x.reshape(-1, len(columns)), y.reshape(-1, len(columns))))
        known = self._known[part]
        worth = np.where(known != 0, KNOWN_WEIGHT * known * values.reshape(x.shape), np.abs(values).reshape(x.shape))
        totals = worth.sum(axis=(1, 2))
        best = int(totals.argmax())
        if totals[best] <= totals[0] + 1e-3:
            return False
        self._moved[:, row, column] += aside[best] * step * MODULE_PX
        return True


def _contrast(grey: Grey, quad: Quad, side: int) -> Floats:
    """The symbol seen from above, `side` pixels wide; each pixel's deviation from the mean around it, in local ones."""
    low, high = MARGIN_PX, MARGIN_PX + side
    square = np.array([[low, low], [high, low], [high, high], [low, high]], np.float32)
    above = cv2.getPerspectiveTransform(np.array(quad, np.float32), square)
    size = side + 2 * MARGIN_PX
    seen = cv2.warpPerspective(grey, above, (size, size)).astype(np.float32)
    around = 3.0 * MODULE_PX
    deviation = cv2.GaussianBlur(seen, (0, 0), 0.25 * MODULE_PX) - cv2.GaussianBlur(seen, (0, 0), around)
    spread = np.sqrt(cv2.GaussianBlur(deviation * deviation, (0, 0), around)) + 1e-3
    return np.asarray(deviation / spread, np.float32)


def _known(dimension: int) -> Floats:
    """1 where every QR code of this size is light, -1 where it is dark, 0 where it depends on what it says."""
    finder = np.full((7, 7), -1.0)
    finder[1:6, 1:6] = 1
    finder[2:5, 2:5] = -1
    known = np.zeros((dimension, dimension), np.float32)
    timing = np.where(np.arange(dimension) % 2 == 0, -1, 1)
    known[6, :] = known[:, 6] = timing
    known[:8, :8] = known[:8, -8:] = known[-8:, :8] = 1
    known[:7, :7] = known[:7, -7:] = known[-7:, :7] = finder
    return known


def _spread(dimension: int) -> Floats:
    """How much of each point's movement each row of modules takes (dimension x CONTROLS), linear between points."""
    at = (np.arange(dimension) + 0.5) / dimension * (CONTROLS - 1)
    before = np.minimum(at.astype(int), CONTROLS - 2)
    rows = np.arange(dimension)
    spread = np.zeros((dimension, CONTROLS), np.float32)
    spread[rows, before] = 1 - (at - before)
    spread[rows, before + 1] = at - before
    return spread


def _clear(values: Floats) -> Floats:
    return np.clip(values, -CLEAR_MAX, CLEAR_MAX)


def _sampled(picture: Floats, x: Floats, y: Floats) -> Floats:
    sampled = cv2.remap(
        picture, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(sampled, np.float32)
