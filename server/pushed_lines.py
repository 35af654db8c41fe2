"""What each line of a push is: new, here already, another's under the same name, unreadable, or kept unread.

Nobody is held up by a neighbour: each line has an outcome of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from typing import Any, Final

import sqlalchemy as sa

from server.chain_mark import ALTERED, OF_CHAIN, is_altered
from server.tables import events
from sync.actions import refuse
from sync.event import GENESIS, EventError, EventName, NewerSchema, ScanEvent, decode, digest, format_name
from sync.protocol import Outcome, PushHeader
from sync.unchanging import unchanging

APART: Final = "It does not continue what this chain holds."
"""In the note of a copied queue's first line: whoever computes the chain anew must not take it for a changed one."""
UNABLE: Final = "The server could not take this in"
"""Begins the note of a line on which the server itself failed (`server/taking_in.py`)."""
OVERTAKEN: Final = "What is here after it continues another event."
"""In the note of a line that fills a gap before a copied queue's, whose own predecessor may still come, or never."""
COPIED: Final = "Two queues went on from here under this handheld's name: it was copied, or put back from a copy."
"""In the note of the first line of either that came when the other was known."""


@unchanging()
class Line:
    """One line of a push: read, or the reason why not."""

    seq: int
    line: bytes
    digest: bytes
    outcome: Outcome
    event: ScanEvent | None
    note: str | None


def sort_out(
    connection: sa.Connection,
    header: PushHeader,
    lines: Sequence[bytes],
    digests: Sequence[bytes],
    row: Mapping[str, Any],
    *,
    parted: bool,
    revoked: bool,
    unable: str | None,
) -> list[Line]:
    """What each of these lines is.

    Args:
        digests: the one after each line.
        row: the chain's, as it was before.
        parted: the epoch before this one went on without this handheld, or scans of it are lost.
        revoked: the handheld was revoked before this arrived.
        unable: why this run is set aside unread, in a sentence.
    """
    stored = _stored(connection, header, row)
    sort = _classify
    if header.altered:
        sort = partial(_unread, f"{ALTERED}: it is kept as it is now, and nothing of it counts.")
    elif unable:
        sort = partial(_unread, unable)
    elif revoked:
        sort = _classify_revoked
    read = [
        _copied(header, row, sort(header, seq, line, digest_, stored), parted=parted)
        for seq, (line, digest_) in enumerate(zip(lines, digests, strict=True), header.first)
    ]
    return [_overtaken(connection, header, line, after, stored) for line, after in zip_longest(read, read[1:])]


_FIRST, _LAST = sa.bindparam("first", type_=sa.BigInteger), sa.bindparam("last", type_=sa.BigInteger)
_STORED: Final = sa.select(events.c.seq, events.c.digest).where(OF_CHAIN, events.c.seq.between(_FIRST, _LAST))


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
    OF_CHAIN, events.c.seq == _FIRST
)


def _overtaken(
    connection: sa.Connection,
    header: PushHeader,
    line: Line,
    after: Line | None,
    stored: Mapping[int, frozenset[bytes]],
) -> Line:
    """A line, which is none of the chain's where what is stored after it follows another event.

    A copied queue's scans may come before those that the original made meanwhile: neither is taken for the other's.

    Args:
        after: the next one of the run, if it is not the last.
    """
    is_followed = after is not None and after.outcome is Outcome.DUPLICATE
    if line.outcome is Outcome.DUPLICATE or is_followed or line.seq + 1 not in stored:
        return line
    asked = {"device": header.device_no, "of_epoch": header.epoch, "first": line.seq + 1}
    if any(row.altered or digest(line.digest, row.line) == row.digest for row in connection.execute(_NEXT, asked)):
        return line
    return _forked(line, OVERTAKEN)


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
