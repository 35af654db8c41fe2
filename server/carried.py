"""Take in what a handheld exported as a file: the same envelopes as over the air, through the same door."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from server.database import reading
from server.ingest import Ingested, ingest
from server.tables import devices
from server.taking_in import joined, take_in
from sync import transfer
from sync.protocol import PushHeader
from sync.transfer import Export, TransferError


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What became of a file's events, by outcome."""

    name: str
    """Of the handheld that they come from."""
    events: int
    outcomes: Counter[str]


def take(file: BinaryIO, *, now_ms: int) -> Carried:
    """Take in a file; each envelope by itself, and repeating the file changes nothing.

    Raises:
        TransferError: it is damaged, or its handheld is not known here; nothing was taken.
    """
    export = transfer.read(_lines(file), _is_signed)
    _known(export)
    outcomes: Counter[str] = Counter()
    for envelope in export.envelopes:
        taken = joined(take_in(partial(_take_one, export, now_ms), envelope.header, envelope.lines))
        outcomes.update({"accepted": taken.accepted, "duplicate": taken.duplicate})
        outcomes.update(e["outcome"] for e in taken.exceptions)
    return Carried(name=export.name, events=export.events, outcomes=+outcomes)


def _take_one(
    export: Export,
    now_ms: int,
    connection: sa.Connection,
    header: PushHeader,
    lines: Sequence[bytes],
    unable: str | None,
) -> Ingested:
    device = dict(connection.execute(_device(export)).mappings().one())
    return ingest(connection, device, header, lines, now_ms=now_ms, unable=unable)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(transfer.LINE_BYTES_MAX + 1):
        yield line


def _is_signed(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _device(export: Export) -> sa.Select[Any]:
    return sa.select(devices).where(devices.c.device_no == export.device_no)


def _known(export: Export) -> None:
    with reading() as connection:
        row = connection.execute(_device(export)).mappings().one_or_none()
    if row is None or row["public_key"] != export.public_key:
        raise TransferError(f"Handheld {export.device_no} ({export.name}) is not enrolled here: enrol it first.")
