"""Whatever goes wrong between handhelds and the server, no promise is broken, and it can be repeated."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from tests.simulation.faults.plan import Fault, draw
from tests.simulation.faults.seeds import Simulator
from tests.simulation.faults.shrink import shrink, told

SEEDS: Final = (*range(1, 201), 314, 370, 430, 617, 958, 1024, 1253, 1526, 1538, 1705, 2221, 2483, 7113, 7593, 8399)
"""Some 110,000 scans, in two minutes of two cores; the last fifteen once broke a promise."""
PARTS: Final = 4
"""Each is one worker's, from its first seed to its last: they have one server."""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=pytest.mark.xdist_group(f"faults {seed % PARTS}")) for seed in SEEDS]
)
def test_no_promise_is_broken_whatever_goes_wrong(simulator: Simulator, seed: int) -> None:
    plan = draw(seed)
    result = simulator.run(plan)
    assert not result.findings, "\n".join([told(plan), *map(str, result.findings[:10])])
    assert result.witness.injected.total() > 10, "hardly anything went wrong: that shows nothing"


@pytest.mark.xdist_group("faults 0")
def test_a_seed_is_the_same_afternoon_each_time(simulator: Simulator) -> None:
    plan = draw(11, scans=60)
    one, other = simulator.run(plan), simulator.run(plan)
    assert one.witness.trace == other.witness.trace
    assert one.witness.digest == other.witness.digest
    assert one.witness.digest != simulator.run(draw(12, scans=60)).witness.digest


def test_a_failing_plan_is_made_small() -> None:
    """Of all troubles only the two are left that together break it, and no scan more than that takes."""
    plan = draw(3)
    blamed = {plan.troubles[2], plan.troubles[-1]}
    small = shrink(plan, lambda p: blamed <= set(p.troubles) and p.scans >= 20)
    assert set(small.troubles) == blamed
    assert small.scans < 40
    assert Fault(small.troubles[0].fault).name in told(small)
    assert shrink(replace(plan, troubles=()), lambda _: False).scans == plan.scans
