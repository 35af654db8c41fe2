"""Wrong PINs make the next try wait, for the badge and for the handheld, also after a restart.

The first few cost nothing: gloves slip. After that each one doubles the wait, up to a quarter of an hour: a thief who
types gets through some 100 PINs a day of the 10,000. Waits are measured by the boot clock, which nobody can set. After
a restart of the machine the whole wait begins anew with it, so that switching off and on gains nothing.
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
DOUBLINGS_MAX: Final = 10


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
            for key in (badge, EVERY_BADGE):
                self.database.run(
                    "INSERT INTO wrong_pins VALUES (?, 1, ?, ?) ON CONFLICT (badge) DO UPDATE"
                    " SET failures = failures + 1, boot = excluded.boot, boot_ms = excluded.boot_ms",
                    key, self.clock.boot, self.clock.boot_ms(),
                )  # fmt: skip

    def succeeded(self, badge: str) -> None:
        """The right PIN: what went wrong before is forgotten."""
        with self.database.transaction():
            self.database.run("DELETE FROM wrong_pins WHERE badge IN (?, ?)", badge, EVERY_BADGE)

    def _wait_ms(self, key: str, free: int) -> int:
        row = self.database.row("SELECT failures, boot, boot_ms FROM wrong_pins WHERE badge=?", key)
        if row is None or row[0] < free:
            return 0
        failures, boot, at_ms = row
        wait = min(WAIT_MS_MIN << min(failures - free, DOUBLINGS_MAX), WAIT_MS_MAX)
        passed = self.clock.boot_ms() - (at_ms if boot == self.clock.boot else 0)
        return max(0, int(wait) - passed)
