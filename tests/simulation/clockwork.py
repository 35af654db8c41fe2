"""Simulated time: people and processes are generators that say how long they wait, and the clockwork wakes them."""

from __future__ import annotations

import heapq
from collections.abc import Generator

Process = Generator[float, None, None]
"""Yields seconds to wait."""

START_MS = 1_780_268_400_000
"""Monday, 31 May 2026, 23:00 UTC: midnight in the simulation's week."""
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Clockwork:
    """The one true time, and who is to be woken when."""

    def __init__(self) -> None:
        self.now = float(START_MS)
        self._waiting: list[tuple[float, int, Process]] = []
        self._number = 0

    def now_ms(self) -> int:
        """Unix milliseconds."""
        return int(self.now)

    def start(self, process: Process, at_ms: float | None = None) -> None:
        """Begin a process, now or at a moment."""
        self._number += 1
        heapq.heappush(self._waiting, (max(self.now, at_ms or 0), self._number, process))

    def skip(self, ms: float) -> None:
        """So long nothing happens: everybody is woken that much later."""
        self.now += ms
        self._waiting = [(at + ms, number, process) for at, number, process in self._waiting]

    def run(self) -> None:
        """Until nobody waits any more."""
        while self._waiting:
            self.now, _, process = heapq.heappop(self._waiting)
            delay = next(process, None)
            if delay is not None:
                self.start(process, self.now + delay * 1000)
