"""What this handheld has scanned and its map does not know yet.

That is what the server has not acknowledged, and what it has while pages of changes are still to come: a large import
may stand before the answer to a scan.
"""

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
        self._mapped = 0
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

    def documents(self) -> list[str]:
        """Numbers of the documents that they were made for."""
        self._read_on()
        return [number for number in self._by_document if number]

    def _read_on(self) -> None:
        version = self._outbox.version
        if version == self._version:
            return
        read = self._events[-1].seq if self._events else self._mapped
        mapped, fresh = self._outbox.not_in_map(read if self._epoch == self._outbox.epoch else 0)
        if self._epoch != self._outbox.epoch or mapped < self._mapped:
            # a restored server has forgotten some: read anew
            self._events = []
            mapped, fresh = self._outbox.not_in_map(0)
        self._epoch, self._mapped, self._version = self._outbox.epoch, mapped, version
        self._events = [event for event in self._events if event.seq > mapped] + fresh
        undone = undone_names((format_name(event.name), event.voids) for event in self._events if event.voids)
        self._standing = [e for e in self._events if not e.voids and format_name(e.name) not in undone]
        by_subject, by_document = defaultdict(list), defaultdict(list)
        for event in self._standing:
            by_subject[event.subject or ""].append(event)
            by_document[event.document or ""].append(event)
        self._by_subject, self._by_document = dict(by_subject), dict(by_document)
