"""`make simulate`: thousands of afternoons full of faults; a table of what went wrong and which promises were tried."""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulation.faults.plan import SCANS, Fault, Plan, draw
from tests.simulation.faults.server import Server, serving
from tests.simulation.faults.shrink import shrink, told
from tests.simulation.faults.world import Result, run

SHARED_MEMORY = Path("/dev/shm")


@dataclass(slots=True)
class Total:
    """What many seeds came to."""

    seeds: int = 0
    scans: int = 0
    injected: Counter[Fault] = field(default_factory=Counter)
    tried: Counter[int] = field(default_factory=Counter)
    broken: Counter[int] = field(default_factory=Counter)
    failed: list[int] = field(default_factory=list)

    def add(self, other: Total) -> None:
        """So much more."""
        self.seeds += other.seeds
        self.scans += other.scans
        self.injected += other.injected
        self.tried += other.tried
        self.broken += other.broken
        self.failed += other.failed


class Simulator:
    """One process: a server that is laid out anew for each seed."""

    def __init__(self, stack: ExitStack) -> None:
        parent = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
        self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=parent, prefix="faults-")))
        self._server: Server = stack.enter_context(serving(self._folder))

    def run(self, plan: Plan) -> Result:
        """Let one plan happen."""
        return run(plan, self._server, self._folder / "seed")

    def smallest(self, plan: Plan) -> Plan:
        """A small plan that breaks a promise which this one breaks."""
        broken = {f.promise for f in self.run(plan).findings}
        return shrink(plan, lambda p: bool(broken & {f.promise for f in self.run(p).findings}))


def several(seeds: list[int], scans: int) -> Total:
    """These seeds, one after the other, in this process."""
    total = Total()
    with ExitStack() as stack:
        simulator = Simulator(stack)
        for seed in seeds:
            result = simulator.run(draw(seed, scans=scans))
            broken = Counter(f.promise for f in result.findings)
            total.add(
                Total(1, result.scans, result.witness.injected, result.witness.tried, broken, [seed] if broken else [])
            )
    return total


def lines(total: Total) -> Iterator[str]:
    """The table."""
    yield f"{total.seeds:,} seeds, {total.scans:,} scans"
    yield "fault | injected"
    yield from (f"{fault.value} | {total.injected[fault]:,}" for fault in Fault)
    yield "promise | looked at | broken"
    yield from (f"{promise} | {total.tried[promise]:,} | {total.broken[promise]:,}" for promise in sorted(total.tried))


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--scans", type=int, default=SCANS, help="of each handheld and seed")
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    began, total = time.perf_counter(), Total()
    seeds = list(range(asked.first, asked.first + asked.seeds))
    shares = [(seeds[n :: asked.workers], asked.scans) for n in range(asked.workers)]
    with multiprocessing.get_context("spawn").Pool(asked.workers) as pool:
        for part in pool.starmap(several, shares):
            total.add(part)
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
