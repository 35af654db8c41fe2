"""How strong the edges of a frame are in each of its cells, and which way they run.

The structure tensor of a cell is the mean of the products of its gradients (Bigün and Granlund 1987).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner_client.vision.frame import Grey

CELLS_MAX = 80
"""Cells along the frame's longer side: a symbol an eighth of the frame wide is ten cells."""

CELL_PX_MIN = 8

FINE_CELL_PX = 16
"""A cell of a film's frame (1280 pixels), which small labels in a large picture need as well: bars 60 pixels long are
found from three cells on."""

FINE_FROM_PX = 1920
"""The longer side beyond which a frame is also searched in fine cells."""

SAMPLES_PER_CELL = 4
"""Gradients taken along each side of a cell. They are differences at full resolution, so that the finest bars still
count, but not of every pixel: it costs a third and finds the same."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Structure:
    """The structure tensor of each cell of a frame, (rows x columns) each."""

    xx: Floats
    yy: Floats
    xy: Floats

    cell_px: tuple[float, float]
    """The width and the height of a cell."""

    fine: bool
    """Whether its cells are so small that many labels may stand in the frame."""


def structures(grey: Grey) -> list[Structure]:
    """The structure of a frame in cells that are a share of it, and of a large one also in fine cells."""
    side = max(grey.shape)
    cells = [max(CELL_PX_MIN, round(side / CELLS_MAX))] + [FINE_CELL_PX] * (side > FINE_FROM_PX)
    return [_structure(grey, cell, fine=number > 0) for number, cell in enumerate(cells)]


def _structure(grey: Grey, cell: int, *, fine: bool) -> Structure:
    """The structure of a frame (height x width, at least 3 x 3) in cells of so many pixels each way."""
    height, width = grey.shape
    size = max(2, width // cell), max(2, height // cell)
    samples = SAMPLES_PER_CELL * size[0], SAMPLES_PER_CELL * size[1]

    def sampled(dx: int, dy: int) -> cv2.typing.MatLike:
        """What is so many pixels beside each sample."""
        beside = grey[1 + dy : height - 1 + dy, 1 + dx : width - 1 + dx]
        return cv2.resize(beside, samples, interpolation=cv2.INTER_NEAREST)

    def pooled(product: cv2.typing.MatLike) -> Floats:
        # By a whole number this is five times as fast.
        return np.asarray(cv2.blur(cv2.resize(product, size, interpolation=cv2.INTER_AREA), (3, 3)), np.float32)

    across = cv2.subtract(sampled(1, 0), sampled(-1, 0), dtype=cv2.CV_32F)
    down = cv2.subtract(sampled(0, 1), sampled(0, -1), dtype=cv2.CV_32F)
    return Structure(
        xx=pooled(cv2.multiply(across, across)),
        yy=pooled(cv2.multiply(down, down)),
        xy=pooled(cv2.multiply(across, down)),
        cell_px=(width / size[0], height / size[1]),
        fine=fine,
    )
