"""What a claim's PDF says on paper."""

from __future__ import annotations

import re
import zlib
from typing import Any

from server.claims.letter import letter

FOUND: dict[str, Any] = {
    "number": "CLAIM-1",
    "supplier": "Acme",
    "site": "main",
    "made_ms": 1_780_000_000_000,
    "made_by": "Sam",
    "version": 0,
    "delivery": "ASN-1",
    "reason": "dead on arrival, 12 € each",
    "lines": [],
    "totals": {},
    "origins": [],
    "how_to_check": "",
}
MISSED = b"cannot print"


def printed(pdf: bytes) -> bytes:
    """The text that its pages draw, as the PDF's own types encode it."""
    return b"".join(map(zlib.decompress, re.findall(rb"stream\r?\n(x\x9c.*?)\r?\nendstream", pdf, re.DOTALL)))


def test_letters_that_the_paper_lacks_are_said_to_lack() -> None:
    plain = printed(letter(FOUND))
    assert (b"12 \x80 each" in plain, MISSED in plain) == (True, False), "a euro sign is no stranger"
    strange = printed(letter(FOUND | {"supplier": "深圳手机"}))
    assert (b"To: ????" in strange, MISSED in strange) == (True, True)
