"""A surface with labels on it, as wide as a shelf, before any camera has seen it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.rendering.labels import Drawn, LabelSpec, Picture, Rect

Corners = NDArray[np.float64]
"""Four corners, 4 x 2: top left, top right, bottom right, bottom left as printed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """Where one label is in the picture of the surface."""

    spec: LabelSpec
    box: int | None
    """Numbers the boxes in the order of the pan from 0; None for a bay's sign."""

    ink: Corners
    """The symbol, in pixels of the surface."""

    quiet: Corners
    """The symbol with the white that it needs around it."""

    covered: float = 0.0
    """The share of it that a strap on the surface hides."""

    @property
    def steps(self) -> NDArray[np.float64]:
        """One module to the right and one down, as the columns of a 2 x 2 matrix in pixels of the surface."""
        sides = np.stack([self.ink[1] - self.ink[0], self.ink[3] - self.ink[0]], axis=1)
        return np.asarray(self.spec.pitch_px * sides / np.linalg.norm(sides, axis=0), np.float64)

    def moved(self, transform: NDArray[np.float64]) -> Placed:
        """The label after a 2 x 3 affine transform of the surface under it."""
        ink, quiet = (corners @ transform[:, :2].T + transform[:, 2] for corners in (self.ink, self.quiet))
        return replace(self, ink=ink, quiet=quiet)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Painting:
    """The whole surface, sharp and evenly lit."""

    picture: Picture
    """BGR."""

    placed: tuple[Placed, ...]
    film: Picture | None = None
    """How strongly each place of a shrink-wrap throws a lamp's light back, 0 to 255; None where there is none."""

    route: tuple[tuple[float, float], ...] = ()
    """Where on the surface a camera that sees all of it goes, in pixels."""

    @property
    def grey(self) -> Picture:
        """What a handheld's decoder gets of it."""
        return np.asarray(cv2.cvtColor(self.picture, cv2.COLOR_BGR2GRAY), np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """A part of a surface with the labels on it, in the part's own pixels."""

    picture: Picture
    placed: tuple[Placed, ...] = ()

    def put(self, ground: Picture, x: int, y: int) -> tuple[Placed, ...]:
        """Draw it on a ground that holds it; its labels come back in the ground's pixels."""
        height, width = self.picture.shape[:2]
        ground[y : y + height, x : x + width] = self.picture
        return self.labels_at(x, y)

    def labels_at(self, x: float, y: float) -> tuple[Placed, ...]:
        """The labels once the piece has been laid with its corner at (x, y)."""
        shift = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
        return tuple(label.moved(shift) for label in self.placed)


def placed(spec: LabelSpec, drawn: Drawn, x: int, y: int) -> Placed:
    """A label whose paper has its corner at (x, y)."""
    corner = np.array([x, y])
    return Placed(spec=spec, box=None, ink=corners(drawn.ink) + corner, quiet=corners(drawn.quiet) + corner)


def numbered(labels: tuple[Placed, ...], box: int) -> tuple[Placed, ...]:
    """The labels of one box."""
    return tuple(replace(label, box=box) for label in labels)


def corners(rect: Rect) -> Corners:
    x, y, width, height = rect
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float64)


def turned(piece: Piece, degrees: float) -> Piece:
    """A piece turned about its middle, on a ground of its own edge's colour that is large enough for it."""
    height, width = piece.picture.shape[:2]
    transform = np.array(cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0), np.float64)
    outline = corners((0, 0, width, height)) @ transform[:, :2].T + transform[:, 2]
    low, high = np.floor(outline.min(axis=0)), np.ceil(outline.max(axis=0))
    transform[:, 2] -= low
    size = int(high[0] - low[0]), int(high[1] - low[1])
    # Half a pixel: corners lie between pixels, a warp counts from their middles.
    about_middles = transform.copy()
    about_middles[:, 2] += transform[:, :2] @ (0.5, 0.5) - 0.5
    picture = cv2.warpAffine(piece.picture, about_middles, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return Piece(
        picture=np.asarray(picture, np.uint8),
        placed=tuple(label.moved(transform) for label in piece.placed),
    )
