"""How the scene moves and turns before a camera, from one frame to the next."""

from __future__ import annotations

from math import cos, dist, sin

import cv2
import numpy as np
from cv2.typing import MatLike

from scanner_client.vision.frame import Grey
from scanner_client.vision.reading import Point
from scanner_client.vision.shrink import shrunk

SHIFT_WIDTH = 320
SHIFT_SIDE_MIN = 8
"""Shrunken frames that are lower have nothing to compare."""

RESPONSE_MIN = 0.25
"""The share of the correlation that lies in its peak, from which the peak is believed. In nine rendered films (1341
frames: shaken, dark, hunting for focus) 40 frames had less than 0.15, and 38 of them were off by more than 20 pixels;
all others had 0.4 or more, and none was off by more than 6. Uniform frames and noise have 0 to 0.04."""

TURN_MIN = 0.005
"""Slower turns than 8 degrees a second, in radians a frame, are a wrist that wavers back and forth; the labels make up
for them."""

TURN_MAX = 0.1
TURN_BEGINS = 1.1
"""Turned back, the frame must have so many times as much in common with the last one before a turn is believed."""

ELSEWHERE_FRAMES = 5
"""So many frames that follow each other but not what was there before, and the camera shows another scene."""


class Way:
    """The way of a camera over its scene, from frame to frame.

    A frame that cannot be compared (dark, blurred, covered by a hand) is taken to show the scene where it was. The next
    frames are compared with the last good one, so that nothing is lost once it is seen again.
    """

    def __init__(self) -> None:
        self.turn = 0.0
        """How far the scene turned with the last shift, in radians clockwise."""

        self._known: MatLike | None = None
        """The last frame of which the place is known."""
        self._before: MatLike | None = None
        self._frames = 0
        """How many frames ago that was."""
        self._turn_per_frame = 0.0
        self._elsewhere = 0
        """How many frames in a row follow each other and not the one that is known."""

    def shift(self, grey: Grey) -> Point | None:
        """How far the scene moved in pixels of the frame; None at the beginning, and where the camera shows another."""
        now, width = _shrunk(grey), grey.shape[1]
        before, self._before = self._before, now
        self._frames += 1
        found = self._step(now, width)
        if found is None and self._known is not None and not self._is_elsewhere(before, now, width):
            self.turn = 0.0
            return 0.0, 0.0
        shift, self.turn = found or (None, 0.0)
        self._turn_per_frame = self.turn / self._frames
        self._known, self._frames, self._elsewhere = now, 0, 0
        return shift

    def _step(self, now: MatLike, width: int) -> tuple[Point, float] | None:
        """The shift and the turn since the frame that is known; None where the two have too little in common."""
        # A wrist that turns goes on turning. Turned back by as much, the frame has more in common with the last one.
        turn = self._turn_per_frame * self._frames
        level = _turned(now, -turn) if turn else now
        found = _shift(self._known, level, width)
        if found is None or self._known is None:
            return None
        more = _turn(self._known, level)
        if turn or abs(more) > TURN_MIN * self._frames:
            again = _shift(self._known, _turned(now, -turn - more), width)
            better = again is not None and again[1] > (found[1] if turn else TURN_BEGINS * found[1])
            if again and better and (turn or _quarters_turn(self._known, now, found[0], (again[0], more), width)):
                found, turn = again, turn + more
        if abs(turn) < TURN_MIN * self._frames:
            return found[0], 0.0
        return _turned_point(found[0], turn), turn

    def _is_elsewhere(self, before: MatLike | None, now: MatLike, width: int) -> bool:
        self._elsewhere = self._elsewhere + 1 if _shift(before, now, width) is not None else 0
        return self._elsewhere >= ELSEWHERE_FRAMES


def _shrunk(grey: Grey) -> MatLike:
    """A frame to compare, less its mean: else an overexposed one is a picture of the window and follows itself."""
    small = shrunk(grey, min(1.0, SHIFT_WIDTH / grey.shape[1])).astype(np.float32)
    return np.asarray(small - small.mean())


def _shift(previous: MatLike | None, current: MatLike, width: int) -> tuple[Point, float] | None:
    """How far the scene moved between two shrunken frames, in pixels of the full ones, and how sure that is.

    By phase correlation. None where the two have too little in common to say, or are too small. In the dark a sensor's
    noise outvotes what is seen; at half the size it is half as strong.
    """
    if previous is None or previous.shape != current.shape:
        return None
    found = _correlated(previous, current, width)
    return found or _correlated(_halved(previous), _halved(current), width)


def _correlated(previous: MatLike, current: MatLike, width: int) -> tuple[Point, float] | None:
    if min(current.shape) < SHIFT_SIDE_MIN:
        return None
    window = cv2.createHanningWindow((current.shape[1], current.shape[0]), cv2.CV_32F)
    # Copies: where no side has to be padded, OpenCV lays the window over the very arrays that it is given.
    (dx, dy), response = cv2.phaseCorrelate(previous.copy(), current.copy(), window)
    # Written so that a response that is no number counts as none.
    scale = width / current.shape[1]
    return ((dx * scale, dy * scale), response) if response >= RESPONSE_MIN else None


def _halved(picture: MatLike) -> MatLike:
    size = max(1, picture.shape[1] // 2), max(1, picture.shape[0] // 2)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _turn(previous: MatLike, current: MatLike) -> float:
    """How far the scene turned between two shrunken frames, in radians clockwise; 0 where that is not sure.

    A turn about the middle moves the right half down as far as it moves the left half up.
    """
    half = current.shape[1] // 2
    left, right = (_shift(previous[:, part], current[:, part], half) for part in (slice(half), slice(-half, None)))
    if left is None or right is None:
        return 0.0
    turn = (right[0][1] - left[0][1]) / (current.shape[1] - half)
    return turn if abs(turn) < TURN_MAX else 0.0


def _quarters_turn(previous: MatLike, current: MatLike, level: Point, turned: tuple[Point, float], width: int) -> bool:
    """Whether more quarters of a frame move as if it had shifted and turned than as if it had only shifted.

    A hand that comes into view moves one half of the frame otherwise than the other, too.
    """
    height, half_width = current.shape[0], current.shape[1] // 2
    half_height = height // 2
    scale = width / current.shape[1]
    shift, turn = turned
    for_turn = 0
    for y, rows in ((-1, slice(half_height)), (1, slice(-half_height, None))):
        for x, columns in ((-1, slice(half_width)), (1, slice(-half_width, None))):
            found = _shift(previous[rows, columns], current[rows, columns], round(half_width * scale))
            if found is not None:
                at = x * half_width * scale / 2, y * half_height * scale / 2
                as_turned = shift[0] - turn * at[1], shift[1] + turn * at[0]
                for_turn += 1 if dist(found[0], as_turned) < dist(found[0], level) else -1
    return for_turn > 0


def _turned(picture: MatLike, by: float) -> MatLike:
    """A shrunken frame turned about its middle by so many radians clockwise."""
    height, width = picture.shape
    way = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), -np.rad2deg(by), 1.0)
    return cv2.warpAffine(picture, way, (width, height), borderMode=cv2.BORDER_REFLECT)


def _turned_point(point: Point, by: float) -> Point:
    c, s = cos(by), sin(by)
    return point[0] * c - point[1] * s, point[0] * s + point[1] * c
