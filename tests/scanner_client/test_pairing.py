"""A plate for a unit whose label is bad, or a serial number for what only had a plate: two scans make one link."""

from __future__ import annotations

import pytest

from scanner_client.handheld import Handheld
from scanner_client.sighting import Symbol, Tone
from tests.scanner_client.labels import (
    IMEI_LABEL,
    PHONE_LABEL,
    SERIAL_LABEL,
    Begin,
    Learn,
    kept,
    product,
    see,
    unit,
    unit_label,
)
from tests.scanner_client.labels import ITEM as PHONE

PLATE_LABEL = Symbol(data=b"LPN000123", symbology="]C0")
OTHER_PLATE = Symbol(data=b"LPN000124", symbology="]C0")
PLATE = "https://warehouse.example/21/LPN000123"
IMEI = "urn:gsma:imei:49015420-323751-0"


@pytest.mark.parametrize("order", [(unit_label("S1"), PLATE_LABEL), (PLATE_LABEL, unit_label("S1"))])
def test_a_unit_and_its_plate_are_joined_in_either_order(
    handheld: Handheld, begin: Begin, order: tuple[Symbol, Symbol]
) -> None:
    session = begin("link")
    [asked] = see(session, order[0])
    assert (asked.tone, asked.event) == (Tone.ASK, None)
    assert "now scan the other label of this unit" in asked.text
    [told] = see(session, order[1])
    [event] = kept(handheld)
    assert told.text.startswith("Joined with LPN000123.")
    assert (event.action, event.subject, event.identifiers) == ("link", unit("S1"), (PLATE,))
    assert event.barcode == unit_label("S1").data
    assert event.beside == ("]C0LPN000123",)


def test_the_product_may_be_scanned_between_where_the_serial_number_alone_does_not_say_it(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(product(PHONE, "serial"))
    session = begin("link")
    for symbol in (PLATE_LABEL, SERIAL_LABEL, PHONE_LABEL):
        see(session, symbol)
    [event] = kept(handheld)
    assert (event.subject, event.identifiers) == (f"{PHONE}/21/C39XK12QQZ", (PLATE,))


def test_a_unit_that_is_known_by_its_imei_is_joined_under_its_own_name(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(["unit", unit("S1"), ["stored", None, None, None, None, None]], ["alias", IMEI, unit("S1")])
    session = begin("link")
    see(session, IMEI_LABEL)
    see(session, PLATE_LABEL)
    [event] = kept(handheld)
    assert event.subject == unit("S1")
    assert set(event.identifiers or ()) == {PLATE, IMEI}


def test_the_same_label_twice_is_not_two(handheld: Handheld, begin: Begin) -> None:
    session = begin("link")
    for _ in range(3):
        see(session, PLATE_LABEL)
    assert kept(handheld) == []


def test_labels_of_two_units_are_told_apart_and_nothing_is_kept(handheld: Handheld, begin: Begin) -> None:
    session = begin("link")
    see(session, PLATE_LABEL)
    [told] = see(session, OTHER_PLATE)
    assert told.text.startswith("Not kept: The box shows 2 plates")
    see(session, unit_label("S1"))
    see(session, PLATE_LABEL)
    assert [event.identifiers for event in kept(handheld)] == [(PLATE,)]


def test_a_link_can_be_undone_and_made_again(handheld: Handheld, begin: Begin) -> None:
    session = begin("link")
    see(session, unit_label("S1"))
    see(session, PLATE_LABEL)
    session.undo()
    see(session, PLATE_LABEL)
    see(session, unit_label("S1"))
    assert [event.action for event in kept(handheld)] == ["link", "void", "link"]


def test_a_plate_is_parted_from_a_unit_likewise_and_never_without_a_reason(handheld: Handheld, begin: Begin) -> None:
    session = begin("unlink", reason="the plates were swapped")
    see(session, unit_label("S1"))
    [told] = see(session, PLATE_LABEL)
    [event] = kept(handheld)
    assert told.text.startswith("Parted from LPN000123.")
    assert (event.subject, event.identifiers, event.reason) == (unit("S1"), (PLATE,), "the plates were swapped")
    silent = begin("unlink")
    see(silent, unit_label("S2"))
    [told] = see(silent, OTHER_PLATE)
    assert (told.tone, told.event) == (Tone.ASK, None)
