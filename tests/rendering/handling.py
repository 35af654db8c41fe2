"""How a handheld is held and moved, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH_PX, HEIGHT_PX, FRAMES_PER_S = 1280, 720, 30
SIZE = (WIDTH_PX, HEIGHT_PX)
FRAMES_MAX = 12_000
EASE_FRAMES = 15
"""A hand needs half a second to get going, and aims before it does."""

FOCAL_SHARE = 0.9
"""The focal length as a share of the picture's width: 58 degrees wide, as a telephone's main camera is."""

Homography = NDArray[np.float64]
"""3 x 3, from points of the surface to points of the frame; whole numbers are the edges between pixels.

The third coordinate is the depth: what is behind the camera has a negative one.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """How the handheld is moved and what its optics do."""

    speed_px: float = 11.0
    """Pixels of the surface that pass in one frame."""

    zoom: float = 1.2
    shake_px: float = 5.0
    roll_deg: float = 2.0
    """How far the wrist wavers about the way in which it holds the handheld."""

    held_deg: float = 0.0
    """The roll at which it is held."""

    turning_deg_per_s: float = 0.0
    """How fast the wrist turns on and on."""

    tilt_deg: float = 4.0
    """How far the surface wavers from square to the view, about both axes."""

    held_tilt_deg: tuple[float, float] = (0.0, 0.0)
    """The tilt at which it is held: about the picture's horizontal and vertical axis."""

    exposure: float = 0.15
    """The share of a frame's time in which the shutter is open: motion blur."""

    defocus_px: float = 0.8
    """The radius of the blur of a point that is as sharp as the lens can make it."""

    defocus_spell_px: float = 2.4
    """How far the autofocus goes astray in its spells."""

    noise: float = 3.5
    """The standard deviation of the sensor's noise, in grey levels."""

    brightness: float = 0.91
    """How light white paper is in the brightest place, as a share of white."""

    light: float = 0.45
    """How much darker the darkest corner is."""

    glare: int = 0
    """How much a lamp's mirror image adds in its middle, in grey levels."""

    hand_every_frames: int = 0
    """How often a hand comes before the lens; 0 for never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Where the camera looks in one frame."""

    x: float
    y: float
    """The point of the surface in the middle of the frame, in pixels of the surface."""

    zoom: float
    roll_deg: float = 0.0
    tilt_deg: tuple[float, float] = (0.0, 0.0)
    defocus_px: float = 0.8

    def homography(self, size: tuple[int, int] = SIZE, *, sensor_px: int | None = None) -> Homography:
        """What a pinhole camera with its focal length does to the surface: roll, then tilts about x and y.

        `sensor_px` is the width of the whole picture where `size` is only the middle of it.
        """
        focal = FOCAL_SHARE * (sensor_px or size[0])
        roll, about_x, about_y = np.deg2rad([self.roll_deg, *self.tilt_deg])
        turn = _about_y(about_y) @ _about_x(about_x) @ _about_z(roll)
        plane = np.stack([turn[:, 0], turn[:, 1], [0.0, 0.0, focal / self.zoom]], axis=1)
        lens = np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]])
        to_middle = np.array([[1, 0, -self.x], [0, 1, -self.y], [0, 0, 1]])
        return np.asarray(lens @ plane @ to_middle, np.float64)


def seen(points: NDArray[np.float64], homography: Homography) -> NDArray[np.float64]:
    """Points (n x 2) of the surface as points of the frame."""
    return np.asarray(cv2.perspectiveTransform(points.reshape(-1, 1, 2), homography).reshape(-1, 2), np.float64)


def poses(route: tuple[tuple[float, float], ...], rng: np.random.Generator, handling: Handling) -> list[Pose]:
    """The camera's way along a route, with everything that a hand does to it.

    Raises ValueError for a way that takes too many frames, or none.
    """
    steady = _steadily(route, handling)
    count = len(steady)
    t = np.arange(count)
    ahead = np.gradient(steady, axis=0)
    uneven = handling.speed_px * 4 * _wander(count, 45, rng)[:, None] * ahead / (np.abs(ahead).max() + 1e-9)
    drift = np.stack([np.zeros(count), 14 * _wander(count, 60, rng)], axis=1)
    shake = handling.shake_px * np.stack([_wander(count, 4, rng) for _ in range(2)], axis=1)
    at = steady + uneven + drift + shake
    roll = handling.held_deg + handling.roll_deg * _wander(count, 40, rng)
    roll = roll + handling.turning_deg_per_s * t / FRAMES_PER_S
    tilts = [held + handling.tilt_deg * _wander(count, 50, rng) for held in handling.held_tilt_deg]
    spells = np.clip(np.sin(t / 23 + rng.uniform(-np.pi, 0)) * 8 - 7, 0, 1)
    defocus = handling.defocus_px + handling.defocus_spell_px * spells
    return [
        Pose(x=at[n, 0], y=at[n, 1], zoom=handling.zoom, roll_deg=float(roll[n]),
             tilt_deg=(float(tilts[0][n]), float(tilts[1][n])), defocus_px=float(defocus[n]))
        for n in range(count)
    ]  # fmt: skip


def _steadily(route: tuple[tuple[float, float], ...], handling: Handling) -> NDArray[np.float64]:
    """The route at an even speed, a row a frame; it begins and ends where the surface fills the frame.

    A route that turns has been kept from the edges already.
    """
    points = np.array(route, np.float64)
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    inset = WIDTH_PX / handling.zoom / 2 + 20 if len(route) == 2 else 0.0
    distance = lengths[-1] - 2 * inset
    count = int(distance / handling.speed_px) + 2 * EASE_FRAMES
    if not 2 <= count <= FRAMES_MAX:
        raise ValueError(f"The pan would take {count} frames; between 2 and {FRAMES_MAX} are rendered.")
    t = np.arange(count)
    speed = np.clip(np.minimum(t, t[::-1]) / EASE_FRAMES, 0, 1)
    along = inset + distance * np.cumsum(speed) / speed.sum()
    return np.stack([np.interp(along, lengths, points[:, axis]) for axis in (0, 1)], axis=1)


def _wander(count: int, frames: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A smooth random walk about 0, mostly within 1, that turns about every so many frames."""
    knots = rng.uniform(-1, 1, count // frames + 4)
    at = np.arange(count) / frames + rng.uniform(0, 1)
    low = at.astype(int)
    part = (1 - np.cos(np.pi * (at - low))) / 2
    return np.asarray(knots[low] * (1 - part) + knots[low + 1] * part, np.float64)


def _about_x(angle: float) -> NDArray[np.float64]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def _about_y(angle: float) -> NDArray[np.float64]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def _about_z(angle: float) -> NDArray[np.float64]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
