"""Stages of products from weekly sales, on curves whose stage is known."""

from __future__ import annotations

import math
import random

import pytest

from server.life_cycle.stage import HALF_SIGMA_MAX, HALF_SIGMA_MIN, Stage, find, threshold


def _drawn(rates: list[float], seed: int = 1) -> list[int]:
    """Poisson counts about these rates (Knuth's way)."""
    rng = random.Random(seed)
    weeks = []
    for rate in rates:
        left, product = 0, rng.random()
        while product > math.exp(-rate):
            left, product = left + 1, product * rng.random()
        weeks.append(left)
    return weeks


def _bass(week: float, p: float = 0.004, q: float = 0.12, market: float = 3_000) -> float:
    """Sales of a week by Bass, "A New Product Growth for Model Consumer Durables" (1969)."""
    e = math.exp(-(p + q) * week)
    return market * ((p + q) ** 2 / p) * e / (1 + q / p * e) ** 2


@pytest.mark.parametrize(
    ("weeks", "stage"),
    [
        ([], Stage.UNKNOWN),
        ([5] * 7, Stage.UNKNOWN),
        ([0, 1, 0, 0] * 8, Stage.UNKNOWN),
        ([3] * 12, Stage.INTRODUCTION),
        ([1, 1, 2, 2, 4, 5, 9, 12, 16, 20], Stage.GROWTH),
        ([20] * 60, Stage.MATURITY),
        ([20] * 47 + [22] * 13, Stage.MATURITY),
        ([10] * 47 + [20] * 13, Stage.GROWTH),
        ([20] * 47 + [10] * 13, Stage.DECLINE),
    ],
)
def test_weekly_sales_show_their_stage(weeks: list[int], stage: Stage) -> None:
    assert find(weeks, 0.2).stage is stage


@pytest.mark.parametrize(
    ("until", "stage"), [(10, Stage.GROWTH), (20, Stage.GROWTH), (44, Stage.DECLINE), (60, Stage.DECLINE)]
)
def test_a_product_that_sells_as_bass_says_goes_through_its_stages(until: int, stage: Stage) -> None:
    assert find(_drawn([_bass(week) for week in range(until)]), 0.2).stage is stage


def test_steady_sales_are_called_mature_whatever_the_noise() -> None:
    wrong = [seed for seed in range(200) if find(_drawn([6.0] * 40, seed), 0.1).stage is not Stage.MATURITY]
    assert len(wrong) <= 200 * 0.08  # two standard deviations: about one in twenty


def test_below_two_years_a_season_is_not_called_a_decline_without_saying_so() -> None:
    assert find([20] * 47 + [10] * 13, 0.2).season
    assert not find([20] * 100 + [10] * 13, 0.2).season
    assert not find([20] * 60, 0.2).season


def test_the_bound_is_half_a_standard_deviation_of_the_changes_that_are_usual_in_the_shop() -> None:
    risen, fallen = [100] * 13 + [150] * 13, [100] * 13 + [40] * 13
    assert threshold([risen, fallen]) == pytest.approx(math.sqrt((0.5**2 + 0.6**2) / 2) / 2)
    assert threshold([]) == HALF_SIGMA_MIN
    assert threshold([[1] * 13 + [500] * 13]) == HALF_SIGMA_MAX
