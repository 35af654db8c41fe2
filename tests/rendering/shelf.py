"""A shelf as one wide picture: bays with their signs, cartons and retail boxes with labels on them."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.rendering.labels import LabelSpec, Picture, Rect, blank, label, width_of, write

HEIGHT_PX = 720
FLOOR_PX = 600
"""Where the boxes stand: the upper edge of the beam."""

END_PX = 560
"""Empty shelf at both ends; the camera starts where the first bay's sign is just in view."""

BOX_MARGIN_PX = 62
STICKER_PAD_PX = 14
KRAFT, WHITE_BOX, DARK_BOX = (104, 148, 186), (226, 230, 232), (58, 50, 46)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One carton or retail box with the labels on its face."""

    name: str
    labels: tuple[LabelSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bay:
    """One bin: its sign, then its boxes from left to right."""

    location: LabelSpec | None
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What a camera pans along."""

    bays: tuple[Bay, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """Where one label is in the picture of the shelf."""

    spec: LabelSpec
    box: int | None
    """Numbers the boxes from left to right from 0; None for a bay's sign."""

    rect: Rect
    """The symbol: x, y, width, height in pixels of the shelf."""

    module_px: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Painting:
    picture: Picture
    placed: tuple[Placed, ...]


def paint(shelf: Shelf, rng: np.random.Generator) -> Painting:
    """The whole shelf, its labels upright and sharp."""
    placed: list[Placed] = []
    pieces: list[Picture] = [_empty(END_PX, rng)]
    for bay in shelf.bays:
        if bay.location is not None:
            _add(pieces, placed, _sign(bay.location, rng), None)
        for box in bay.boxes:
            number = len({p.box for p in placed if p.box is not None})
            _add(pieces, placed, _standing(box, rng), number)
    pieces.append(_empty(END_PX, rng))
    picture = np.concatenate(pieces, axis=1)
    _draw_beam(picture, rng)
    return Painting(picture=picture, placed=tuple(placed))


Piece = tuple[Picture, list[tuple[LabelSpec, Rect]]]


def _add(pieces: list[Picture], placed: list[Placed], piece: Piece, box: int | None) -> None:
    left = sum(part.shape[1] for part in pieces)
    for spec, (x, y, width, height) in piece[1]:
        module_px = 4.0 if spec.kind.is_matrix else 2.0
        placed.append(Placed(spec=spec, box=box, rect=(left + x, y, width, height), module_px=module_px))
    pieces.append(piece[0])


def _empty(width: int, rng: np.random.Generator) -> Picture:
    """The gloom at the back of a shelf."""
    fall = np.linspace(46, 22, HEIGHT_PX)[:, None, None] + rng.normal(0, 1.5, (HEIGHT_PX, width, 1))
    return _pixels(fall * np.array([1.0, 0.97, 0.92]))


def _sign(spec: LabelSpec, rng: np.random.Generator) -> Piece:
    """A yellow plate on the upright of a bay: its name large, its label under it."""
    sticker, rect = label(spec)
    height, width = sticker.shape[0] + 92, sticker.shape[1] + 36
    plate = blank(height, width, (70, 200, 245))
    write(plate, spec.text, (18, 52), 40, weight=700)
    plate[74 : 74 + sticker.shape[0], 18 : 18 + sticker.shape[1]] = sticker
    ground = _empty(width + 2 * BOX_MARGIN_PX, rng)
    middle = ground.shape[1] // 2
    ground[:, middle - 70 : middle + 70] = _upright(rng)
    _shadow(ground, (BOX_MARGIN_PX, 200, width, height))
    ground[200 : 200 + height, BOX_MARGIN_PX : BOX_MARGIN_PX + width] = plate
    return ground, [(spec, (rect[0] + BOX_MARGIN_PX + 18, rect[1] + 274, rect[2], rect[3]))]


def _upright(rng: np.random.Generator) -> Picture:
    """Painted steel with its row of holes."""
    steel = blank(HEIGHT_PX, 140, (138, 82, 38))
    shade = np.concatenate([np.linspace(0.6, 1.1, 70), np.linspace(1.1, 0.7, 70)])
    steel = _pixels(steel * shade[None, :, None] + rng.normal(0, 2, (HEIGHT_PX, 140, 1)))
    for y in range(20, HEIGHT_PX, 48):
        cv2.rectangle(steel, (62, y), (78, y + 22), (24, 22, 20), -1)
    return steel


def _standing(box: Box, rng: np.random.Generator) -> Piece:
    """A box on the shelf with the wall behind it."""
    # The same product comes in the same box, whatever the seed.
    face, found = _face(box, np.random.default_rng(crc32(box.name.encode())))
    height, width = face.shape[:2]
    left, top = int(rng.integers(4, 14)), FLOOR_PX - height
    ground = _empty(width + left + int(rng.integers(4, 14)), rng)
    _shadow(ground, (left, top, width, height))
    ground[top:FLOOR_PX, left : left + width] = face
    return ground, [(spec, (x + left, y + top, w, h)) for spec, (x, y, w, h) in found]


def _face(box: Box, rng: np.random.Generator) -> tuple[Picture, list[tuple[LabelSpec, Rect]]]:
    """The front of a box: material, tape or edge, the product's name, the sticker with its labels."""
    sticker, found = _sticker(box.labels)
    colour = (KRAFT, WHITE_BOX, DARK_BOX)[int(rng.integers(0, 3))]
    width = max(sticker.shape[1], width_of(box.name, 30, 700)) + 2 * BOX_MARGIN_PX
    head = int(rng.integers(84, 130))
    height = head + sticker.shape[0] + int(rng.integers(30, 70))
    if height > FLOOR_PX:
        raise ValueError(f"{len(box.labels)} labels do not fit on one face of {box.name!r}.")
    face = _cardboard(height, width, colour, rng)
    ink = (225, 225, 225) if colour == DARK_BOX else (52, 60, 74)
    write(face, box.name, (BOX_MARGIN_PX, head - 28), 30, weight=700, colour=ink)
    x, y = (width - sticker.shape[1]) // 2, head
    face[y : y + sticker.shape[0], x : x + sticker.shape[1]] = sticker
    return face, [(spec, (rx + x, ry + y, w, h)) for spec, (rx, ry, w, h) in found]


def _cardboard(height: int, width: int, colour: tuple[int, int, int], rng: np.random.Generator) -> Picture:
    """Material with fibres, flutes that shine through, worn edges, and tape on the brown ones."""
    fibres = cv2.GaussianBlur(rng.normal(0, 9, (height, width)), (0, 0), 1.4, sigmaY=0.7)
    clouds = cv2.resize(rng.normal(0, 5, (height // 40 + 2, width // 40 + 2)), (width, height))
    flutes = 1.2 * np.sin(np.arange(width) * 0.9)[None, :]
    grain = (fibres + clouds + flutes) if colour == KRAFT else clouds * 0.5
    wear = 1 - 0.28 * np.exp(-_from_edge(height, width) / 5.0)
    face = np.array(colour, np.float64) * wear[..., None] + grain[..., None]
    if colour == KRAFT:
        middle = width // 2
        face[:70, middle - 34 : middle + 34] = face[:70, middle - 34 : middle + 34] * 0.92 + np.array([10, 14, 18])
    return _pixels(face)


def _from_edge(height: int, width: int) -> NDArray[np.float64]:
    """Each pixel's distance from the nearest edge."""
    x, y = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)
    return np.minimum(np.minimum(x, x[::-1])[None, :], np.minimum(y, y[::-1])[:, None])


def _sticker(labels: tuple[LabelSpec, ...]) -> tuple[Picture, list[tuple[LabelSpec, Rect]]]:
    """Labels one below the other on white paper."""
    drawn = [(spec, *label(spec)) for spec in labels]
    width = max(picture.shape[1] for _, picture, _ in drawn) + 2 * STICKER_PAD_PX
    height = sum(picture.shape[0] + 8 for _, picture, _ in drawn) + 2 * STICKER_PAD_PX - 8
    paper = blank(height, width, (250, 251, 252))
    found: list[tuple[LabelSpec, Rect]] = []
    top = STICKER_PAD_PX
    for spec, picture, (x, y, w, h) in drawn:
        left = STICKER_PAD_PX
        paper[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
        found.append((spec, (x + left, y + top, w, h)))
        top += picture.shape[0] + 8
    cv2.rectangle(paper, (0, 0), (width - 1, height - 1), (205, 208, 210), 1)
    return paper, found


def _shadow(ground: Picture, rect: Rect) -> None:
    x, y, width, height = rect
    dark = np.zeros(ground.shape[:2], np.float32)
    cv2.rectangle(dark, (x - 4, y - 2), (x + width + 10, y + height + 8), 1.0, -1)
    soft = cv2.GaussianBlur(dark, (0, 0), 9)
    ground[:] = (ground * (1 - 0.6 * soft[..., None])).astype(np.uint8)


def _draw_beam(picture: Picture, rng: np.random.Generator) -> None:
    """The steel beam that carries the boxes, orange and scratched."""
    height, width = HEIGHT_PX - FLOOR_PX, picture.shape[1]
    profile = np.interp(np.arange(height), [0, 6, 14, 60, 104, 119], [1.35, 1.1, 0.95, 0.85, 1.0, 0.45])
    beam = np.array([38, 98, 214]) * profile[:, None, None] + rng.normal(0, 2.5, (height, width, 1))
    picture[FLOOR_PX:] = _pixels(beam)
    for _ in range(width // 90):
        x, y = int(rng.integers(0, width)), int(rng.integers(FLOOR_PX + 8, HEIGHT_PX - 10))
        cv2.line(
            picture,
            (x, y),
            (x + int(rng.integers(8, 70)), y + int(rng.integers(-3, 4))),
            (96, 120, 160),
            1,
            cv2.LINE_AA,
        )


def _pixels(values: NDArray[np.floating]) -> Picture:
    return np.asarray(np.clip(values, 0, 255), np.uint8)
