"""A scan committed on the handheld, beside a bare insert of the same line into a table as durable; and a long queue.

In turn, each into a file of its own. `python -m tests.bench.commit [--scans N] [--queue N]`.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from typing import Final

from scanner_client.clock import system_clock
from scanner_client.handheld import open_handheld
from scanner_client.outbox import APPEND_MAX
from sync.event import encode
from tests.scanner_client.scans import scan_of

WARM_UP: Final = 20
SAY_EVERY: Final = 100 * APPEND_MAX


def milliseconds(seconds: list[float]) -> str:
    ordered = sorted(seconds[WARM_UP:])
    return f"{1000 * ordered[len(ordered) // 2]:.2f} / {1000 * ordered[-max(1, len(ordered) // 100)]:.2f} ms"


def commits(home: Path, scans: int) -> None:
    """One scan at a time, by the handheld and by SQLite alone."""
    ours, bare = [], []
    with closing(sqlite3.connect(home / "bare.sqlite3", isolation_level=None)) as raw:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "locking_mode=EXCLUSIVE"):
            raw.execute(f"PRAGMA {pragma}")
        raw.execute("CREATE TABLE lines (seq INTEGER PRIMARY KEY, line BLOB NOT NULL)")
        with open_handheld(home / "handheld", system_clock()) as handheld:
            for number in range(scans + WARM_UP):
                event = scan_of(number)
                begun = time.perf_counter()
                (named,) = handheld.commit([event])
                done = time.perf_counter()
                raw.execute("INSERT INTO lines (line) VALUES (?)", (encode(named),))
                bare.append(time.perf_counter() - done)
                ours.append(done - begun)
    print(f"a scan committed: {milliseconds(ours)}; a bare insert: {milliseconds(bare)} (p50 / p99)")


def opening(home: Path, waiting: int) -> None:
    """How long a queue takes to open in which so many scans wait."""
    print(f"Filling a queue with {waiting:,} scans takes some minutes:", flush=True)
    with open_handheld(home, system_clock()) as handheld:
        for first in range(0, waiting, APPEND_MAX):
            if first and first % SAY_EVERY == 0:
                print(f"  {first:,} of {waiting:,}", flush=True)
            handheld.commit([scan_of(n) for n in range(first, min(waiting, first + APPEND_MAX))])
    begun = time.perf_counter()
    with open_handheld(home, system_clock()) as handheld:
        seconds = time.perf_counter() - begun
        print(f"a queue of {handheld.outbox.waiting():,} scans opens in {1000 * seconds:.0f} ms")


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=int, default=2_000, help="committed one by one; default: %(default)s")
    parser.add_argument(
        "--queue", type=int, default=1_000_000, help="length of the queue that is opened, 0: none; default: %(default)s"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        commits(Path(folder), args.scans)
        if args.queue:
            opening(Path(folder) / "long", args.queue)


if __name__ == "__main__":
    main()
