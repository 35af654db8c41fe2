"""A shelf as one wide picture: bays with their signs, cartons and retail boxes with labels on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.rendering.carton import Box, face
from tests.rendering.labels import LabelSpec, blank, draw, write
from tests.rendering.materials import beam, cast_shadow, gloom, upright
from tests.rendering.painting import Painting, Piece, Placed, numbered, placed

HEIGHT_PX = 720
FLOOR_PX = 600
"""Where the boxes stand: the upper edge of the beam."""

END_PX = 560
"""Empty shelf at both ends; the camera starts where the first bay's sign is just in view."""

EYE_PX = 0.58 * FLOOR_PX
"""The height at which a hand pans along it."""

SIGN_MARGIN_PX = 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Bay:
    """One bin: its sign, then its boxes from left to right."""

    location: LabelSpec | None
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What a camera pans along."""

    bays: tuple[Bay, ...]


def paint(shelf: Shelf, rng: np.random.Generator) -> Painting:
    """The whole shelf, its labels upright and sharp."""
    pieces = [Piece(picture=gloom(HEIGHT_PX, END_PX, rng))]
    boxes = 0
    for bay in shelf.bays:
        if bay.location is not None:
            pieces.append(_sign(bay.location, rng))
        for box in bay.boxes:
            standing = _standing(box, rng)
            pieces.append(Piece(picture=standing.picture, placed=numbered(standing.placed, boxes)))
            boxes += 1
    pieces.append(Piece(picture=gloom(HEIGHT_PX, END_PX, rng)))
    found: list[Placed] = []
    left = 0
    for piece in pieces:
        found += piece.labels_at(left, 0)
        left += piece.picture.shape[1]
    picture = np.concatenate([piece.picture for piece in pieces], axis=1)
    picture[FLOOR_PX:] = beam(HEIGHT_PX - FLOOR_PX, left, rng)
    return Painting(picture=picture, placed=tuple(found), route=((0.0, EYE_PX), (float(left), EYE_PX)))


def _sign(spec: LabelSpec, rng: np.random.Generator) -> Piece:
    """A yellow plate on the upright of a bay: its name large, its label under it."""
    drawn = draw(spec)
    height, width = drawn.picture.shape[0] + 92, drawn.picture.shape[1] + 36
    plate = blank(height, width, (70, 200, 245))
    write(plate, spec.text, (18, 52), 40, weight=700)
    plate[74 : 74 + drawn.picture.shape[0], 18 : 18 + drawn.picture.shape[1]] = drawn.picture
    ground = gloom(HEIGHT_PX, width + 2 * SIGN_MARGIN_PX, rng)
    middle = ground.shape[1] // 2
    ground[:, middle - 70 : middle + 70] = upright(HEIGHT_PX, rng)
    cast_shadow(ground, (SIGN_MARGIN_PX, 200, width, height))
    return Piece(
        placed=Piece(picture=plate, placed=(placed(spec, drawn, 18, 74),)).put(ground, SIGN_MARGIN_PX, 200),
        picture=ground,
    )


def _standing(box: Box, rng: np.random.Generator) -> Piece:
    """A box on the shelf with the wall behind it."""
    front = face(box)
    height, width = front.picture.shape[:2]
    left, top = int(rng.integers(4, 14)), FLOOR_PX - height
    ground = gloom(HEIGHT_PX, width + left + int(rng.integers(4, 14)), rng)
    cast_shadow(ground, (left, top, width, height))
    return Piece(placed=front.put(ground, left, top), picture=ground)
