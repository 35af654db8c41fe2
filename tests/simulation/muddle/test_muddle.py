"""Whatever comes first of files, scans, undos and decisions: what is stored is what the whole ledger says."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.simulation.muddle.day import Day

SEEDS: Final = (*range(1, 25), 117, 121, 135, 515, 606, 1336, 1488, 1737)
"""23, 117, 121, 135, 515, 606, 1336, 1488 and 1737 once ended with something stored that the ledger did not say."""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_stored_after_a_muddled_day_is_what_the_ledger_says(seed: int, tmp_path: Path) -> None:
    day = Day(seed, f"sqlite:///{tmp_path / 'warehouse.sqlite3'}", tmp_path)
    wrong = day.happen()
    assert not wrong, "\n".join([*day.told, *wrong[:6]])
    assert any(" sends " in said for said in day.told)
