"""A wrong clock never changes which scans are accepted; all the clocks are `make clocks`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end import wrong_clocks

pytestmark = pytest.mark.slow


def test_what_a_handheld_with_a_wrong_clock_sends_a_day_later_is_taken_at_its_true_moment(
    tmp_path: Path,
) -> None:
    if (lacks := wrong_clocks.missing()) is not None:
        pytest.skip(lacks)
    assert wrong_clocks.run(tmp_path, wrong_clocks.FEW) == []
