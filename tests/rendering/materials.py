"""What a warehouse is made of, as textures: cardboard, painted steel, the gloom at the back of a shelf."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.rendering.labels import Picture, Rect, blank

KRAFT, WHITE_BOX, DARK_BOX = (104, 148, 186), (226, 230, 232), (58, 50, 46)


def gloom(height: int, width: int, rng: np.random.Generator) -> Picture:
    """The back of a shelf, darker towards the floor."""
    fall = np.linspace(46, 22, height)[:, None, None] + rng.normal(0, 1.5, (height, width, 1))
    return pixels(fall * np.array([1.0, 0.97, 0.92]))


def upright(height: int, rng: np.random.Generator) -> Picture:
    """Painted steel, 140 px wide, with its row of holes."""
    steel = blank(height, 140, (138, 82, 38))
    shade = np.concatenate([np.linspace(0.6, 1.1, 70), np.linspace(1.1, 0.7, 70)])
    steel = pixels(steel * shade[None, :, None] + rng.normal(0, 2, (height, 140, 1)))
    for y in range(20, height, 48):
        cv2.rectangle(steel, (62, y), (78, y + 22), (24, 22, 20), -1)
    return steel


def beam(height: int, width: int, rng: np.random.Generator) -> Picture:
    """The steel beam that carries the boxes, orange and scratched."""
    profile = np.interp(
        np.arange(height) * 119 / (height - 1), [0, 6, 14, 60, 104, 119], [1.35, 1.1, 0.95, 0.85, 1, 0.45]
    )
    steel = pixels(np.array([38, 98, 214]) * profile[:, None, None] + rng.normal(0, 2.5, (height, width, 1)))
    for _ in range(width // 90):
        x, y = int(rng.integers(0, width)), int(rng.integers(8, height - 10))
        end = (x + int(rng.integers(8, 70)), y + int(rng.integers(-3, 4)))
        cv2.line(steel, (x, y), end, (96, 120, 160), 1, cv2.LINE_AA)
    return steel


def cardboard(height: int, width: int, colour: tuple[int, int, int], rng: np.random.Generator) -> Picture:
    """Material with fibres, flutes that shine through, worn edges, and tape on the brown ones."""
    fibres = cv2.GaussianBlur(rng.normal(0, 9, (height, width)), (0, 0), 1.4, sigmaY=0.7)
    clouds = cv2.resize(rng.normal(0, 5, (height // 40 + 2, width // 40 + 2)), (width, height))
    flutes = 1.2 * np.sin(np.arange(width) * 0.9)[None, :]
    grain = (fibres + clouds + flutes) if colour == KRAFT else clouds * 0.5
    wear = 1 - 0.28 * np.exp(-_from_edge(height, width) / 5.0)
    face = np.array(colour, np.float64) * wear[..., None] + grain[..., None]
    if colour == KRAFT:
        middle = width // 2
        face[:70, middle - 34 : middle + 34] = face[:70, middle - 34 : middle + 34] * 0.92 + np.array([10, 14, 18])
    return pixels(face)


def cast_shadow(ground: Picture, rect: Rect) -> None:
    """Darken what is about a box."""
    x, y, width, height = rect
    dark = np.zeros(ground.shape[:2], np.float32)
    cv2.rectangle(dark, (x - 4, y - 2), (x + width + 10, y + height + 8), 1.0, -1)
    soft = cv2.GaussianBlur(dark, (0, 0), 9)
    ground[:] = (ground * (1 - 0.6 * soft[..., None])).astype(np.uint8)


def pixels(values: NDArray[np.floating]) -> Picture:
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def _from_edge(height: int, width: int) -> NDArray[np.float64]:
    """Each pixel's distance from the nearest edge."""
    x, y = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)
    return np.minimum(np.minimum(x, x[::-1])[None, :], np.minimum(y, y[::-1])[:, None])
