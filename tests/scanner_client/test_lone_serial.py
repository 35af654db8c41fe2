from __future__ import annotations

import re

import pytest

from scanner_client.handheld import Handheld
from scanner_client.lone_serial import looks_like_a_serial
from scanner_client.session import Session
from scanner_client.sighting import Sighting, Symbol, Told, Tone
from scanner_client.wording import LANGUAGE_VARIABLE
from tests.scanner_client.conftest import Hands
from tests.scanner_client.labels import (
    A_01,
    A_02,
    CABLE,
    CABLE_LABEL,
    ITEM,
    PHONE_LABEL,
    SERIAL_LABEL,
    Begin,
    Learn,
    asn,
    kept,
    product,
    see,
    unit,
    unit_label,
)


def test_serial_typed_after_its_product_is_one_unit(handheld: Handheld, begin: Begin, learn: Learn) -> None:
    learn(["item", ITEM, {"name": "Phone", "sku": "P", "mode": "serial", "serial_pattern": None}])
    session = begin("put_away", location=A_01)
    [asked] = session.scan(Sighting(symbols=(PHONE_LABEL,), entry="wedge"))
    assert (asked.tone, asked.text) == (Tone.ASK, "Phone is tracked by serial number: scan that too.")
    session.scan(Sighting(symbols=(SERIAL_LABEL,), entry="wedge"))
    assert [(e.subject, e.entry) for e in kept(handheld)] == [(unit("C39XK12QQZ"), "wedge")]


TWO_LOTS = [Symbol(data=f"010950600013435210{lot}".encode(), symbology="]d2") for lot in ("L1", "L2")]


def typed(session: Session, text: bytes) -> list[Told]:
    return session.scan(Sighting(symbols=(Symbol(data=text),), entry="wedge"))


@pytest.mark.parametrize("mode", ["quantity", "lot", "implicit"])
def test_text_out_of_the_blue_is_no_unit_of_a_product_without_serials(
    handheld: Handheld, begin: Begin, learn: Learn, mode: str
) -> None:
    learn(asn(CABLE), product(CABLE, mode))
    [told] = typed(begin("receive", document="ASN-1", location=A_01), b"hello")
    [event] = kept(handheld)
    assert (event.action, event.subject, event.barcode, told.tone) == ("unreadable", None, b"hello", Tone.LOOK)


@pytest.mark.parametrize("mode", ["serial", "lpn", "made_to_order"])
def test_lone_serial_is_of_the_one_product_with_serials_that_the_asn_lists(
    handheld: Handheld, begin: Begin, learn: Learn, mode: str
) -> None:
    learn(asn(CABLE, ITEM), product(CABLE, "quantity"), product(ITEM, mode))
    typed(begin("receive", document="ASN-1", location=A_01), b"SN-0001")
    assert [e.subject for e in kept(handheld)] == [unit("SN-0001")]


def test_who_receives_a_plain_number_hears_which_product_it_was_taken_for_and_can_undo_it(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(asn(ITEM), product(ITEM, "serial"))
    session = begin("receive", document="ASN-1", location=A_01)
    [told] = typed(session, b"SN-0001")
    assert told.tone is Tone.GOOD
    assert told.text.startswith("Right. Taken for Thing, for ASN-1 lists nothing else with serial numbers;")
    session.undo()
    assert [e.action for e in kept(handheld)] == ["receive", "void"]


def test_number_that_the_notice_announces_is_that_unit_and_not_one_of_another_product(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    announced = ["unit", unit("SN-0001"), ["announced", None, None, "ASN-1"]]
    learn(asn(CABLE), product(CABLE, "lpn"), product(ITEM, "serial"), announced)
    [told] = typed(begin("receive", document="ASN-1", location=A_01), b"SN-0001")
    assert [e.subject for e in kept(handheld)] == [unit("SN-0001")]
    assert (told.tone, told.text) == (Tone.GOOD, "Right.")


def test_who_is_asked_which_product_it_is_reads_names_and_no_addresses(begin: Begin, learn: Learn) -> None:
    both = [["item", key, {"name": name, "mode": "serial"}] for key, name in ((ITEM, "Phone"), (CABLE, "Watch"))]
    learn(asn(ITEM, CABLE), *both)
    [told] = typed(begin("receive", document="ASN-1", location=A_01), b"SN-0001")
    assert told.text == (
        "Cannot be used, but kept: 'SN-0001' is a serial number, but of which product: Phone or Watch? "
        "Scan the product's own barcode first, then this."
    )


def test_who_works_in_hindi_is_asked_in_hindi(begin: Begin, learn: Learn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LANGUAGE_VARIABLE, "hi")
    named = [["item", key, {"name": name, "mode": "serial"}] for key, name in ((ITEM, "फ़ोन"), (CABLE, "घड़ी"))]
    learn(asn(ITEM, CABLE), *named)
    session = begin("receive", document="ASN-1", location=A_01)
    told = [*typed(session, b"SN-0001"), *see(session, PHONE_LABEL, CABLE_LABEL), *see(session, *TWO_LOTS)]
    said = " ".join(one.text for one in told)
    assert "फ़ोन या घड़ी" in said
    assert set(re.findall(r"[A-Za-z][A-Za-z0-9-]*", said)) == {"SN-0001", "L1", "L2"}


def test_number_of_a_unit_in_stock_is_that_unit_where_the_document_says_nothing(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(product(ITEM, "serial"), product(CABLE, "serial"), ["unit", unit("SN-0001"), ["stored", A_01]])
    typed(begin("inspect", location=A_01), b"SN-0001")
    assert [e.subject for e in kept(handheld)] == [unit("SN-0001")]


def test_box_that_the_same_person_received_a_moment_ago_is_no_error(
    handheld: Handheld, begin: Begin, learn: Learn, hands: Hands
) -> None:
    learn(asn(ITEM), product(ITEM, "serial"), ["unit", unit("S1"), ["announced", None, None, "ASN-1"]])
    task = {"document": "ASN-1", "location": A_01, "operator": "Ravi"}
    see(begin("receive", **task), unit_label("S1"))
    [again] = see(begin("receive", **task), unit_label("S1"))
    assert (again.tone, again.text) == (Tone.INFO, "Already received.")
    [elsewhere] = see(begin("receive", **(task | {"location": A_02})), unit_label("S1"))
    assert elsewhere.tone is Tone.STOP, "a second box of that number, maybe"
    hands.pass_ms(3_600_000)
    [later] = see(begin("receive", **task), unit_label("S1"))
    assert later.tone is Tone.STOP


@pytest.mark.parametrize("text", [b"garbage!!", b"hello", b"=CMD(A1)", b"SPRING-SALE"])
def test_text_that_no_maker_prints_as_a_serial_number_is_kept_and_asked_about(
    handheld: Handheld, begin: Begin, learn: Learn, text: bytes
) -> None:
    learn(asn(ITEM), product(ITEM, "serial"))
    session = begin("receive", document="ASN-1", location=A_01)
    [told] = typed(session, text)
    assert told.tone is Tone.LOOK
    assert "does not look like a serial number of Thing. If it is one, scan the product's own barcode" in told.text
    assert [(e.action, e.subject, e.barcode) for e in kept(handheld)] == [("unreadable", None, text)]


def test_number_unlike_the_products_others_is_taken_once_its_barcode_was_scanned(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(asn(ITEM), product(ITEM, "serial"), *(["unit", unit(f"C39XK{n}"), ["stored", A_01]] for n in range(10, 20)))
    session = begin("receive", document="ASN-1", location=A_01)
    typed(session, b"FW-2.1")
    typed(session, b"C39XK99")
    typed(session, b"9506000134352")
    typed(session, b"FW-2.1")
    assert [e.subject for e in kept(handheld)] == [None, unit("C39XK99"), unit("FW-2.1")]


@pytest.mark.parametrize(
    ("text", "others", "expected"),
    [
        ("SN-10000", ["SN-9990", "SN-9991", "SN-9992", "SN-9993", "SN-9994"], True),
        ("SN-100000", ["SN-9990", "SN-9991", "SN-9992", "SN-9993", "SN-9994"], False),
        ("sn-9995", ["SN-9990", "SN-9991", "SN-9992", "SN-9993", "SN-9994"], False),
        ("SN-ABCD", ["SN-9990", "SN-9991", "SN-9992", "SN-9993", "SN-9994"], False),
        ("ABCDE", ["ABCDA", "ABCDB", "ABCDC", "ABCDD", "ABCDF"], True),
        ("A1", ["SN-9990"], True),
    ],
)
def test_known_serial_numbers_say_what_the_next_one_looks_like(text: str, others: list[str], *, expected: bool) -> None:
    assert looks_like_a_serial(text, others) is expected


def test_own_product_code_without_its_prefix_is_the_product(handheld: Handheld, begin: Begin, learn: Learn) -> None:
    own = "https://warehouse.example/01/CABLE-1"
    learn(asn(own, ITEM), product(own, "quantity"), product(ITEM, "serial"))
    session = begin("receive", document="ASN-1", location=A_01)
    session.counts(5)
    typed(session, b"CABLE-1")
    assert [(e.subject, e.quantity) for e in kept(handheld)] == [(own, 5)]


def test_unknown_code_after_a_quantity_is_not_taken_for_a_serial(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(asn(ITEM), product(ITEM, "serial"))
    session = begin("receive", document="ASN-1", location=A_01)
    session.counts(5)
    [told] = typed(session, b"CABLE-9")
    assert (told.tone, kept(handheld)) == (Tone.ASK, [])
    assert told.text.startswith("CABLE-9 is no product that this handheld knows, and 5 pieces were said.")


@pytest.mark.parametrize("serial", [b"TW2", b"7", b"A,B"])
def test_short_serial_is_taken_where_the_handheld_asked_for_it(
    handheld: Handheld, begin: Begin, learn: Learn, serial: bytes
) -> None:
    learn(product(ITEM, "serial"))
    session = begin("put_away", location=A_01)
    typed(session, b"9506000134352")
    typed(session, serial)
    [event] = kept(handheld)
    assert (event.subject, event.barcode) == (f"{ITEM}/21/{serial.decode().replace(',', '%2C')}", serial)


def test_short_text_that_nobody_asked_for_is_no_serial(handheld: Handheld, begin: Begin, learn: Learn) -> None:
    learn(asn(ITEM), product(ITEM, "serial"))
    typed(begin("receive", document="ASN-1", location=A_01), b"TW2")
    assert [e.action for e in kept(handheld)] == ["unreadable"]
