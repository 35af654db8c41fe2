"""The checks are trusted because they fail on purpose: each planted bug is found by the promise that it breaks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.simulation.faults.__main__ import Simulator
from tests.simulation.faults.teeth import PLANTED, Planted, scene

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]
SEEDS_MAX = 3


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with ExitStack() as stack:
        yield Simulator(stack)


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found_by_the_promise_that_it_breaks(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, bug: Planted
) -> None:
    bug.plant(monkeypatch)
    broken: set[int] = set()
    for seed in range(1, SEEDS_MAX + 1):
        broken |= {finding.promise for finding in simulator.run(scene(bug, seed)).findings}
        if broken & bug.promises:
            return
    pytest.fail(f"Of promises {sorted(bug.promises)} none was found broken, only {sorted(broken)}.")
