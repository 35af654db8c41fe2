"""What this handheld has scanned and its map cannot know yet: the events that the server has not acknowledged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from scanner_client.outbox import Outbox
from sync.event import ScanEvent, format_name
from sync.history import undone_names


class OwnScans:
    """Kept in memory beside the queue, and read on from where it was left: each scan is decoded once.

    A pick list asks for hundreds of orders at once, so that what the queue holds is looked up by name.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._version = -1
        self._epoch = 0
        self._acked = 0
        self._events: list[ScanEvent] = []
        self._standing: list[ScanEvent] = []
        self._by_subject: dict[str, list[ScanEvent]] = {}
        self._by_document: dict[str, list[ScanEvent]] = {}

    def all(self) -> Sequence[ScanEvent]:
        """Every such scan that was not undone, oldest first."""
        self._read_on()
        return self._standing

    def of(self, key: str) -> Sequence[ScanEvent]:
        """Those of one unit or container."""
        self._read_on()
        return self._by_subject.get(key, ())

    def under(self, number: str) -> Sequence[ScanEvent]:
        """Those made for one document."""
        self._read_on()
        return self._by_document.get(number, ())

    def _read_on(self) -> None:
        version = self._outbox.version
        if version == self._version:
            return
        read = self._events[-1].seq if self._events else self._acked
        acked, fresh = self._outbox.unsent(read if self._epoch == self._outbox.epoch else 0)
        if self._epoch != self._outbox.epoch or acked < self._acked:  # a restored server has forgotten some: read anew
            self._events = []
            acked, fresh = self._outbox.unsent(0)
        self._epoch, self._acked, self._version = self._outbox.epoch, acked, version
        self._events = [event for event in self._events if event.seq > acked] + fresh
        undone = undone_names((format_name(event.name), event.voids) for event in self._events if event.voids)
        self._standing = [e for e in self._events if not e.voids and format_name(e.name) not in undone]
        by_subject, by_document = defaultdict(list), defaultdict(list)
        for event in self._standing:
            by_subject[event.subject or ""].append(event)
            by_document[event.document or ""].append(event)
        self._by_subject, self._by_document = dict(by_subject), dict(by_document)
