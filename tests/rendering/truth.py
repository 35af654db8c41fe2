"""Which labels of a frame an eye could read: optics decide, never a decoder.

Fine bars lose contrast as a blur widens. What is left of it at bars of one module is the modulation, the
value of the point spread's Fourier transform at half a period a module; it is computed of the very kernel
that blurred the frame. A label counts as readable while that share of its black and white, as the light
left them, is a difference that can be seen above the noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.rendering.handling import Handling, Homography, seen
from tests.rendering.optics import BLACK_LEVEL, MAP_SCALE, Maps
from tests.rendering.painting import Corners, Placed

MODULE_PX_MIN_LINEAR = 1.2
MODULE_PX_MIN_MATRIX = 2.0
"""Below these a bar falls between the pixels: two samples a pair of bars are the limit (Nyquist), and one a module
is only reached where the pixels happen to lie right; a matrix needs it both ways at once."""

MODULATION_MIN = 0.3
CHECKERBOARD_MIN = 0.2
"""The finest pattern of a matrix symbol is a checkerboard, which a defocus blurs both ways at once. A little less is
asked of it, since error correction makes up for single modules."""

CONTRAST_MIN = 16.0
"""In grey levels, black to white of the narrowest bars."""

CONTRAST_NOISE_MIN = 3.0
"""And as many standard deviations of the noise."""

CLEAR_ROWS_MIN = 0.5
"""The share of a linear symbol's lines that no glare breaks: one is enough for an eye that knows where it is."""

CLEAR_SHARE_MIN = 0.98
"""The share of a symbol of rows that no glare washes out."""

PAPER, INK = 252.0, 0.0
GRID = (48, 8)
"""Places at which a label is looked at, across and down."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """One label in one frame."""

    label: int
    """Its place in `Painting.placed`."""

    quad: Corners
    """The symbol without its quiet zone, in pixels of the frame."""

    whole: bool
    """Whether it is in the picture with its quiet zone."""

    module_px: float
    """The narrowest module, where it is narrowest."""

    modulation: float
    """The share of the contrast that the blur leaves of bars of one module."""

    clear: bool
    """Whether neither hand, strap, glare nor darkness hides it."""

    readable: bool
    """Whether an eye could read it."""


def seen_labels(
    placed: Sequence[Placed],
    homography: Homography,
    kernel: NDArray[np.float32],
    maps: Maps,
    handling: Handling,
    size: tuple[int, int],
    haze: tuple[float, float] = (1.0, 0.0),
) -> tuple[Seen, ...]:
    """Every label of which anything is in the frame. `haze`: what a film lets through, and what it adds."""
    found: list[Seen] = []
    for number, quad, whole in _in_frame(placed, homography, size):
        label = placed[number]
        module_px, frequencies = _fineness(label, homography)
        modulation = min(_modulation(kernel, f) for f in frequencies)
        sharp = whole and label.covered == 0 and modulation >= MODULATION_MIN
        if label.spec.kind.is_matrix:
            sharp = sharp and _modulation(kernel, frequencies[0] + frequencies[1]) >= CHECKERBOARD_MIN
        clear = sharp and _is_clear(label, quad, maps, modulation, handling.noise, haze)
        least = MODULE_PX_MIN_MATRIX if label.spec.kind.is_matrix else MODULE_PX_MIN_LINEAR
        found.append(
            Seen(label=number, quad=quad, whole=whole, module_px=module_px, modulation=modulation, clear=clear,
                 readable=clear and module_px >= least)
        )  # fmt: skip
    return tuple(found)


def _fineness(label: Placed, homography: Homography) -> tuple[float, list[NDArray[np.float64]]]:
    """The narrowest module in pixels of the frame, and the frequencies (cycles a pixel) of its finest bars."""
    rows = label.spec.kind.traits.row_modules
    narrowest = np.inf
    frequencies: list[NDArray[np.float64]] = []
    steps = label.steps
    for corner in label.ink:
        ends = seen(np.stack([corner, corner + steps[:, 0], corner + steps[:, 1]]), homography)
        columns = np.stack([ends[1] - ends[0], ends[2] - ends[0]], axis=1)
        per_module = np.linalg.inv(columns)  # Row 0: how fast modules to the right pass by, a pixel of the frame.
        pitch = 1 / np.linalg.norm(per_module, axis=1)
        narrowest = min(narrowest, pitch[0], pitch[1] * rows)
        frequencies.append(per_module[0] / 2)
        if np.isfinite(rows):
            frequencies.append(per_module[1] / 2 / rows)
    return float(narrowest), frequencies


def _modulation(kernel: NDArray[np.float32], frequency: NDArray[np.float64]) -> float:
    half = kernel.shape[0] // 2
    at = np.arange(-half, half + 1)
    wave_x, wave_y = (np.exp(-2j * np.pi * f * at) for f in frequency)
    return float(abs(wave_y @ kernel @ wave_x))


def _is_clear(
    label: Placed, quad: Corners, maps: Maps, modulation: float, noise: float, haze: tuple[float, float]
) -> bool:
    """Whether the finest bars stand out in enough of a label, and no hand is over any of it.

    Light first, then the blur, then what mirrored lamps add, then the sensor's limit at white.
    """
    planes = [maps.light, *(plane for plane in (maps.glare, maps.hand) if plane is not None)]
    grid = np.array([[0, 0], [GRID[0], 0], [GRID[0], GRID[1]], [0, GRID[1]]], np.float32)
    to_grid = cv2.getPerspectiveTransform((quad / MAP_SCALE - 0.5).astype(np.float32), grid - 0.5)
    samples = [cv2.warpPerspective(plane, to_grid, GRID).astype(np.float64) for plane in planes]
    if maps.hand is not None and samples[-1].any():
        return False
    light = samples[0] / 255
    added = BLACK_LEVEL + (samples[1] if maps.glare is not None else 0.0)
    paper, ink = ((level * haze[0] + haze[1]) * light for level in (PAPER, INK))
    middle, swing = (paper + ink) / 2, modulation * (paper - ink) / 2
    contrast = np.minimum(255, middle + swing + added) - np.minimum(255, middle - swing + added)
    stands_out = contrast >= max(CONTRAST_MIN, CONTRAST_NOISE_MIN * noise)
    if label.spec.kind.is_matrix or label.spec.kind.is_stacked:
        return bool(stands_out.mean() >= CLEAR_SHARE_MIN)
    return bool(stands_out.all(axis=1).mean() >= CLEAR_ROWS_MIN)


def _in_frame(
    placed: Sequence[Placed], homography: Homography, size: tuple[int, int]
) -> list[tuple[int, Corners, bool]]:
    """The labels of which anything is in the frame: number, quad, and whether all of it is."""
    if not placed:
        return []
    everywhere = np.concatenate([label.ink for label in placed])
    before_camera = (everywhere @ homography[2, :2] + homography[2, 2] > 0).reshape(-1, 4).all(axis=1)
    ink = seen(everywhere, homography).reshape(-1, 4, 2)
    quiet = seen(np.concatenate([label.quiet for label in placed]), homography).reshape(-1, 4, 2)
    limit = np.array(size)
    found = []
    for number, (symbol, around) in enumerate(zip(ink, quiet, strict=True)):
        if before_camera[number] and (symbol.max(axis=0) > 0).all() and (symbol.min(axis=0) < limit).all():
            found.append((number, symbol, bool((around >= 0).all() and (around <= limit).all())))
    return found
