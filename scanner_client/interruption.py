"""Ends the program between two scans, never within one: Ctrl-C and SIGTERM wait for the commit that is under way."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

T = TypeVar("T")


class Interrupted(BaseException):
    """A person or the system asks the program to end; everything that beeped is kept."""


class Interruption:
    """Remembers that an end was asked for, and raises `Interrupted` only while the program waits for input."""

    def __init__(self) -> None:
        self._asked = False
        self._waiting = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle SIGINT and SIGTERM while the block runs."""
        before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def between(self, items: Iterable[T]) -> Iterator[T]:
        """Deal items; the wait for the next one can be interrupted, the work on one cannot."""
        iterator = iter(items)
        while True:
            self._waiting = True
            try:
                if self._asked:
                    raise Interrupted
                item = next(iterator)
            except StopIteration:
                return
            finally:
                self._waiting = False
            yield item

    def _handle(self, _: int, __: FrameType | None) -> None:
        self._asked = True
        if self._waiting:
            raise Interrupted
