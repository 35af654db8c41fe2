"""What a handheld cannot take over of what it is told, and how the server hears of it: limits, and what is signed.

``POST /api/v1/unread`` takes JSON, ``{"heard_ms", "rows": [{"name", "reason"}, ...]}``: all that this handheld cannot
take over by now, in the place of what it said before. `name` is kind and key of a change, `heard_ms` the server's own
clock in its last reply: what was said before its latest sync is refused, and so is what anybody repeats much later.
``Authorization: Ed25519 <device_no> <signature>`` signs `message`, and the answer bears ``Server-Signature`` over
`sync.enrolment.reply_message`. A server that has no such address takes scans as ever.
"""

from __future__ import annotations

from typing import Final

UNREAD_PATH: Final = "/api/v1/unread"
ROWS_MAX: Final = 100
"""More of them have one cause."""
FRESH_MS: Final = 120_000
"""It is said right after a sync: what comes later is a repetition, or was long on its way and is said again."""
NAME_MAX: Final = 1_000
REASON_MAX: Final = 200
BODY_BYTES_MAX: Final = ROWS_MAX * (4 * (NAME_MAX + REASON_MAX) + 40)
"""Every row at its limits, in UTF-8, of characters of four bytes."""
_PREFIX: Final = b"scan-unread v1\n"


def message(body: bytes) -> bytes:
    """What the handheld signs."""
    return _PREFIX + body


def split_name(name: str) -> tuple[str, str]:
    """Kind and key of a change."""
    kind, _, key = name.partition(" ")
    return kind, key
