"""The checks are trusted because they fail on purpose: each planted bug is found by the promise that it breaks."""

from __future__ import annotations

import pytest

from tests.simulation.faults.planted import PLANTED, Planted
from tests.simulation.faults.seeds import Simulator
from tests.simulation.faults.teeth import broken_by

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]


@pytest.mark.parametrize("bug", [bug for bug in PLANTED if not bug.slow], ids=lambda bug: bug.name)
def test_a_planted_bug_is_found_by_the_promise_that_it_breaks(simulator: Simulator, bug: Planted) -> None:
    broken = broken_by(simulator, bug)
    assert broken & bug.promises, f"Of promises {sorted(bug.promises)} none was found broken, only {sorted(broken)}."
