"""Labels that hold more than one event does: their beginning is kept, and a sentence says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from scanner_client.sighting import Symbol
from scanner_client.wording import say
from sync.event import BARCODE_BYTES_MAX, LINE_BYTES_MAX, ScanEvent, encode
from sync.labels import Refusal

NAME_BYTES_MAX: Final = 64
"""The queue puts three whole numbers of at most 16 digits into the line afterwards (`ScanEvent.name`)."""


def too_long(symbol: Symbol) -> Refusal | None:
    """Why a symbol is not understood whose end could not be kept; None where all of it can."""
    if len(symbol.data) <= BARCODE_BYTES_MAX:
        return None
    return Refusal(reason=say("scan.too_long", bytes=len(symbol.data), most=BARCODE_BYTES_MAX))


def shortened(event: ScanEvent) -> ScanEvent:
    """The event with no more of its symbols than one line takes; what stands beside the barcode is cut first."""
    event = replace(event, barcode=(event.barcode or b"")[:BARCODE_BYTES_MAX] or None)
    while len(encode(event)) > LINE_BYTES_MAX - NAME_BYTES_MAX:
        longest = max(event.beside or (), key=len, default="")
        if len(longest) > 1:
            beside = (text[: len(text) // 2] if text is longest else text for text in event.beside or ())
            event = replace(event, beside=tuple(beside))
        elif event.barcode:
            event = replace(event, barcode=event.barcode[: len(event.barcode) // 2] or None)
        else:
            return event
    return event
