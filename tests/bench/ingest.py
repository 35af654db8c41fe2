"""Events per second from a signed POST to durable, folded and answered, beside a bare batched insert of the same rows.

Both in one run, batch by batch in turn, each batch in a transaction of its own. Run as
`python -m tests.bench.ingest [--batches N] [--profile] [sqlite] [postgres]`.
"""

from __future__ import annotations

import cProfile
import pstats
import random
import tempfile
import time
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import sqlalchemy as sa
from flask import Flask

from server.database import reading, writing
from server.tables import events
from sync.event import decode
from sync.protocol import EVENTS_PER_PUSH_MAX, pack
from tests.bench._shift import scan
from tests.postgres import running_postgres
from tests.server.running import NOW, Handheld, running_server
from tests.server.site import state_document

WARM_UP: Final = 3
SHOWN: Final = 25

bare_events: Final = sa.Table(
    "bare_events",
    sa.MetaData(),
    *(sa.Column(c.name, c.type, primary_key=c.primary_key, autoincrement=False) for c in events.c),
)
"""The ledger's columns and primary key, and nothing else."""


@dataclass
class Times:
    """Seconds of each batch."""

    ingest: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        ingest, bare = (EVENTS_PER_PUSH_MAX / median(seconds) for seconds in (self.ingest, self.bare))
        ratio = median(b / i for b, i in zip(self.bare, self.ingest, strict=True))
        return f"{ingest:,.0f} events/s; bare insert {bare:,.0f} rows/s; ratio {ratio:.2f} (medians)"


def prepare_shift(device: Handheld, batches: int) -> None:
    """Commit one handheld's shift, to be pushed in so many batches; what it receives was announced."""
    # After the handheld was enrolled and before now, for outside of that its times would be clipped to one moment.
    device.chain.boot_at_ms = NOW - 9_950_000
    scans = batches * EVENTS_PER_PUSH_MAX
    scan(device.chain, scans, random.Random(1), begun_ms=NOW - 9_900_000, seconds=9_000 / scans)
    announced: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in map(decode, device.chain.lines):
        if event.action == "receive":
            row = {"subject": event.subject, "container": event.container}
            announced[event.document or ""].append(row)
    for number, rows in announced.items():
        state_document("asn", number, rows, now_ms=NOW - 9_950_000)


def envelope(device: Handheld, number: int, cursor: str | None) -> bytes:
    """The push of one batch, asking for what changed since the reply before."""
    first = number * EVENTS_PER_PUSH_MAX + 1
    return pack(*device.chain.push(first, first + EVENTS_PER_PUSH_MAX - 1, now_ms=NOW, cursor=cursor))


def run(app: Flask, batches: int, profile: cProfile.Profile | None) -> Times:
    """Send every batch, and insert its rows once more without everything that makes them worth having."""
    with writing() as connection:
        bare_events.create(connection)
    device, times, cursor = Handheld(app).enrol(), Times(), None
    prepare_shift(device, batches + WARM_UP)
    for number in range(batches + WARM_UP):
        warm, body = number >= WARM_UP, envelope(device, number, cursor)
        with profile if profile and warm else nullcontext():
            begun = time.perf_counter()
            answer = device.send(body)
            ingest = time.perf_counter() - begun
        assert answer.get_json()["accepted"] == EVENTS_PER_PUSH_MAX, answer.text
        cursor = answer.get_json()["cursor"]
        rows = _rows(device, number)
        begun = time.perf_counter()
        with writing() as connection:
            connection.execute(bare_events.insert(), rows)
        if warm:
            times.ingest.append(ingest)
            times.bare.append(time.perf_counter() - begun)
    return times


def _rows(device: Handheld, number: int) -> list[dict[str, Any]]:
    """The rows that the ledger holds of one batch."""
    first = number * EVENTS_PER_PUSH_MAX + 1
    query = sa.select(events).where(
        events.c.device_no == device.chain.device_no,
        events.c.seq.between(first, first + EVENTS_PER_PUSH_MAX - 1),
    )
    with reading() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'warehouse.sqlite3'}"
        return
    with running_postgres() as cluster:
        yield cluster.new_database("bench")


def breakdown(profile: cProfile.Profile) -> str:
    """Each file's own time, then the functions that take most with what they call."""
    stats = pstats.Stats(profile)
    own: Counter[str] = Counter()
    entries: dict[tuple[str, int, str], tuple[int, int, float, float, Any]] = stats.stats  # type: ignore[attr-defined]
    for (file, _, name), (_, _, seconds, _, _) in entries.items():
        own["/".join(Path(file).parts[-2:]) if file != "~" else name] += seconds  # type: ignore[assignment] # Counter holds floats too
    total = sum(own.values())
    files = [f"  {seconds / total:6.1%}  {file}" for file, seconds in own.most_common(SHOWN)]
    ours = sorted(
        ((cumulative, f"{Path(file).name}:{name}") for (file, _, name), (*_, cumulative, _) in entries.items()
         if "/server/" in file or "/sync/" in file),
        reverse=True,
    )  # fmt: skip
    functions = [f"  {cumulative / total:6.1%}  {name}" for cumulative, name in ours[:SHOWN]]
    return "\n".join(["own time by file:", *files, "ours, with what they call:", *functions])


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("databases", nargs="*", default=["sqlite", "postgres"])
    parser.add_argument("--batches", type=int, default=30)
    parser.add_argument("--profile", action="store_true")
    args = parser.parse_args()
    for kind in args.databases:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = stack.enter_context(_database(kind, folder))
            app = stack.enter_context(running_server(url, folder))
            profile = cProfile.Profile() if args.profile else None
            print(f"{kind}: {run(app, args.batches, profile)}")
        if profile:
            print(breakdown(profile))


if __name__ == "__main__":
    main()
