"""A picture of something that was scanned, on its way from a handheld to the server: limits, and what is signed.

``POST /api/v1/pictures`` takes the picture itself as its body. `Picture-Event` names the event that it belongs to, and
``Authorization: Ed25519 <device_no> <signature>`` signs `message`. It is idempotent: the server knows a picture by its
SHA-256, and an event by its name.

Its answer bears ``Server-Signature`` over `sync.enrolment.reply_message`, and only what is signed so says what became
of the picture: `known`, it is there; a `code` of `NEVER`, it will never be taken. A status alone says nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
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
_SCAN: Final = 0xDA
_END: Final = 0xD9
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_TYPES: Final = ((b"\xff\xd8\xff", "image/jpeg"), (_PNG, "image/png"))


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
    for marker, at in _markers(content):
        if marker in _FRAMES:
            height, width = content[at + 3 : at + 5], content[at + 5 : at + 7]
            return int.from_bytes(height) * int.from_bytes(width) if len(width) == 2 else None
    return None


def _markers(content: bytes) -> Iterator[tuple[int, int]]:
    """Each marker of a JPEG, with where its segment begins."""
    at = 2
    while (at := content.find(b"\xff", at)) >= 0:  # what stands between two segments is passed over, as decoders do
        while content[at : at + 1] == b"\xff":
            at += 1
        marker = content[at] if at < len(content) else 0
        at += 1
        if marker:
            yield marker, at
        if marker and marker not in _ALONE:
            at += max(2, int.from_bytes(content[at : at + 2]))


def is_whole(content: bytes) -> bool:
    """Whether a picture goes on to its end; what was cut off on its way shows a part of what it should, or nothing.

    A JPEG has its end behind a scan (ITU-T T.81, B.2.1), a PNG every chunk with its right sum up to IEND (ISO/IEC
    15948, 5.3). What follows is not looked at: telephones put a film there.
    """
    if not pixels(content):
        return False
    if media_type(content) == "image/png":
        return _ends_as_png(content)
    found = (marker for marker, _ in _markers(content))
    return _SCAN in found and _END in found  # the second is looked for behind the first


def _ends_as_png(content: bytes) -> bool:
    at = len(_PNG)
    while at + 12 <= len(content):
        end = at + 8 + int.from_bytes(content[at : at + 4])
        if zlib.crc32(content[at + 4 : end]) != int.from_bytes(content[end : end + 4]):
            return False
        if content[at + 4 : at + 8] == b"IEND":
            return True
        at = end + 4
    return False
