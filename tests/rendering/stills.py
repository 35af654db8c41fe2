"""Single pictures: forty labels on a pallet, and one label at a given roll and tilt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from tests.rendering.carton import Box, pile
from tests.rendering.handling import WIDTH_PX, Handling, Pose
from tests.rendering.labels import LabelSpec, Picture, draw
from tests.rendering.optics import Exposure, point_spread
from tests.rendering.painting import Painting, placed
from tests.rendering.video import Shot, taken

STILL_PX = (3264, 2448)
"""Eight megapixels, the least that a telephone takes."""

STEADY = Handling(noise=2.5, light=0.3, defocus_px=0.5)
"""Someone who stands still to take a picture."""

SINGLE_PX = 720
"""The middle of a frame, which is all that one label needs."""

SINGLE_DEFOCUS_PX = 0.6


def still(
    labels: Sequence[LabelSpec],
    seed: int,
    *,
    size: tuple[int, int] = STILL_PX,
    roll_deg: float = 3.0,
    tilt_deg: tuple[float, float] = (6.0, -5.0),
) -> tuple[Painting, Shot]:
    """One picture of a pallet with a box for each label, all of them whole in it."""
    rng = np.random.default_rng(seed)
    boxes = [Box(name=f"Carton {n}", labels=(spec,)) for n, spec in enumerate(labels)]
    painting = pile(boxes, rng, shape=size[0] / size[1])
    height, width = painting.picture.shape[:2]
    turn = np.deg2rad(roll_deg)
    wide = width * np.cos(turn) + height * abs(np.sin(turn))
    high = height * np.cos(turn) + width * abs(np.sin(turn))
    zoom = 0.94 * min(size[0] / wide, size[1] / high)
    if zoom < 1:  # A sensor's pixel sums up all that falls on it; a warp alone would skip some of it.
        painting, zoom = _shrunk(painting, zoom), 1.0
        height, width = painting.picture.shape[:2]
    pose = Pose(x=width / 2, y=height / 2, zoom=zoom, roll_deg=roll_deg, tilt_deg=tilt_deg)
    exposure = Exposure(rng, STEADY, size)
    kernel = point_spread(np.zeros(2), STEADY.defocus_px)
    return painting, taken(painting.grey, painting, exposure, pose.homography(size), kernel, STEADY, size=size)


class Single:
    """One label in the middle of a square picture, to be looked at from every side."""

    def __init__(self, spec: LabelSpec, seed: int) -> None:
        drawn = draw(spec)
        margin = 24
        paper = np.pad(drawn.picture, ((margin, margin), (margin, margin), (0, 0)), constant_values=255)
        board = cv2.copyMakeBorder(paper, 40, 40, 40, 40, cv2.BORDER_CONSTANT, value=(104, 148, 186))
        label = placed(spec, drawn, margin + 40, margin + 40)
        self._painting = Painting(picture=np.asarray(board, np.uint8), placed=(label,))
        self._grey = self._painting.grey
        self._middle = label.ink.mean(axis=0)
        self._handling = replace(STEADY, defocus_px=SINGLE_DEFOCUS_PX)
        self._kernel = point_spread(np.zeros(2), SINGLE_DEFOCUS_PX)
        self._size = (SINGLE_PX, SINGLE_PX)
        self._exposure = Exposure(np.random.default_rng(seed), self._handling, self._size)

    def seen_at(self, roll_deg: float, tilt_deg: tuple[float, float] = (0.0, 0.0)) -> Shot:
        """The picture at a roll and at tilts about the picture's own axes."""
        pose = Pose(x=self._middle[0], y=self._middle[1], zoom=1.0, roll_deg=roll_deg, tilt_deg=tilt_deg)
        homography = pose.homography(self._size, sensor_px=WIDTH_PX)
        return taken(
            self._grey, self._painting, self._exposure, homography, self._kernel, self._handling, size=self._size
        )


def _shrunk(painting: Painting, zoom: float) -> Painting:
    height, width = painting.picture.shape[:2]
    size = round(width * zoom), round(height * zoom)
    shrink = np.array([[size[0] / width, 0, 0], [0, size[1] / height, 0]])
    labels = tuple(
        replace(
            moved := label.moved(shrink),
            spec=replace(label.spec, module_px=label.spec.pitch_px * zoom),
            ink=moved.ink,
        )
        for label in painting.placed
    )
    picture: Picture = np.asarray(cv2.resize(painting.picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    return replace(painting, picture=picture, placed=labels)
