"""One picture on its way from a source to the decoder and the tracker."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Grey: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One grey picture and where it comes from."""

    index: int
    """Counts the frames of one source from 0."""

    t_ms: float
    """Milliseconds since the source's first frame; 0 for a picture."""

    grey: Grey
    """Luminance, height x width."""

    path: str | None
    """The file that it came from; None for a camera."""

    still: bool
    """Whether it stands alone, so that the next frame says nothing about this one."""

    scale: float = 1.0
    """How large it is beside what its source shows, 1 at most."""

    shift: tuple[float, float] | None = None
    """How far the scene moved since the last frame, in pixels to the right and down; None if unknown.

    A frame that could not be compared says (0, 0), and the next one that can be makes up for it.
    """

    turn: float = 0.0
    """And how far it turned about the middle of the frame, in radians clockwise; 0 where that is not sure."""


def shift_of(frame: Frame) -> tuple[float, float] | None:
    """A frame's shift, where it is one: nothing can tell more than half a picture. (0, 0) where it is none."""
    if frame.shift is None:
        return None
    height, width = frame.grey.shape
    dx, dy = frame.shift
    return (dx, dy) if abs(dx) < width / 2 and abs(dy) < height / 2 else (0.0, 0.0)
