"""Which requests of the pages were taken, by their numbers: one that is asked again is taken no second time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Condition
from typing import Any, Final

from scanner_client.page.requests import Asked, RequestError

TAKEN_MAX: Final = 1_000
"""Numbers that are remembered: a page asks again within a minute, and nobody scans so much in one."""


class Register:
    """Shared by the threads that serve the pages.

    Args:
        hand_over: hands a request to the work; False where the work is so far behind that it takes no more.
    """

    def __init__(self, hand_over: Callable[[Asked], bool]) -> None:
        self._hand_over = hand_over
        self._taken: OrderedDict[str, Any] = OrderedDict()
        self._under_way: set[str] = set()
        self._changed = Condition()

    def take(self, asked: Asked) -> bool:
        """Whether the work has the request, which is handed over once, however often a page asks.

        Raises:
            RequestError: its number belongs to another request.
        """
        with self._changed:
            # Each hand-over ends within a bounded time, and so does this wait for the one of the same number.
            self._changed.wait_for(lambda: asked.number not in self._under_way)
            if asked.number in self._taken:
                if self._taken[asked.number] != asked.request:
                    raise RequestError(f"Another request has the number {asked.number!r}.")
                return True
            self._under_way.add(asked.number)
        taken = False
        try:
            taken = self._hand_over(asked)
        finally:
            with self._changed:
                self._under_way.remove(asked.number)
                if taken:
                    self._note(asked)
                self._changed.notify_all()
        return taken

    def _note(self, asked: Asked) -> None:
        self._taken[asked.number] = asked.request
        if len(self._taken) > TAKEN_MAX:
            self._taken.popitem(last=False)
