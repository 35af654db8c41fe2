"""In which stage of its life a product is, from its own weekly sales. Pure.

After Polli and Cook, "Validity of the Product Life Cycle", The Journal of Business 42 (1969): a product grows or
declines where its sales changed by more than half a standard deviation of the changes that are usual, and is mature
between. Here a change is that of the last quarter (13 weeks) against the quarter before; the usual ones are those of
all products of the shop (about nought, each held within ±100 %); and a change within the noise of counting (two
standard deviations of a Poisson count) is none. A product younger than two quarters is in its introduction until its
sales rise. Whoever has sold it for less than two years cannot tell a season from a decline: that is said, not guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import sqrt
from typing import Final

QUARTER: Final = 13
"""Weeks."""
YOUNG: Final = 8
"""Weeks: below, nothing can be said."""
SOLD_MIN: Final = 20
"""Pieces in both quarters together: below, nothing can be said."""
TWO_YEARS: Final = 104
HALF_SIGMA_MIN, HALF_SIGMA_MAX = 0.10, 0.50
"""Between these the threshold is held: a shop of few products has no usual changes yet."""


class Stage(StrEnum):
    """The stages, in their order."""

    INTRODUCTION = "introduction"
    GROWTH = "growth"
    MATURITY = "maturity"
    DECLINE = "decline"
    UNKNOWN = "unknown"
    """Too little history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A stage, and what it rests on."""

    stage: Stage
    why: str
    """A sentence with the figures."""
    change: float | None = None
    """Of the last quarter against the one before (or of the younger half of its life): 0.25 is a quarter more."""
    chance: bool = False
    """Whether the change is no more than chance."""
    season: bool = False
    """Whether it may as well be the season."""


def threshold(products: Iterable[Sequence[int]]) -> float:
    """Half a standard deviation of the changes from quarter to quarter that are usual in the shop.

    Args:
        products: weekly sales of each since its first, oldest first.
    """
    changes = [change for weeks in products for change in _changes(weeks)]
    sigma = sqrt(sum(change**2 for change in changes) / len(changes)) if changes else 0.0
    return min(HALF_SIGMA_MAX, max(HALF_SIGMA_MIN, sigma / 2))


def _changes(weeks: Sequence[int]) -> Iterable[float]:
    quarters = [sum(weeks[end - QUARTER : end]) for end in range(len(weeks), QUARTER - 1, -QUARTER)]
    for later, earlier in pairwise(quarters):
        if later + earlier >= SOLD_MIN:
            yield max(-1.0, min(1.0, (later - earlier) / earlier)) if earlier else 1.0


def find(weeks: Sequence[int], half_sigma: float) -> Finding:
    """The stage of one product.

    Args:
        weeks: pieces sold in each whole week since its first sale, oldest first.
        half_sigma: of `threshold`.
    """
    if len(weeks) < YOUNG:
        return Finding(stage=Stage.UNKNOWN, why=f"Too little history: on sale for {len(weeks)} weeks, {YOUNG} needed.")
    half = QUARTER if len(weeks) >= 2 * QUARTER else len(weeks) // 2
    later, earlier = sum(weeks[-half:]), sum(weeks[-2 * half : -half])
    if later + earlier < SOLD_MIN:
        return Finding(
            stage=Stage.UNKNOWN,
            why=f"Too little history: {later + earlier} sold in {2 * half} weeks, {SOLD_MIN} needed.",
        )
    change = (later - earlier) / earlier if earlier else 1.0
    told = f"{later:,} sold in the last {half} weeks, {earlier:,} in the {half} before: {change:+.0%}"
    is_noise = abs(later - earlier) <= 2 * sqrt(later + earlier)
    stage = _stage(change, half_sigma, is_noise=is_noise, is_young=len(weeks) < 2 * QUARTER)
    if stage is Stage.DECLINE:
        season = len(weeks) < TWO_YEARS
    else:
        season = stage is Stage.GROWTH and QUARTER * 2 <= len(weeks) < TWO_YEARS
    return Finding(
        stage=stage,
        why=f"{told}; {_bound(half_sigma, is_noise=is_noise)}",
        change=change,
        chance=is_noise,
        season=season,
    )


def _stage(change: float, half_sigma: float, *, is_noise: bool, is_young: bool) -> Stage:
    if not is_noise and change > half_sigma:
        return Stage.GROWTH
    if not is_noise and change < -half_sigma:
        return Stage.DECLINE
    return Stage.INTRODUCTION if is_young else Stage.MATURITY


def _bound(half_sigma: float, *, is_noise: bool) -> str:
    if is_noise:
        return "no more than chance does."
    return f"the bound is ±{half_sigma:.0%}."
