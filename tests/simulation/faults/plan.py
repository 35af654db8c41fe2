"""What will go wrong, drawn from a seed before anything happens, so that a trouble can be left out by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final


class Fault(StrEnum):
    """One kind of trouble, or of what the office does meanwhile."""

    DROPPED = "requests lost"
    LOST_REPLY = "replies lost"
    DUPLICATED = "requests twice"
    LATE = "requests late, after newer ones"
    CUT_OFF = "requests cut off"
    GARBLED = "replies garbled"
    PORTAL = "a portal's page for a reply"
    REFUSED = "408, 413, 429, 502, 503"
    OUTAGE = "no network for a while"
    HALF_OPEN = "links half open for a while"
    ONE_WAY = "links on which nothing comes back for a while"
    SLOW = "50 kbit/s and 1 s for a while"
    KILL = "handhelds killed at any step"
    POWER_CUT = "power cuts of handhelds"
    BATTERY = "changes of battery"
    CLOCK_JUMP = "clocks that jump"
    CLOCK_BACKWARDS = "clocks that run backwards"
    DISK_FULL = "handhelds' disks full"
    POISON = "poison events"
    OLD_QUEUE = "queues put back from a copy"
    OLD_FOLDER = "whole handhelds put back from a copy"
    CLONE = "handhelds cloned to a second device"
    TWIN = "clones that look like the same machine"
    SERVER_KILL = "servers killed at any step"
    RIVAL = "another process that writes meanwhile"
    SERVER_AWAY = "servers away for a while"
    SERVER_DISK_FULL = "the server's disk full"
    BACKUP = "backups"
    RESTORE = "servers restored from an older backup"
    REVOKE = "handhelds revoked"
    NEWCOMER = "handhelds enrolled meanwhile"
    COUNT = "counts opened and closed"
    RECALL = "recalls begun, some released"
    SETTLE = "cases settled"
    REBUILD = "everything folded anew meanwhile"
    HOLIDAY = "eight days in which nothing happens"
    RELEASED = "scans as release 1.0.0 queued them"
    BEHIND = "servers a release behind their handhelds, then upgraded"


MOST: Final[Mapping[Fault, int]] = {
    Fault.DROPPED: 3, Fault.LOST_REPLY: 4, Fault.DUPLICATED: 3, Fault.LATE: 3, Fault.CUT_OFF: 2, Fault.GARBLED: 2,
    Fault.PORTAL: 1, Fault.REFUSED: 3, Fault.OUTAGE: 2, Fault.HALF_OPEN: 1, Fault.ONE_WAY: 1, Fault.SLOW: 2,
    Fault.KILL: 3,
    Fault.POWER_CUT: 2, Fault.BATTERY: 2, Fault.CLOCK_JUMP: 3, Fault.CLOCK_BACKWARDS: 1, Fault.DISK_FULL: 1,
    Fault.POISON: 2, Fault.OLD_QUEUE: 1, Fault.OLD_FOLDER: 1, Fault.CLONE: 1, Fault.TWIN: 1, Fault.SERVER_KILL: 3,
    Fault.RIVAL: 3, Fault.SERVER_AWAY: 1, Fault.SERVER_DISK_FULL: 1, Fault.BACKUP: 2, Fault.RESTORE: 1,
    Fault.REVOKE: 1, Fault.NEWCOMER: 1, Fault.COUNT: 2, Fault.RECALL: 2, Fault.SETTLE: 3, Fault.REBUILD: 1,
    Fault.HOLIDAY: 1, Fault.RELEASED: 2, Fault.BEHIND: 1,
}  # fmt: skip
"""How often each may happen in one seed."""
RARE: Final = frozenset(
    {Fault.OLD_QUEUE, Fault.OLD_FOLDER, Fault.CLONE, Fault.TWIN, Fault.RESTORE, Fault.REVOKE, Fault.NEWCOMER,
     Fault.REBUILD, Fault.HOLIDAY, Fault.SERVER_DISK_FULL, Fault.BEHIND}
)  # fmt: skip
"""In one seed of four; else hardly a seed would be without them, and their absence is a case as well."""
HANDHELDS: Final = 3
SCANS: Final = 170
"""Of each handheld: three of them make 500 in a seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that happens."""

    fault: Fault
    at_s: float
    """Seconds after the beginning."""
    device: int
    """Number of the handheld that it befalls, where it befalls one."""
    draw: int
    """Seed of its details, so that they stay the same whatever else is left out."""

    def chance(self) -> Random:
        """A source of its own for its details."""
        return Random(self.draw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One afternoon."""

    seed: int
    scans: int
    """Of each handheld."""
    gap_s: float
    """Between two scans of one handheld, on average."""
    idle_s: float
    """How often a handheld that owes nothing asks for news."""
    troubles: tuple[Trouble, ...]

    @property
    def length_s(self) -> float:
        """How long people work."""
        return self.scans * self.gap_s


def draw(seed: int, *, scans: int = SCANS) -> Plan:
    """The plan that belongs to a seed."""
    chance = Random(f"plan {seed}")
    gap_s = chance.choice((0.5, 1.0, 2.0))
    length_s = scans * gap_s
    troubles = [
        Trouble(
            fault=fault,
            at_s=chance.random() * length_s,
            device=chance.randrange(HANDHELDS),
            draw=chance.randrange(2**32),
        )
        for fault, most in MOST.items()
        for _ in range(_times(chance, fault, most))
    ]
    return Plan(
        seed=seed,
        scans=scans,
        gap_s=gap_s,
        idle_s=length_s / chance.choice((4, 8, 12)),
        troubles=tuple(sorted(troubles, key=lambda t: (t.at_s, t.fault))),
    )


def _times(chance: Random, fault: Fault, most: int) -> int:
    if fault in RARE:
        return int(chance.random() < 0.25)
    return chance.randint(0, most)
