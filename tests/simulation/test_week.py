"""A simulated warehouse in small: every fault that a scan exposes is a case of the right kind, and nothing else is."""

from __future__ import annotations

import pytest

from tests.simulation.rates import Rates
from tests.simulation.scoring import table
from tests.simulation.week import Size, run

SMALL = Size(units=600, handhelds=4, days=2, deliveries_a_day=3, orders_a_day=15, counts_a_day=2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["7"])
def test_every_fault_that_a_scan_exposes_is_found_and_nothing_else(seed: str) -> None:
    result = run(seed, SMALL, Rates(pressure=20))
    shown = "\n".join([f"seed {seed}", table(result.score), *map(str, result.score.missed), *result.score.false])
    assert not result.score.unexplained, shown
    assert not result.score.missed, shown
    assert not result.score.false, shown
    assert result.outcomes == {"accepted": result.events}
