"""When the lines of a push happened, each between its neighbours in the chain that are stored already.

`server/timing.py` reads clocks; here it is asked of lines that come in any order, some of them set aside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa

from server.chain_mark import CHAIN_ROW, OF_CHAIN
from server.ledger import Entry
from server.pushed_lines import COPIED, Line
from server.tables import events
from server.timing import ClockSample, Estimate, Reading, clocks_in, earliest, estimate
from sync.protocol import Outcome, PushHeader

_SAMPLED: Final = tuple(field.name for field in fields(ClockSample))


def clocks_at_sending(
    connection: sa.Connection, header: PushHeader, row: Mapping[str, Any], now_ms: int
) -> ClockSample:
    """The clocks at sending; of a run that came as a file, those of the last sending of its own."""
    last = _sampled(connection, header, row)
    known = ClockSample(**{name: last[name] for name in _SAMPLED if last[name] is not None})
    if header.carried:
        return known
    return known.after(Reading(boot=header.boot, boot_ms=header.boot_ms, wall_ms=header.wall_ms), now_ms)


def _sampled(connection: sa.Connection, header: PushHeader, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The clocks at the last sending of this chain; before its first, of the chain before: the boot may be the same."""
    if row["boot"] is not None or header.predecessor is None:
        return row
    asked = {"device": header.device_no, "of_epoch": header.predecessor}
    before = connection.execute(CHAIN_ROW, asked).mappings().first()
    return row if before is None else dict(before)


def sample_row(header: PushHeader, sample: ClockSample, acked_through: int) -> dict[str, Any]:
    """What the chain's row keeps of it.

    Args:
        acked_through: how far the chain is here now, without a gap.
    """
    if header.carried:
        return {}
    # what comes next was scanned after this, unless a restored server still lacks something from before it
    is_empty = header.waiting <= header.count and acked_through >= header.first + header.count - 1
    return asdict(sample) | ({"wall_doubt_ms": 0} if is_empty else {})


def entries_of(
    connection: sa.Connection,
    header: PushHeader,
    fresh: Sequence[Line],
    sample: ClockSample,
    *,
    enrolled_ms: int,
    last: int,
    now_ms: int,
) -> list[Entry]:
    """The new lines with their times, each gap that they fill held between its neighbours that are stored already."""
    entries: list[Entry] = []
    for run in _runs(fresh):
        believed = [line for line in run if _is_believed(line)]
        below, above = _neighbours(connection, header, run[0].seq, run[-1].seq, last, believed=bool(believed))
        if any(line.outcome is Outcome.FORKED and line.note != COPIED for line in run):
            above = None  # what follows by number stands on the other branch, and says nothing about this one
        clocks = [clocks for clocks in map(_reading, believed or run) if clocks]
        otherwise_ms = min(enrolled_ms, now_ms)
        floor = below or Estimate(event_ms=earliest(clocks, sample, otherwise_ms=otherwise_ms))
        floor = max([floor, *(_moment(e) for e in entries if _is_believed(e) or not believed)])
        now = Estimate(event_ms=now_ms)
        entries += _timed(header, run, sample, floor=floor, ceiling=min(now, above or now))
    return entries


def _is_believed(line: Line | Entry) -> bool:
    """Whether its clocks may hold its neighbours: those of a line that is set aside move no other, however wrong."""
    return line.outcome is not Outcome.QUARANTINED


def _moment(entry: Entry) -> Estimate:
    return Estimate(event_ms=entry.event_ms, uncertainty_ms=entry.uncertainty_ms)


def _runs(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines in runs without a gap: what lies between two of them is stored already, with its time."""
    runs: list[list[Line]] = []
    for line in lines:
        if runs and runs[-1][-1].seq + 1 == line.seq:
            runs[-1].append(line)
        else:
            runs.append([line])
    return runs


def _timed(
    header: PushHeader, run: Sequence[Line], sample: ClockSample, *, floor: Estimate, ceiling: Estimate
) -> list[Entry]:
    moments = _moments(run, sample, floor=floor, ceiling=ceiling)
    return [
        Entry(
            device_no=header.device_no,
            epoch=header.epoch,
            seq=r.seq,
            digest=r.digest,
            line=r.line,
            outcome=r.outcome,
            event=r.event,
            note=r.note,
            event_ms=moment.event_ms,
            uncertainty_ms=moment.uncertainty_ms,
        )
        for r, moment in zip(run, moments, strict=True)
    ]


def _moments(run: Sequence[Line], sample: ClockSample, *, floor: Estimate, ceiling: Estimate) -> list[Estimate]:
    """When each line happened; what is set aside is held between those that are believed."""
    clocks = [_reading(line) if _is_believed(line) else None for line in run]
    sure = estimate([c for c in clocks if c], sample, floor=floor, ceiling=ceiling)
    if len(sure) == len(run):
        return sure
    moments: list[Estimate] = []
    done = 0
    for held, group in groupby(zip(run, clocks, strict=True), key=lambda pair: pair[1] is not None):
        lines = [line for line, _ in group]
        if held:
            moments += sure[done : done + len(lines)]
            done += len(lines)
        else:
            low = moments[-1] if moments else floor
            high = sure[done] if done < len(sure) else ceiling
            moments += _between(lines, sample, floor=low, ceiling=high)
    return moments


def _between(lines: Sequence[Line], sample: ClockSample, *, floor: Estimate, ceiling: Estimate) -> list[Estimate]:
    """When lines happened between two others; one whose clocks cannot be read, at any moment from the one before on."""
    clocks = [_reading(line) for line in lines]
    times = iter(estimate([c for c in clocks if c], sample, floor=floor, ceiling=ceiling))
    moments: list[Estimate] = []
    low_ms = floor.event_ms
    since_ms, until_ms = low_ms - floor.uncertainty_ms, ceiling.event_ms + ceiling.uncertainty_ms
    for read in clocks:
        off_ms = max(until_ms - low_ms, low_ms - since_ms)
        moments.append(next(times) if read else Estimate(event_ms=low_ms, uncertainty_ms=off_ms))
        low_ms = moments[-1].event_ms
    return moments


def _reading(line: Line) -> Reading | None:
    """The clocks of a line; where it is set aside they are read now, for its time is never estimated again."""
    e = line.event
    return clocks_in(line.line) if e is None else Reading(boot=e.boot, boot_ms=e.boot_ms, wall_ms=e.wall_ms)


_FIRST, _LAST = sa.bindparam("first", type_=sa.BigInteger), sa.bindparam("last", type_=sa.BigInteger)
_BELOW: Final = (
    sa.select(events.c.event_ms, events.c.uncertainty_ms)
    .where(OF_CHAIN, events.c.seq < _FIRST)
    .order_by(events.c.seq.desc(), events.c.event_ms)
    .limit(1)
)
_ABOVE: Final = (
    sa.select(events.c.event_ms, events.c.uncertainty_ms)
    .where(OF_CHAIN, events.c.seq > _LAST)
    .order_by(events.c.seq)
    .limit(1)
)
_BELIEVED: Final = events.c.outcome != Outcome.QUARANTINED
_BESIDE: Final = {False: (_BELOW, _ABOVE), True: (_BELOW.where(_BELIEVED), _ABOVE.where(_BELIEVED))}


def _neighbours(
    connection: sa.Connection, header: PushHeader, first: int, last: int, stored_last: int, *, believed: bool
) -> tuple[Estimate | None, Estimate | None]:
    """Times of the stored events just before and just after a run, in its own chain, which is here up to a number.

    Of two that bear one name, the earlier: a copy of a queue does not push the other branch's times ahead.

    Args:
        believed: leave out what is set aside.
    """
    below, above = _BESIDE[believed]
    asked = {"device": header.device_no, "of_epoch": header.epoch}
    before = connection.execute(below, asked | {"first": first}).mappings().first()
    after = connection.execute(above, asked | {"last": last}).mappings().first() if last < stored_last else None
    return Estimate(**before) if before else None, Estimate(**after) if after else None
