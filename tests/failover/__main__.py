"""Take the leader away under load, again and again, and see whether anything that was acknowledged is lost.

`python -m tests.failover --rounds 9 --seed 1`, or `make failover`. Real handhelds scan and sync through gunicorn all
the while, and are killed now and then themselves. In turn a node loses its power while the other has heard nothing for
a second, its PostgreSQL dies, and it hangs. With `--asynchronous`, the control, the first of these must lose rows that
were acknowledged: a control that loses none fails.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Final

import psutil
import psycopg

from tests.end_to_end.crash import ACTIONS, CLIENT, Report, compare
from tests.end_to_end.site import Site
from tests.end_to_end.station import Station
from tests.failover.cluster import Cluster, ClusterUnavailableError, running_cluster

LOAD_SECONDS: Final = (3.0, 8.0)
"""How long the handhelds work between two faults."""
DEAF_SECONDS: Final = 1.0
"""How long the other node hears nothing before the power is cut: what is acknowledged meanwhile is on one node only."""
PROBE_SECONDS: Final = 0.05
WRITES_SECONDS_MAX: Final = 120.0
WAYS: Final = ("its power is cut", "its PostgreSQL is killed", "it hangs")


@dataclass
class Probe:
    """Somebody who writes a row through the door, over and over, and remembers each that was acknowledged."""

    url: str
    acknowledged: list[tuple[float, int]] = field(default_factory=list)
    """Moment and number."""
    _ending: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def start(self) -> None:
        """Make the table and begin."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE probe (number bigint PRIMARY KEY)")
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def lost(self) -> int:
        """How many acknowledged rows are not there."""
        with psycopg.connect(self.url) as connection:
            there = {number for (number,) in connection.execute("SELECT number FROM probe")}
        return len({number for _, number in self.acknowledged} - there)

    def longest_silence(self, since: float) -> float:
        """Seconds without an acknowledgement, at the most, since a moment."""
        moments = [since, *(at for at, _ in self.acknowledged if at >= since), time.monotonic()]
        return max(b - a for a, b in pairwise(moments))

    def _run(self) -> None:
        number = 0
        while not self._ending.is_set():
            with suppress(psycopg.Error), psycopg.connect(self.url, autocommit=True, connect_timeout=3) as connection:
                while not self._ending.wait(PROBE_SECONDS):
                    number += 1
                    connection.execute("INSERT INTO probe VALUES (%s)", (number,))
                    self.acknowledged.append((time.monotonic(), number))
            self._ending.wait(PROBE_SECONDS)


def fail_over(cluster: Cluster, folder: Path, *, rounds: int, seed: int) -> tuple[Report, list[str], int]:
    """Take the leader away so many times while handhelds work; what was found, a line for each round, lost rows."""
    rng, report, told = random.Random(seed), Report(), []
    probe = Probe(cluster.database_url("postgres").replace("+psycopg", ""))
    with psycopg.connect(probe.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE warehouse")
    probe.start()
    site = Site(folder=folder, database_url=cluster.database_url("warehouse"))
    site.start()
    try:
        site.wait_until_ready()
        stations = _at_work(site, folder, rng)
        for number in range(rounds):
            told.append(_round(cluster, probe, stations, WAYS[number % len(WAYS)], rng))
            print(f"  {told[-1]}", file=sys.stderr)
        for station in stations:
            station.finish()
        for station in stations:
            station.drain()
        report.findings += compare(site, stations, report)
        verified = site.flask("verify")
        report.findings += (verified.stdout + verified.stderr).splitlines() if verified.returncode else []
    finally:
        site.kill()
        probe.stop()
    if lost := probe.lost():
        report.findings.append(f"{lost} of {len(probe.acknowledged)} rows that were acknowledged to a probe are lost.")
    report.restarts = site.restarts
    told.append(f"{len(probe.acknowledged)} rows acknowledged to a probe beside them.")
    return report, told, lost


def _at_work(site: Site, folder: Path, rng: random.Random) -> list[Station]:
    stations = [
        Station(number, folder / f"station-{number}", action, rng=random.Random(rng.random()), program=CLIENT)
        for number, action in enumerate(ACTIONS, 1)
    ]
    for station, invitation in zip(stations, site.invitations(len(stations)), strict=True):
        station.enrol(invitation)
        station.start()
    return stations


def _round(cluster: Cluster, probe: Probe, stations: list[Station], way: str, rng: random.Random) -> str:
    """Take the leader away once, wait until the cluster is whole again; a line that says what it cost."""
    leader = cluster.wait_until_whole()
    Event().wait(rng.uniform(*LOAD_SECONDS))
    began, beeps = time.monotonic(), _beeps(stations)
    back = _take_away(cluster, leader, way)
    roles = cluster.wait_for(lambda roles: "leader" in {r for n, r in roles.items() if way == WAYS[1] or n != leader})
    acknowledged, deadline = len(probe.acknowledged), time.monotonic() + WRITES_SECONDS_MAX
    while len(probe.acknowledged) == acknowledged:
        if time.monotonic() > deadline:
            raise ClusterUnavailableError(
                f"{leader} led and {way}; nothing was written for {WRITES_SECONDS_MAX:.0f} s."
            )
        Event().wait(PROBE_SECONDS)
    silence, beeped = probe.longest_silence(began), _beeps(stations) - beeps
    back()
    cluster.wait_until_whole()
    to = next(name for name, role in roles.items() if role == "leader")
    for station in stations:
        if station.failure is not None:
            raise RuntimeError(f"{station.name} failed.") from station.failure
    return (
        f"{leader} led and {way}: {to} leads; {silence:.1f} s without a write, {beeped} beeps meanwhile; whole again "
        f"after {time.monotonic() - began:.0f} s."
    )


def _take_away(cluster: Cluster, leader: str, way: str) -> Callable[[], None]:
    """Take the leader away; what brings it back."""
    if way == WAYS[0]:
        cluster.stop_telling(leader)
        Event().wait(DEAF_SECONDS)
        cluster.kill_node(leader)
        return lambda: cluster.start_node(leader)
    if way == WAYS[1]:
        cluster.kill_postgres(leader)
        return lambda: None
    frozen = cluster.freeze(leader)
    return lambda: _resume(frozen)


def _resume(frozen: list[psutil.Process]) -> None:
    for process in frozen:
        with suppress(psutil.NoSuchProcess):
            process.resume()


def _beeps(stations: list[Station]) -> int:
    return sum(len(station.beeped) for station in stations)


def main(argv: list[str] | None = None) -> int:
    """One run; 1 where anything was found, and of the control where no acknowledged row was lost."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often the leader is taken away")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--asynchronous", action="store_true", help="the control: commits wait for no other node")
    args = parser.parse_args(argv)
    began = time.monotonic()
    try:
        with (
            running_cluster(synchronous=not args.asynchronous) as cluster,
            tempfile.TemporaryDirectory(prefix="failover-") as folder,
        ):
            print(f"Two nodes are up after {time.monotonic() - began:.0f} s.", file=sys.stderr)
            report, told, lost = fail_over(cluster, Path(folder), rounds=args.rounds, seed=args.seed)
    except ClusterUnavailableError as missing:
        print(missing)
        return 1
    print("\n".join(told))
    silences = [float(line.split(" s without")[0].rsplit(" ", 1)[1]) for line in told[:-1]]
    print(
        f"{args.rounds} times without a leader, median {statistics.median(silences):.1f} s and at most "
        f"{max(silences):.1f} s without writes; {report.typed} labels typed, {report.beeped} beeps, "
        f"{report.events} events; {time.monotonic() - began:.0f} s."
    )
    print("\n".join(report.findings) or "Nothing was lost, nothing was there twice, nothing was invented.")
    if args.asynchronous:
        print("The control lost rows, as it must." if lost else "The control lost no row: such a run shows nothing.")
        return 0 if lost else 1
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
