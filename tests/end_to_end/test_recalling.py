"""A recall of 2,000 units in six places, with three handhelds offline: obeyed, and accounted for to the last unit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.recalling import recall_a_lot

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_lot_of_2000_units_is_stopped_everywhere_and_every_unit_is_accounted_for(tmp_path: Path) -> None:
    report = recall_a_lot(tmp_path, f"sqlite:///{tmp_path / 'warehouse.sqlite3'}")
    assert (report.reached, report.open) == (2_000, 0)
    assert report.let_through == []
    assert report.refused == 6 * 7
    assert (report.held, report.handed_over) == (3, 0), "who is offline hands nothing over, however fresh the list"
    assert len(report.heard_ms) == 3
    assert report.took_ms is not None
