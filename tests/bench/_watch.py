"""What something takes, by the clock and in the time of a core: on a shared machine the latter says more."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Took:
    """What it took: seconds by the clock, and of a core in this process: of SQLite's work all, of PostgreSQL's none."""

    clock: float
    core: float


class Watch:
    """Measures a block; `took` is there behind it."""

    took: Took

    def __enter__(self) -> Self:
        self._begun = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        clock, core = self._begun
        self.took = Took(time.perf_counter() - clock, time.process_time() - core)
