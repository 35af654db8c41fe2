"""A grey picture that grows where pieces of it come in: what one stretch of a pan has shown so far."""

from __future__ import annotations

from typing import Final

import numpy as np

from scanner_client.vision.frame import Grey
from scanner_client.vision.reading import Quad
from scanner_client.vision.shrink import shrunk

SIDE_MAX_PX: Final = 2_560
"""A pan that goes on farther is continued on another sheet: a longer strip could not be looked at on any screen."""
GROWTH_PX: Final = 640
"""Room that is made beyond what is needed, so that most pieces are pasted without copying the sheet."""
EMPTY: Final = 32
"""The grey of what no frame has shown."""


class Sheet:
    """Pieces of frames side by side. Its coordinates are pixels of the sheet, from its first piece's left upper corner.

    Args:
        scale: pixels of the sheet for one pixel of a frame, at most 1.
        side_max_px: how wide and how high it may get.
    """

    def __init__(self, scale: float, side_max_px: int = SIDE_MAX_PX) -> None:
        self.scale = scale
        self._side_max_px = side_max_px
        self._grey: Grey = np.zeros((0, 0), np.uint8)
        self._at = (0, 0)
        """Where the array's left upper corner lies."""
        self._used = (0, 0, 0, 0)
        """Left, top, right, bottom of what pieces cover."""

    @property
    def pixels(self) -> int:
        """How many bytes it takes."""
        return int(self._grey.size)

    @property
    def origin(self) -> tuple[int, int]:
        """Where the left upper corner of `picture` lies."""
        return self._used[0], self._used[1]

    def picture(self) -> Grey:
        """What has been pasted so far, height x width; a view, not a copy."""
        left, top, right, bottom = self._used
        x, y = self._at
        return self._grey[top - y : bottom - y, left - x : right - x]

    def paste(self, piece: Grey, x: float, y: float) -> bool:
        """Lay a piece of a frame over what is there; whether the sheet was large enough to take it.

        Args:
            piece: pixels of the frame, height x width.
            x, y: where its left upper corner goes, in pixels of frames from the first piece's corner.
        """
        small = shrunk(piece, self.scale)
        height, width = small.shape
        left, top = round(x * self.scale), round(y * self.scale)
        rect = (left, top, left + width, top + height)
        used = rect if not self.pixels else _around(self._used, rect)
        if used[2] - used[0] > self._side_max_px or used[3] - used[1] > self._side_max_px:
            return False
        self._make_room(used)
        at_x, at_y = left - self._at[0], top - self._at[1]
        self._grey[at_y : at_y + height, at_x : at_x + width] = small
        self._used = used
        return True

    def _make_room(self, used: tuple[int, int, int, int]) -> None:
        """Grow the array until it holds this rectangle."""
        x, y = self._at
        height, width = self._grey.shape
        if self.pixels and used[0] >= x and used[1] >= y and used[2] <= x + width and used[3] <= y + height:
            return
        spare_x = GROWTH_PX if self.pixels and (used[0] < x or used[2] > x + width) else 0
        spare_y = GROWTH_PX if self.pixels and (used[1] < y or used[3] > y + height) else 0
        left = used[0] - (spare_x if used[0] < x else 0)
        top = used[1] - (spare_y if used[1] < y else 0)
        right = used[2] + (spare_x if used[2] > x + width else 0)
        bottom = used[3] + (spare_y if used[3] > y + height else 0)
        grown = np.full((bottom - top, right - left), EMPTY, np.uint8)
        if self.pixels:
            old = self.picture()
            at_x, at_y = self._used[0] - left, self._used[1] - top
            grown[at_y : at_y + old.shape[0], at_x : at_x + old.shape[1]] = old
        self._grey, self._at = grown, (left, top)

    def placed(self, quad: Quad, x: float, y: float) -> Quad:
        """A quad of a frame in the sheet's coordinates; `x`, `y` as in `paste`."""
        a, b, c, d = (((px + x) * self.scale, (py + y) * self.scale) for px, py in quad)
        return a, b, c, d


def _around(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])
