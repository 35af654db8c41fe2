"""How far a chain is here: the end of its contiguous part, the digest there, its highest number, and what it lacks.

What is missing beyond the mark stands in the chain's row: a server that was restored from before what handhelds still
keep waits for ever, and a push must not cost more the more lies beyond such a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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


def advance_mark(connection: sa.Connection, header: PushHeader, row: Mapping[str, Any]) -> Mark:
    """How far the chain is here, now that this run has been stored; `row` is the chain's, as it was before."""
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
        head = bytes.fromhex(header.after) if highest == acked else _head(connection, header, row, reached)
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
_RUN_LAST: Final = sa.bindparam("run_last", type_=sa.BigInteger)
_BETWEEN: Final = (
    sa.select(_SEQ, events.c.digest, sa.case((sa.and_(_SEQ > _RUN_LAST, ~is_altered()), events.c.line)))
    .where(OF_CHAIN, _SEQ > _AFTER, _SEQ <= _REACHED)
    .order_by(_SEQ, events.c.outcome == Outcome.FORKED)
)
_BEYOND: Final = sa.select(_SEQ).distinct().where(OF_CHAIN, _SEQ > _AFTER).order_by(_SEQ)


def _head(connection: sa.Connection, header: PushHeader, row: Mapping[str, Any], reached: int) -> bytes:
    """The digest at the new mark.

    It says that all before it is here. Where what lies beyond this run does not follow it, it is a digest that no queue
    has, so that none takes the mark for a word about its own events.
    """
    acked: int = row["acked_through"]
    head: bytes = row["head"]
    asked = {"device": header.device_no, "of_epoch": header.epoch, "after": acked, "reached": reached}
    known = {head}
    lines = connection.execute(_BETWEEN, asked | {"run_last": header.first + header.count - 1})
    for seq, digest_, line in lines:  # of two that bear one name, the first to come leads
        if seq == acked:
            known.add(digest_)
            continue
        follows = line is None or any(digest(before, line) == digest_ for before in known)
        acked, head, known = seq, digest_ if follows else digest(head, line), {digest_}
    return head


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
