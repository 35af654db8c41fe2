"""A scan as the ledger takes it, with its time and that time's uncertainty as a test wants them."""

from __future__ import annotations

from typing import Any

from server.ledger import Entry
from sync.event import ScanEvent, digest, encode
from sync.protocol import Outcome
from tests.handheld import DAY


def accepted(device_no: int, seq: int, action: str, *, second: int, uncertainty_ms: int, **fields: Any) -> Entry:
    """One accepted entry of a handheld's first queue, so many seconds into the day; nothing comes before it."""
    event = ScanEvent(
        device_no=device_no, epoch=1, seq=seq, action=action, barcode=b"x", wall_ms=1, boot="b", boot_ms=1, **fields
    )
    line = encode(event)
    return Entry(
        device_no=device_no,
        epoch=1,
        seq=seq,
        digest=digest(bytes(32), line),
        line=line,
        outcome=Outcome.ACCEPTED,
        event=event,
        note=None,
        event_ms=DAY + second * 1000,
        uncertainty_ms=uncertainty_ms,
    )
