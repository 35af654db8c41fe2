"""What the shades of a UPC-E say, to be held against what an engine read by the widths of its bars.

A UPC-E has no check digit of its own: one of ten parities stands for it, and an engine that measures widths in a soft
picture takes one digit for another in frame after frame. Compared as wholes with each digit as a lens would blur it
(`profile`), they are told apart.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from scanner_client.vision.frame import Grey
from scanner_client.vision.profile import (
    BLURS,
    CONTEXT_MODULES,
    DIGIT_MODULES,
    FINE,
    GUARD_MODULES,
    QUIET_MODULES,
    Floats,
    Pose,
    evened,
    misfit,
    templates,
)

MODULES = 51
BESIDE_MODULES = 4
"""What a profile shows on either side of the symbol."""

QUIET_SHOWN_MODULES = 7
"""The quiet zone on the right (GS1 General Specifications, section 5.2.3.4); the left one is wider."""

CLEAR_OF_ENDS_MODULES = 1.5
"""So near is the engine's place of a symbol's ends, with the blur of its last bars."""

PARITIES = (
    "111000", "110100", "110010", "110001", "101100", "100110", "100011", "101010", "101001", "100101",
)  # fmt: skip
"""Which of the six digits are of set B (1) in number system 0, by the check digit; in system 1 the others are
(GS1 General Specifications, section 5.2.2.4)."""

SLACK_MODULES = (-0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75)
"""How far either end may be from where the engine has it."""


def upce_by_shades(upright: Grey) -> bytes | None:
    """The thirteen digits of the number that a UPC-E stands for; None where its parities stand for none.

    `upright` shows the symbol with its bars upright, and BESIDE_MODULES on either side of it.
    """
    module_px = upright.shape[1] / (MODULES + 2 * BESIDE_MODULES)
    profile = np.asarray(upright.mean(0), np.float32)
    samples = evened(profile, Pose(module_px=module_px, mirrored=False, light_on_dark=False), FINE)
    windows, count = _windows(samples)
    best: Floats | None = None
    for blur in BLURS:
        costs = misfit(windows, templates(blur, FINE)[:20]).reshape(20, count, 6)
        place = int(costs.min(0).sum(1).argmin())
        if best is None or costs[:, place].min(0).sum() < best.min(0).sum():
            best = costs[:, place]
    if best is None:
        return None
    shapes = best.argmin(0)
    return _number(
        "".join(str(int(shape) % 10) for shape in shapes), "".join(str(int(shape) // 10) for shape in shapes)
    )


def is_half_of_another(upright: Grey) -> bool:
    """Whether bars go on beside the symbol: the left half of an EAN-13 has all that a UPC-E has, to its middle guard.

    `upright` shows the symbol with its bars upright, and QUIET_SHOWN_MODULES on either side of it.
    """
    profile = np.asarray(upright.mean(0), np.float32)
    module_px = len(profile) / (MODULES + 2 * QUIET_SHOWN_MODULES)
    beside = round(QUIET_SHOWN_MODULES * module_px)
    symbol = profile[beside:-beside]
    middle = (float(symbol.min()) + float(symbol.max())) / 2
    clear = round(CLEAR_OF_ENDS_MODULES * module_px)
    left, right = profile[: beside - clear], profile[len(profile) - beside + clear :]
    return bool(min(left.min(), right.min()) < middle)


def _windows(samples: Floats) -> tuple[Floats, int]:
    """What stands at each of the six digits, a column each, for every way in which the ends may lie; how many ways."""
    before = QUIET_MODULES + BESIDE_MODULES
    width = (DIGIT_MODULES + 2 * CONTEXT_MODULES) * FINE
    digits = np.arange(6) * DIGIT_MODULES + GUARD_MODULES
    ways = [
        (before + left + digits * (MODULES + right - left) / MODULES - CONTEXT_MODULES) * FINE
        for left, right in product(SLACK_MODULES, SLACK_MODULES)
    ]
    starts: NDArray[np.intp] = np.round(np.concatenate(ways)).astype(np.intp)
    at = np.clip(starts[None] + np.arange(width)[:, None], 0, len(samples) - 1)
    return samples[at], len(ways)


def _number(six: str, parity: str) -> bytes | None:
    """The number that six digits of these sets stand for."""
    other = parity.translate(str.maketrans("01", "10"))
    for system, sets in (("0", parity), ("1", other)):
        if sets in PARITIES:
            return f"0{system}{_expanded(six)}{PARITIES.index(sets)}".encode()
    return None


def _expanded(six: str) -> str:
    """Ten digits, maker and item, of the six that are printed (section 5.2.2.4, figure 5.2.2.4-1)."""
    a, last = six[:5], six[5]
    if last in "012":
        return f"{a[:2]}{last}0000{a[2:]}"
    if last == "3":
        return f"{a[:3]}00000{a[3:]}"
    if last == "4":
        return f"{a[:4]}00000{a[4]}"
    return f"{a}0000{last}"
