"""A picture of something that was scanned, on its way from a handheld to the server: limits, and what is signed.

``POST /api/v1/pictures`` takes the picture itself as its body. `Picture-Event` names the event that it belongs to, and
``Authorization: Ed25519 <device_no> <signature>`` signs `message`. It is idempotent: the server knows a picture by its
SHA-256, and an event by its name.

Its answer bears ``Server-Signature`` over `sync.enrolment.reply_message`, and only what is signed so says what became
of the picture: `known`, it is there; a `code` of `NEVER`, it will never be taken. A status alone says nothing.
"""

from __future__ import annotations

from typing import Final

PICTURES_PATH: Final = "/api/v1/pictures"
EVENT_HEADER: Final = "Picture-Event"
BYTES_MAX: Final = 1_500_000
"""Of one picture. A 12-megapixel photograph is made smaller before it is kept."""
PER_EVENT_MAX: Final = 8
"""A fact has a few pictures; more than that is a handheld gone wrong."""
PIXELS_MAX: Final = 50_000_000
"""Of one picture; a browser takes four bytes for each. A few kilobytes of PNG can say that they are a billion."""
NEVER: Final = frozenset({"revoked", "not_valid"})
"""Codes of refusals that no second try changes."""
_PREFIX: Final = b"scan-picture v1\n"
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of JPEG that begin a frame."""
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xDA)})
"""Markers of JPEG with nothing behind them."""
_TYPES: Final = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))


def message(event: str, content: bytes) -> bytes:
    """What the handheld signs: a picture cannot be hung on another event."""
    return _PREFIX + event.encode() + b"\n" + content


def media_type(content: bytes) -> str | None:
    """What kind of picture these bytes begin like; None where it is none that is taken."""
    return next((kind for magic, kind in _TYPES if content.startswith(magic)), None)


def pixels(content: bytes) -> int | None:
    """How many pixels a picture says that it has; None where it does not say so, and nothing can show it.

    As PNG's IHDR (ISO/IEC 15948, 11.2.2) or the first frame header of a JPEG (ITU-T T.81, B.2.2) has it.
    """
    if media_type(content) == "image/png":
        size = content[16:24] if content[12:16] == b"IHDR" else b""
        return int.from_bytes(size[:4]) * int.from_bytes(size[4:]) if len(size) == 8 else None
    return _pixels_of_jpeg(content)


def _pixels_of_jpeg(content: bytes) -> int | None:
    at = 2
    while (at := content.find(b"\xff", at)) >= 0:  # what stands between two segments is passed over, as decoders do
        while content[at : at + 1] == b"\xff":
            at += 1
        marker = content[at] if at < len(content) else 0
        at += 1
        if marker in _FRAMES:
            height, width = content[at + 3 : at + 5], content[at + 5 : at + 7]
            return int.from_bytes(height) * int.from_bytes(width) if len(width) == 2 else None
        if marker and marker not in _ALONE:
            at += max(2, int.from_bytes(content[at : at + 2]))
    return None
