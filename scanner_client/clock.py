"""The handheld's two clocks: the wall clock, right or wrong, and the boot clock, which never jumps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The clocks as functions of no argument, so that a test can hold them in its hand."""

    wall_ms: Callable[[], int]
    """Unix milliseconds."""
    boot_ms: Callable[[], int]
    """Milliseconds since the boot that `boot` names, time asleep included where the system tells."""
    boot: str
    """Identifies one run of the operating system, or of this process where the system has no name for its own."""


def system_clock(boot_id_file: Path = BOOT_ID_FILE) -> Clock:
    """The clocks of this machine."""
    try:
        boot = boot_id_file.read_text("ascii").strip()
    except OSError:
        # Outside Linux the monotonic clock is all there is, and nothing says that two processes share its start: each
        # counts from its own. Else what is waited for since another one (a wrong PIN) would seem over at its start.
        started_ms = _monotonic_ms()
        return Clock(wall_ms=_wall_ms, boot_ms=lambda: _monotonic_ms() - started_ms, boot=f"process-{uuid4()}")
    return Clock(wall_ms=_wall_ms, boot_ms=_boot_ms, boot=boot)


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _boot_ms() -> int:
    # CLOCK_MONOTONIC stands still while a handheld sleeps in its cradle, CLOCK_BOOTTIME does not (clock_gettime(2)).
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
