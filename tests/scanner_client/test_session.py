from __future__ import annotations

import pytest

from scanner_client.database import DatabaseError
from scanner_client.handheld import Handheld
from scanner_client.sighting import Symbol, Tone
from sync.event import format_name
from tests.scanner_client.labels import (
    A_01,
    A_02,
    BIN_1,
    BIN_2,
    CABLE_LABEL,
    CARTON,
    CARTON_LABEL,
    IMEI_LABEL,
    ITEM,
    PHONE_LABEL,
    SERIAL_LABEL,
    Begin,
    Learn,
    kept,
    see,
    unit,
    unit_label,
)


def test_scan_is_on_the_disk_before_it_is_told(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01, operator="mia", document="PA-1")
    [told] = see(session, unit_label("S1"))
    [event] = kept(handheld)
    assert told.event == event
    assert (event.action, event.subject, event.location, event.operator) == ("put_away", unit("S1"), A_01, "mia")
    assert (event.barcode, event.symbology, event.boot) == (b"010950600013435221S1", "]d2", "boot-1")


def test_scan_that_could_not_be_kept_is_not_told(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    handheld.database.close()
    with pytest.raises(DatabaseError):
        see(session, unit_label("S1"))
    assert session.kept == 0


def test_full_disk_is_said_in_a_sentence_and_nothing_more_is_told(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    [[pages]] = handheld.database.rows("PRAGMA page_count")
    handheld.database.rows(f"PRAGMA max_page_count={pages + 4}")  # what a full disk is to SQLite
    with pytest.raises(DatabaseError, match=r"cannot be used: database or disk is full\.$"):
        all(see(session, unit_label(f"S{number}")) for number in range(400))
    assert 0 < session.kept == len(kept(handheld)) < 400


def test_bin_label_switches_the_bin(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away")
    for symbol in (BIN_1, unit_label("S1"), BIN_2, unit_label("S2")):
        see(session, symbol)
    assert [(e.subject, e.location) for e in kept(handheld)] == [(unit("S1"), A_01), (unit("S2"), A_02)]


def test_scan_without_a_bin_is_not_kept_and_says_what_is_needed(handheld: Handheld, begin: Begin) -> None:
    [told] = see(begin("put_away"), unit_label("S1"))
    assert (told.tone, told.text, told.event) == (Tone.ASK, "Scan the label of the bin first.", None)
    assert kept(handheld) == []


def test_units_after_a_carton_are_received_in_it(handheld: Handheld, begin: Begin) -> None:
    session = begin("receive", document="ASN-1", location=A_01)
    see(session, CARTON_LABEL)
    see(session, unit_label("S1"))
    assert [(e.subject, e.container) for e in kept(handheld)] == [(CARTON, None), (unit("S1"), CARTON)]


def test_packing_takes_the_carton_as_the_place_to_pack_into(handheld: Handheld, begin: Begin) -> None:
    session = begin("pack", document="SO-1")
    assert [told.tone for told in see(session, unit_label("S1"))] == [Tone.ASK]
    see(session, CARTON_LABEL)
    see(session, unit_label("S1"))
    assert [(e.action, e.subject, e.container) for e in kept(handheld)] == [("pack", unit("S1"), CARTON)]


def test_labels_of_one_box_are_one_scan(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    [told] = see(session, PHONE_LABEL, SERIAL_LABEL, IMEI_LABEL)
    [event] = kept(handheld)
    assert told.event == event
    assert (event.subject, event.barcode) == (unit("C39XK12QQZ"), b"C39XK12QQZ")
    assert event.beside == ("]E09506000134352", "]C0490154203237518")
    assert event.identifiers == ("urn:gsma:imei:49015420-323751-0",)
    assert event.quantity is None


def test_unit_whose_serial_the_camera_reads_late_is_one_unit(handheld: Handheld, begin: Begin, learn: Learn) -> None:
    learn(["item", ITEM, {"name": "Phone", "sku": "P", "mode": "serial", "serial_pattern": None}])
    session = begin("put_away", location=A_01)
    [early] = see(session, PHONE_LABEL, box=1)
    see(session, PHONE_LABEL, SERIAL_LABEL, box=1)
    assert see(session, PHONE_LABEL, SERIAL_LABEL, IMEI_LABEL, box=1)[0].event is None
    first, undone, real = kept(handheld)
    assert early.event == first
    assert (first.action, undone.voids, real.subject) == ("unreadable", format_name(first.name), unit("C39XK12QQZ"))


def test_unit_seen_twice_in_one_place_is_kept_once(handheld: Handheld, begin: Begin) -> None:
    session = begin("move")
    for symbol in (BIN_1, unit_label("S1"), unit_label("S1"), BIN_2, unit_label("S1"), BIN_1, unit_label("S1")):
        see(session, symbol)
    assert [e.location for e in kept(handheld)] == [A_01, A_02, A_01]


def test_label_that_nobody_can_use_is_kept_with_its_bytes_and_the_reason(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    [told] = see(session, Symbol(data=b"\xff\x00\x1d", symbology="]d1"))
    [event] = kept(handheld)
    assert (event.action, event.barcode, event.symbology) == ("unreadable", b"\xff\x00\x1d", "]d1")
    assert event.reason is not None
    assert event.reason in told.text
    assert told.tone is Tone.LOOK


def test_box_with_two_products_is_kept_and_asked_about(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    [told] = see(session, PHONE_LABEL, CABLE_LABEL)
    [event] = kept(handheld)
    assert (event.action, event.beside) == ("unreadable", ("]E09506000134376",))
    assert "The box shows 2 products" in told.text


def test_symbol_that_lists_units_is_a_scan_of_each(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    see(session, Symbol(data=b"010950600013435221A1\x1d21A2\x1d21A3", symbology="]d2"), box=4)
    assert [e.subject for e in kept(handheld)] == [unit("A1"), unit("A2"), unit("A3")]


def test_document_and_badge_are_switched_by_scanning_them(handheld: Handheld, begin: Begin) -> None:
    session = begin("receive", location=A_01)
    see(session, Symbol(data=b"BADGE:MIA", symbology="]C0"))
    see(session, Symbol(data=b"ASN-77", symbology="]C0"))
    see(session, unit_label("S1"))
    assert [(e.operator, e.document) for e in kept(handheld)] == [("MIA", "ASN-77")]


def test_a_document_that_this_handheld_does_not_know_is_said_and_kept(begin: Begin) -> None:
    session = begin("pick")
    [told] = see(session, Symbol(data=b"SO-9"))
    assert (told.tone, session.task.document) == (Tone.LOOK, "SO-9")
    assert told.text == "This handheld does not know SO-9. What is scanned is kept under that number all the same."


def test_a_finished_order_on_the_slip_of_a_return_is_nothing_odd(begin: Begin) -> None:
    session = begin("take_back", location=A_01)
    [told] = see(session, Symbol(data=b"SO-9"))
    assert session.task.document == "SO-9"
    assert told.text.endswith("Finished orders leave the handhelds; the return is judged all the same.")
