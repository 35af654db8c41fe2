"""How far a chain is here: the end of its contiguous part, the digest there, its highest number, and what it lacks.

What is missing beyond the mark stands in the chain's row: a server that was restored from before what handhelds still
keep waits for ever, and a push must not cost more the more lies beyond such a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa

from server.tables import chains, events
from sync.event import digest
from sync.protocol import MISSING_RANGES_MAX, Outcome, PushHeader


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a chain is here."""

    acked_through: int
    head: bytes
    last_seq: int
    missing: list[list[int]]
    """Ranges [first, last] beyond the mark that have not arrived, the first `MISSING_RANGES_MAX` of them."""


NOBODYS: Final = b"\xff" * 32
"""The head where what is here by number is not one queue's: no queue has it, so that none takes the mark for a word
about its own events, and each sends what was not answered for."""


def advance_mark(
    connection: sa.Connection, header: PushHeader, digests: Sequence[bytes], row: Mapping[str, Any]
) -> Mark:
    """How far the chain is here, now that this run has been stored.

    Args:
        digests: the one after each event of the run.
        row: the chain's, as it was before.
    """
    acked, head, highest = row["acked_through"], row["head"], row["last_seq"]
    before = row["missing"] or []
    if not header.count:
        return Mark(acked, head, highest, before)
    last = header.first + header.count - 1
    missing = list(_without(before, header.first, last))
    if len(missing) < MISSING_RANGES_MAX <= len(before):
        missing = gaps(connection, header.device_no, header.epoch, acked)  # more than the row could hold
    elif header.first > highest + 1 and len(missing) < MISSING_RANGES_MAX:
        missing.append([highest + 1, header.first - 1])
    missing = missing[:MISSING_RANGES_MAX]
    reached = missing[0][0] - 1 if missing else max(highest, last)
    if reached > acked:
        head = _head(connection, header, digests, row, reached)
    return Mark(reached, head, max(highest, last), missing)


def _without(spans: Iterable[list[int]], first: int, last: int) -> Iterable[list[int]]:
    for low, high in spans:
        if low < first:
            yield [low, min(high, first - 1)]
        if high > last:
            yield [max(low, last + 1), high]


ALTERED: Final = "It was altered in its handheld's queue after it was committed"
"""Begins the note of a line that is not the one whose digest stands beside it: what follows continues that one."""


def is_altered() -> sa.ColumnElement[bool]:
    """Whether a row of `events` holds such a line, as part of a query."""
    return sa.func.coalesce(events.c.note, "").startswith(ALTERED)


CHAIN: Final = sa.and_(chains.c.device_no == sa.bindparam("device"), chains.c.epoch == sa.bindparam("of_epoch"))
"""The row of one chain."""
OF_CHAIN: Final = sa.and_(events.c.device_no == sa.bindparam("device"), events.c.epoch == sa.bindparam("of_epoch"))
"""The events of one chain."""
CHAIN_ROW: Final = sa.select(chains).where(CHAIN).with_for_update()
"""The row, locked until this transaction ends."""
_SEQ: Final = events.c.seq
_AFTER, _REACHED = sa.bindparam("after", type_=sa.BigInteger), sa.bindparam("reached", type_=sa.BigInteger)
_BETWEEN: Final = (
    sa.select(_SEQ, events.c.digest, sa.case((~is_altered(), events.c.line)))
    .where(OF_CHAIN, _SEQ > _AFTER, _SEQ <= _REACHED)
    .order_by(_SEQ, events.c.outcome == Outcome.FORKED)
)
_BEYOND: Final = sa.select(_SEQ).distinct().where(OF_CHAIN, _SEQ > _AFTER).order_by(_SEQ)


def _head(
    connection: sa.Connection, header: PushHeader, digests: Sequence[bytes], row: Mapping[str, Any], reached: int
) -> bytes:
    """The digest at the new mark, for which all before it is here; the run brought the first event beyond the old mark.

    A copied queue's run may go on from events that are not here, under numbers that are: the server was restored since.
    """
    last, before_run = header.first + header.count - 1, bytes.fromhex(header.before)
    before = [before_run, *digests][row["acked_through"] + 1 - header.first]
    if before != row["head"]:
        return NOBODYS
    known = [digests[-1]]
    asked = {"device": header.device_no, "of_epoch": header.epoch, "after": last, "reached": reached}
    rows = connection.execute(_BETWEEN, asked).all() if reached > last else ()
    for _, namesakes in groupby(rows, key=lambda found: found[0]):
        known = [
            digest_
            for _, digest_, line in namesakes
            if line is None or any(digest(before, line) == digest_ for before in known)
        ]
        if not known:
            return NOBODYS
    return known[0]


def gaps(connection: sa.Connection, device_no: int, epoch: int, acked: int) -> list[list[int]]:
    """The first `MISSING_RANGES_MAX` ranges of a chain beyond its mark that have not arrived, by what has."""
    ranges = []
    expected = acked + 1
    asked = {"device": device_no, "of_epoch": epoch, "after": acked}
    for seq in connection.execute(_BEYOND, asked).scalars():
        if seq > expected:
            ranges.append([expected, seq - 1])
        expected = seq + 1
        if len(ranges) == MISSING_RANGES_MAX:
            break
    return ranges
