"""A small race in each run of the tests; that a naive cursor misses what commits late is shown in `test_changes.py`."""

from __future__ import annotations

import pytest

from tests.race.pulling import race
from tests.server.site import site

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


def test_who_pulls_while_four_write_misses_no_change(postgres_url: str) -> None:
    with site(postgres_url) as app:
        report = race(app, 2_000, seed=1)
    assert report.skipped == 0
