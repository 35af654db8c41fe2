"""The size that a picture file states, so that a decompression bomb is refused before it is unpacked."""

from __future__ import annotations

from struct import error as TooShort  # noqa: N812 - the library's name says nothing.
from struct import unpack_from

Size = tuple[int, int]

JPEG_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})


BEGINNING_BYTES = 26
"""Of a file, enough to tell what it is."""


def begins_as_picture(data: bytes) -> bool:
    """Whether a file that begins like this is a PNG, JPEG, WebP or BMP picture, whole or not."""
    webp = data.startswith(b"RIFF") and data[8:12] == b"WEBP"
    return webp or data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM"))


def has_alpha(data: bytes) -> bool:
    """Whether a PNG says how transparent each of its pixels is (ISO/IEC 15948, 11.2.2: colour types 4 and 6)."""
    return data.startswith(b"\x89PNG\r\n\x1a\n") and data[25:26] in (b"\x04", b"\x06")


def picture_size(data: bytes) -> Size | None:
    """(width, height) in pixels, or None for what is no whole PNG, JPEG, WebP or BMP picture.

    Whole means that its end is there: libjpeg fills what is missing with grey and calls it a success.
    """
    try:
        return _stated_size(data)
    except TooShort:
        return None


def _stated_size(data: bytes) -> Size | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(data)
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp(data)
    if data.startswith(b"BM"):
        return _bmp(data)
    return None


def _png(data: bytes) -> Size | None:
    """PNG, ISO/IEC 15948: IHDR comes first (11.2.2), and IEND, whose checksum never varies, last (11.2.5)."""
    width, height = unpack_from(">II", data, 16)
    return (width, height) if data.rfind(b"IEND\xaeB`\x82") > 0 else None


def _jpeg(data: bytes) -> Size | None:
    """JPEG, ITU-T T.81 Annex B: segments up to the frame header; an end marker follows the last scan."""
    last_scan, end = data.rfind(b"\xff\xda"), data.rfind(b"\xff\xd9")
    if not 0 < last_scan < end:
        return None
    at = 2
    while at < len(data):
        lead, marker = unpack_from(">BB", data, at)
        if lead != 0xFF:
            return None
        if marker in JPEG_SIZE_MARKERS:
            height, width = unpack_from(">HH", data, at + 5)
            return width, height
        if marker == 0xFF:
            at += 1
        elif marker in JPEG_BARE_MARKERS:
            at += 2
        else:
            at += 2 + max(2, unpack_from(">H", data, at + 2)[0])
    return None


def _webp(data: bytes) -> Size | None:
    """WebP, RFC 9649: the extended, the lossless or the lossy header, and as many bytes as RIFF promises."""
    if len(data) < 8 + unpack_from("<I", data, 4)[0]:
        return None
    kind = data[12:16]
    if kind == b"VP8X":
        low_w, high_w, low_h, high_h = unpack_from("<HBHB", data, 24)
        return (low_w | high_w << 16) + 1, (low_h | high_h << 16) + 1
    if kind == b"VP8L":
        bits = unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _bmp(data: bytes) -> Size | None:
    """Windows bitmap: the height is negative where the rows run from the top."""
    width, height = unpack_from("<ii", data, 18)
    return (abs(width), abs(height)) if len(data) >= unpack_from("<I", data, 2)[0] else None
