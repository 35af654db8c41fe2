"""Syncs beside the scanning: by a timer, not by the next scan, so that a queue drains by itself after an outage."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Final

from scanner_client.carried import CarriedError
from scanner_client.database import DatabaseError
from scanner_client.device import DeviceError
from scanner_client.outbox import OutboxError
from scanner_client.uploader import SyncError, Uploader
from scanner_client.wording import say

IDLE_MS: Final = 5_000
"""How often a handheld that owes nothing asks for news: a recall has to be known within ten seconds. Asked for and not
waited for: a request that the server holds open would take one of its workers for each handheld."""
BACKOFF_MS_MIN: Final = 1_000
BACKOFF_MS_MAX: Final = 60_000


def backoff_ms(failures: int, chance: Callable[[], float], *, least_ms: int = BACKOFF_MS_MIN) -> int:
    """How long to wait after so many failures in a row: doubling, bounded, and spread by chance from 0 to 1.

    At least half of it is waited, so that a site's handhelds neither hammer a server that comes back nor all knock
    at once.
    """
    ceiling = min(BACKOFF_MS_MAX, least_ms * 2 ** min(failures - 1, 16))
    return int(ceiling * (0.5 + chance() / 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncState:
    """What the screen says of the last sync."""

    last_ms: int | None = None
    """When the server last answered, by the wall clock."""
    trouble: str | None = None
    """Why it did not since, in a sentence."""
    code: str | None = None
    failures: int = 0


class Background:
    """The thread that syncs. `wake` it after a scan, `close` it at the end."""

    def __init__(
        self,
        uploader: Uploader,
        *,
        wall_ms: Callable[[], int],
        chance: Callable[[], float] = random.random,
        idle_ms: int = IDLE_MS,
        backoff_ms_min: int = BACKOFF_MS_MIN,
    ) -> None:
        self.state = SyncState()
        self._uploader = uploader
        self._wall_ms = wall_ms
        self._chance = chance
        self._idle_ms = idle_ms
        self._backoff_ms_min = backoff_ms_min
        self._signal = Condition()
        self._wanted = False
        self._ending = False
        self._busy = False
        self._rounds = 0
        self._told = False
        self._after_each: Callable[[], object] = lambda: None
        self._thread = Thread(target=self._work, daemon=True, name="sync")

    def start(self, after_each: Callable[[], object] = lambda: None) -> None:
        """Begin with a sync at once; `after_each` is called in the thread after each round.

        What it raises is told on stderr, once while that lasts: a terminal that is gone hinders no sync.
        """
        self._after_each = after_each
        self._thread.start()

    def wake(self) -> None:
        """Something waits. After a failure the pause is kept all the same."""
        with self._signal:
            self._wanted = True
            self._signal.notify_all()

    def sync_now(self, timeout_s: float) -> SyncState:
        """Sync whatever the pause, and wait until that round has ended."""
        with self._signal:
            target = self._rounds + (2 if self._busy else 1)
            self.state = SyncState(last_ms=self.state.last_ms)
            self._wanted = True
            self._signal.notify_all()
            self._signal.wait_for(lambda: self._rounds >= target or self._ending, timeout_s)
            return self.state

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop; a request that is under way may be cut off, which costs nothing."""
        with self._signal:
            self._ending = True
            self._signal.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _work(self) -> None:
        pause_ms = 0
        while self._wait(pause_ms):
            pause_ms = self._round()
            with self._signal:
                self._rounds += 1
                self._busy = False
                self._signal.notify_all()
            if not self._ending:
                self._refresh()

    def _refresh(self) -> None:
        try:
            self._after_each()
        except Exception as error:  # noqa: BLE001 - whatever the screen is in: what waits must go out
            if not self._told:
                with suppress(OSError, ValueError):  # stderr mostly is the same terminal
                    print(say("status.no_screen", reason=error), file=sys.stderr)
            self._told = True
        else:
            self._told = False

    def _wait(self, pause_ms: int) -> bool:
        """Sleep until it is time or somebody calls; False at the end."""
        until = time.monotonic() + pause_ms / 1000
        with self._signal:
            self._signal.wait_for(self._called, max(0.0, until - time.monotonic()))
            self._wanted, self._busy = False, True
            return not self._ending

    def _called(self) -> bool:
        return self._ending or (self._wanted and not self.state.failures)

    def _round(self) -> int:
        retry_after_ms = 0
        try:
            for _ in self._uploader.drain():
                self.state = SyncState(last_ms=self._wall_ms())
                if self._ending:
                    break
        except SyncError as error:
            retry_after_ms = error.retry_after_ms or 0
            self._failed(str(error), error.code)
        except (DatabaseError, DeviceError, OutboxError, CarriedError) as error:
            self._failed(str(error), "local")  # a full disk, say: scanning says so by itself, and this tries again
        except Exception as error:  # noqa: BLE001 - a thread that ends would leave the queue here for good, unseen
            self._failed(say("status.unforeseen", reason=error), "local")
        else:
            self.state = SyncState(last_ms=self._wall_ms())
            return self._idle_ms
        pause = backoff_ms(self.state.failures, self._chance, least_ms=self._backoff_ms_min)
        return max(pause, retry_after_ms)

    def _failed(self, reason: str, code: str) -> None:
        self.state = SyncState(last_ms=self.state.last_ms, trouble=reason, code=code, failures=self.state.failures + 1)
