"""Take in one push: gather what is stored, decide what each line is, apply. One transaction, all or nothing.

Every line gets an outcome and is stored, whatever it is; none delays another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import sqlalchemy as sa

from server import moments
from server.chain_mark import CHAIN, CHAIN_ROW, Mark, advance_mark
from server.copied_queues import is_parted
from server.database import stamp
from server.effects import take_effect
from server.ledger import FOLDED, append, begin_chain
from server.pushed_lines import Line, sort_out
from server.tables import chains, devices
from server.timing import ClockSample
from sync.event import chain
from sync.protocol import Outcome, ProtocolError, PushHeader


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
    # Decide.
    revoked = device["revoked_ms"] is not None
    read = sort_out(connection, header, lines, digests, row, parted=parted, revoked=revoked, unable=unable)
    fresh = [r for r in read if r.outcome is not Outcome.DUPLICATE]
    clocks = moments.clocks_at_sending(connection, header, row, now_ms)
    entries = moments.entries_of(
        connection, header, fresh, clocks, enrolled_ms=device["enrolled_ms"], last=row["last_seq"], now_ms=now_ms
    )
    # Apply.
    append(connection, device["site"], now_ms, entries)
    facts = [e.fact(now_ms) for e in entries if e.outcome in FOLDED]
    if facts:
        take_effect(connection, device["site"], facts, now_ms, stamp(connection))
    mark = advance_mark(connection, header, digests, row)
    _remember(connection, header, mark, clocks, now_ms)
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


_MOVE_MARK: Final = chains.update().where(CHAIN)
_HEARD, _NOW, _BOOT_MS = (sa.bindparam(f"is_{name}", type_=sa.BigInteger) for name in ("heard_ms", "now_ms", "boot_ms"))
_BOOT: Final = sa.bindparam("is_boot", type_=sa.Text)
_NEWEST: Final = sa.or_(
    devices.c.heard_ms.is_(None),
    devices.c.heard_ms > _NOW,  # the server's clock was set back
    devices.c.heard_ms < _HEARD,
    devices.c.last_seen_ms == _NOW,  # another part of the same push
    sa.and_(devices.c.heard_ms == _HEARD, devices.c.sent_boot == _BOOT, devices.c.sent_boot_ms < _BOOT_MS),
)
"""Whether a push is the newest of its handheld: an old one that somebody repeats says nothing of where it stands now.

It had heard more than the one before; or as much, where a reply was lost, and was made later in the same boot. One that
was made in another boot after a lost reply is taken for an old one, and the next, which has heard again, is not.
"""
_SEEN: Final = devices.update().where(devices.c.device_no == sa.bindparam("device"), _NEWEST)


def _remember(connection: sa.Connection, header: PushHeader, mark: Mark, clocks: ClockSample, now_ms: int) -> None:
    """Write down how far the chain is, and where its handheld stands."""
    moved = asdict(mark) | {"missing": mark.missing or None}
    sampled = moments.sample_row(header, clocks, mark.acked_through)
    connection.execute(_MOVE_MARK, moved | sampled | {"device": header.device_no, "of_epoch": header.epoch})
    if header.carried:
        return  # a file says nothing about where its handheld stands now
    waiting = max(0, header.waiting - header.count)  # these have just arrived
    newest = {"heard_ms": header.heard_ms or 0, "boot": header.boot, "boot_ms": header.boot_ms}
    seen = {"last_seen_ms": now_ms, "waiting": waiting, "client": header.client, "pulled": header.cursor}
    seen |= {"heard_ms": newest["heard_ms"], "sent_boot": header.boot, "sent_boot_ms": header.boot_ms}
    asked = {f"is_{name}": value for name, value in newest.items()} | {"is_now_ms": now_ms}
    connection.execute(_SEEN, seen | asked | {"device": header.device_no})


def _chain_row(connection: sa.Connection, site: str, header: PushHeader) -> dict[str, Any]:
    """The chain's row, locked until this transaction ends; a new one where the epoch is new."""
    asked = {"device": header.device_no, "of_epoch": header.epoch}
    row = connection.execute(CHAIN_ROW, asked).mappings().first()
    if row is None:
        begin_chain(connection, site, header.device_no, header.epoch, header.predecessor)
        row = connection.execute(CHAIN_ROW, asked).mappings().one()
    return dict(row)
