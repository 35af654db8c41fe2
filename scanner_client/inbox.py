"""What feeds the work: one bounded queue, filled by the camera, the keyboard and the page, emptied by one thread."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Full, Queue
from threading import Thread
from typing import Any, Final

from scanner_client.sighting import Sighting
from scanner_client.typed import lines

ENTRIES_MAX: Final = 64
"""A camera or a pipe that is faster than the disk waits; so does what is typed."""
OFFER_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A box or a label came into view and is believed."""

    sighting: Sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubtful:
    """One still picture alone says so: a person confirms it."""

    sighting: Sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchEnded:
    """A camera or a file has shown everything, or broke off."""

    trouble: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A line from the keyboard or a pipe."""

    line: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TypingEnded:
    """Nothing more will be typed."""

    trouble: Exception | None = None


class Inbox:
    """Entries in the order in which they came. The page's requests (`page/protocol.py`) are entries as well."""

    def __init__(self) -> None:
        self._entries: Queue[Any] = Queue(ENTRIES_MAX)

    def put(self, entry: Any) -> None:
        """Add an entry; whoever is too fast waits here."""
        self._entries.put(entry)

    def offer(self, entry: Any) -> bool:
        """Add an entry if there is room within a moment: for who can say that it was not taken."""
        try:
            self._entries.put(entry, timeout=OFFER_S)
        except Full:
            return False
        return True

    def take(self) -> Iterator[Any]:
        """Every entry, for ever."""
        while True:
            yield self._entries.get()

    def read_typing(self) -> None:
        """Take in what is typed or piped, in a thread of its own."""
        Thread(target=self._type, daemon=True, name="typing").start()

    def _type(self) -> None:
        # Not sys.stdin: the interpreter closes that at its end, and breaks off hard while this thread waits in it.
        with open(sys.stdin.fileno(), "rb", closefd=False) as stream:
            for line in lines(stream):
                self.put(Typed(line=line))
        self.put(TypingEnded())
