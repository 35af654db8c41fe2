"""What a lens, a sensor and the light do to a picture: blur, uneven light, a lamp's mirror image, noise, a hand.

All of it is measured in the frame, and whatever can hide a label is also kept as a map for the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.rendering.handling import SIZE, Handling, Homography
from tests.rendering.labels import Picture

BLACK_LEVEL = 8
"""A camera's black is not 0."""

BLUR_PX_MAX = 9
"""A wider blur is drawn coarsely: nobody reads through it."""

LENS_SIGMA_PX = 0.55
"""The blur that lens and pixel leave in any picture."""

MAP_SCALE = 2
"""Maps of what hides labels are kept at half the frame's size."""

NOISE_MARGIN_PX = 64
HAND_FRAMES, HAND_GREY = 36, 120


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Maps:
    """What the light does at each place of one frame, at half its size, 0 to 255 each."""

    light: Picture
    """White paper's share of white."""

    glare: Picture | None
    """What mirrored lamps add."""

    hand: Picture | None
    """255 where a hand covers."""


def point_spread(smear: NDArray[np.float64], defocus_px: float) -> NDArray[np.float32]:
    """What becomes of a point: a disc of the defocus' radius drawn along the motion (x, y), softened by the lens.

    Odd-sized, sum 1.
    """
    fine = 5
    reach = float(np.abs(smear).max()) / 2 + defocus_px + 2 * LENS_SIGMA_PX
    half = int(np.clip(np.ceil(reach), 1, 24))
    size = (2 * half + 1) * fine
    middle = (size - 1) / 2
    at = np.arange(size) - middle
    # The disc's edge is soft over one step of the grid, so that its size changes smoothly.
    from_middle = np.hypot(at[None, :], at[:, None])
    disc = np.clip(defocus_px * fine + 0.5 - from_middle, 0.01, 1).astype(np.float32)
    disc[from_middle > max(1.0, defocus_px * fine + 1)] = 0
    steps = max(1, int(np.ceil(np.hypot(*smear) * fine / 2)))
    drawn = np.zeros_like(disc)
    for part in (np.arange(steps) + 0.5) / steps - 0.5:
        shift = np.array([[1, 0, part * smear[0] * fine], [0, 1, part * smear[1] * fine]])
        drawn += cv2.warpAffine(disc, shift, (size, size))
    softened = cv2.GaussianBlur(drawn, (0, 0), LENS_SIGMA_PX * fine)
    kernel = cv2.resize(softened, (2 * half + 1, 2 * half + 1), interpolation=cv2.INTER_AREA)
    return np.asarray(kernel / kernel.sum(), np.float32)


def blurred(picture: Picture, kernel: NDArray[np.float32]) -> Picture:
    """The picture through a lens with that point spread."""
    if kernel.shape[0] <= BLUR_PX_MAX:
        return np.asarray(cv2.filter2D(picture, -1, kernel), np.uint8)
    wide, high = (max(3, int(1.8 * _spread(kernel, axis))) for axis in (0, 1))
    return np.asarray(cv2.blur(cv2.blur(picture, (wide, high)), (wide, high)), np.uint8)


class Exposure:
    """The light and the sensor of one film, or of one picture of any size (width, height)."""

    def __init__(self, rng: np.random.Generator, handling: Handling, size: tuple[int, int] = SIZE) -> None:
        self._size = size
        self._map_size = (size[0] // MAP_SCALE, size[1] // MAP_SCALE)
        self._handling = handling
        self._rng = rng
        self._light = _light(rng, handling, size)
        self._light_map = np.asarray(cv2.resize(self._light, self._map_size, interpolation=cv2.INTER_AREA), np.uint8)
        grain = rng.normal(BLACK_LEVEL, handling.noise, (size[1] + NOISE_MARGIN_PX, size[0] + NOISE_MARGIN_PX))
        self._noise = np.clip(np.round(grain), -100, 100).astype(np.int8)
        self._lamp = rng.uniform(0, 2 * np.pi, 4)
        self._spot = _spot(handling.glare, (200, 130))
        self._glow = _spot(255, (520, 330))

    def maps(self, index: int, film: Picture | None, homography: Homography) -> Maps:
        """What will hide labels in a frame: `film` is the surface's own film, seen through the homography."""
        glare = None
        if self._handling.glare:
            glare = _at(self._spot, self._lamp_at(index, 97.0), self._map_size)
        if film is not None:
            to_map = np.diag([1 / MAP_SCALE, 1 / MAP_SCALE, 1.0]) @ homography
            creases = cv2.warpPerspective(film, about_middles(to_map), self._map_size)
            shine = cv2.multiply(creases, _at(self._glow, self._lamp_at(index, 71.0), self._map_size), scale=1 / 255)
            glare = np.asarray(shine if glare is None else cv2.add(glare, shine), np.uint8)
        return Maps(light=self._light_map, glare=glare, hand=self._hand(index))

    def exposed(self, picture: Picture, maps: Maps) -> Picture:
        """A frame, BGR or grey, as the sensor gives it."""
        if maps.hand is not None:
            picture = _behind(picture, maps.hand, self._size)
        lit = cv2.multiply(picture, _like(self._light, picture), scale=1 / 255)
        if maps.glare is not None:
            lit = cv2.add(lit, _like(cv2.resize(maps.glare, self._size), picture))
        dx, dy = self._rng.integers(0, NOISE_MARGIN_PX, 2)
        grain = self._noise[dy : dy + self._size[1], dx : dx + self._size[0]]
        return np.asarray(cv2.add(lit, _like(grain, picture), dtype=cv2.CV_8U), np.uint8)

    def _lamp_at(self, index: int, frames: float) -> tuple[int, int]:
        """Where the lamp is mirrored: it wanders over the picture, once in so many frames."""
        a, b, c, d = self._lamp
        x = 0.5 + 0.42 * np.sin(index / frames * 2 * np.pi + a) + 0.06 * np.sin(index / 13 + c)
        y = 0.5 + 0.36 * np.sin(index / frames * 3.7 + b) + 0.05 * np.sin(index / 11 + d)
        return int(x * self._map_size[0]), int(y * self._map_size[1])

    def _hand(self, index: int) -> Picture | None:
        every = self._handling.hand_every_frames
        if not every or index % every >= HAND_FRAMES:
            return None
        part = np.sin(np.pi * (index % every + 0.5) / HAND_FRAMES)
        side = self._lamp[0] * 7.0 + index // every
        x = self._map_size[0] * (0.5 + 0.3 * np.sin(side))
        return _drawn_hand(x, self._map_size[1] * (1.35 - 0.75 * part), self._map_size)


def about_middles(homography: Homography) -> Homography:
    """A homography between edges of pixels as OpenCV's warps count it, between their middles."""
    forth = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    back = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    return np.asarray(back @ homography @ forth, np.float64)


def _spread(kernel: NDArray[np.float32], axis: int) -> float:
    """The width of a kernel in pixels, as that of a box of the same variance."""
    weight = kernel.sum(axis=axis)
    at = np.arange(len(weight)) - len(weight) // 2
    return float(np.sqrt(12 * (weight * at * at).sum()))


def _light(rng: np.random.Generator, handling: Handling, size: tuple[int, int]) -> Picture:
    """One lamp's pool of light, as a factor of 0 to 255."""
    x, y = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]))
    lamp = rng.uniform(-0.6, 0.6, 2)
    fall = ((x - lamp[0]) ** 2 + (y - lamp[1]) ** 2) / 4
    return np.asarray(255 * handling.brightness * (1 - handling.light * np.clip(fall, 0, 1)), np.uint8)


def _spot(peak: int, sigma: tuple[int, int]) -> Picture:
    """A lamp's mirror image, at a map's scale; sigmas in pixels of the frame."""
    reach = [int(3 * s / MAP_SCALE) for s in sigma]
    x = np.arange(-reach[0], reach[0] + 1) / (sigma[0] / MAP_SCALE)
    y = np.arange(-reach[1], reach[1] + 1) / (sigma[1] / MAP_SCALE)
    return np.asarray(peak * np.exp(-(x[None, :] ** 2 + y[:, None] ** 2) / 2), np.uint8)


def _at(spot: Picture, middle: tuple[int, int], size: tuple[int, int]) -> Picture:
    """A map that is black but for a spot about its middle."""
    height, width = spot.shape
    to_place = np.array([[1.0, 0.0, middle[0] - width // 2], [0.0, 1.0, middle[1] - height // 2]])
    return np.asarray(cv2.warpAffine(spot, to_place, size, flags=cv2.INTER_NEAREST), np.uint8)


def _like(plane: NDArray[Any], picture: Picture) -> NDArray[Any]:
    """A plane for each colour of a picture."""
    return plane if picture.ndim == 2 else np.asarray(cv2.merge([plane, plane, plane]), plane.dtype)


def _drawn_hand(x: float, y: float, size: tuple[int, int]) -> Picture:
    """A palm from below with four fingers, 255 on a map."""
    hand = np.zeros(size[::-1], np.uint8)
    cv2.ellipse(hand, (int(x), int(y + 70)), (62, 84), 0, 0, 360, 255, -1)
    for n, length in enumerate((62, 84, 90, 72)):
        foot = (int(x - 42 + 28 * n), int(y + 20))
        tip = (int(x - 54 + 36 * n), int(y + 20 - length))
        cv2.line(hand, foot, tip, 255, 24, cv2.LINE_AA)
    return hand


def _behind(picture: Picture, hand: Picture, size: tuple[int, int]) -> Picture:
    """The picture with a hand before it, a little lighter towards its middle."""
    cover = cv2.resize(hand, size)
    soft = cv2.resize(cv2.blur(hand, (41, 41)), size)
    skin = cv2.convertScaleAbs(soft, alpha=0.35, beta=HAND_GREY - 60)
    kept = cv2.multiply(picture, _like(cv2.bitwise_not(cover), picture), scale=1 / 255)
    return np.asarray(cv2.add(kept, _like(cv2.multiply(skin, cover, scale=1 / 255), picture)), np.uint8)
