"""What feeds the work: one bounded queue, filled by the camera, the keyboard and the page, emptied by one thread."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, Lock, Thread
from typing import Any, Final

from scanner_client.sighting import Sighting
from scanner_client.typed import lines
from scanner_client.wording import say

ENTRIES_MAX: Final = 64
"""A camera or a pipe that is faster than the disk waits; so does what is typed."""
OFFER_S: Final = 2.0
"""How long the page waits for room, before it tells a person that a request was not taken."""
PUT_S: Final = 0.1
"""How soon who waits for room notices that nobody wants its entry any more."""


class TypingError(Exception):
    """What is typed cannot be read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A box or a label came into view and is believed."""

    sighting: Sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubtful:
    """One still picture alone says so: a person confirms it."""

    sighting: Sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class BadPicture:
    """One picture of a folder cannot be used; the others are shown all the same."""

    trouble: Exception


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """A round of syncing has ended: what the map says may have changed, and time has passed."""

    heard: bool = True
    """Whether the server answered."""


class Inbox:
    """Entries in the order in which they came. The page's requests (`page/requests.py`) are entries as well."""

    def __init__(self) -> None:
        self._entries: Queue[Any] = Queue(ENTRIES_MAX)
        self._offering = Lock()
        self._closed = Event()

    def put(self, entry: Any, stopping: Event | None = None) -> bool:
        """Add an entry; whoever is too fast waits here.

        False where it was not added: `stopping` was set meanwhile, or the inbox was closed.
        """
        while not (self._closed.is_set() or (stopping is not None and stopping.is_set())):
            try:
                self._entries.put(entry, timeout=PUT_S)
            except Full:
                continue
            return True
        return False

    def offer(self, entry: Any) -> bool:
        """Add an entry if there is room within a moment: for who can say that it was not taken."""
        with self._offering:  # so that nothing is taken in after `close`
            if self._closed.is_set():
                return False
            try:
                self._entries.put(entry, timeout=OFFER_S)
            except Full:
                return False
            return True

    def nudge(self, entry: Any) -> None:
        """Add an entry if there is room just now; whoever is so busy will look by itself."""
        with suppress(Full):
            self._entries.put_nowait(entry)

    def take(self) -> Iterator[Any]:
        """Every entry, for ever."""
        while True:
            yield self._entries.get()

    def close(self) -> Iterator[Any]:
        """Take in nothing more, and give out what was taken in before."""
        with self._offering:
            self._closed.set()
        while True:
            try:
                yield self._entries.get_nowait()
            except Empty:
                return

    def read_typing(self) -> None:
        """Take in what is typed or piped, in a thread of its own."""
        Thread(target=self._type, daemon=True, name="typing").start()

    def _type(self) -> None:
        trouble = None
        try:
            self._read_lines()
        except TypingError as error:
            trouble = error
        except (OSError, ValueError) as error:  # the terminal is gone; Python calls a closed stream a wrong value
            trouble = TypingError(say("scan.no_typing", reason=getattr(error, "strerror", None) or error))
        self.put(TypingEnded(trouble=trouble))

    def _read_lines(self) -> None:
        if sys.stdin is None:  # Python's way to say that the program was started with its input closed
            raise TypingError(say("scan.no_typing", reason=say("scan.input_closed")))
        # Not sys.stdin: the interpreter closes that at its end, and breaks off hard while this thread waits in it.
        with open(sys.stdin.fileno(), "rb", closefd=False) as stream:
            for line in lines(stream):
                self.put(Typed(line=line))
