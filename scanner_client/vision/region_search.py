"""Where bars seem to stand in a frame, at any angle, whether or not anything can read them.

Bars are many strong edges that all run one way. The structure tensor of a cell (the mean products of its
gradients; Bigün and Granlund 1987) says how strong its edges are, which way they run and how well they agree, the
coherence. Neighbouring cells of one direction make a region; cut out and turned upright, its mean over the bars'
length must alternate often enough to be a symbol, which print and shelf edges do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from math import atan2, cos, pi, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner_client.vision.frame import Grey
from scanner_client.vision.region import Region

CELLS_MAX = 80
"""Cells along the frame's longer side: a symbol an eighth of the frame wide is ten cells."""

CELL_PX_MIN = 8

SAMPLES_PER_CELL = 4
"""Gradients taken along each side of a cell. They are differences at full resolution, so that the finest bars still
count, but not of every pixel: it costs a third and finds the same."""

COHERENCE_MIN = 0.6
ROWS_COHERENCE_MIN = 0.4
"""Of symbols in rows (PDF417, stacked DataBar), whose bars end at every row."""

STRENGTH_MIN = 30.0
STRENGTH_SHARE_MIN = 0.05
"""Of the strongest fiftieth of the cells."""

GROUP_CELLS_MIN = 8
GROUPS_MAX = 24
DIRECTIONS_PER_GROUP_MAX = 3
SECTOR = np.deg2rad(20)
BINS = 36
ONE_DIRECTION_SHARE_MIN = 0.7

EDGES_MIN = 20
"""EAN-8 has 44 edges, the shortest Code 128 32, of which soft pictures lose some. Of the regions that a decoder could
read, 97 % had as many; of the others 8 %."""

PROFILE_ROWS = 12
EDGE_SHARE_MIN = 0.15
ALONG_SHARE_MIN = 0.3
"""How much of a crop's variance its mean over the bars' length must keep: print loses most of it."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Structure:
    """The structure tensor of each cell of a frame, (rows x columns) each."""

    xx: Floats
    yy: Floats
    xy: Floats


def bar_regions(grey: Grey, tensor: Structure, *, most: int, coherence_min: float = COHERENCE_MIN) -> list[Region]:
    """Where bars seem to stand in a frame with this structure, the strongest first, at most `most`."""
    height, width = grey.shape
    rows, columns = tensor.xx.shape
    cell = width / columns, height / rows
    found = [region for cells in _groups(tensor, coherence_min) for region in _directions(tensor, cells, cell)]
    found.sort(key=lambda strong: -strong[0])
    candidates = (region for _, region in found if region.across_px > EDGES_MIN)
    barred = islice((region for region in candidates if _alternates(region.rows(grey, PROFILE_ROWS))), most)
    return [region.turned(_residual_angle(region.crop(grey, 1.0, quiet_share=0).grey)) for region in barred]


def structure(grey: Grey) -> Structure:
    """The structure of a frame (height x width, at least 3 x 3)."""
    height, width = grey.shape
    cell = max(CELL_PX_MIN, round(max(height, width) / CELLS_MAX))
    step = max(1, cell // SAMPLES_PER_CELL)
    right, left = grey[1:-1:step, 2::step], grey[1:-1:step, :-2:step]
    below, above = grey[2::step, 1:-1:step], grey[:-2:step, 1:-1:step]
    across, down = cv2.subtract(right, left, dtype=cv2.CV_32F), cv2.subtract(below, above, dtype=cv2.CV_32F)
    size = max(2, width // cell), max(2, height // cell)

    def pooled(product: cv2.typing.MatLike) -> Floats:
        return np.asarray(cv2.blur(cv2.resize(product, size, interpolation=cv2.INTER_AREA), (3, 3)), np.float32)

    return Structure(
        xx=pooled(cv2.multiply(across, across)),
        yy=pooled(cv2.multiply(down, down)),
        xy=pooled(cv2.multiply(across, down)),
    )


def _groups(tensor: Structure, coherence_min: float) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Connected cells (rows, columns) whose edges are strong and run one way, the largest groups first."""
    strength = tensor.xx + tensor.yy
    difference = tensor.xx - tensor.yy
    coherence = np.sqrt(difference * difference + 4 * tensor.xy * tensor.xy) / (strength + 1e-3)
    strong = float(np.partition(strength.ravel(), -max(1, strength.size // 50))[-max(1, strength.size // 50)])
    mask = (coherence > coherence_min) & (strength > max(STRENGTH_MIN, STRENGTH_SHARE_MIN * strong))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    order = [int(n) for n in np.argsort(-sizes)[:GROUPS_MAX] if sizes[n] >= GROUP_CELLS_MIN]
    groups = []
    for number in order:
        x, y, wide, high = (int(v) for v in stats[number + 1, :4])
        rows, columns = np.nonzero(labels[y : y + high, x : x + wide] == number + 1)
        groups.append((rows + y, columns + x))
    return groups


def _directions(
    tensor: Structure, cells: tuple[NDArray[np.intp], NDArray[np.intp]], cell: tuple[float, float]
) -> list[tuple[float, Region]]:
    """The regions of one group, each with its strength: labels that touch at different angles are told apart."""
    rows, columns = cells
    xx, yy, xy = tensor.xx[rows, columns], tensor.yy[rows, columns], tensor.xy[rows, columns]
    angles = 0.5 * np.arctan2(2 * xy, xx - yy)
    left = np.ones(len(rows), dtype=bool)
    found: list[tuple[float, Region]] = []
    while np.count_nonzero(left) >= GROUP_CELLS_MIN and len(found) < DIRECTIONS_PER_GROUP_MAX:
        near = left & _near(angles, _mean_angle(xx[left], yy[left], xy[left]))
        if np.count_nonzero(near) < ONE_DIRECTION_SHARE_MIN * np.count_nonzero(left):
            near = left & _near(angles, _main_angle(angles[left], (xx + yy)[left]))
        if np.count_nonzero(near) < GROUP_CELLS_MIN:
            break
        angle = _mean_angle(xx[near], yy[near], xy[near])
        found.append((float(xx[near].sum() + yy[near].sum()), _region(rows[near], columns[near], angle, cell)))
        left &= ~near
    return found


def _near(angles: Floats, main: float) -> NDArray[np.bool_]:
    return np.asarray(np.abs((angles - main + pi / 2) % pi - pi / 2) < SECTOR)


def _mean_angle(xx: Floats, yy: Floats, xy: Floats) -> float:
    return 0.5 * atan2(2 * float(xy.sum()), float(xx.sum() - yy.sum()))


def _main_angle(angles: Floats, weights: Floats) -> float:
    bins = np.bincount((angles / pi * BINS).astype(int) % BINS, weights=weights, minlength=BINS)
    smooth = np.convolve(np.concatenate([bins[-1:], bins, bins[:1]]), (1, 1, 1), "valid")
    return float((int(smooth.argmax()) + 0.5) * pi / BINS)


def _region(rows: NDArray[np.intp], columns: NDArray[np.intp], angle: float, cell: tuple[float, float]) -> Region:
    """The rectangle at an angle that just holds the cells."""
    x, y = (columns + 0.5) * cell[0], (rows + 0.5) * cell[1]
    c, s = cos(angle), sin(angle)
    u, v = x * c + y * s, y * c - x * s
    u_mid, v_mid = (u.min() + u.max()) / 2, (v.min() + v.max()) / 2
    return Region(
        x=float(u_mid * c - v_mid * s),
        y=float(u_mid * s + v_mid * c),
        angle=angle,
        across_px=float(np.ptp(u) + cell[0]),
        along_px=float(np.ptp(v) + cell[1]),
    )


def _residual_angle(upright: Grey) -> float:
    """How far the bars still lean. Differences of single pixels draw an angle by up to 4 degrees towards 45."""
    across = cv2.Scharr(upright, cv2.CV_32F, 1, 0)
    down = cv2.Scharr(upright, cv2.CV_32F, 0, 1)
    xx, yy = float(cv2.norm(across, cv2.NORM_L2SQR)), float(cv2.norm(down, cv2.NORM_L2SQR))
    return 0.5 * atan2(2 * float(cv2.multiply(across, down).sum()), xx - yy)


def _alternates(upright: Grey) -> bool:
    """Whether the mean over the bars' length goes up and down as often as a symbol's, and is not blurred by it."""
    profile = np.asarray(cv2.reduce(upright, 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F), np.float32)
    _, spread = cv2.meanStdDev(upright)
    _, kept = cv2.meanStdDev(profile)
    if float(kept[0, 0]) ** 2 < ALONG_SHARE_MIN * (float(spread[0, 0]) ** 2 + 1e-3):
        return False
    slope = np.diff(cv2.GaussianBlur(profile, (3, 1), 0)[0])
    steepest = np.abs(slope).max(initial=0.0)
    signs = np.sign(slope[np.abs(slope) > EDGE_SHARE_MIN * steepest])
    return int(np.count_nonzero(np.diff(signs))) + 1 >= EDGES_MIN
