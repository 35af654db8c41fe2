"""When did it happen? Event times, estimated once from the clocks that a device sent.

A handheld's wall clock may be wrong and may jump; its boot clock only runs forward, but starts anew at every boot.
So the pair (boot clock, server time at sending) places every event of the current boot to within the transit time and
the drift of a quartz. So it does for the boot before, if that had sent something: its clock was sampled then. Other
events are placed by the wall clock, corrected by what it was off at sending, and held between their neighbours. A clock
is never a reason to refuse anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from sync.event import INT_MAX, fields_in
from sync.unchanging import unchanging

TRANSIT_MS: Final = 1_000
"""How far the moment of sending may lie before the moment of receipt; slow links take about this long."""
DRIFT_PPM: Final = 100
"""Error of an ordinary quartz oscillator over temperature, with a wide margin."""
SENDING_MS_MAX: Final = 60_000
"""A handheld waits 35 s for an answer. What seems to have travelled longer may tell of a clock that stood still, as in
a machine that was suspended."""
WALL_UNCERTAINTY_MS: Final = 5 * 60_000
"""For events of an earlier boot: people set clocks by hand, to a few minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSample:
    """What the clocks of a device read against the server's, at one sending."""

    boot: str | None = None
    boot_ms: int = 0
    """The boot clock at that sending."""
    offset_ms: int = 0
    """Server time less boot clock."""
    offset_doubt_ms: int = 0
    """By how much that may be too much: the quickest sending of the boot so far seemed so late."""
    doubt_ms: int = 0
    """That, and by how much this sending came later than those before let expect: it was slow, or a clock was set."""
    wall_skew_ms: int = 0
    """Server time less wall clock."""
    wall_doubt_ms: int = 0
    """By how much the wall clock was set since the queue was last empty, all in all: scans of a boot that never sent
    anything were made before, after or between."""
    earlier_boot: str | None = None
    """The boot of the sending before, and what its clock read against the server's then: it still tells when the scans
    happened that were made after that sending and before the battery was changed."""
    earlier_offset_ms: int = 0
    earlier_doubt_ms: int = 0

    def offset_of(self, boot: str) -> int | None:
        """Server time less the boot clock of this boot; None where none was sampled."""
        if boot == self.boot:
            return self.offset_ms
        return self.earlier_offset_ms if boot == self.earlier_boot else None

    def after(self, sent: Reading, now_ms: int) -> ClockSample:
        """The sample once another sending has come, which the clocks read so when it left.

        A sending may be late and is never early: of one boot the smallest offset is nearest, but for the drift since.
        Very late is one whose two clocks went on alike; else the machine slept, and its boot clock with it.
        """
        offset_ms, late_ms_max = now_ms - sent.boot_ms, SENDING_MS_MAX
        known_ms = sampled_ms = self.offset_of(sent.boot)
        known_doubt_ms = self.earlier_doubt_ms
        earlier = (self.boot, self.offset_ms, self.offset_doubt_ms)
        if sent.boot == self.boot:
            if sent.boot_ms < self.boot_ms:
                return self  # overtaken on its way by the one that is known
            drift_ms = (sent.boot_ms - self.boot_ms) * DRIFT_PPM // 1_000_000
            known_ms, known_doubt_ms = self.offset_ms + drift_ms, self.offset_doubt_ms
            earlier = (self.earlier_boot, self.earlier_offset_ms, self.earlier_doubt_ms)
            apart_ms = (sent.boot_ms - sent.wall_ms) - (self.wall_skew_ms - self.offset_ms)
            if abs(apart_ms) <= TRANSIT_MS + drift_ms:
                late_ms_max = INT_MAX
        over_ms = offset_doubt_ms = 0
        if known_ms is None and self.boot is not None:
            # The first of a boot: by the wall clock alone, which may have been set as well, it seems so late.
            late_ms = now_ms - sent.wall_ms - self.wall_skew_ms
            offset_doubt_ms = late_ms if TRANSIT_MS < late_ms <= SENDING_MS_MAX else 0
        elif known_ms is not None and sampled_ms is not None and offset_ms <= known_ms + late_ms_max:
            over_ms = max(0, offset_ms - known_ms)
            offset_doubt_ms = max(0, known_doubt_ms - max(0, sampled_ms - offset_ms))  # drift proves none quicker
            offset_ms -= over_ms
        elif known_ms is not None and sent.boot != self.boot:
            # A copy of its queue sent meanwhile, and its own wall clock is compared no more: it slept, or was so slow.
            offset_doubt_ms = known_doubt_ms + offset_ms - known_ms
        wall_skew_ms = sent.boot_ms + offset_ms - sent.wall_ms
        set_by_ms = 0 if self.boot is None else abs(wall_skew_ms - self.wall_skew_ms)
        return ClockSample(
            boot=sent.boot,
            boot_ms=sent.boot_ms,
            offset_ms=offset_ms,
            offset_doubt_ms=offset_doubt_ms,
            doubt_ms=offset_doubt_ms + over_ms,
            wall_skew_ms=wall_skew_ms,
            wall_doubt_ms=self.wall_doubt_ms + set_by_ms,
            earlier_boot=earlier[0],
            earlier_offset_ms=earlier[1],
            earlier_doubt_ms=earlier[2],
        )


@unchanging(kw_only=True)
class Reading:
    """The clocks of a handheld at one moment: a scan's, or a sending's."""

    boot: str
    boot_ms: int
    wall_ms: int


def clocks_in(line: bytes) -> Reading | None:
    """The clocks in a line that was set aside; None where they do not stand as they do in ours."""
    row = fields_in(line)
    found: tuple[Any, Any, Any] = row.get("boot"), row.get("boot_ms"), row.get("wall_ms")
    boot, *moments = found
    if type(boot) is not str or any(type(ms) is not int or not 0 <= ms <= INT_MAX for ms in moments):
        return None
    return Reading(boot=boot, boot_ms=found[1], wall_ms=found[2])


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Estimate:
    """When it happened, and by how much that may be wrong; ordered by when."""

    event_ms: int
    uncertainty_ms: int = 0


def earliest(readings: Sequence[Reading], sample: ClockSample, *, otherwise_ms: int) -> int:
    """Before which moment nothing on a chain happened: when the handheld was enrolled, or when a boot clock says.

    A handheld scans before it is enrolled, and one that a restored server has forgotten is enrolled anew.
    """
    sure = [moment for moment, sure, _ in (_raw(r, sample, otherwise_ms) for r in readings) if sure]
    return max(0, min([otherwise_ms, *sure]))


def estimate(readings: Sequence[Reading], sample: ClockSample, *, floor: Estimate, ceiling: Estimate) -> list[Estimate]:
    """One estimate per reading, in the order of the device's own sequence, never decreasing.

    Args:
        readings: clocks of events in sequence order.
        sample: the clocks at sending.
        floor: time of the event before the first one (or of the enrolment).
        ceiling: time of the event after the last one, or now; less than the floor where that is wrong. A neighbour that
            is wrong moves what it holds by as much.
    """
    raw = [_raw(r, sample, ceiling.event_ms) for r in readings]
    ceilings = []
    high = ceiling
    for moment, sure, uncertainty_ms in reversed(raw):
        if sure and moment <= high.event_ms:
            high = Estimate(event_ms=max(floor.event_ms, moment), uncertainty_ms=uncertainty_ms)
        ceilings.append(high)
    was_set = not all(sure for _, sure, _ in raw) and _was_set(readings, sample)
    estimates = []
    low_ms = floor.event_ms
    for (moment, sure, uncertainty_ms), high in zip(raw, reversed(ceilings), strict=True):
        low_ms = max(low_ms, min(moment, high.event_ms))
        # a clock set to 1970 is wrong by decades, and yet the scan lies between its neighbours
        below_ms = low_ms - floor.event_ms + floor.uncertainty_ms
        window_ms = max(high.event_ms + high.uncertainty_ms - low_ms, below_ms)
        off_ms = uncertainty_ms + abs(low_ms - moment) + (0 if sure else sample.wall_doubt_ms)
        if was_set and not sure:
            off_ms = window_ms
        estimates.append(Estimate(event_ms=low_ms, uncertainty_ms=max(uncertainty_ms, min(off_ms, window_ms))))
    return estimates


def _was_set(readings: Sequence[Reading], sample: ClockSample) -> bool:
    """Whether the wall clock was: what was set once may have been set twice, to and fro, while nothing was sent."""
    if sample.wall_doubt_ms > WALL_UNCERTAINTY_MS:
        return True
    return any(
        now.boot == before.boot
        and abs((now.wall_ms - before.wall_ms) - (now.boot_ms - before.boot_ms)) > WALL_UNCERTAINTY_MS
        for before, now in pairwise(readings)
    )


def _raw(reading: Reading, sample: ClockSample, now_ms: int) -> tuple[int, bool, int]:
    """(moment, whether the boot clock gave it, uncertainty) before neighbours are looked at."""
    offset_ms = sample.offset_of(reading.boot)
    if offset_ms is not None:
        moment = reading.boot_ms + offset_ms
        age = max(0, now_ms - moment)
        doubt_ms = sample.doubt_ms if reading.boot == sample.boot else sample.earlier_doubt_ms
        return moment, True, TRANSIT_MS + doubt_ms + age * DRIFT_PPM // 1_000_000
    return reading.wall_ms + sample.wall_skew_ms, False, WALL_UNCERTAINTY_MS
