"""What the same person received a moment ago, read once more: no error, and no second box."""

from __future__ import annotations

from typing import Final

from scanner_client.handheld import Handheld
from sync.event import ScanEvent, format_name

MOMENTS_MS: Final = 10 * 60_000
LOOKED_AT: Final = 200
"""So many of the newest scans are looked through."""


def received_just_now(event: ScanEvent, handheld: Handheld) -> bool:
    """Whether this receipt, not kept yet, says what the same person said a moment ago of the same place.

    In another carton or place it may be a second box of one number, and is told as such.
    """
    if event.action != "receive":
        return False
    newest = [one for one, _ in handheld.outbox.newest(LOOKED_AT)]
    undone = {one.voids for one in newest if one.voids}
    return any(
        format_name(one.name) not in undone and abs(event.wall_ms - one.wall_ms) <= MOMENTS_MS
        for one in newest
        if _says(one) == _says(event)
    )


def _says(event: ScanEvent) -> tuple[str | None, ...]:
    return (event.action, event.subject, event.document, event.operator, event.location, event.container)
