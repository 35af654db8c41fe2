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

    def answered(self, number: int, *, last: int | None) -> list[Sighting]:
        """The sightings that an answer is about: none where another question stands by now.

        Args:
            number: of the question that was asked.
            last: of the last one behind it that the answer is about as well; None: of that one alone.
        """
        if number != self._first:
            return []
        count = 1 if last is None else last - number + 1
        about = [self._waiting.popleft() for _ in range(min(count, len(self._waiting)))]
        self._first += len(about)
        return about

    def settle(self, sighting: Sighting, *, names_one: bool) -> None:
        """Another picture has confirmed it: what it was asked about needs no answer any more.

        Args:
            sighting: what is sure now.
            names_one: it says which unit or place it is, so that wherever the same stands, the same is meant. Where it
                names a product alone, each box counts, and only its own box is settled.
        """

        def is_settled(asked: Sighting) -> bool:
            is_same_box = asked.box is not None and asked.box == sighting.box
            return is_same_box or (names_one and asked.symbols == sighting.symbols)

        if any(map(is_settled, self._waiting)):
            self._waiting = deque((s for s in self._waiting if not is_settled(s)), maxlen=QUESTIONS_MAX)
            self._first += 1  # an answer that is under way must not meet another question

    def clear(self) -> None:
        """Nobody asks any more."""
        self._first += len(self._waiting)
        self._waiting.clear()

    @property
    def box(self) -> int | None:
        """What is asked about now, by the number that its sighting bears; None where nothing is."""
        return self._waiting[0].box if self._waiting else None

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
    try:
        return input(say("scan.confirm", text=repr(text_of(sighting))) + " ").strip().lower() in ("y", "yes")
    except (EOFError, OSError):  # Ctrl-D, or the terminal is gone: nobody says that it is so
        print(file=sys.stderr)
        return False
