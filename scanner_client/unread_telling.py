"""Tells the server what could not be taken over here, so that the office sees which handheld does not know what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

from scanner_client.device import Device
from scanner_client.handheld import Handheld
from scanner_client.sighting import printable
from scanner_client.transport import Transport, TransportError
from scanner_client.unread_rows import Unread
from sync.protocol import write_signature
from sync.unread import NAME_MAX, REASON_MAX, ROWS_MAX, UNREAD_PATH, message

DEAF_MS: Final = 86_400_000
"""How long a server of an older release, which has nobody who listens, is not asked again: a day."""


class Heard(Enum):
    """What became of a telling."""

    YES = auto()
    NOT_NOW = auto()
    NEVER = auto()
    """Whatever answered has no such address: a server of an older release."""


class UnreadTelling:
    """Of one handheld; one thread at a time."""

    def __init__(self, handheld: Handheld, transport: Transport) -> None:
        self._handheld = handheld
        self._transport = transport
        self._told: tuple[str | None, int, tuple[Unread, ...]] | None = None
        """Server incarnation, how often anything had been noted, and what it was told last that cannot be read here."""
        self._deaf: tuple[str | None, int] | None = None
        """Incarnation of a server that does not listen, and when it was asked, by the boot clock."""

    def tell(self) -> None:
        """Let the office know what of its data cannot be read here, whenever that is not what it was told last.

        Also when the same was noted once more: the office had it told again, and knows of none by now.
        """
        site_map = self._handheld.site_map
        unread, heard_ms, incarnation = site_map.unread, site_map.heard_ms(), site_map.cursor().incarnation
        found = unread.listed()[:ROWS_MAX]
        standing = incarnation, unread.noted, tuple(found)
        is_news = standing != self._told and (found or self._told or unread.may_be_told())
        if not is_news or heard_ms is None or self._is_deaf(incarnation):
            return
        if found and not unread.may_be_told():
            unread.telling()
        heard = tell(found, self._handheld.device, self._transport, heard_ms=heard_ms)
        self._deaf = (incarnation, self._handheld.clock.boot_ms()) if heard is Heard.NEVER else None
        if heard is Heard.YES:
            self._told = standing
            if not found:
                unread.told_none()

    def _is_deaf(self, incarnation: str | None) -> bool:
        if self._deaf is None:
            return False
        server, asked_ms = self._deaf
        return server == incarnation and self._handheld.clock.boot_ms() - asked_ms < DEAF_MS


def tell(rows: Sequence[Unread], device: Device, transport: Transport, *, heard_ms: int) -> Heard:
    """Say that this is all that cannot be taken over now.

    A server of an older release knows of none then, and the handheld's screen tells.

    Args:
        heard_ms: the server's clock in its last reply.
    """
    said = [{"name": _bare(row.name)[:NAME_MAX], "reason": printable(row.reason)[:REASON_MAX]} for row in rows]
    body = json.dumps({"heard_ms": heard_ms, "rows": said}, ensure_ascii=False).encode()
    signature = device.sign(message(body))
    authorization = f"Ed25519 {device.device_no} {write_signature(signature)}"
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    answered = set()
    for address in device.addresses:
        try:
            answer = transport.post(address, UNREAD_PATH, body, headers)
        except TransportError:
            continue
        if answer.is_signed_by(device.server_key, signature):
            return Heard.YES
        answered.add(answer.status)
    return Heard.NEVER if answered == {404} else Heard.NOT_NOW


def _bare(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
