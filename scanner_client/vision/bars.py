"""Reads EAN-13 and UPC-A off soft, faint or light bars, where an engine that decides on black and white reads nothing.

Each of several bands of the label is read by itself, as the valid number that its profile resembles most. How much
worse the next valid number fits is the margin. One band alone is never believed: bands have to agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from scanner_client.vision.frame import Grey
from scanner_client.vision.profile import (
    BLURS,
    CONTEXT_MODULES,
    FINE,
    GUARD_MODULES,
    QUIET_MODULES,
    Floats,
    Pose,
    evened,
    likely_poses,
    misfit,
    places,
    templates,
)

FIRST_DIGITS = ("000000", "001011", "001101", "001110", "010011", "011001", "011100", "010101", "010110", "011010")
"""Which of the left digits are of set B (1), by the first digit (GS1 General Specifications, section 5.2.1.2)."""

WEIGHTS = (3, 1) * 6
"""Of the twelve digits after the first, for the check digit (section 7.9.1)."""

BANDS_FROM, BANDS_TO, BANDS = 0.1, 0.9, 5
POSES_MAX = 3

MARGIN_MIN = 0.25
"""Rendered symbols have 0.2 to 0.7."""

AGREEING_MIN = 3
"""Of five bands. They share one blur and one distortion, so their agreement alone does not vouch for a number."""

MISFIT_MAX, DIGIT_MISFIT_MAX, RIMS_MAX = 0.18, 0.3, 0.35
"""Rendered EAN-13, soft up to one module: at most 0.17, 0.25 and 0.29. Random stripes and other symbologies that passed
for a number in every band: at least 0.19, 0.32 and 0.26. A digit hidden by a finger, guessed from the check digit: 0.5
for that digit."""

UNEVEN_MODULES_MAX = 0.6

SIDE_PX_MIN, SIDE_PX_MAX = 8, 4096
WRONG = 1e4


@dataclass(frozen=True, slots=True, kw_only=True)
class BarsRead:
    """One symbol in an upright crop."""

    symbology: str
    data: bytes
    """Thirteen digits; a UPC-A as the EAN-13 that it is, with a 0 before it."""
    span_px: tuple[float, float]
    """From the first bar to the last, along the crop's width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BandRead:
    """The best number in one band."""

    digits: str
    margin: float
    """How much worse the next valid number fits, in digits' misfits."""
    misfit: float
    worst: float
    """The mean misfit of its digits, and the largest."""
    rims: float
    """The mean misfit of the three guards and the two quiet zones beside them."""
    uneven_modules: float
    """How far a digit is from where its neighbours' widths put it."""
    span_px: tuple[float, float]

    @property
    def plausible(self) -> bool:
        """Whether it looks like a printed symbol at all."""
        fits = self.misfit <= MISFIT_MAX and self.worst <= DIGIT_MISFIT_MAX and self.rims <= RIMS_MAX
        return fits and self.uneven_modules <= UNEVEN_MODULES_MAX and self.margin >= MARGIN_MIN


def read_bars(crop: Grey, symbol_px: float) -> BarsRead | None:
    """The EAN-13 or UPC-A of about that length in an upright crop (height x width); None where bands do not agree."""
    height, width = crop.shape
    if not (height >= SIDE_PX_MIN and SIDE_PX_MIN <= width <= SIDE_PX_MAX):
        return None
    edges = np.linspace(BANDS_FROM * height, BANDS_TO * height, BANDS + 1).astype(int)
    bands = [crop[a:b].mean(0, dtype=np.float32) for a, b in pairwise(edges) if b > a]
    middle = np.mean(bands[1:-1] or bands, axis=0)
    for pose in likely_poses(middle, symbol_px, POSES_MAX):
        whole = read_band(middle, pose)
        if whole is None or not whole.plausible:
            continue
        if (agreed := _agreed(whole.digits, [read_band(band, pose) for band in bands])) is not None:
            return agreed
    return None


def _agreed(digits: str, reads: list[BandRead | None]) -> BarsRead | None:
    """What at least AGREEING_MIN bands say and no other contradicts."""
    said = [read for read in reads if read is not None and read.plausible]
    if len(said) < AGREEING_MIN or {read.digits for read in said} != {digits}:
        return None
    starts, ends = zip(*(read.span_px for read in said), strict=True)
    span = float(np.median(starts)), float(np.median(ends))
    return BarsRead(symbology="]E0", data=digits.encode(), span_px=span)


def read_band(profile: Floats, pose: Pose) -> BandRead | None:
    """The valid number that a profile resembles most at about this pose."""
    samples = evened(profile, pose, FINE)
    (place,) = places(samples[None], FINE)
    costs = [found for blur in BLURS if (found := _digit_costs(samples, place.digits, blur)) is not None]
    if not costs:
        return None
    cost = min(costs, key=lambda found: float(found[:6, :20].min(1).sum() + found[6:, 20:].min(1).sum()))
    digits, chosen, margin = best_number(cost)
    x = place.digits.astype(float) / FINE
    smooth = np.polyval(np.polyfit(_PLACES, x, 3), _PLACES)
    ends = (float(x[0]) - GUARD_MODULES - QUIET_MODULES, place.end / FINE + GUARD_MODULES - QUIET_MODULES)
    start, end = (end * pose.module_px for end in ends)
    return BandRead(
        digits=digits,
        margin=margin,
        misfit=float(chosen.mean()),
        worst=float(chosen.max()),
        rims=place.rims,
        uneven_modules=float(np.abs(x - smooth).max()),
        span_px=(len(profile) - end, len(profile) - start) if pose.mirrored else (start, end),
    )


_PLACES = np.array([7 * n for n in range(6)] + [47 + 7 * n for n in range(6)], float)
"""Where the twelve digits begin in an ideal symbol, in modules from the first."""


def _digit_costs(samples: Floats, at: NDArray[np.intp], blur: float) -> Floats | None:
    """The misfit of each of the 30 digits at each of the twelve places (12 x 30), a sample more or less."""
    shapes = templates(blur, FINE)
    starts = at[:, None] + np.arange(-1, 2) - CONTEXT_MODULES * FINE
    if starts.min() < 0 or starts.max() + shapes.shape[1] > len(samples):
        return None
    windows = samples[starts.ravel() + np.arange(shapes.shape[1])[:, None]]
    return np.asarray(misfit(windows, shapes).reshape(30, 12, 3).min(2).T, np.float32)


def best_number(cost: Floats) -> tuple[str, Floats, float]:
    """The valid number of the lowest cost, its digits' costs (12), and by how much the next valid one is worse.

    Any other number differs in at least one of the twelve, so forbidding each in turn finds the next one.
    """
    first, twelve, total = _cheapest(cost)
    used = [digit + (20 if n >= 6 else 10 * int(FIRST_DIGITS[first][n])) for n, digit in enumerate(twelve)]
    others = np.repeat(cost[None], 12, axis=0)
    others[np.arange(12), np.arange(12), used] = WRONG
    digits = f"{first}{''.join(map(str, twelve))}"
    return digits, cost[np.arange(12), used], float(_lowest(others).min()) - total


def _cheapest(cost: Floats) -> tuple[int, list[int], float]:
    """The first digit, the twelve that follow and the sum of their costs, for the cheapest number that is valid."""
    by_digit = _by_digit(cost[None])[0]
    # sums[first, r]: the cheapest beginning whose weighted digits leave r modulo 10.
    sums = np.full((10, 10), WRONG, np.float32)
    sums[np.arange(10), np.arange(10)] = 0
    choices = []
    for n, weight in enumerate(WEIGHTS):
        came = sums[:, _BEFORE[weight]] + by_digit[:, n, None, :]
        choices.append(came.argmin(2))
        sums = came.min(2)
    first = int(sums[:, 0].argmin())
    rest, twelve = 0, list[int]()
    for weight, choice in zip(reversed(WEIGHTS), reversed(choices), strict=True):
        twelve.append(int(choice[first, rest]))
        rest = (rest - weight * twelve[-1]) % 10
    return first, twelve[::-1], float(sums[first, 0])


def _lowest(costs: Floats) -> Floats:
    """The sum of the cheapest valid number's costs, for each of several costs (n x 12 x 30)."""
    by_digit = _by_digit(costs)
    sums = np.full((len(costs), 10, 10), WRONG, np.float32)
    sums[:, np.arange(10), np.arange(10)] = 0
    for n, weight in enumerate(WEIGHTS):
        sums = (sums[:, :, _BEFORE[weight].T] + by_digit[:, :, n, :, None]).min(2)
    return np.asarray(sums[:, :, 0].min(1), np.float32)


def _by_digit(costs: Floats) -> Floats:
    """Costs (n x 12 x 30) by first digit, place and digit (n x 10 x 12 x 10): the first digit says which sets hold."""
    left = costs[:, :6, :20].reshape(-1, 6, 2, 10)[:, np.arange(6), _SETS]
    right = np.broadcast_to(costs[:, None, 6:, 20:], (len(costs), 10, 6, 10))
    return np.concatenate([left, right], axis=2)


_SETS = np.array([[int(symbol) for symbol in sets] for sets in FIRST_DIGITS])
_BEFORE = {weight: (np.arange(10)[:, None] - weight * np.arange(10)) % 10 for weight in (1, 3)}
"""By the rest (rows) and the digit (columns): what the rest was before that digit."""
