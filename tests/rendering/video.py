"""A handheld's camera moved along a shelf: shake, roll, tilt, blur, uneven light, noise, and the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.rendering.labels import LabelSpec, Picture
from tests.rendering.shelf import FLOOR_PX, Painting, Placed, Shelf, paint

WIDTH_PX, HEIGHT_PX, FRAMES_PER_S = 1280, 720, 30
SIZE = (WIDTH_PX, HEIGHT_PX)
VIDEO_FRAMES_MAX = 3000
EASE_FRAMES = 15
"""A hand needs half a second to get going, and aims before it does."""

SHARP_BLUR_MODULES = 0.9
"""A label counts as sharp while blur stays under this many of its modules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """How the handheld is moved and what its optics do."""

    speed_px: float = 11.0
    """Pixels of the shelf that pass in one frame."""

    zoom: float = 1.2
    shake_px: float = 5.0
    roll_deg: float = 2.0
    tilt: float = 0.05
    """The share by which one side of the picture is nearer than the other."""

    exposure: float = 0.15
    """The share of a frame's time in which the shutter is open: motion blur."""

    defocus_px: float = 0.8
    defocus_spell_px: float = 2.4
    """How far the autofocus goes astray in its spells."""

    noise: float = 3.5
    light: float = 0.45
    """How much darker the darkest corner is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shot:
    """One frame and what stands readable in it."""

    picture: Picture
    readable: frozenset[int]
    """The labels, by their place in `Truth.labels`, that are whole and sharp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTruth:
    spec: LabelSpec
    box: int | None
    frames: tuple[int, ...]
    """Where it is whole and sharp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    labels: tuple[LabelTruth, ...]
    frames: int

    def boxes(self) -> list[set[tuple[str, bytes]]]:
        """What stands on each box, as (symbology, bytes), from left to right."""
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
    for shot in shots(painting, rng, handling or Handling()):
        writer.write(shot.picture)
        readable.append(shot.readable)
    writer.release()
    return _truth(painting, readable)


def shots(painting: Painting, rng: np.random.Generator, handling: Handling) -> Iterator[Shot]:
    """The frames of one pan from the left end to the right end."""
    path = _path(painting.picture.shape[1], rng, handling)
    light = _light(rng, handling)
    noise = _noise(rng, handling)
    before: NDArray[np.float64] | None = None
    for pose in path:
        warp = _warp(pose, handling)
        speed = np.zeros(2) if before is None else (pose[:2] - before[:2]) * handling.zoom
        before = pose
        sharp = cv2.warpPerspective(painting.picture, warp, SIZE, borderMode=cv2.BORDER_REPLICATE)
        smear = np.abs(speed) * handling.exposure
        blurred = _blur(np.asarray(sharp, np.uint8), smear, pose[5])
        yield Shot(
            picture=_exposed(blurred, light, noise, rng),
            readable=_readable(painting.placed, warp, float(np.hypot(*smear)) / 2 + pose[5], handling),
        )


def _path(length: int, rng: np.random.Generator, handling: Handling) -> NDArray[np.float64]:
    """A row a frame: the x, y of the shelf in its middle, roll in degrees, two tilts, defocus in pixels."""
    half = WIDTH_PX / handling.zoom / 2 + 20
    count = int((length - 2 * half) / handling.speed_px) + 2 * EASE_FRAMES
    if not 2 <= count <= VIDEO_FRAMES_MAX:
        raise ValueError(f"The pan would take {count} frames; between 2 and {VIDEO_FRAMES_MAX} are rendered.")
    t = np.arange(count)
    speed = np.clip(np.minimum(t, t[::-1]) / EASE_FRAMES, 0, 1)
    steady = half + (length - 2 * half) * np.cumsum(speed) / speed.sum()
    x = steady + handling.speed_px * 4 * _wander(count, 45, rng) + handling.shake_px * _wander(count, 4, rng)
    y = 0.58 * FLOOR_PX + 14 * _wander(count, 60, rng) + handling.shake_px * _wander(count, 4, rng)
    roll = handling.roll_deg * _wander(count, 40, rng)
    tilts = [handling.tilt * _wander(count, 50, rng) for _ in range(2)]
    spells = np.clip(np.sin(t / 23 + rng.uniform(-np.pi, 0)) * 8 - 7, 0, 1)
    defocus = handling.defocus_px + handling.defocus_spell_px * spells
    return np.stack([x, y, roll, *tilts, defocus], axis=1)


def _wander(count: int, frames: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A smooth random walk about 0, mostly within 1, that turns about every so many frames."""
    knots = rng.uniform(-1, 1, count // frames + 4)
    at = np.arange(count) / frames + rng.uniform(0, 1)
    low = at.astype(int)
    part = (1 - np.cos(np.pi * (at - low))) / 2
    return np.asarray(knots[low] * (1 - part) + knots[low + 1] * part, np.float64)


def _warp(pose: NDArray[np.float64], handling: Handling) -> NDArray[np.float64]:
    """The homography from the shelf to the frame."""
    x, y, roll, tilt_x, tilt_y, _ = pose
    turn = np.deg2rad(roll)
    rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64)
    near = 1 + tilt_x * corners[:, 0] + tilt_y * corners[:, 1]
    window = corners * near[:, None] * np.array(SIZE) / 2 / handling.zoom
    source = window @ rotate.T + np.array([x, y])
    target = (corners + 1) / 2 * np.array(SIZE)
    return np.asarray(cv2.getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32)), np.float64)


def _blur(picture: Picture, smear: NDArray[np.float64], defocus_px: float) -> Picture:
    """Motion blur along each axis, then the lens: a soft point in focus, a disc (a box, twice) out of it."""
    wide, high = (max(1, round(float(s))) for s in smear)
    moved = cv2.blur(picture, (wide, high)) if wide > 1 or high > 1 else picture
    if defocus_px < 1.2:
        return np.asarray(cv2.GaussianBlur(moved, (5, 5), defocus_px), np.uint8)
    disc = (round(2 * defocus_px), round(2 * defocus_px))
    return np.asarray(cv2.blur(cv2.blur(moved, disc), disc), np.uint8)


def _light(rng: np.random.Generator, handling: Handling) -> Picture:
    """One lamp's pool of light, as a factor of 0 to 255."""
    x, y = np.meshgrid(np.linspace(-1, 1, WIDTH_PX), np.linspace(-1, 1, HEIGHT_PX))
    lamp = rng.uniform(-0.6, 0.6, 2)
    fall = ((x - lamp[0]) ** 2 + (y - lamp[1]) ** 2) / 4
    factor = 232 * (1 - handling.light * np.clip(fall, 0, 1))
    return np.repeat(factor[..., None], 3, axis=2).astype(np.uint8)


def _noise(rng: np.random.Generator, handling: Handling) -> Picture:
    """A sensor's noise about 20, larger than a frame, so that each frame takes another part of it."""
    size = (HEIGHT_PX + 64, WIDTH_PX + 64, 1)
    grey = rng.normal(20, handling.noise, size) + rng.normal(0, handling.noise / 3, (*size[:2], 3))
    return np.clip(grey, 0, 255).astype(np.uint8)


def _exposed(picture: Picture, light: Picture, noise: Picture, rng: np.random.Generator) -> Picture:
    lit = cv2.multiply(picture, light, scale=1 / 255)
    dx, dy = rng.integers(0, 64, 2)
    grain = noise[dy : dy + HEIGHT_PX, dx : dx + WIDTH_PX]
    return np.asarray(cv2.subtract(cv2.add(lit, grain), np.full(4, 12.0)), np.uint8)


def _readable(
    placed: tuple[Placed, ...], warp: NDArray[np.float64], blur_px: float, handling: Handling
) -> frozenset[int]:
    return frozenset(
        number
        for number, label in enumerate(placed)
        if _is_whole(label, warp) and blur_px <= SHARP_BLUR_MODULES * label.module_px * handling.zoom
    )


def _is_whole(label: Placed, warp: NDArray[np.float64]) -> bool:
    x, y, width, height = label.rect
    corners = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], np.float64)
    seen = cv2.perspectiveTransform(corners[None], warp)[0]
    return bool((seen >= 0).all() and (seen <= np.array(SIZE)).all())


def _truth(painting: Painting, readable: list[frozenset[int]]) -> Truth:
    labels = tuple(
        LabelTruth(
            spec=label.spec,
            box=label.box,
            frames=tuple(index for index, numbers in enumerate(readable) if number in numbers),
        )
        for number, label in enumerate(painting.placed)
    )
    return Truth(labels=labels, frames=len(readable))
