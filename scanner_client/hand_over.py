"""What leaves the house goes only when the server was asked after it was scanned, and no recall had come.

A recall that nobody here has heard of stops no picking or packing; here is the last moment to look. Who is online waits
for one answer, and is told to go. Who is not is told to hold the carton, and scans it again later: it goes by no answer
that comes after that, for it lies on the hold pile by then. So nothing leaves after its recall began, however long a
handheld was out of reach.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from scanner_client.handheld import Handheld
from scanner_client.screen import ago
from scanner_client.sighting import Sighting, Told, Tone
from scanner_client.task import Task
from scanner_client.wording import say

WAITS_MS_MAX: Final = 20_000
"""So long a person stands there with the carton."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A carton or unit of which the server is asked."""

    sighting: Sighting
    thing: str
    """What people call it."""
    task: Task
    """What it was scanned for: a person may scan the next order meanwhile."""
    scanned_ms: int
    """By the boot clock."""


class HandOver:
    """Cartons and units that wait for the server's answer."""

    def __init__(self, handheld: Handheld) -> None:
        self._handheld = handheld
        self._waiting: list[Waiting] = []
        self._going: Sighting | None = None
        self._is_to_ask = False

    @property
    def waits(self) -> bool:
        """Whether somebody stands there and waits for an answer."""
        return bool(self._waiting)

    def asks(self) -> bool:
        """Whether the server is to be asked, as something came to wait; said once for each."""
        asks, self._is_to_ask = self._is_to_ask, False
        return asks

    def held(self, sighting: Sighting, thing: str, task: Task) -> Told | None:
        """What to say of something that does not go yet; None where the server was asked since it was scanned.

        Args:
            sighting: what was scanned.
            thing: what people call it.
            task: what it was scanned for.
        """
        asked_ms, now = self._asked_ms(), self._now()
        if self._going is sighting or (asked_ms is not None and asked_ms >= now):
            return None
        self._waiting.append(Waiting(sighting=sighting, thing=thing, task=task, scanned_ms=now))
        self._is_to_ask = True
        return Told(tone=Tone.INFO, text=say("hand_over.asking"), thing=thing)

    def awaits(self, sighting: Sighting) -> bool:
        """Whether this waits for an answer."""
        return any(each.sighting is sighting for each in self._waiting)

    def drop(self, sighting: Sighting) -> None:
        """Whoever scanned this has taken it back: it goes only when it is scanned again."""
        for one in [each for each in self._waiting if each.sighting is sighting]:
            self._waiting.remove(one)

    def answered(self) -> Iterator[Waiting]:
        """After a sync, what may be looked at again; each goes while it is in the caller's hand."""
        asked_ms, now = self._asked_ms(), self._now()
        for one in list(self._waiting):
            if asked_ms is not None and one.scanned_ms <= asked_ms and now - one.scanned_ms <= WAITS_MS_MAX:
                self._waiting.remove(one)
                self._going = one.sighting
                yield one
        self._going = None

    def unanswered(self, *, heard: bool) -> list[Told]:
        """After a sync, what is to be held from now on: the server was not heard, or not for too long."""
        now = self._now()
        late = [one for one in self._waiting if not heard or now - one.scanned_ms > WAITS_MS_MAX]
        for one in late:
            self._waiting.remove(one)
        return [self._hold(one) for one in late]

    def _hold(self, one: Waiting) -> Told:
        asked_ms = self._asked_ms()
        if asked_ms is None:
            text = say("hand_over.unknown")
        else:
            text = say("hand_over.unheard", age=ago(self._now() - asked_ms))
        return Told(tone=Tone.STOP, text=text, thing=one.thing)

    def _now(self) -> int:
        return self._handheld.clock.boot_ms()

    def _asked_ms(self) -> int | None:
        """When the server was asked for the data that are here, by the boot clock."""
        age = self._handheld.site_map.age_ms(self._handheld.clock)
        return None if age is None else self._now() - age
