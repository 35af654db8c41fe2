"""What this handheld has scanned and its map cannot know yet: the events that the server has not acknowledged."""

from __future__ import annotations

from scanner_client.outbox import Outbox
from sync.event import ScanEvent, format_name


class OwnScans:
    """Kept in memory beside the queue, and read on from where it was left: each scan is decoded once."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._epoch = 0
        self._read = 0
        self._events: list[ScanEvent] = []

    def all(self) -> list[ScanEvent]:
        """Every such scan that was not undone, oldest first."""
        if self._epoch != self._outbox.epoch:
            self._epoch, self._read, self._events = self._outbox.epoch, 0, []
        acked, fresh = self._outbox.unsent(self._read)
        self._events = [event for event in self._events if event.seq > acked] + fresh
        self._read = self._events[-1].seq if self._events else acked
        undone = {event.voids for event in self._events if event.voids}
        return [event for event in self._events if not event.voids and format_name(event.name) not in undone]

    def of(self, key: str) -> list[ScanEvent]:
        """Those of one unit or container."""
        return [event for event in self.all() if event.subject == key]
