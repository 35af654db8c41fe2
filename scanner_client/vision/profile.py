"""Where a retail symbol (EAN-13, UPC-A) lies in a profile across its bars, without deciding what is black.

A symbol that is blurred over more than a module has no edges left to measure, but each of its digits still has a
shape. So stretches of the profile are compared with every digit as a lens would blur it, and the stretch of twelve
digits and three guards that fits best as a whole is the place (after Gallo and Manduchi, "Reading 1D Barcodes with
Mobile Phones Using Deformable Templates", IEEE TPAMI 33 (9), 2011; their templates are widened here by a blur).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

LEFT_ODD: tuple[str, ...] = (
    "0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011",
)  # fmt: skip
"""Set A, 1 for a dark module (GS1 General Specifications, section 5.2.1.2). Sets B and C are its mirror images."""

RIGHT = tuple(pattern.translate(str.maketrans("01", "10")) for pattern in LEFT_ODD)
LEFT_EVEN = tuple(pattern[::-1] for pattern in RIGHT)
DIGIT_MODULES, GUARD_MODULES, CENTRE_MODULES, SYMBOL_MODULES = 7, 3, 5, 95
MODULES_BETWEEN = 11 * DIGIT_MODULES + CENTRE_MODULES
"""From the first of the twelve digits to the last."""

BLURS = (0.4, 0.7)
"""Standard deviations of the blur that are tried, in modules. At 1.0 one rendered label in seven was read, and one of
those 26 wrongly."""

LOCATING_BLUR = 0.7
COARSE, FINE = 2, 4
"""Samples a module: to find the symbol, and to read it."""

CONTEXT_MODULES = 1
"""A digit is compared with one module of its neighbours on either side, which is the same next to every digit."""

GAIN_WEIGHT = 1.0
"""How much a digit's contrast is held to that of the symbol around it."""

MEAN_MODULES, SPREAD_MODULES = 14, 21
"""Over how many modules light and contrast are evened out: two and three digits."""

CONTRAST_SHARE_MIN = 0.3
SLIP_COST = 0.02
"""For a digit that is wider or narrower than the last one by one sample."""

QUIET_MODULES = 8
SIZES = tuple(float(size) for size in np.exp(np.arange(-0.2, 0.15, 0.05)))
"""How much longer or shorter the symbol may be than the bars seem to be: a place is only found to a cell."""

PLACE_COST_MAX = 0.33
"""Worse places are not read. Of the photographs' bars that were read 96 % fitted better, of the others 55 %."""

MODULE_PX_MIN = 0.75
NOWHERE = 1e3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """How a symbol lies in a profile."""

    module_px: float
    mirrored: bool
    """It reads from right to left."""
    light_on_dark: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """Where its parts are, in samples of an evened profile."""

    cost: float
    """The mean share of the profile's variance that digits and guards leave unexplained."""
    digits: NDArray[np.intp]
    """Where each of the twelve begins."""
    end: int
    """Where the last guard begins."""
    rims: float
    """The mean misfit of the three guards, each with some quiet zone or digit beside it."""

    def modules(self, per_module: int) -> float:
        """From the first digit to the twelfth, in modules of the size that was looked for."""
        return float(self.digits[-1] - self.digits[0]) / per_module


def _blurred(pattern: str, blur: float, per_module: int) -> Floats:
    """Samples of a pattern without its outermost two modules, dark positive; "?" stands for what is unknown."""
    fine = 4 * per_module
    level = {"0": -1.0, "1": 1.0, "?": 0.0}
    signal = np.repeat([level[module] for module in pattern], fine)
    reach = np.arange(-4 * fine, 4 * fine + 1) / fine
    kernel = np.exp(-0.5 * (reach / blur) ** 2)
    spread = np.convolve(np.pad(signal, 4 * fine, mode="edge"), kernel / kernel.sum(), "valid")
    samples: Floats = spread.reshape(-1, 4).mean(1).astype(np.float32)
    return samples[2 * per_module : -2 * per_module]


def _bank(blur: float, per_module: int) -> tuple[Floats, Floats]:
    """Templates of the 30 digits (sets A, B, C) and of the three guards, zero mean, at unit contrast of the digits."""
    left = [_blurred(f"??1{pattern}0??", blur, per_module) for pattern in LEFT_ODD + LEFT_EVEN]
    right = [_blurred(f"??0{pattern}1??", blur, per_module) for pattern in RIGHT]
    guards = [
        _blurred(pattern, blur, per_module)
        for pattern in ("00000" + "1010??", "??1" + "01010" + "1??", "??0101" + "00000")
    ]
    digits, rims = np.array(left + right), np.array(guards)
    digits -= digits.mean(1, keepdims=True)
    rims -= rims.mean(1, keepdims=True)
    return digits / digits.std(), rims / digits.std()


_BANKS = {(blur, n): _bank(blur, n) for blur, n in [(LOCATING_BLUR, COARSE), *((blur, FINE) for blur in BLURS)]}


def evened(profile: Floats, pose: Pose, per_module: int) -> Floats:
    """The profile at so many samples a module, from left to right as the symbol reads, dark positive.

    Its mean and its spread over a few digits are made the same everywhere. QUIET_MODULES are added at either end.
    """
    count = max(1, int(len(profile) / pose.module_px * per_module))
    sums = np.concatenate([[0.0], np.cumsum(profile, dtype=np.float64)])
    edges = np.interp(np.arange(count + 1) * pose.module_px / per_module, np.arange(len(sums)), sums)
    sampled = np.diff(edges)
    sampled = sampled[::-1] if pose.mirrored else sampled
    padded = np.pad(sampled if pose.light_on_dark else -sampled, QUIET_MODULES * per_module, mode="edge")
    flat = padded - _running_mean(padded, MEAN_MODULES * per_module)
    spread = np.sqrt(np.maximum(_running_mean(flat * flat, SPREAD_MODULES * per_module), 0.0))
    return np.asarray(flat / np.maximum(spread, CONTRAST_SHARE_MIN * spread.max() + 1e-3), np.float32)


def _running_mean(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    sums = np.cumsum(np.pad(values, (width // 2 + 1, width - 1 - width // 2), mode="edge"))
    return (sums[width:] - sums[:-width]) / width


def misfit(windows: Floats, templates: Floats) -> Floats:
    """The mean squared difference (templates x windows) where each template is laid with a gain of about one.

    `windows` (samples x windows) has a column for each; columns keep the sums over many windows fast.
    """
    width = len(windows)
    power = (np.square(windows).sum(0) - np.square(windows.sum(0)) / width) / width
    own = np.square(templates).sum(1, keepdims=True)
    gain = templates @ windows
    gain += GAIN_WEIGHT * own
    gain *= gain
    gain *= -1 / ((1 + GAIN_WEIGHT) * own * width)
    gain += power + GAIN_WEIGHT * own / width
    return np.asarray(gain, np.float32)


def templates(blur: float, per_module: int) -> Floats:
    """The 30 digits (sets A, B, C) at one blur."""
    return _BANKS[blur, per_module][0]


def places(samples: Floats, per_module: int) -> list[Place]:
    """The best place of a symbol in each evened profile (a row each): a part follows the last."""
    digits, guards = _BANKS[LOCATING_BLUR, per_module]
    rows, count = samples.shape
    of_digits = _misfits(samples, digits)
    of_guards = _misfits(samples, guards)
    lead = CONTEXT_MODULES * per_module
    left = _from_start(of_digits[:20].min(0), lead, count)
    right = _from_start(of_digits[20:].min(0), lead, count)
    parts = [left] * 5 + [_from_start(of_guards[1], lead, count)] + [right] * 6
    parts.append(_from_start(of_guards[2], lead, count))
    totals = [_from_start(of_guards[0], 6 * per_module, count) + left]
    for modules, part in zip(_STEPS, parts, strict=True):
        step, before = modules * per_module, totals[-1]
        came = np.full((rows, count), NOWHERE, np.float32)
        for slip in (-1, 0, 1):
            here = came[:, step + slip :]
            np.minimum(here, before[:, : count - step - slip] + SLIP_COST * abs(slip), out=here)
        totals.append(came + part)
    rims = [totals[0] - left, parts[5], parts[-1]]
    return [_traced([total[row] for total in totals], [rim[row] for rim in rims], per_module) for row in range(rows)]


_STEPS = [DIGIT_MODULES] * 6 + [CENTRE_MODULES] + [DIGIT_MODULES] * 6
"""From the first digit to each next part, the last of which is the guard at the end."""


def _traced(totals: list[Floats], rims: list[Floats], per_module: int) -> Place:
    """The parts' places, from the last one back to the one that it was best reached from."""
    at = [int(totals[-1].argmin())]
    for modules, before in zip(reversed(_STEPS), reversed(totals[:-1]), strict=True):
        earlier = [max(0, at[-1] - modules * per_module - slip) for slip in (0, -1, 1)]
        at.append(min(earlier, key=lambda x: before[x] + SLIP_COST * abs(x - earlier[0])))
    at.reverse()
    rim = float(np.mean([misfits[x] for misfits, x in zip(rims, (at[0], at[6], at[13]), strict=True)]))
    digits = np.array(at[:6] + at[7:13], np.intp)
    return Place(cost=float(totals[-1].min()) / 15, digits=digits, end=at[13], rims=rim)


def _misfits(samples: Floats, shapes: Floats) -> Floats:
    """How badly each template fits at each place (templates x rows x places)."""
    width = shapes.shape[1]
    view = np.lib.stride_tricks.sliding_window_view(samples, width, axis=1)
    windows = np.ascontiguousarray(view.transpose(2, 0, 1)).reshape(width, -1)
    return misfit(windows, shapes).reshape(len(shapes), *view.shape[:2])


def _from_start(misfits: Floats, lead: int, count: int) -> Floats:
    """By where a part starts (rows x count), `lead` samples after its template does."""
    shifted = np.full((len(misfits), count), NOWHERE, np.float32)
    usable = min(misfits.shape[1], count - lead)
    shifted[:, lead : lead + usable] = misfits[:, :usable]
    return shifted


def likely_poses(profile: Floats, symbol_px: float, most: int) -> list[Pose]:
    """The poses at which a symbol of about that length fits the profile best, the best first.

    One evened profile serves four poses: read from the right it is reversed, light on dark it is negative.
    """
    tried_px = (symbol_px * size / SYMBOL_MODULES for size in SIZES)
    sizes = [module_px for module_px in tried_px if module_px >= MODULE_PX_MIN]
    if not sizes:
        return []
    tried = [Pose(module_px=size, mirrored=False, light_on_dark=False) for size in sizes]
    upright = [evened(profile, pose, COARSE) for pose in tried]
    samples = np.zeros((4 * len(sizes), max(map(len, upright))), np.float32)
    for row, values in enumerate(upright):
        for mirrored in (0, 1):
            for light in (0, 1):
                turned = values[::-1] if mirrored else values
                samples[4 * row + 2 * mirrored + light, : len(values)] = -turned if light else turned
    found = places(samples, COARSE)
    order = sorted(
        (row for row in range(len(found)) if found[row].cost < PLACE_COST_MAX), key=lambda row: found[row].cost
    )
    return [
        replace(
            tried[row // 4],
            module_px=tried[row // 4].module_px * found[row].modules(COARSE) / MODULES_BETWEEN,
            mirrored=bool(row & 2),
            light_on_dark=bool(row & 1),
        )
        for row in order[:most]
    ]
