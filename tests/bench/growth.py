"""What a batch costs as the ledger grows, end to end, against the same batch into a ledger that stays as it was.

Two servers in one process take the same batches in turn; one grows, by copies of a real shift, from `--from` to
`--to` events. The exponent is that of a power law through the medians of the ratios. `python -m tests.bench.growth
[--from N] [--to N] [--steps N] [sqlite] [postgres]`.
"""

from __future__ import annotations

import math
import tempfile
import time
from argparse import ArgumentParser
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median
from typing import Final

from flask import Flask

from server.database import writing
from sync.protocol import EVENTS_PER_PUSH_MAX
from tests.bench._databases import KINDS, analyze, copy_shift, database
from tests.bench.ingest import FILLING, envelope, fill, prepare_shift
from tests.server.running import Handheld, running_server

BATCHES: Final = 12
"""Measured at each size; the first two are not counted."""
COPIED: Final = FILLING * EVENTS_PER_PUSH_MAX


@dataclass
class Growing:
    """A server, and a handheld that pushes to it."""

    app: Flask
    copied: int
    """The handheld whose shift is copied."""
    device: Handheld
    cursor: str | None = None
    sent: int = 0

    def push(self) -> float:
        """Seconds of the next batch."""
        body = envelope(self.device, self.sent, self.cursor)
        with self.app.app_context():
            begun = time.perf_counter()
            answer = self.device.send(body)
            seconds = time.perf_counter() - begun
        assert answer.get_json()["accepted"] == EVENTS_PER_PUSH_MAX, answer.text
        self.cursor, self.sent = answer.get_json()["cursor"], self.sent + 1
        return seconds


def begin(stack: ExitStack, kind: str, stored: int, batches: int) -> Growing:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    app = stack.enter_context(running_server(stack.enter_context(database(kind, folder)), folder, watch=nullcontext))
    copied, cursor = fill(app, stored)
    device = Handheld(app).enrol()
    prepare_shift(device, batches)
    return Growing(app, copied, device, cursor)


def measure(kind: str, start: int, end: int, steps: int) -> None:
    sizes = [round(start * (end / start) ** (step / steps)) for step in range(steps + 1)]
    with ExitStack() as stack:
        fixed = begin(stack, kind, start, BATCHES * len(sizes))
        grown = begin(stack, kind, start, BATCHES * len(sizes))
        copies = start // COPIED
        points = []
        for size in sizes:
            with grown.app.app_context():
                copy_shift(grown.copied, range(copies, max(copies, size // COPIED)))
                with writing() as connection:
                    analyze(connection)
            copies = max(copies, size // COPIED)
            pairs = [(grown.push(), fixed.push()) for _ in range(BATCHES)][2:]
            ratio = median(g / f for g, f in pairs)
            rate = EVENTS_PER_PUSH_MAX / median(g for g, _ in pairs)
            points.append((math.log(size), math.log(ratio)))
            print(
                f"{kind}, {size:,} events: {ratio:.2f} times the cost at {start:,} ({rate:,.0f} events/s)", flush=True
            )
    print(f"{kind}: exponent {linear_regression(*zip(*points, strict=True)).slope:.2f}")


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("databases", nargs="*", default=KINDS)
    parser.add_argument("--from", dest="start", type=int, default=100_000)
    parser.add_argument("--to", dest="end", type=int, default=1_000_000)
    parser.add_argument("--steps", type=int, default=2)
    args = parser.parse_args()
    for kind in args.databases:
        measure(kind, args.start, args.end, args.steps)


if __name__ == "__main__":
    main()
