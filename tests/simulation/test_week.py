"""A simulated warehouse in small: every fault that a scan exposes is a case of the right kind, and nothing else is."""

from __future__ import annotations

import pytest

from tests.simulation.rates import Rates
from tests.simulation.scoring import table
from tests.simulation.week import Size, run

SMALL = Size(units=600, handhelds=4, days=2, deliveries_a_day=3, orders_a_day=15, counts_a_day=2)
ROUGH = Rates(
    pressure=40,
    clones=0.004,
    strangers=0.003,
    came_back=0.02,
    inbound_errors=0.15,
    unread_inbound=0.03,
    unscanned=0.03,
    wrong_bin=0.05,
    mispick=0.08,
    unread=0.02,
    keyed=0.03,
    miskeyed=0.3,
    outages=0.8,
    reboots=0.6,
    clock_faults=0.6,
)
"""So small a warehouse would see hardly any of most faults in two days."""


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["1", "2"])
def test_every_fault_that_a_scan_exposes_is_found_and_nothing_else(seed: str) -> None:
    result = run(seed, SMALL, ROUGH)
    shown = "\n".join([f"seed {seed}", table(result.score), *map(str, result.score.missed), *result.score.false])
    assert not result.score.unexplained, shown
    assert not result.score.missed, shown
    assert not result.score.false, shown
    assert result.outcomes == {"accepted": result.events}
