"""`make simulate`: thousands of afternoons full of faults; a table of what went wrong and which promises were tried."""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.simulation.faults.plan import SCANS, Fault, draw
from tests.simulation.faults.seeds import SHARED_MEMORY, Simulator, Total, one, work_in
from tests.simulation.faults.shrink import told


def lines(total: Total) -> Iterator[str]:
    """The table."""
    yield f"{total.seeds:,} seeds, {total.scans:,} scans"
    yield "fault | injected"
    yield from (f"{fault.value} | {total.injected[fault]:,}" for fault in Fault)
    yield "promise | looked at | broken"
    yield from (f"{promise} | {total.tried[promise]:,} | {total.broken[promise]:,}" for promise in sorted(total.tried))


def run_all(seeds: range, scans: int, workers: int) -> Total:
    """All of these seeds; whoever waits sees each that fails at once."""
    total = Total()
    memory = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory, prefix="faults-") as folder:
        spawned = multiprocessing.get_context("spawn")
        with spawned.Pool(workers, work_in, [Path(folder)]) as pool:
            for part in pool.imap_unordered(partial(one, scans=scans), seeds):
                total.add(part)
                for seed in part.failed:
                    print(f"seed {seed} breaks promise {', '.join(map(str, part.broken))}", file=sys.stderr)
                if total.seeds % 50 == 0:
                    print(f"{total.seeds} of {len(seeds)} seeds", file=sys.stderr)
    return total


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--scans", type=int, default=SCANS, help="of each handheld and seed")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    began = time.perf_counter()
    total = run_all(range(asked.first, asked.first + asked.seeds), asked.scans, asked.workers)
    print("\n".join(lines(total)))
    print(f"{time.perf_counter() - began:.0f} s")
    for seed in sorted(total.failed)[:3]:
        with ExitStack() as stack:
            simulator = Simulator(stack)
            plan = simulator.smallest(draw(seed, scans=asked.scans))
            print(told(plan))
            print(*simulator.run(plan).findings[:5], sep="\n")
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
