"""The hand-over to the carrier: a carton goes only when this handheld's list of recalls is fresh.

A stale list never stops picking or packing; here is the last moment to look. Who is online waits a second: the
handheld syncs by itself and says go. Who is not puts the carton on the hold pile, and scans it again later.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from scanner_client.handheld import Handheld
from scanner_client.screen import ago
from scanner_client.sighting import Sighting
from scanner_client.wording import say
from sync.actions import ACTIONS, Stock

RECALLS_AGE_MS_MAX: Final = 15 * 60_000
"""Who hears the server asks it every 5 s (`background.IDLE_MS`), so that older data mean a handheld that does not; and
a quarter of an hour is what a recall takes from its decision to the floor anyway."""
WAITS_MS_MAX: Final = 20_000
"""So long a person stands there with the carton; later it lies on the hold pile, and a new scan says that it went."""
WAITING_MAX: Final = 50


class HandOver:
    """Cartons that wait for a fresh list."""

    def __init__(self, handheld: Handheld) -> None:
        self._handheld = handheld
        self._waiting: deque[tuple[int, Sighting]] = deque(maxlen=WAITING_MAX)

    @property
    def waits(self) -> bool:
        """Whether a carton waits for a sync."""
        return bool(self._waiting)

    def stale(self, action: str) -> str | None:
        """Why this must not be handed over now, in words; None where nothing speaks against it."""
        if ACTIONS[action].stock is not Stock.LEAVES:
            return None
        age = self._handheld.site_map.age_ms(self._handheld.clock)
        if age is None:
            return say("hand_over.unknown")
        return say("hand_over.stale", age=ago(age)) if age > RECALLS_AGE_MS_MAX else None

    def wait(self, sighting: Sighting) -> None:
        """This carton was held back just now."""
        self._waiting.append((self._handheld.clock.boot_ms(), sighting))

    def released(self) -> list[Sighting]:
        """The cartons that may be looked at again: a sync has ended, and the person still stands there."""
        now = self._handheld.clock.boot_ms()
        waiting = [sighting for since, sighting in self._waiting if now - since <= WAITS_MS_MAX]
        if self.stale("ship") is None:
            self._waiting.clear()
            return waiting
        return []
