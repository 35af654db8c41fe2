"""Neighbouring cells of a frame whose edges are strong and run one way, and the rectangles that just hold them.

All groups of a frame are worked on at once: there are hundreds of them, most of a few cells only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import pi
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner_client.vision.region import Region
from scanner_client.vision.structure import Floats, Structure

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

Whole: TypeAlias = NDArray[np.intp]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cells:
    """The cells of several groups, one group after the other."""

    rows: Whole
    columns: Whole
    group: Whole
    """The group of each, from 0; none is empty."""
    groups: int


def directed_regions(tensor: Structure, coherence_min: float) -> Iterator[Region]:
    """Where edges run one way, the strongest first: labels that touch at different angles are told apart."""
    found = [strong for cells in _groups(tensor, coherence_min) for strong in _directions(tensor, cells)]
    found.sort(key=lambda strong: -strong[0])
    return (region for _, region in found)


def _groups(tensor: Structure, coherence_min: float) -> Iterator[_Cells]:
    """Connected cells whose edges are strong and run one way."""
    strength = tensor.xx + tensor.yy
    difference = tensor.xx - tensor.yy
    coherence = np.sqrt(difference * difference + 4 * tensor.xy * tensor.xy) / (strength + 1e-3)
    strongest = -max(1, strength.size // 50)
    strong = float(np.partition(strength.ravel(), strongest)[strongest])
    mask = coherence > coherence_min
    for share in STRENGTH_SHARES_MIN if tensor.fine else STRENGTH_SHARES_MIN[:1]:
        mask &= strength > max(STRENGTH_MIN, share * strong)
        cells = _connected(mask)
        yield cells
        if tensor.fine:
            filled = np.array([_filled(cells, group) for group in range(cells.groups)], bool)[cells.group]
            mask[cells.rows[filled], cells.columns[filled]] = False


def _connected(mask: Flags) -> _Cells:
    """The largest connected groups of cells that are true, the largest first."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    sizes = stats[:, cv2.CC_STAT_AREA].copy()
    sizes[0] = 0  # What is not true.
    largest = np.argsort(-sizes, kind="stable")[: mask.size // CELLS_PER_GROUP]
    largest = largest[sizes[largest] >= GROUP_CELLS_MIN]
    rank = np.full(len(sizes), -1, np.intp)
    rank[largest] = np.arange(len(largest))
    ranks = rank[labels].ravel()
    at = np.flatnonzero(ranks >= 0)
    at = at[np.argsort(ranks[at], kind="stable")]
    rows, columns = np.divmod(at, mask.shape[1])
    return _Cells(rows=rows, columns=columns, group=ranks[at], groups=len(largest))


def _filled(cells: _Cells, group: int) -> bool:
    """Whether a group is about a rectangle, at any angle."""
    own = cells.group == group
    rows, columns = cells.rows[own], cells.columns[own]
    _, (wide, high), _ = cv2.minAreaRect(np.stack([columns, rows], axis=1).astype(np.int32))
    return len(rows) >= FILLED_MIN * (wide + 1) * (high + 1)


def _directions(tensor: Structure, cells: _Cells) -> Iterator[tuple[float, Region]]:
    """The regions of each group, up to three, each with its strength."""
    xx, yy, xy = (part[cells.rows, cells.columns] for part in (tensor.xx, tensor.yy, tensor.xy))
    angles = 0.5 * np.arctan2(2 * xy, xx - yy)

    def count(chosen: Flags) -> Whole:
        return np.bincount(cells.group[chosen], minlength=cells.groups)

    def total(values: Floats, chosen: Flags) -> NDArray[np.float64]:
        return np.asarray(np.bincount(cells.group[chosen], values[chosen], cells.groups), np.float64)

    def mean_angle(chosen: Flags) -> NDArray[np.float64]:
        return np.asarray(0.5 * np.arctan2(2 * total(xy, chosen), total(xx, chosen) - total(yy, chosen)))

    left = np.ones(len(cells.group), bool)
    for _ in range(DIRECTIONS_PER_GROUP_MAX):
        sizes = count(left)
        left &= (sizes >= GROUP_CELLS_MIN)[cells.group]
        if not left.any():
            return
        near = left & _near(angles, mean_angle(left)[cells.group])
        mixed = (count(near) < ONE_DIRECTION_SHARE_MIN * sizes)[cells.group]
        if mixed.any():
            main = _main_angles(cells, angles, np.where(left, xx + yy, 0))
            near = np.where(mixed, left & _near(angles, main[cells.group]), near)
        near &= (count(near) >= GROUP_CELLS_MIN)[cells.group]
        yield from zip(
            (total(xx, near) + total(yy, near))[np.unique(cells.group[near])],
            _rectangles(cells, near, mean_angle(near), tensor.cell_px),
            strict=True,
        )
        # A group of which no direction has enough cells is done with.
        left &= ~near & (count(near) > 0)[cells.group]


def _near(angles: Floats, main: NDArray[np.float64]) -> Flags:
    return np.asarray(np.abs((angles - main + pi / 2) % pi - pi / 2) < SECTOR)


def _main_angles(cells: _Cells, angles: Floats, weights: Floats) -> NDArray[np.float64]:
    """The direction that most of each group's edges have."""
    bins = cells.group * BINS + (angles / pi * BINS).astype(np.intp) % BINS
    counts = np.bincount(bins, weights, cells.groups * BINS).reshape(-1, BINS)
    smooth = counts + np.roll(counts, 1, 1) + np.roll(counts, -1, 1)
    return np.asarray((smooth.argmax(1) + 0.5) * pi / BINS)


def _rectangles(
    cells: _Cells, chosen: Flags, angles: NDArray[np.float64], cell_px: tuple[float, float]
) -> Iterator[Region]:
    """For each group, the rectangle at its angle that just holds its chosen cells."""
    if not chosen.any():
        return
    group = cells.group[chosen]
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    c, s = np.cos(angles), np.sin(angles)
    x, y = (cells.columns[chosen] + 0.5) * cell_px[0], (cells.rows[chosen] + 0.5) * cell_px[1]
    across, along = x * c[group] + y * s[group], y * c[group] - x * s[group]
    bounds = [(np.minimum.reduceat(at, starts), np.maximum.reduceat(at, starts)) for at in (across, along)]
    (u, wide), (v, high) = (((low + high) / 2, high - low) for low, high in bounds)
    c, s = c[group[starts]], s[group[starts]]
    for n, angle in enumerate(angles[group[starts]]):
        yield Region(
            x=float(u[n] * c[n] - v[n] * s[n]),
            y=float(u[n] * s[n] + v[n] * c[n]),
            angle=float(angle),
            across_px=float(wide[n] + cell_px[0]),
            along_px=float(high[n] + cell_px[1]),
        )
