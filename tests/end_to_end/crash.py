"""Kill the programs at random instants, under load, and see whether anything was lost, twice or invented.

`python -m tests.end_to_end.crash --kills 200 --database postgres --seed 7`, or `make crash` for both databases.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Final

from sync.event import EventName
from tests.end_to_end.queue_checker import ChainName, Evidence, findings
from tests.end_to_end.site import Site
from tests.end_to_end.station import Station
from tests.postgres import Server, running_postgres

ACTIONS: Final = ("receive", "put_away", "move", "pick")
"""What the stations do, one each."""
CLIENT: Final = ("-m", "scanner_client")
SERVER: Final = "flask"
WHOLE_SERVER_EVERY: Final = 8
"""One kill in so many ends all of the server; the others end a worker, which gunicorn replaces."""
DATABASE_EVERY: Final = 10
UPTIME_SECONDS_MAX: Final = 0.7
TELL_EVERY: Final = 20


@dataclass(kw_only=True)
class Report:
    """What was done to the programs, and what was found."""

    client_kills: int = 0
    worker_kills: int = 0
    server_kills: int = 0
    database_kills: int = 0
    restarts: list[str] = field(default_factory=list)
    """What the server said where it ended by itself and was started again."""
    carried: int = 0
    typed: int = 0
    beeped: int = 0
    events: int = 0
    seconds: float = 0.0
    findings: list[str] = field(default_factory=list)

    @property
    def least_kills(self) -> int:
        """Of clients or of the server, whichever were fewer."""
        return min(self.client_kills, self.worker_kills + self.server_kills)

    def __str__(self) -> str:
        return (
            f"{self.client_kills} kills of clients, {self.worker_kills} of workers, {self.server_kills} of the whole "
            f"server, {self.database_kills} of the database; {self.typed} labels typed, {self.beeped} beeps, "
            f"{self.events} events, {self.carried} envelopes carried out of order; {self.seconds:.0f} s."
        )


def crash(
    folder: Path,
    database_url: str,
    *,
    kills: int,
    seed: int,
    minutes_max: float = 60.0,
    cluster: Server | None = None,
    client: tuple[str, ...] = CLIENT,
    server: str = SERVER,
) -> Report:
    """Kill clients and the server at least so many times each, let everything drain, and compare both ends.

    Args:
        kills: of clients, and of the server or one of its workers; fewer only where `minutes_max` have passed.
        folder: empty; it takes the server's files, the handhelds' and the logs.
        database_url: of an empty database.
        cluster: the PostgreSQL behind the URL, to be killed as well.
        client: how Python starts the handheld's program.
        server: the module of the server's.
    """
    began, rng, report = time.monotonic(), random.Random(seed), Report()
    site = Site(folder=folder, database_url=database_url, program=server)
    with _running(site):
        stations = _enrolled(site, folder, rng, client)
        for station in stations:
            station.start()
        while _is_working(stations) and _kills_left(report, stations, kills) > 0:
            _kill_something(site, cluster, rng, report)
            _tell(report, began)
            if time.monotonic() - began > minutes_max * 60:
                break
        for station in stations:
            station.finish()
        if not report.findings:
            for station in stations:
                station.drain()
            report.findings += compare(site, stations, report)
    if not report.findings:
        verified = site.flask("verify")
        report.findings += (verified.stdout + verified.stderr).splitlines() if verified.returncode else []
    report.client_kills = sum(station.kills for station in stations)
    report.restarts = site.restarts
    report.carried = sum(station.carried for station in stations)
    report.seconds = time.monotonic() - began
    return report


@contextmanager
def _running(site: Site) -> Iterator[None]:
    site.start()
    try:
        site.wait_until_ready()
        yield
    finally:
        site.kill()


def _enrolled(site: Site, folder: Path, rng: random.Random, client: tuple[str, ...]) -> list[Station]:
    stations = [
        Station(number, folder / f"station-{number}", action, rng=random.Random(rng.random()), program=client)
        for number, action in enumerate(ACTIONS, 1)
    ]
    for station, invitation in zip(stations, site.invitations(len(stations)), strict=True):
        station.enrol(invitation)
    return stations


def _is_working(stations: list[Station]) -> bool:
    for station in stations:
        if station.failure is not None:
            raise RuntimeError(f"{station.name} failed.") from station.failure
    return True


def _kills_left(report: Report, stations: list[Station], kills: int) -> int:
    """How many are still to be killed; nobody after something was found."""
    report.client_kills = sum(station.kills for station in stations)
    return 0 if report.findings else kills - report.least_kills


def _kill_something(site: Site, cluster: Server | None, rng: random.Random, report: Report) -> None:
    Event().wait(rng.uniform(0, UPTIME_SECONDS_MAX))
    report.findings += site.chains_beyond_their_events()
    round_no = report.worker_kills + report.server_kills
    if cluster is not None and round_no % DATABASE_EVERY == DATABASE_EVERY - 1:
        cluster.kill()
        cluster.start()
        report.database_kills += 1
    if round_no % WHOLE_SERVER_EVERY == WHOLE_SERVER_EVERY - 1:
        site.kill()
        site.start()
        report.server_kills += 1
    else:
        site.kill_worker(rng)
        report.worker_kills += 1
    if rng.random() < 0.8:
        site.wait_until_ready()  # else the next kill meets it while it starts


def _tell(report: Report, began: float) -> None:
    done = report.worker_kills + report.server_kills
    if done % TELL_EVERY == 0:
        print(
            f"  {done} kills of the server, {report.client_kills} of clients, {time.monotonic() - began:.0f} s",
            file=sys.stderr,
        )


def compare(site: Site, stations: list[Station], report: Report) -> list[str]:
    """What both ends hold now, compared; the numbers go into the report."""
    typed: Counter[bytes] = Counter()
    beeped: dict[EventName, str | None] = {}
    committed: dict[EventName, bytes] = {}
    released: dict[ChainName, int] = {}
    for station in stations:
        lines, marks = station.queue()
        typed += station.typed
        beeped |= station.beeped
        committed |= lines
        released |= marks
    report.typed, report.beeped, report.events = typed.total(), len(beeped), len(committed)
    return findings(
        Evidence(
            typed=typed,
            beeped=beeped,
            committed=committed,
            released=released,
            stored=site.ledger(),
            marks=site.marks(),
        )
    )


def main(argv: list[str] | None = None) -> int:
    """One run; 1 where anything was found."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="of clients, and of the server, at the least")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite", help="the server's")
    parser.add_argument("--minutes", type=float, default=60.0, help="stop killing after so long, and fail")
    parser.add_argument("--seed", type=int, default=1, help="of chance: whom the kills meet, and when")
    args = parser.parse_args(argv)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crash-")))
        cluster = stack.enter_context(running_postgres()) if args.database == "postgres" else None
        url = cluster.new_database("crash") if cluster else f"sqlite:///{folder / 'warehouse.sqlite3'}"
        report = crash(folder, url, kills=args.kills, seed=args.seed, minutes_max=args.minutes, cluster=cluster)
    print(f"{args.database}, seed {args.seed}: {report}")
    for log in report.restarts:
        print(f"The server ended by itself and was started again; its log ended with:\n{log}")
    print("\n".join(report.findings) or "Nothing was lost, nothing was there twice, nothing was invented.")
    return 1 if report.findings or report.least_kills < args.kills else 0


if __name__ == "__main__":
    sys.exit(main())
