"""Real processes, killed at random instants: what beeped is on the server, once. The full run is `make crash`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.crash import crash
from tests.postgres import Server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KILLS = 6
KILLS_WITH_ITS_DATABASE = 12  # one in ten ends PostgreSQL


def sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'warehouse.sqlite3'}"


def test_what_beeped_is_on_the_server_once_after_kills_on_sqlite(tmp_path: Path) -> None:
    report = crash(tmp_path, sqlite_url(tmp_path), kills=KILLS, seed=1)
    assert report.findings == []
    assert min(report.client_kills, report.worker_kills + report.server_kills) >= KILLS
    assert report.beeped > 0


@pytest.mark.postgres
@pytest.mark.xdist_group("crash-postgres")
def test_what_beeped_is_on_the_server_once_after_kills_on_postgresql(
    tmp_path: Path, postgres: Server, new_postgres_url: str
) -> None:
    report = crash(tmp_path, new_postgres_url, kills=KILLS_WITH_ITS_DATABASE, seed=2, cluster=postgres)
    assert report.findings == []
    assert min(report.client_kills, report.worker_kills + report.server_kills) >= KILLS_WITH_ITS_DATABASE
    assert report.database_kills > 0
    assert report.beeped > 0


@pytest.mark.control
def test_a_handheld_that_beeps_before_it_has_the_scan_is_found_out(tmp_path: Path) -> None:
    report = crash(tmp_path, sqlite_url(tmp_path), kills=3, seed=3, client=("-m", "tests.end_to_end.planted_handheld"))
    assert any("beeped and is not in the queue" in finding for finding in report.findings)


@pytest.mark.control
def test_a_server_that_acknowledges_the_highest_number_is_found_out(tmp_path: Path) -> None:
    report = crash(tmp_path, sqlite_url(tmp_path), kills=200, seed=4, server="tests.end_to_end.planted_server")
    assert any("was acknowledged through" in finding for finding in report.findings)
