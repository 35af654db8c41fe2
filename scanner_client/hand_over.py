"""What leaves the house goes only when the server was asked after it was scanned, and no recall had come.

A recall that nobody here has heard of stops no picking or packing; here is the last moment to look. Who is online waits
for one answer, and is told to go. Who is not keeps the carton on the hold pile, and scans it again later. So nothing
leaves after its recall began, however long a handheld was out of reach.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from scanner_client.handheld import Handheld
from scanner_client.screen import ago
from scanner_client.sighting import Sighting, Told, Tone
from scanner_client.wording import say

UNHEARD_MS: Final = 15_000
"""Who hears the server asks it every 5 s (`background.IDLE_MS`); after three of these no answer is to be counted on."""
WAITS_MS_MAX: Final = 20_000
"""So long a person stands there with the carton; later it lies on the hold pile, and a new scan says that it went."""
WAITING_MAX: Final = 50


@dataclass(kw_only=True)
class _Waiting:
    sighting: Sighting
    thing: str
    scanned_ms: int
    """By the boot clock."""
    asked_ms: int | None
    """When the server had last been asked by then."""
    is_held: bool
    """Whether the person was told to put it aside."""


class HandOver:
    """Cartons and units that wait for the server's answer."""

    def __init__(self, handheld: Handheld) -> None:
        self._handheld = handheld
        self._waiting: deque[_Waiting] = deque(maxlen=WAITING_MAX)
        self._going: Sighting | None = None
        self._is_to_ask = False

    @property
    def waits(self) -> bool:
        """Whether somebody stands there and waits for an answer."""
        now = self._now()
        while self._waiting and now - self._waiting[0].scanned_ms > WAITS_MS_MAX:
            self._waiting.popleft()
        return bool(self._waiting)

    def asks(self) -> bool:
        """Whether the server is to be asked, as something came to wait; said once for each."""
        asks, self._is_to_ask = self._is_to_ask, False
        return asks

    def held(self, sighting: Sighting, thing: str) -> Told | None:
        """Why this does not go yet; None where the server was asked since it was scanned.

        Args:
            sighting: what was scanned.
            thing: what people call it.
        """
        asked_ms, now = self._asked_ms(), self._now()
        if self._going is sighting or (asked_ms is not None and asked_ms >= now):
            return None
        is_held = asked_ms is None or now - asked_ms > UNHEARD_MS
        waiting = _Waiting(sighting=sighting, thing=thing, scanned_ms=now, asked_ms=asked_ms, is_held=is_held)
        self._waiting.append(waiting)
        self._is_to_ask = True
        return self._hold(waiting) if is_held else Told(tone=Tone.INFO, text=say("hand_over.asking"), thing=thing)

    def drop(self, sighting: Sighting) -> None:
        """Whoever scanned this has taken it back: it goes only when it is scanned again."""
        for one in [each for each in self._waiting if each.sighting is sighting]:
            self._waiting.remove(one)

    def answered(self) -> Iterator[Sighting]:
        """After a sync, what may be looked at again; each goes while it is in the caller's hand."""
        waits, asked_ms = self.waits, self._asked_ms()
        if not waits or asked_ms is None:
            return
        free = [one for one in self._waiting if one.scanned_ms <= asked_ms]
        for one in free:
            self._waiting.remove(one)
            self._going = one.sighting
            yield one.sighting
        self._going = None

    def unanswered(self) -> list[Told]:
        """After a sync that brought no answer, what is to be put aside; said once of each."""
        asked_ms = self._asked_ms()
        told = []
        for one in self._waiting:
            if not one.is_held and one.asked_ms == asked_ms:
                one.is_held = True
                told.append(self._hold(one))
        return told

    def _hold(self, one: _Waiting) -> Told:
        if one.asked_ms is None:
            text = say("hand_over.unknown")
        else:
            text = say("hand_over.unheard", age=ago(self._now() - one.asked_ms))
        return Told(tone=Tone.STOP, text=text, thing=one.thing)

    def _now(self) -> int:
        return self._handheld.clock.boot_ms()

    def _asked_ms(self) -> int | None:
        """When the server was asked for the data that are here, by the boot clock."""
        age = self._handheld.site_map.age_ms(self._handheld.clock)
        return None if age is None else self._now() - age
