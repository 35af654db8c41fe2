"""Two handhelds whose line to the server is bad for a while: every scan is on the server once, as it was made."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from tests.end_to_end.bad_line import FATES, Line, bad_line
from tests.end_to_end.crash import Report, compare
from tests.end_to_end.site import Site, free_port
from tests.end_to_end.station import Station

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

HANDHELD = ("-m", "tests.end_to_end.hasty_handheld")
ACTIONS = ("receive", "move")
SEEDS = (1, 2, 3)
SCANS_MAX = 5_000
"""Of each handheld, until everything has happened to the line with each seed."""


@pytest.fixture
def line() -> Iterator[Line]:
    with bad_line(free_port()) as line:
        yield line


@pytest.fixture
def site(line: Line, tmp_path: Path, new_postgres_url: str) -> Iterator[Site]:
    """A server with several workers, at the far end of the line."""
    with Site(folder=tmp_path, database_url=new_postgres_url, port=line.target, front=line.address).running() as site:
        yield site


@pytest.fixture
def stations(site: Site, tmp_path: Path) -> list[Station]:
    made = [
        Station(number, tmp_path / f"station-{number}", action, rng=random.Random(number), program=HANDHELD)
        for number, action in enumerate(ACTIONS, 1)
    ]
    for station, invitation in zip(made, site.invitations(len(made)), strict=True):
        station.enrol(invitation)
    return made


def test_what_beeped_behind_a_line_that_delays_cuts_and_corrupts_is_on_the_server_once_when_it_is_well(
    line: Line, site: Site, stations: list[Station]
) -> None:
    serials = count()
    with ExitStack() as stack:
        at_work = [(station, stack.enter_context(station.scanning())) for station in stations]
        for seed in SEEDS:
            line.happened, line.trouble = dict.fromkeys(FATES, 0), random.Random(seed)
            while min(line.happened.values()) == 0:
                for station, keys in at_work:
                    station.scan(keys, b"010950600013435221S%05d" % next(serials))
                assert len(stations[0].beeped) < SCANS_MAX, line.happened
        line.trouble = None
        for station in stations:
            station.wait_until_drained()  # nobody scans any more
    report = Report()
    assert compare(site, stations, report) == []
    assert report.typed == report.beeped == report.events
    verified = site.flask("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
