"""Where bars seem to stand in a frame, at any angle, whether or not anything can read them.

Bars are many strong edges that all run one way. The structure tensor of a cell (the mean products of its
gradients; Bigün and Granlund 1987) says how strong its edges are, which way they run and how well they agree, the
coherence. Neighbouring cells of one direction make a region; cut out and turned upright, its mean over the bars'
length must alternate often enough to be a symbol, which print and shelf edges do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from math import atan2, cos, pi, sin
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner_client.vision.frame import Grey
from scanner_client.vision.region import Region

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

COHERENCE_MIN = 0.6
ROWS_COHERENCE_MIN = 0.4
"""Of symbols in rows (PDF417, stacked DataBar), whose bars end at every row."""

STRENGTH_MIN = 30.0
STRENGTH_SHARES_MIN = (0.05, 0.1, 0.2, 0.4)
"""Of the strongest fiftieth of the cells: the first finds bars in shade. In a pile of boxes it also joins the labels by
the boxes' edges and the print between, so that a group that is no rectangle is looked at with the next."""

FILLED_MIN = 0.6
"""The share of its narrowest rectangle that a group of bars fills; one at 45 degrees has jagged sides."""

GROUP_CELLS_MIN = 8
CELLS_PER_GROUP = 200
"""Of so many cells one group is looked at, the largest first: 24 groups of 80 x 60 cells."""

DIRECTIONS_PER_GROUP_MAX = 3
SECTOR = np.deg2rad(20)
BINS = 36
ONE_DIRECTION_SHARE_MIN = 0.7

EDGES_MIN = 20
"""EAN-8 has 44 edges, the shortest Code 128 32, of which soft pictures lose some. Of the regions that a decoder could
read, 97 % had as many; of the others 8 %."""

EDGES_MIN_OF_STILL = 16
"""A UPC-E has 34, and soft ones lose half. One of 390 photographs more, at no cost that could be measured; in a film it
would only be more places that nothing reads."""

LEANING_PX_MAX = 96.0
"""So much of the bars' length tells how they lean."""

ACROSS_PX_MIN = 40.0
"""Narrower bars have less than two pixels an edge."""

ROW_TURNS = 2
ROW_SECTOR = np.tan(np.deg2rad(25))
"""Edges that lie as flat as this are edges between rows: a tilt of 30 degrees shears them by 14 at the most."""

MIDDLE_PX_MAX = 256.0
"""So much of a region about its middle tells how its rows lie."""

ROWED_EDGES_MIN, ROWED_LINES_SHARE_MIN = 12, 0.25
"""Half a row of the smallest, a stacked DataBar, has as many: its wide bars often hide the other half."""

PROFILE_ROWS = 12
EDGE_SHARE_MIN = 0.15
ALONG_SHARE_MIN = 0.3
"""How much of a crop's variance its mean over the bars' length must keep: print loses most of it."""

Floats = NDArray[np.float32]
Cells: TypeAlias = tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Structure:
    """The structure tensor of each cell of a frame, (rows x columns) each."""

    xx: Floats
    yy: Floats
    xy: Floats

    fine: bool
    """Whether its cells are so small that many labels may stand in the frame."""


def bar_regions(grey: Grey, tensor: Structure, *, most: int, edges_min: int = EDGES_MIN) -> list[Region]:
    """Where bars of so many edges seem to stand in a frame with this structure, the strongest first, at most `most`."""
    candidates = _candidates(grey, tensor, COHERENCE_MIN)
    barred = islice((region for region in candidates if _alternates(region.rows(grey, PROFILE_ROWS), edges_min)), most)
    return [_bars_upright(grey, region) for region in barred]


def rowed_regions(grey: Grey, tensor: Structure) -> Iterator[Region]:
    """Where a symbol in rows (PDF417, stacked DataBar) may stand, the strongest first, to be turned by `rows_level`.

    Its bars end at every row, so that nothing is left of their mean: enough of the lines themselves must alternate.
    """
    candidates = _candidates(grey, tensor, ROWS_COHERENCE_MIN)
    return (region for region in candidates if _lines_alternate(region.rows(grey, PROFILE_ROWS)))


def rows_level(grey: Grey, region: Region) -> Region:
    """The region turned so that rows lie level in it, though the bars may then lean.

    A tilt leaves rows and bars no more at right angles, and the engine reads along rows: at 30 degrees of tilt a
    PDF417 turned by its bars lay up to 14 degrees aslant. The second turn sees less of what is no row.
    """
    region = _bars_upright(grey, region)
    for _ in range(ROW_TURNS):
        middle = replace(
            region, across_px=min(region.across_px, MIDDLE_PX_MAX), along_px=min(region.along_px, MIDDLE_PX_MAX)
        )
        region = region.turned(_row_angle(middle.crop(grey, 1.0, quiet_share=0).grey))
    return region


def structures(grey: Grey) -> list[Structure]:
    """The structure of a frame in cells that are a share of it, and of a large one also in fine cells."""
    side = max(grey.shape)
    cells = [max(CELL_PX_MIN, round(side / CELLS_MAX))] + [FINE_CELL_PX] * (side > FINE_FROM_PX)
    return [structure(grey, cell, fine=number > 0) for number, cell in enumerate(cells)]


def structure(grey: Grey, cell: int, *, fine: bool = False) -> Structure:
    """The structure of a frame (height x width, at least 3 x 3) in cells of so many pixels each way."""
    height, width = grey.shape
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
        fine=fine,
    )


def _candidates(grey: Grey, tensor: Structure, coherence_min: float) -> Iterator[Region]:
    """Regions of one direction, the strongest first."""
    height, width = grey.shape
    rows, columns = tensor.xx.shape
    cell = width / columns, height / rows
    groups = _groups(tensor, coherence_min)
    found = [region for cells in groups for region in _directions(tensor, cells, cell)]
    found.sort(key=lambda strong: -strong[0])
    return (region for _, region in found if region.across_px > ACROSS_PX_MIN)


def _groups(tensor: Structure, coherence_min: float) -> list[Cells]:
    """Connected cells (rows, columns) whose edges are strong and run one way, the largest groups first."""
    strength = tensor.xx + tensor.yy
    difference = tensor.xx - tensor.yy
    coherence = np.sqrt(difference * difference + 4 * tensor.xy * tensor.xy) / (strength + 1e-3)
    strong = float(np.partition(strength.ravel(), -max(1, strength.size // 50))[-max(1, strength.size // 50)])
    mask = coherence > coherence_min
    groups: list[Cells] = []
    for share in STRENGTH_SHARES_MIN[: None if tensor.fine else 1]:
        mask &= strength > max(STRENGTH_MIN, share * strong)
        for rows, columns in _connected(mask):
            groups.append((rows, columns))
            if _filled(rows, columns) >= FILLED_MIN:
                mask[rows, columns] = False
    groups.sort(key=lambda cells: -len(cells[0]))
    return groups


def _connected(mask: NDArray[np.bool_]) -> list[Cells]:
    """The largest connected groups of cells that are true, the largest first."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    order = [int(n) for n in np.argsort(-sizes)[: mask.size // CELLS_PER_GROUP] if sizes[n] >= GROUP_CELLS_MIN]
    groups = []
    for number in order:
        x, y, wide, high = (int(v) for v in stats[number + 1, :4])
        rows, columns = np.nonzero(labels[y : y + high, x : x + wide] == number + 1)
        groups.append((rows + y, columns + x))
    return groups


def _filled(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> float:
    """The share of the narrowest rectangle about these cells that they fill."""
    _, (wide, high), _ = cv2.minAreaRect(np.stack([columns, rows], axis=1).astype(np.int32))
    return len(rows) / ((wide + 1) * (high + 1))


def _directions(tensor: Structure, cells: Cells, cell: tuple[float, float]) -> list[tuple[float, Region]]:
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


def _bars_upright(grey: Grey, region: Region) -> Region:
    middle = replace(region, along_px=min(region.along_px, LEANING_PX_MAX))
    return region.turned(_residual_angle(middle.crop(grey, 1.0, quiet_share=0).grey))


def _residual_angle(upright: Grey) -> float:
    """How far the bars still lean. Differences of single pixels draw an angle by up to 4 degrees towards 45."""
    across = cv2.Scharr(upright, cv2.CV_32F, 1, 0)
    down = cv2.Scharr(upright, cv2.CV_32F, 0, 1)
    xx, yy = float(cv2.norm(across, cv2.NORM_L2SQR)), float(cv2.norm(down, cv2.NORM_L2SQR))
    return 0.5 * atan2(2 * float(cv2.multiply(across, down).sum()), xx - yy)


def _row_angle(upright: Grey) -> float:
    """How far the rows still lean, by the edges that are about level."""
    across = cv2.Scharr(upright, cv2.CV_32F, 1, 0)
    down = cv2.Scharr(upright, cv2.CV_32F, 0, 1)
    level = np.abs(across) < ROW_SECTOR * np.abs(down)
    x, y = across[level], down[level]
    # Edges that run along x have gradients along y, a quarter turn from it.
    return 0.5 * atan2(-2 * float(x @ y), float(y @ y) - float(x @ x))


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
