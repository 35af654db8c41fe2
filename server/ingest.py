"""Take in one push: gather what is stored, decide what each line is, apply. One transaction, all or nothing.

Every line gets an outcome and is stored, whatever it is; none delays another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa

from server.chain_mark import ALTERED, Mark, advance_mark, is_altered
from server.copied_queues import is_parted
from server.database import stamp
from server.effects import take_effect
from server.ledger import FOLDED, Entry, append, begin_chain
from server.tables import chains, devices, events
from server.timing import ClockSample, Estimate, Reading, clocks_in, earliest, estimate
from sync.actions import refuse
from sync.event import (
    GENESIS,
    EventError,
    EventName,
    NewerSchema,
    ScanEvent,
    chain,
    decode,
    digest,
    format_name,
)
from sync.protocol import Outcome, ProtocolError, PushHeader
from sync.unchanging import unchanging

APART: Final = "It does not continue what this chain holds."
"""In the note of a copied queue's first line: whoever computes the chain anew must not take it for a changed one."""
UNABLE: Final = "The server could not take this in"
"""Begins the note of a line on which the server itself failed (`server/taking_in.py`)."""
OVERTAKEN: Final = "What is here after it continues another event."
"""In the note of a line that fills a gap before a copied queue's, whose own predecessor may still come, or never."""
COPIED: Final = "Two queues went on from here under this handheld's name: it was copied, or put back from a copy."
"""In the note of the first line of either that came when the other was known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What became of one push, and how far the chain reaches now."""

    acked_through: int
    head: bytes
    last_seq: int
    safe_through: int
    missing: list[list[int]]
    accepted: int
    duplicate: int
    failed: int
    """Set aside because this server failed on them."""
    exceptions: list[dict[str, Any]]


@unchanging()
class Line:
    """One line of a push: read, or the reason why not."""

    seq: int
    line: bytes
    digest: bytes
    outcome: Outcome
    event: ScanEvent | None
    note: str | None


def ingest(
    connection: sa.Connection,
    device: Mapping[Any, Any],
    header: PushHeader,
    lines: Sequence[bytes],
    *,
    now_ms: int,
    unable: str | None = None,
) -> Ingested:
    """Store a run of events of one device, fold the units that it touches, and advance the mark.

    Args:
        connection: a write transaction (`server.database.writing`).
        device: its row in `devices`.
        header: who sends, already known to be this device.
        lines: canonical bytes of the events `header.first` and on.
        now_ms: Unix milliseconds at receipt.
        unable: why this run is set aside unread, in a sentence.

    Raises:
        ProtocolError: the digests in the header do not belong to these lines; nothing is stored.
    """
    # Gather.
    digests = _digests(header, lines)
    row = _chain_row(connection, device["site"], header)
    parted = is_parted(connection, device["site"], header, row["predecessor"], now_ms)
    stored = _stored(connection, header, row)
    # Decide.
    classify = _classify if device["revoked_ms"] is None else _classify_revoked
    if header.altered:
        classify = partial(_unread, f"{ALTERED}: it is kept as it is now, and nothing of it counts.")
    elif unable:
        classify = partial(_unread, unable)
    read = [
        _copied(header, row, classify(header, seq, line, digest_, stored), parted=parted)
        for seq, (line, digest_) in enumerate(zip(lines, digests, strict=True), header.first)
    ]
    if read:
        read[-1] = _overtaken(connection, header, read[-1], stored)
    fresh = [r for r in read if r.outcome is not Outcome.DUPLICATE]
    sample = _sample(header, _sampled(connection, header, row), now_ms)
    # Apply.
    entries = _entries(
        connection, header, fresh, sample, enrolled_ms=device["enrolled_ms"], last=row["last_seq"], now_ms=now_ms
    )
    append(connection, device["site"], now_ms, entries)
    facts = [e.fact(now_ms) for e in entries if e.outcome in FOLDED]
    if facts:
        take_effect(connection, device["site"], facts, now_ms, stamp(connection))
    mark = advance_mark(connection, header, row)
    _remember(connection, header, mark, sample, now_ms)
    said = _said(read, mark, safe_through=row["safe_through"])
    return replace(said, failed=len(fresh)) if unable else said


def _digests(header: PushHeader, lines: Sequence[bytes]) -> list[bytes]:
    """The digest after each line: of what was committed, also where its line was altered since."""
    if header.altered:
        if len(lines) != 1:
            raise ProtocolError(f"An event that was altered comes by itself, and here are {len(lines)} events.")
        return [bytes.fromhex(header.after)]
    digests = chain(bytes.fromhex(header.before), lines)
    if (digests[-1].hex() if digests else header.before) != header.after:
        raise ProtocolError("The digest in the header is not that of these events: they changed on the way.")
    return digests


def _said(read: Sequence[Line], mark: Mark, *, safe_through: int) -> Ingested:
    """What is answered of a run."""
    accepted = [line for line in read if line.outcome is Outcome.ACCEPTED]
    duplicate = [line for line in read if line.outcome is Outcome.DUPLICATE]
    return Ingested(
        acked_through=mark.acked_through,
        head=mark.head,
        last_seq=mark.last_seq,
        safe_through=min(mark.acked_through, safe_through),
        missing=mark.missing,
        accepted=len(accepted),
        duplicate=len(duplicate),
        failed=0,
        exceptions=[
            {"seq": line.seq, "outcome": line.outcome.value, "reason": line.note}
            for line in read
            if line.outcome not in (Outcome.ACCEPTED, Outcome.DUPLICATE)
        ],
    )


_CHAIN: Final = sa.and_(chains.c.device_no == sa.bindparam("device"), chains.c.epoch == sa.bindparam("of_epoch"))
_MOVE_MARK: Final = chains.update().where(_CHAIN)
_SAMPLED: Final = tuple(field.name for field in fields(ClockSample))
_SEEN: Final = devices.update().where(devices.c.device_no == sa.bindparam("device"))


def _remember(connection: sa.Connection, header: PushHeader, mark: Mark, sample: ClockSample, now_ms: int) -> None:
    """Write down how far the chain is, and where its handheld stands."""
    moved = asdict(mark) | {"missing": mark.missing or None}
    connection.execute(
        _MOVE_MARK, moved | _sample_row(header, sample) | {"device": header.device_no, "of_epoch": header.epoch}
    )
    if header.carried:
        return  # a file says nothing about where its handheld stands now
    waiting = max(0, header.waiting - header.count)  # these have just arrived
    seen = {"last_seen_ms": now_ms, "waiting": waiting, "client": header.client, "pulled": header.cursor}
    connection.execute(_SEEN, seen | {"device": header.device_no})


_CHAIN_ROW: Final = sa.select(chains).where(_CHAIN).with_for_update()
_MINE: Final = sa.and_(events.c.device_no == sa.bindparam("device"), events.c.epoch == sa.bindparam("of_epoch"))
_FIRST, _LAST = sa.bindparam("first", type_=sa.BigInteger), sa.bindparam("last", type_=sa.BigInteger)
_STORED: Final = sa.select(events.c.seq, events.c.digest).where(_MINE, events.c.seq.between(_FIRST, _LAST))


def _chain_row(connection: sa.Connection, site: str, header: PushHeader) -> dict[str, Any]:
    """The chain's row, locked until this transaction ends; a new one where the epoch is new."""
    asked = {"device": header.device_no, "of_epoch": header.epoch}
    row = connection.execute(_CHAIN_ROW, asked).mappings().first()
    if row is None:
        begin_chain(connection, site, header.device_no, header.epoch, header.predecessor)
        row = connection.execute(_CHAIN_ROW, asked).mappings().one()
    return dict(row)


def _stored(connection: sa.Connection, header: PushHeader, row: Mapping[str, Any]) -> dict[int, frozenset[bytes]]:
    """Digests that are stored under the names of this run, and of the events before and after it."""
    found: dict[int, frozenset[bytes]] = {0: frozenset({GENESIS})}
    if not header.count:
        return found
    if header.first - 1 == row["acked_through"] == row["last_seq"] and header.before == row["head"].hex():
        return found | {header.first - 1: frozenset({row["head"]})}  # it goes on where the chain ends
    span = {"first": header.first - 1, "last": header.first + header.count}
    rows = connection.execute(_STORED, {"device": header.device_no, "of_epoch": header.epoch, **span})
    for seq, digest_ in rows:
        found[seq] = found.get(seq, frozenset()) | {digest_}
    return found


def _classify(
    header: PushHeader, seq: int, line: bytes, digest_: bytes, stored: Mapping[int, frozenset[bytes]]
) -> Line:
    """What one line is, given the digests that are stored under the names of this run and the one before it."""
    namesakes, apart = stored.get(seq), _apart(header, seq, stored)
    if namesakes and digest_ in namesakes:
        return Line(seq, line, digest_, Outcome.DUPLICATE, None, None)
    outcome, event, note = read_line((header.device_no, header.epoch, seq), line)
    if event is None:
        return Line(seq, line, digest_, outcome, None, f"{note}{apart}")
    if namesakes:
        return Line(seq, line, digest_, Outcome.FORKED, event, "Another event bears the same name.")
    if apart:
        return Line(seq, line, digest_, Outcome.FORKED, event, APART)
    return Line(seq, line, digest_, Outcome.ACCEPTED, event, None)


def read_line(name: EventName, line: bytes) -> tuple[Outcome, ScanEvent | None, str | None]:
    """What a line says that came under a name: accepted, or held or quarantined, and then why."""
    try:
        event = decode(line)
    except NewerSchema as e:
        return Outcome.HELD, None, str(e)
    except EventError as e:
        return Outcome.QUARANTINED, None, str(e)
    reason = _misnamed(name, event) or refuse(event)
    return (Outcome.QUARANTINED, None, reason) if reason else (Outcome.ACCEPTED, event, None)


def _apart(header: PushHeader, seq: int, stored: Mapping[int, frozenset[bytes]]) -> str:
    """What is said besides of a run's first line that follows another event than the one which is stored here."""
    before = stored.get(seq - 1) if seq == header.first else None
    return f" {APART}" if before and bytes.fromhex(header.before) not in before else ""


_NEXT: Final = sa.select(events.c.digest, events.c.line, is_altered().label("altered")).where(
    _MINE, events.c.seq == _FIRST
)


def _overtaken(
    connection: sa.Connection, header: PushHeader, last: Line, stored: Mapping[int, frozenset[bytes]]
) -> Line:
    """A run's last line, which is none of the chain's where what is stored after it follows another event.

    A copied queue's scans may come before those that the original made meanwhile: neither is taken for the other's.
    """
    if last.outcome is Outcome.DUPLICATE or last.seq + 1 not in stored:
        return last
    asked = {"device": header.device_no, "of_epoch": header.epoch, "first": last.seq + 1}
    if any(row.altered or digest(last.digest, row.line) == row.digest for row in connection.execute(_NEXT, asked)):
        return last
    return _forked(last, OVERTAKEN)


def _copied(header: PushHeader, row: Mapping[str, Any], line: Line, *, parted: bool) -> Line:
    """A line that shows that its handheld was copied; each chain has one at most.

    Args:
        parted: the epoch before this one went on without this handheld, or scans of it are lost.
    """
    begins = parted and line.seq == 1
    follows = row["left_at"] is not None and line.seq == row["left_at"] + 1
    if line.outcome is Outcome.DUPLICATE or not (begins or follows):
        return line
    return _forked(line, COPIED)


def _forked(line: Line, why: str) -> Line:
    outcome = Outcome.FORKED if line.outcome is Outcome.ACCEPTED else line.outcome
    return replace(line, outcome=outcome, note=f"{line.note} {why}" if line.note else why)


def _classify_revoked(
    header: PushHeader, seq: int, line: bytes, digest_: bytes, stored: Mapping[int, frozenset[bytes]]
) -> Line:
    """What one line is from a handheld that was revoked: kept, and believed no more."""
    return _unread("The handheld was revoked before this arrived.", header, seq, line, digest_, stored)


def _unread(
    why: str, header: PushHeader, seq: int, line: bytes, digest_: bytes, stored: Mapping[int, frozenset[bytes]]
) -> Line:
    """A line that is kept, whatever it says."""
    if digest_ in stored.get(seq, frozenset()):
        return Line(seq, line, digest_, Outcome.DUPLICATE, None, None)
    return Line(seq, line, digest_, Outcome.QUARANTINED, None, f"{why}{_apart(header, seq, stored)}")


def _misnamed(name: EventName, event: ScanEvent) -> str | None:
    if event.name == name:
        return None
    return f"It calls itself {format_name(event.name)}, but came as number {name[2]} of its chain."


def _sampled(connection: sa.Connection, header: PushHeader, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The clocks at the last sending of this chain; before its first, of the chain before: the boot may be the same."""
    if row["boot"] is not None or header.predecessor is None:
        return row
    asked = {"device": header.device_no, "of_epoch": header.predecessor}
    before = connection.execute(_CHAIN_ROW, asked).mappings().first()
    return row if before is None else dict(before)


def _sample(header: PushHeader, row: Mapping[str, Any], now_ms: int) -> ClockSample:
    """The clocks at sending; of a run that came as a file, those of the last sending of its own."""
    known = ClockSample(**{name: row[name] for name in _SAMPLED if row[name] is not None})
    if header.carried:
        return known
    return known.after(Reading(boot=header.boot, boot_ms=header.boot_ms, wall_ms=header.wall_ms), now_ms)


def _sample_row(header: PushHeader, sample: ClockSample) -> dict[str, Any]:
    if header.carried:
        return {}
    is_empty = header.waiting <= header.count  # what comes next was scanned after this
    return asdict(sample) | ({"wall_doubt_ms": 0} if is_empty else {})


def _entries(
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
        floor = below if below is not None else earliest(clocks, sample, otherwise_ms=min(enrolled_ms, now_ms))
        floor = max([floor, *(e.event_ms for e in entries if _is_believed(e) or not believed)])
        ceiling = max(floor, min(now_ms, above if above is not None else now_ms))
        entries += _timed(header, run, sample, floor_ms=floor, ceiling_ms=ceiling)
    return entries


def _is_believed(line: Line | Entry) -> bool:
    """Whether its clocks may hold its neighbours: those of a line that is set aside move no other, however wrong."""
    return line.outcome is not Outcome.QUARANTINED


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
    header: PushHeader, run: Sequence[Line], sample: ClockSample, *, floor_ms: int, ceiling_ms: int
) -> list[Entry]:
    moments = _moments(run, sample, floor_ms=floor_ms, ceiling_ms=ceiling_ms)
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


def _moments(run: Sequence[Line], sample: ClockSample, *, floor_ms: int, ceiling_ms: int) -> list[Estimate]:
    """When each line happened; what is set aside is held between those that are believed."""
    clocks = [_reading(line) if _is_believed(line) else None for line in run]
    sure = estimate([c for c in clocks if c], sample, floor_ms=floor_ms, ceiling_ms=ceiling_ms)
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
            low = moments[-1].event_ms if moments else floor_ms
            high = sure[done].event_ms if done < len(sure) else ceiling_ms
            moments += _between(lines, sample, floor_ms=low, ceiling_ms=high)
    return moments


def _between(lines: Sequence[Line], sample: ClockSample, *, floor_ms: int, ceiling_ms: int) -> list[Estimate]:
    """When lines happened between two others; one whose clocks cannot be read, at any moment from the one before on."""
    clocks = [_reading(line) for line in lines]
    times = iter(estimate([c for c in clocks if c], sample, floor_ms=floor_ms, ceiling_ms=ceiling_ms))
    moments: list[Estimate] = []
    low = floor_ms
    for read in clocks:
        moments.append(next(times) if read else Estimate(event_ms=low, uncertainty_ms=ceiling_ms - low))
        low = moments[-1].event_ms
    return moments


def _reading(line: Line) -> Reading | None:
    """The clocks of a line; where it is set aside they are read now, for its time is never estimated again."""
    e = line.event
    return clocks_in(line.line) if e is None else Reading(boot=e.boot, boot_ms=e.boot_ms, wall_ms=e.wall_ms)


_BELOW: Final = (
    sa.select(events.c.event_ms)
    .where(_MINE, events.c.seq < _FIRST)
    .order_by(events.c.seq.desc(), events.c.event_ms)
    .limit(1)
)
_ABOVE: Final = sa.select(events.c.event_ms).where(_MINE, events.c.seq > _LAST).order_by(events.c.seq).limit(1)
_BELIEVED: Final = events.c.outcome != Outcome.QUARANTINED
_BESIDE: Final = {False: (_BELOW, _ABOVE), True: (_BELOW.where(_BELIEVED), _ABOVE.where(_BELIEVED))}


def _neighbours(
    connection: sa.Connection, header: PushHeader, first: int, last: int, stored_last: int, *, believed: bool
) -> tuple[int | None, int | None]:
    """Times of the stored events just before and just after a run, in its own chain, which is here up to a number.

    Of two that bear one name, the earlier: a copy of a queue does not push the other branch's times ahead.

    Args:
        believed: leave out what is set aside.
    """
    below, above = _BESIDE[believed]
    asked = {"device": header.device_no, "of_epoch": header.epoch}
    before = connection.execute(below, asked | {"first": first}).scalar()
    return before, connection.execute(above, asked | {"last": last}).scalar() if last < stored_last else None
