"""A part of a frame that seems to hold one symbol, and the same part cut out and turned upright."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import atan2, cos, hypot, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner_client.vision.frame import Grey
from scanner_client.vision.reading import Point, Quad, area, centre, overlap

QUIET_SHARE = 0.12
"""What is added at either end of the bars, as a share of their length: EAN asks for 11 modules beside 95
(GS1 General Specifications, section 5.2.3.4)."""

QUIET_PX = 24
"""And in pixels, since a region is only found to one cell of the search."""

CROP_SIDE_PX_MAX = 2400
"""A crop is never larger, whatever was asked for: it must cost less than the frame did."""

HELD_SHARE_MIN = 0.2
"""A reading of which this share of the area lies in a region was read from it."""


_SMOOTH = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_SHARP = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
"""Enlarged twice linearly the engine read 45 of 68 upright symbols of 1.8 pixels a module, by cubic splines 60."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crop:
    """An upright part of a frame."""

    grey: Grey
    to_frame: NDArray[np.float64]
    """The affine map (2 x 3) from the crop's pixels to the frame's."""

    def in_frame(self, quad: Quad) -> Quad:
        """Where a place of the crop is in the frame."""
        a, b, c, d = (self._point(p) for p in quad)
        return a, b, c, d

    def _point(self, p: Point) -> Point:
        x, y = self.to_frame @ (p[0], p[1], 1.0)
        return float(x), float(y)


@dataclass(frozen=True, kw_only=True)
class Region:
    """A rectangle in a frame, at any angle."""

    x: float
    y: float
    """Its middle, in pixels of the frame."""

    angle: float
    """Across the bars, in radians clockwise from the frame's x axis."""

    across_px: float
    along_px: float

    @classmethod
    def of_quad(cls, quad: Quad, *, along_px_min: float = 0.0) -> Region:
        """The rectangle of a symbol that was read; a linear one's may be as thin as one scan line."""
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad
        across = (bx + cx - ax - dx) / 2, (by + cy - ay - dy) / 2
        along = hypot((dx + cx - ax - bx) / 2, (dy + cy - ay - by) / 2)
        x, y = centre(quad)
        return cls(
            x=x, y=y, angle=atan2(across[1], across[0]), across_px=hypot(*across), along_px=max(along, along_px_min)
        )

    @cached_property
    def quad(self) -> Quad:
        """Its corners, in pixels of the frame."""
        u, v = self.across_px / 2, self.along_px / 2
        return self._at(-u, -v), self._at(u, -v), self._at(u, v), self._at(-u, v)

    def turned(self, by: float) -> Region:
        """The same part of the frame, its bars found to lean by so many radians more."""
        return replace(self, angle=self.angle + by)

    def holds(self, quad: Quad) -> bool:
        """Whether a symbol that was read stands here."""
        x, y = centre(quad)
        across = (x - self.x) * cos(self.angle) + (y - self.y) * sin(self.angle)
        along = (y - self.y) * cos(self.angle) - (x - self.x) * sin(self.angle)
        if abs(across) < 0.55 * self.across_px and abs(along) < 0.6 * self.along_px:
            return True
        return overlap(self.quad, quad) > HELD_SHARE_MIN * max(area(quad), 1.0)

    def crop(
        self,
        grey: Grey,
        scale: float,
        *,
        quiet_share: float = QUIET_SHARE,
        along_share: float = 1.0,
        lines_max: int | None = None,
    ) -> Crop:
        """Cut it out so that the bars stand upright, `scale` pixels for one of the frame.

        Args:
            grey: the frame, height x width.
            scale: made smaller where the crop would be too large.
            quiet_share: the margin at either end, as a share of the width; 0 for none at all.
            along_share: the share of the bars' length to take, about the middle.
            lines_max: where given, the bars' length is not enlarged, and made smaller until it has so few lines.
        """
        wide = self.across_px * (1 + 2 * quiet_share) + (2 * QUIET_PX if quiet_share else 0)
        high = max(8.0, self.along_px * along_share)
        scale = min(scale, CROP_SIDE_PX_MAX / max(wide, high))
        along = min(scale, lines_max / high, 1.0) if lines_max else scale
        size = max(8, int(wide * scale)), max(8, int(high * along))
        to_frame = self._to_frame(size, 1 / scale, 1 / along)
        way = _SHARP if scale > 1 else _SMOOTH
        upright = cv2.warpAffine(grey, to_frame, size, flags=way, borderMode=cv2.BORDER_REPLICATE)
        return Crop(grey=np.asarray(upright, np.uint8), to_frame=to_frame)

    def rows(self, grey: Grey, count: int) -> Grey:
        """So many lines across the bars (count x width), spread over the middle half of their length."""
        size = max(8, int(min(self.across_px, CROP_SIDE_PX_MAX))), count
        to_frame = self._to_frame(size, self.across_px / size[0], self.along_px / 2 / count)
        return np.asarray(
            cv2.warpAffine(grey, to_frame, size, flags=_SMOOTH, borderMode=cv2.BORDER_REPLICATE), np.uint8
        )

    def _to_frame(self, size: tuple[int, int], across: float, along: float) -> NDArray[np.float64]:
        """The map from a crop of so many pixels, each of which covers `across` x `along` pixels of the frame."""
        c, s = cos(self.angle), sin(self.angle)
        u, v = size[0] / 2 * across, size[1] / 2 * along
        return np.array(
            [[c * across, -s * along, self.x - u * c + v * s], [s * across, c * along, self.y - u * s - v * c]]
        )

    def _at(self, across: float, along: float) -> Point:
        c, s = cos(self.angle), sin(self.angle)
        return self.x + across * c - along * s, self.y + across * s + along * c
