"""Films a surface as a handheld does: each frame with what stands in it, and a whole film as a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.rendering.handling import FRAMES_PER_S, SIZE, Handling, Homography, Pose, poses, seen
from tests.rendering.labels import LabelSpec, Picture
from tests.rendering.optics import Exposure, about_middles, blurred, point_spread
from tests.rendering.painting import Painting
from tests.rendering.shelf import Shelf, paint
from tests.rendering.truth import Seen, seen_labels
from tests.rendering.wrap import HAZE, HAZE_LIGHT

BEYOND_GREY = 30
"""What lies beyond the painted surface."""

CLEAR_AIR, UNDER_FILM = (1.0, 0.0), (HAZE, float(HAZE_LIGHT))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shot:
    """One frame and what stands in it."""

    picture: Picture
    seen: tuple[Seen, ...]

    @property
    def readable(self) -> frozenset[int]:
        """The labels, by their place in `Painting.placed`, that an eye could read."""
        return frozenset(one.label for one in self.seen if one.readable)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTruth:
    spec: LabelSpec
    box: int | None
    frames: tuple[int, ...]
    """Where an eye could read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    labels: tuple[LabelTruth, ...]
    frames: int

    def boxes(self) -> list[set[tuple[str, bytes]]]:
        """What stands on each box, as (symbology, bytes), in the order of the pan."""
        numbers = sorted({label.box for label in self.labels if label.box is not None})
        return [{(label.spec.symbology, label.spec.data) for label in self.labels if label.box == n} for n in numbers]


def render_video(path: Path, shelf: Shelf, seed: int, handling: Handling | None = None) -> Truth:
    """Write the video that a handheld takes of a shelf, 1280 x 720 at 30 frames a second.

    A path that ends in .avi gets Motion JPEG, any other (.mp4) MPEG-4. The same seed gives the same video.
    """
    rng = np.random.default_rng(seed)
    painting = paint(shelf, rng)
    codec = "MJPG" if path.suffix == ".avi" else "mp4v"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), FRAMES_PER_S, SIZE)
    if not writer.isOpened():
        raise OSError(f"OpenCV cannot write {path} with the codec {codec}.")
    readable: list[frozenset[int]] = []
    for shot in shots(painting, rng, handling or Handling(), colour=True):
        writer.write(shot.picture)
        readable.append(shot.readable)
    writer.release()
    return truth_of(painting, readable)


def shots(painting: Painting, rng: np.random.Generator, handling: Handling, *, colour: bool = False) -> Iterator[Shot]:
    """The frames of one pan along the painting's route, grey unless colour is asked for."""
    picture = painting.picture if colour else painting.grey
    exposure = Exposure(rng, handling)
    before: Homography | None = None
    for index, pose in enumerate(poses(painting.route, rng, handling)):
        homography = pose.homography()
        kernel = point_spread(_smear(pose, before, handling), pose.defocus_px)
        yield taken(picture, painting, exposure, homography, kernel, handling, index=index)
        before = homography


def taken(
    picture: Picture,
    painting: Painting,
    exposure: Exposure,
    homography: Homography,
    kernel: NDArray[np.float32],
    handling: Handling,
    *,
    index: int = 0,
    size: tuple[int, int] = SIZE,
) -> Shot:
    """One frame: `picture` is the painting's own, in colour or grey, and `kernel` what becomes of a point."""
    (x, y), part = _window(picture.shape[:2], homography, size)
    shifted = homography @ np.array([[1, 0, x], [0, 1, y], [0, 0, 1]])
    maps = exposure.maps(index, None if painting.film is None else painting.film[part], shifted)
    sharp = cv2.warpPerspective(picture[part], about_middles(shifted), size, borderValue=(BEYOND_GREY,) * 3)
    haze = CLEAR_AIR if painting.film is None else UNDER_FILM
    return Shot(
        picture=exposure.exposed(blurred(np.asarray(sharp, np.uint8), kernel), maps),
        seen=seen_labels(painting.placed, homography, kernel, maps, handling, size, haze),
    )


def truth_of(painting: Painting, readable: list[frozenset[int]]) -> Truth:
    """The truth of a film, from what was readable in each of its frames."""
    labels = tuple(
        LabelTruth(
            spec=label.spec,
            box=label.box,
            frames=tuple(index for index, numbers in enumerate(readable) if number in numbers),
        )
        for number, label in enumerate(painting.placed)
    )
    return Truth(labels=labels, frames=len(readable))


def _smear(pose: Pose, before: Homography | None, handling: Handling) -> NDArray[np.float64]:
    """How far the middle of the frame moves while the shutter is open, in pixels of the frame.

    The whole frame is blurred alike: what a turn adds towards the edges is left out, in picture and truth.
    """
    if before is None:
        return np.zeros(2)
    middle = np.array([[pose.x, pose.y]])
    return np.asarray((seen(middle, pose.homography()) - seen(middle, before))[0] * handling.exposure)


def _window(
    shape: tuple[int, ...], homography: Homography, size: tuple[int, int]
) -> tuple[tuple[int, int], tuple[slice, slice]]:
    """The part of a surface that a frame shows, and its corner: OpenCV warps no more than 32,767 pixels across."""
    width, height = size
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    outline = seen(frame, np.asarray(np.linalg.inv(homography), np.float64))
    low = np.clip(np.floor(outline.min(axis=0)) - 2, 0, np.array(shape[1::-1]) - 1).astype(int)
    high = np.clip(np.ceil(outline.max(axis=0)) + 2, low + 1, shape[1::-1]).astype(int)
    return (int(low[0]), int(low[1])), (slice(low[1], high[1]), slice(low[0], high[0]))
