"""A picture of something that was scanned, on its way from a handheld to the server: limits, and what is signed.

``POST /api/v1/pictures`` takes the picture itself as its body. `Picture-Event` names the event that it belongs to, and
``Authorization: Ed25519 <device_no> <signature>`` signs `message`. It is idempotent: the server knows a picture by its
SHA-256, and an event by its name.
"""

from __future__ import annotations

from typing import Final

PICTURES_PATH: Final = "/api/v1/pictures"
EVENT_HEADER: Final = "Picture-Event"
BYTES_MAX: Final = 1_500_000
"""Of one picture. A 12-megapixel photograph is made smaller before it is kept."""
PER_EVENT_MAX: Final = 8
"""A fact has a few pictures; more than that is a handheld gone wrong."""
_PREFIX: Final = b"scan-picture v1\n"
_TYPES: Final = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))


def message(event: str, content: bytes) -> bytes:
    """What the handheld signs: a picture cannot be hung on another event."""
    return _PREFIX + event.encode() + b"\n" + content


def media_type(content: bytes) -> str | None:
    """What kind of picture these bytes begin like; None where it is none that is taken."""
    return next((kind for magic, kind in _TYPES if content.startswith(magic)), None)
