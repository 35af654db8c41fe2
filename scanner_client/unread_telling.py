"""Tells the server what could not be taken over here, so that the office sees which handheld does not know what."""

from __future__ import annotations

import json
from collections.abc import Sequence

from scanner_client.device import Device
from scanner_client.sighting import printable
from scanner_client.transport import Transport, TransportError
from scanner_client.unread_rows import Unread
from sync.protocol import write_signature
from sync.unread import NAME_MAX, REASON_MAX, UNREAD_PATH, message


def tell(rows: Sequence[Unread], device: Device, transport: Transport, *, heard_ms: int) -> bool:
    """Say that this is all that cannot be taken over now; whether our server has heard it.

    A server of an older release has nobody who listens: it knows of none then, and the handheld's screen tells.

    Args:
        heard_ms: the server's clock in its last reply.
    """
    said = [{"name": _bare(row.name)[:NAME_MAX], "reason": printable(row.reason)[:REASON_MAX]} for row in rows]
    body = json.dumps({"heard_ms": heard_ms, "rows": said}, ensure_ascii=False).encode()
    signature = device.sign(message(body))
    authorization = f"Ed25519 {device.device_no} {write_signature(signature)}"
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    for address in device.addresses:
        try:
            answer = transport.post(address, UNREAD_PATH, body, headers)
        except TransportError:
            continue
        if answer.is_signed_by(device.server_key, signature):
            return True
    return False


def _bare(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
