from __future__ import annotations

from dataclasses import replace

from scanner_client.handheld import Handheld
from scanner_client.sighting import Symbol, Tone
from sync.event import BARCODE_BYTES_MAX
from tests.scanner_client.labels import (
    A_01,
    Begin,
    kept,
    see,
    unit,
    unit_label,
)

LONG_LABEL = Symbol(data=b"7" * (BARCODE_BYTES_MAX + 101), symbology="]Q1")


def binary_label(byte: int) -> Symbol:
    """As long as a binary QR code can be, of bytes that take six characters each in an event's line."""
    return Symbol(data=bytes([byte]) * 2_953, symbology="]Q1")


def test_label_that_is_too_long_is_kept_as_far_as_it_goes_and_scanning_goes_on(
    handheld: Handheld, begin: Begin
) -> None:
    session = begin("put_away", location=A_01)
    [told] = see(session, LONG_LABEL, box=1)
    see(session, unit_label("S1"), box=2)
    first, after = kept(handheld)
    assert (first.action, first.barcode, told.tone) == ("unreadable", LONG_LABEL.data[:BARCODE_BYTES_MAX], Tone.LOOK)
    assert first.reason == "It holds 3101 bytes, and only the first 3000 are kept."
    assert after.subject == unit("S1")


def test_box_whose_labels_are_all_too_long_says_so(handheld: Handheld, begin: Begin) -> None:
    see(begin("put_away", location=A_01), LONG_LABEL, replace(LONG_LABEL, symbology="]d2"))
    [event] = kept(handheld)
    assert event.reason == "It holds 3101 bytes, and only the first 3000 are kept."


def test_box_with_two_of_the_longest_binary_codes_is_kept_with_the_beginning_of_the_second(
    handheld: Handheld, begin: Begin
) -> None:
    first, second = binary_label(0x82), binary_label(0x83)
    [told] = see(begin("put_away", location=A_01), first, second)
    [event] = kept(handheld)
    assert (told.event, event.barcode) == (event, first.data)
    assert event.beside is not None
    assert "]Q1\x83\x83" in event.beside[0]
    assert second.data.startswith(event.beside[0].removeprefix("]Q1").encode("latin-1"))


def test_unit_is_kept_however_much_stands_beside_its_label(handheld: Handheld, begin: Begin) -> None:
    endless = [binary_label(0x80 + number) for number in range(20)]
    see(begin("put_away", location=A_01), unit_label("S1"), LONG_LABEL, *endless)
    [event] = kept(handheld)
    assert (event.action, event.subject, event.barcode) == ("put_away", unit("S1"), unit_label("S1").data)
    assert event.beside is not None
    assert len(event.beside) == 21
