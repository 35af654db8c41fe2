"""Events per second from a signed POST to durable, folded and answered, beside the raw database given the same rows.

Batch by batch in turn within one run, each in a transaction of its own: a new batch, its rows inserted and upserted by
the driver alone (`_raw.py`), and the same batch sent again. `python -m tests.bench.ingest [--batches N] [--stored N]
[--profile] [sqlite] [postgres]`.
"""

from __future__ import annotations

import cProfile
import pstats
import random
import tempfile
from argparse import ArgumentParser
from collections import Counter, defaultdict
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import sqlalchemy as sa
from flask import Flask

from server.catalogue import publish_locations
from server.database import stamp, writing
from server.tables import document_rows
from sync.event import decode
from sync.protocol import EVENTS_PER_PUSH_MAX, pack
from tests.bench._databases import KINDS, analyze, copy_shift, database
from tests.bench._raw import RawDatabase, rows_of
from tests.bench._shift import PLACES, scan
from tests.bench._watch import Took, Watch
from tests.server.running import NOW, Handheld, running_server
from tests.server.site import SITE, state_document

WARM_UP: Final = 3
FILLING: Final = 10
"""Batches of the shift that is copied until as much is stored as is asked for."""
STORED: Final = 100_000
SHOWN: Final = 25


@dataclass
class Times:
    """What each batch took: new, by the raw database, and sent again."""

    new: list[Took] = field(default_factory=list)
    raw: list[Took] = field(default_factory=list)
    again: list[Took] = field(default_factory=list)

    def __str__(self) -> str:
        new, raw = (EVENTS_PER_PUSH_MAX / median(took.clock for took in each) for each in (self.new, self.raw))
        core = 1e6 / EVENTS_PER_PUSH_MAX * median(took.core for took in self.new)
        return (
            f"{new:,.0f} events/s ({core:.0f} µs of a core each in Python and SQLite); the raw database {raw:,.0f}; "
            f"ratio {self._ratio('raw', 'clock'):.2f} by the clock, {self._ratio('raw', 'core'):.2f} in core time; "
            f"sent again it costs {self._ratio('again', 'clock'):.2f} and {self._ratio('again', 'core'):.2f} "
            "of a new batch (medians)"
        )

    def _ratio(self, what: str, by: str) -> float:
        """Median of what another one took, batch by batch, by what the new one took."""
        pairs = zip(getattr(self, what), self.new, strict=True)
        return float(median(getattr(other, by) / getattr(new, by) for other, new in pairs))


def prepare_shift(device: Handheld, batches: int, seed: int = 1) -> None:
    """Commit one handheld's shift, to be pushed in so many batches; what it receives was announced."""
    # After the handheld was enrolled and before now, for outside of that its times would be clipped to one moment.
    device.chain.boot_at_ms = NOW - 9_950_000
    scans = batches * EVENTS_PER_PUSH_MAX
    scan(device.chain, scans, random.Random(seed), begun_ms=NOW - 9_900_000, seconds=9_000 / scans)
    announced: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in map(decode, device.chain.lines):
        if event.action == "receive":
            row = {"subject": event.subject, "container": event.container}
            announced[event.document or ""].append(row)
    for number, rows in announced.items():
        state_document("asn", f"{number}.{seed}" if seed > 1 else number, rows, now_ms=NOW - 9_950_000)


def list_places() -> None:
    """Have the bins of the shift known, as a site has that imported the list of its bins."""
    rows = [{"subject": place, "attributes": {"code": place.rpartition("/")[2], "zone": "A"}} for place in PLACES]
    state_document("locations", "BINS", rows, now_ms=NOW - 10_000_000)
    with writing() as connection:
        listed = connection.execute(sa.select(document_rows).where(document_rows.c.subject.in_(PLACES))).all()
        publish_locations(connection, SITE, listed, stamp(connection))


def envelope(device: Handheld, number: int, cursor: str | None) -> bytes:
    """The push of one batch, asking for what changed since the reply before."""
    first = number * EVENTS_PER_PUSH_MAX + 1
    return pack(*device.chain.push(first, first + EVENTS_PER_PUSH_MAX - 1, now_ms=NOW, cursor=cursor))


def fill(app: Flask, stored: int) -> tuple[int, str | None]:
    """Have so many events stored, whole batches of them; the handheld whose shift was copied, and the cursor."""
    list_places()
    device, cursor = Handheld(app).enrol(name="HH-0"), None
    batches = min(FILLING, stored // EVENTS_PER_PUSH_MAX)
    if not batches:
        return device.chain.device_no, cursor
    prepare_shift(device, batches, seed=2)
    for number in range(batches):
        answer = device.send(envelope(device, number, cursor)).get_json()
        assert answer["accepted"] == EVENTS_PER_PUSH_MAX, answer
        cursor = answer["cursor"]
    copy_shift(device.chain.device_no, range(1, stored // (batches * EVENTS_PER_PUSH_MAX)))
    with writing() as connection:
        analyze(connection)
    return device.chain.device_no, cursor


def run(app: Flask, batches: int, *, stored: int, postgres: bool, profile: cProfile.Profile | None) -> Times:
    """Send every batch, give its rows to the raw database, and send it again."""
    _, cursor = fill(app, stored)
    device, times = Handheld(app).enrol(), Times()
    prepare_shift(device, batches + WARM_UP)
    raw = RawDatabase(postgres=postgres)
    for number in range(batches + WARM_UP):
        warm, body = number >= WARM_UP, envelope(device, number, cursor)
        with profile if profile and warm else nullcontext(), Watch() as new:
            answer = device.send(body)
        assert answer.get_json()["accepted"] == EVENTS_PER_PUSH_MAX, answer.text
        cursor = answer.get_json()["cursor"]
        first = number * EVENTS_PER_PUSH_MAX + 1
        rows = rows_of(device.chain.device_no, first, first + EVENTS_PER_PUSH_MAX - 1)
        with Watch() as alone:
            raw.store(rows)
        body = envelope(device, number, cursor)
        with Watch() as again:
            answer = device.send(body)
        assert answer.get_json()["duplicate"] == EVENTS_PER_PUSH_MAX, answer.text
        if warm:
            times.new.append(new.took)
            times.raw.append(alone.took)
            times.again.append(again.took)
    return times


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
    parser.add_argument("databases", nargs="*", default=KINDS)
    parser.add_argument("--batches", type=int, default=30)
    parser.add_argument("--stored", type=int, default=STORED)
    parser.add_argument("--profile", action="store_true")
    args = parser.parse_args()
    for kind in args.databases:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = stack.enter_context(database(kind, folder))
            app = stack.enter_context(running_server(url, folder, watch=nullcontext))
            profile = cProfile.Profile() if args.profile else None
            times = run(app, args.batches, stored=args.stored, postgres=kind == "postgres", profile=profile)
            print(f"{kind}, {args.stored:,} events stored before: {times}")
        if profile:
            print(breakdown(profile))


if __name__ == "__main__":
    main()
