"""What the page shows now. The work puts it here; each open page is handed the newest and nothing older."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from threading import Condition
from typing import Any, Final

from scanner_client.page.protocol import QueueShown, ScanShown, State
from scanner_client.sighting import Told
from sync.event import ScanEvent, format_name
from sync.verdict import REFUSED

SCANS_MAX: Final = 30
STOPS_MAX: Final = 100
STAYING: Final = REFUSED
"""What must not be moved waits for a person. What only lies in the wrong bin stands in the list of the bin."""


class Board:
    """Shared by the threads: the work writes, the streams wait."""

    def __init__(self, queue: Callable[[], QueueShown]) -> None:
        """`queue` says how the queue stands; it is asked whenever a state goes out, so that ages stay true."""
        self._queue = queue
        self._state = State()
        self._scans: deque[ScanShown] = deque(maxlen=SCANS_MAX)
        self._stops: deque[tuple[ScanEvent | None, ScanShown]] = deque(maxlen=STOPS_MAX)
        self._told = 0
        self._version = 1
        self._closed = False
        self._changed = Condition()

    def show(self, **parts: Any) -> None:
        """Replace parts of the state, by the names of `State`'s fields; none: only the queue has changed."""
        with self._changed:
            state = replace(self._state, **parts)
            if state == self._state and parts:
                return
            self._state = state
            self._version += 1
            self._changed.notify_all()

    def tell(self, told: Told, time: str) -> None:
        """One more sighting was dealt with, at this time of day."""
        with self._changed:
            self._told += 1
            shown = ScanShown(
                n=self._told, time=time, tone=told.tone, thing=told.thing, text=told.text, kept=told.event is not None
            )
            self._scans.appendleft(shown)
            if told.judgement and told.judgement.verdict in STAYING:
                self._stops.appendleft((told.event, shown))
            elif told.event and told.event.voids:
                self._put_away(told.event.voids)
            self.show(scans=tuple(self._scans), stops=tuple(stop for _, stop in self._stops))

    def _put_away(self, voided: str) -> None:
        """A scan that was undone warns of nothing any more."""
        kept = [stop for stop in self._stops if stop[0] is None or format_name(stop[0].name) != voided]
        self._stops = deque(kept, maxlen=STOPS_MAX)

    def next(self, seen: int, timeout_s: float) -> tuple[int, State] | None:
        """The newest state with its version once that is above `seen`, or after the timeout; None once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._version > seen, timeout_s)
            if self._closed:
                return None
            # Asked under the lock: whoever has closed the board may close the queue.
            return self._version, replace(self._state, queue=self._queue())

    def close(self) -> None:
        """Nothing is shown any more, and the queue is not asked again."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
