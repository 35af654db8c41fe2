"""Wrong PINs make the next try wait, for the badge and for the handheld, also after a restart.

The first few cost nothing: gloves slip. After that each one doubles the wait, up to a quarter of an hour: a thief who
types gets through some 100 PINs a day of the 10,000, on all badges together. What was wrong on all of them fades with
time alone: else a thief with a badge of their own would have it forgotten by their right PIN. Waits are measured by
the boot clock, which nobody can set. After a restart of the machine the whole wait begins anew with it, so that
switching off and on gains nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scanner_client.clock import Clock
from scanner_client.database import Database

SCHEMA: Final = (
    """CREATE TABLE wrong_pins (
        badge TEXT PRIMARY KEY, failures INTEGER NOT NULL, boot TEXT NOT NULL, boot_ms INTEGER NOT NULL)
        WITHOUT ROWID""",
)
EVERY_BADGE: Final = ""
"""Counts the failures of all badges together: else a thief would try one PIN on each of them."""
FREE: Final = 3
FREE_OF_ALL: Final = 10
WAIT_MS_MIN: Final = 15_000
WAIT_MS_MAX: Final = 15 * 60_000
DOUBLINGS_MAX: Final = 6
"""More would not lengthen the wait."""
FADES_MS: Final = WAIT_MS_MAX
"""One of the failures of all badges together fades in so long, and none of one badge's."""


@dataclass(frozen=True, slots=True)
class Throttle:
    """Kept in the handheld's database; only badges that the map knows are counted, so that the table stays small."""

    database: Database
    clock: Clock

    def wait_ms(self, badge: str) -> int:
        """How long to wait before the next try with this badge; 0 where there is no need."""
        return max(self._wait_ms(badge, FREE), self._wait_ms(EVERY_BADGE, FREE_OF_ALL))

    def failed(self, badge: str) -> None:
        """Note one wrong PIN, for good before anybody hears of it."""
        with self.database.transaction():
            for key, free in ((badge, FREE), (EVERY_BADGE, FREE_OF_ALL)):
                failures = min(self._failures(key)[0] + 1, free + DOUBLINGS_MAX)
                row = (key, failures, self.clock.boot, self.clock.boot_ms())
                self.database.run("INSERT OR REPLACE INTO wrong_pins VALUES (?, ?, ?, ?)", *row)

    def succeeded(self, badge: str) -> None:
        """The right PIN: what went wrong with this badge is forgotten."""
        with self.database.transaction():
            self.database.run("DELETE FROM wrong_pins WHERE badge=?", badge)

    def _wait_ms(self, key: str, free: int) -> int:
        failures, passed_ms = self._failures(key)
        wait = min(WAIT_MS_MIN << (failures - free), WAIT_MS_MAX) if failures >= free else 0
        return max(0, wait - passed_ms)

    def _failures(self, key: str) -> tuple[int, int]:
        """How many still count, and how long ago the last one was."""
        row = self.database.row("SELECT failures, boot, boot_ms FROM wrong_pins WHERE badge=?", key)
        failures, boot, at_ms = row or (0, self.clock.boot, 0)
        passed_ms = self.clock.boot_ms() - (at_ms if boot == self.clock.boot else 0)
        faded = passed_ms // FADES_MS if key == EVERY_BADGE else 0
        return max(0, failures - faded), passed_ms
