"""What lies over labels on a pallet: shrink-wrap that creases and throws light back, and straps."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from tests.rendering.painting import Painting, Placed

HAZE, HAZE_LIGHT = 0.86, 24
"""How much of what is under a film comes through it, and what its haze adds."""

CREASES_PER_MEGAPIXEL = 50
STRAP_PX = 26
STRAP_GREY = 38


def shrink_wrapped(painting: Painting, rng: np.random.Generator) -> Painting:
    """The surface under a film: a little paler, and creased, so that where a lamp is mirrored the creases shine.

    Creases run roughly one way, as the film was pulled.
    """
    height, width = painting.picture.shape[:2]
    film = np.zeros((height, width), np.uint8)
    pull = rng.uniform(-0.5, 0.5)
    for _ in range(int(CREASES_PER_MEGAPIXEL * height * width / 1e6)):
        start = np.array([rng.uniform(0, width), rng.uniform(0, height)])
        angle, length, bow = pull + rng.normal(0, 0.16), rng.uniform(60, 520), rng.normal(0, 5)
        along = np.array([np.cos(angle), np.sin(angle)])
        across = np.array([-along[1], along[0]])
        t = np.linspace(0, 1, 9)[:, None]
        line = start + t * length * along + 4 * t * (1 - t) * bow * across
        strength = int(rng.uniform(50, 230))
        thickness = int(rng.choice([1, 1, 1, 2]))
        cv2.polylines(film, [np.round(line * 8).astype(np.int32)], isClosed=False, color=strength, thickness=thickness,
                      lineType=cv2.LINE_AA, shift=3)  # fmt: skip
    coarse = rng.normal(0, 26, (height // 90 + 2, width // 90 + 2))
    sheen = np.clip(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), 0, 90).astype(np.uint8)
    shining = cv2.add(cv2.GaussianBlur(film, (0, 0), 1.0), sheen)
    hazy = cv2.convertScaleAbs(painting.picture, alpha=HAZE, beta=HAZE_LIGHT)
    return replace(painting, picture=np.asarray(hazy, np.uint8), film=np.asarray(shining, np.uint8))


def strapped(painting: Painting, rng: np.random.Generator, *, every_px: int = 900) -> Painting:
    """The surface with dark upright straps over it; whatever they cross is covered in part."""
    picture = painting.picture.copy()
    height, width = picture.shape[:2]
    hidden = np.zeros((height, width), np.uint8)
    for x in range(every_px // 2, width, every_px):
        left = x + int(rng.integers(-every_px // 4, every_px // 4))
        lean = int(rng.integers(-30, 30))
        band = np.array([[left, 0], [left + STRAP_PX, 0], [left + STRAP_PX + lean, height], [left + lean, height]])
        cv2.fillConvexPoly(picture, band, (STRAP_GREY,) * 3, cv2.LINE_AA)
        cv2.line(picture, (left + 6, 0), (left + 6 + lean, height), (90, 90, 90), 2, cv2.LINE_AA)
        cv2.fillConvexPoly(hidden, band, 255)
    labels = tuple(replace(label, covered=_share_hidden(label, hidden)) for label in painting.placed)
    return replace(painting, picture=picture, placed=labels)


def _share_hidden(label: Placed, hidden: np.ndarray) -> float:
    """How much of a label's quad is dark in the mask."""
    low, high = np.floor(label.ink.min(axis=0)).astype(int), np.ceil(label.ink.max(axis=0)).astype(int)
    part = hidden[low[1] : high[1], low[0] : high[0]]
    inside = np.zeros_like(part)
    cv2.fillConvexPoly(inside, np.round(label.ink - low).astype(np.int32), 255)
    return float((part & inside).sum(dtype=np.int64)) / max(1.0, float(inside.sum(dtype=np.int64)))
