"""What one still picture alone says, waiting for a person to say whether it is so."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from typing import Final

from scanner_client.page.protocol import QuestionShown
from scanner_client.sighting import Sighting
from scanner_client.wording import say

QUESTIONS_MAX: Final = 500
"""More labels than one picture can hold readable; the oldest question is dropped, and its label shown once more."""


class Questions:
    """In the order in which they came up."""

    def __init__(self) -> None:
        self._waiting: deque[Sighting] = deque(maxlen=QUESTIONS_MAX)
        self._first = 1

    def add(self, sighting: Sighting) -> None:
        """One more; the oldest of too many is dropped."""
        if len(self._waiting) == QUESTIONS_MAX:
            self._first += 1
        self._waiting.append(sighting)

    def answered(self, number: int, *, every: bool) -> list[Sighting]:
        """The sightings that an answer is about: none where another question stands by now."""
        if number != self._first:
            return []
        about = [self._waiting.popleft() for _ in range(len(self._waiting) if every else min(1, len(self._waiting)))]
        self._first += len(about)
        return about

    def settle(self, sighting: Sighting) -> None:
        """Another picture has confirmed it: what it was asked about needs no answer any more."""
        if any(asked.symbols == sighting.symbols for asked in self._waiting):
            self._waiting = deque((s for s in self._waiting if s.symbols != sighting.symbols), maxlen=QUESTIONS_MAX)
            self._first += 1  # an answer that is under way must not meet another question

    def clear(self) -> None:
        """Nobody asks any more."""
        self._first += len(self._waiting)
        self._waiting.clear()

    def shown(self, thing_of: Callable[[Sighting], str]) -> QuestionShown | None:
        """The one that is asked now; `thing_of` says what people call what was read."""
        if not self._waiting:
            return None
        first = self._waiting[0]
        behind = len(self._waiting) - 1
        return QuestionShown(n=self._first, thing=thing_of(first), text=text_of(first), behind=behind)


def text_of(sighting: Sighting) -> str:
    """What stands there, for people."""
    return " + ".join(symbol.data.decode("latin-1") for symbol in sighting.symbols)


def ask_at_terminal(sighting: Sighting, *, tty: bool) -> bool:
    """Ask the person whether what one picture alone says is what stands there; without a terminal nobody can say."""
    if not tty:
        print(f"{text_of(sighting)!r}: {say('scan.needs_second_look')}", file=sys.stderr)
        return False
    return input(say("scan.confirm", text=repr(text_of(sighting))) + " ").strip().lower() in ("y", "yes")
