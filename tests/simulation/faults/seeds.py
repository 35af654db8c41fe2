"""One process that runs seeds, and what came of them; not in `__main__`, whose names no other process finds."""

from __future__ import annotations

import gc
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.simulation.faults.plan import Fault, Plan, draw
from tests.simulation.faults.server import Server, serving
from tests.simulation.faults.shrink import shrink
from tests.simulation.faults.world import Result, run

SHARED_MEMORY = Path("/dev/shm")
YOUNG_MAX: Final = 20_000
"""Objects made before the next look for rings among them: a seed makes millions, and hardly a ring."""


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


def _collect_seldom(stack: ExitStack) -> None:
    """Look through the young objects for rings every so often, and never through what is here for good."""
    stack.callback(gc.set_threshold, *gc.get_threshold())
    stack.callback(gc.unfreeze)
    gc.set_threshold(YOUNG_MAX, *gc.get_threshold()[1:])
    gc.freeze()


class Simulator:
    """One process: a server that is laid out anew for each seed."""

    def __init__(self, stack: ExitStack, parent: Path | None = None) -> None:
        """It lives under `parent`; by itself in memory, where that can be had."""
        self._stack = stack
        parent = parent or (SHARED_MEMORY if SHARED_MEMORY.is_dir() else None)
        self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=parent, prefix="faults-")))
        self._server: Server = stack.enter_context(serving(self._folder))
        _collect_seldom(stack)

    def run(self, plan: Plan) -> Result:
        """Let one plan happen."""
        return run(plan, self._server, self._folder / "seed")

    def smallest(self, plan: Plan) -> Plan:
        """A small plan that breaks a promise which this one breaks."""
        broken = {f.promise for f in self.run(plan).findings}
        return shrink(plan, lambda p: bool(broken & {f.promise for f in self.run(p).findings}))


_mine: Final[list[Simulator]] = []
"""That of this process: laying out the first server takes as long as a seed."""


def work_in(parent: Path) -> None:
    """Make this process' simulator; who began the process takes the folder away."""
    _mine.append(Simulator(ExitStack(), parent))


def one(seed: int, scans: int) -> Total:
    """What one seed came to, in the simulator of this process."""
    result = _mine[0].run(draw(seed, scans=scans))
    broken = Counter(finding.promise for finding in result.findings)
    failed = [seed] if broken else []
    return Total(1, result.scans, result.witness.injected, result.witness.tried, broken, failed)
