"""Cartons and retail boxes with their stickers, and the open carton or pallet in which they stand in rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from zlib import crc32

import cv2
import numpy as np

from tests.rendering.labels import LabelSpec, blank, draw, width_of, write
from tests.rendering.materials import DARK_BOX, KRAFT, WHITE_BOX, cardboard, cast_shadow, gloom
from tests.rendering.painting import Painting, Piece, Placed, numbered, placed, turned

BOX_MARGIN_PX = 62
STICKER_PAD_PX = 14
FACE_HEIGHT_MAX_PX = 600
CROOKED_DEG = 2.5
"""Stickers are put on by hand."""

AROUND_PX, GAP_PX = 60, 10
TURN_PX = 400
"""How far from the edge of a pile a pan turns into the next row: nobody films the floor."""

BOXES_MAX = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One carton or retail box with the labels on its face."""

    name: str
    labels: tuple[LabelSpec, ...]


def face(box: Box) -> Piece:
    """The front of a box: material, tape or edge, the product's name, the sticker with its labels.

    The same product comes in the same box, whatever the seed. Raises ValueError for more labels than it holds.
    """
    rng = np.random.default_rng(crc32(box.name.encode()))
    paper = sticker(box.labels)
    colour = (KRAFT, WHITE_BOX, DARK_BOX)[int(rng.integers(0, 3))]
    width = max(paper.picture.shape[1], width_of(box.name, 30, 700)) + 2 * BOX_MARGIN_PX
    head = int(rng.integers(84, 130))
    height = head + paper.picture.shape[0] + int(rng.integers(30, 70))
    if height > FACE_HEIGHT_MAX_PX:
        raise ValueError(f"{len(box.labels)} labels do not fit on one face of {box.name!r}.")
    board = cardboard(height, width, colour, rng)
    ink = (225, 225, 225) if colour == DARK_BOX else (52, 60, 74)
    write(board, box.name, (BOX_MARGIN_PX, head - 28), 30, weight=700, colour=ink)
    return Piece(picture=board, placed=paper.put(board, (width - paper.picture.shape[1]) // 2, head))


def sticker(labels: tuple[LabelSpec, ...]) -> Piece:
    """Labels one below the other on white paper."""
    drawn = [(spec, draw(spec)) for spec in labels]
    width = max(one.picture.shape[1] for _, one in drawn) + 2 * STICKER_PAD_PX
    height = sum(one.picture.shape[0] + 8 for _, one in drawn) + 2 * STICKER_PAD_PX - 8
    paper = blank(height, width, (250, 251, 252))
    found: list[Placed] = []
    top = STICKER_PAD_PX
    for spec, one in drawn:
        paper[top : top + one.picture.shape[0], STICKER_PAD_PX : STICKER_PAD_PX + one.picture.shape[1]] = one.picture
        found.append(placed(spec, one, STICKER_PAD_PX, top))
        top += one.picture.shape[0] + 8
    cv2.rectangle(paper, (0, 0), (width - 1, height - 1), (205, 208, 210), 1)
    return Piece(picture=paper, placed=tuple(found))


def pile(boxes: Sequence[Box], rng: np.random.Generator, *, shape: float) -> Painting:
    """Boxes in rows as a look into an open carton or at a pallet shows them, some of them lying on a side.

    `shape` is about how many times as wide as high the pile is. Raises ValueError for too many boxes, or none.
    """
    if not 1 <= len(boxes) <= BOXES_MAX:
        raise ValueError(f"{len(boxes)} boxes make no pile; 1 to {BOXES_MAX} do.")
    faces = [_lying(box, rng) for box in boxes]
    rows = _rows(faces, shape)
    width, height = _size(rows)
    ground = gloom(height, width, rng)
    found: list[Placed] = []
    route: list[tuple[float, float]] = []
    top = AROUND_PX
    box = count()
    for number, row in enumerate(rows):
        tall = max(one.picture.shape[0] for one in row)
        left, y = AROUND_PX, top + tall / 2
        for one in row:
            cast_shadow(_part(ground, left, top, one), (12, 12, one.picture.shape[1], one.picture.shape[0]))
            found += numbered(one.put(ground, left, top), next(box))
            left += one.picture.shape[1] + GAP_PX
        # A hand goes back along the next row rather than returning to its beginning.
        inset = min(TURN_PX, width / 2 - 1)
        ends = [(inset, y), (width - inset, y)]
        route += ends if number % 2 == 0 else ends[::-1]
        top += tall + GAP_PX
    return Painting(picture=ground, placed=tuple(found), route=tuple(route))


def _rows(faces: Sequence[Piece], shape: float) -> list[list[Piece]]:
    """The boxes in rows whose width gives the pile that is largest in a picture of that shape."""
    widest = sum(one.picture.shape[1] + GAP_PX for one in faces)
    ways = [_filled(faces, widest / rows) for rows in range(1, len(faces) + 1)]
    return min(ways, key=lambda rows: max(_size(rows)[0] / shape, _size(rows)[1]))


def _filled(faces: Sequence[Piece], full_px: float) -> list[list[Piece]]:
    """The boxes in their order, a new row whenever one is full."""
    rows: list[list[Piece]] = [[]]
    width = 0
    for one in faces:
        if rows[-1] and width + one.picture.shape[1] > full_px:
            rows.append([])
            width = 0
        rows[-1].append(one)
        width += one.picture.shape[1] + GAP_PX
    return rows


def _size(rows: Sequence[Sequence[Piece]]) -> tuple[int, int]:
    """How wide and how high a pile of rows is, in pixels."""
    width = max(sum(one.picture.shape[1] + GAP_PX for one in row) for row in rows)
    height = sum(max(one.picture.shape[0] for one in row) + GAP_PX for row in rows)
    return width + 2 * AROUND_PX, height + 2 * AROUND_PX


def _lying(box: Box, rng: np.random.Generator) -> Piece:
    crooked = turned(_plain_face(box, rng), float(rng.uniform(-CROOKED_DEG, CROOKED_DEG)))
    quarter = int(rng.choice([0, 0, 0, 0, 90, 180, 270]))
    return turned(crooked, quarter) if quarter else crooked


def _plain_face(box: Box, rng: np.random.Generator) -> Piece:
    """The top of a small box: little more than its sticker."""
    paper = sticker(box.labels)
    height, width = paper.picture.shape[0] + 44, paper.picture.shape[1] + 44
    board = cardboard(height, width, (KRAFT, WHITE_BOX, DARK_BOX)[int(rng.integers(0, 3))], rng)
    return Piece(picture=board, placed=paper.put(board, 22, 22))


def _part(ground: np.ndarray, left: int, top: int, piece: Piece) -> np.ndarray:
    """The ground under a piece and a little about it."""
    height, width = piece.picture.shape[:2]
    return ground[top - 12 : top + height + 20, left - 12 : left + width + 20]
