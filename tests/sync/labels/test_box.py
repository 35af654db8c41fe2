import pytest

from sync.labels import Label, SerialPattern, SiteCodes, parse
from sync.labels.box import Box, identify

PHONE, TABLET = "https://id.gs1.org/01/09506000134352", "https://id.gs1.org/01/09506000140445"
OWN = "https://warehouse.example"
PHONE_EAN, TABLET_EAN = ("9506000134352", "]E0"), ("9506000140445", "]E0")
SERIAL, IMEI_1, IMEI_2 = ("C39XK12QQZ", "]C0"), ("490154203237518", "]C0"), ("353012345678906", "]C0")
ASKED = "'{}' is a serial number, but of which product{}? Scan the product's own barcode first, then this."
CODES = SiteCodes(
    serial_patterns=(
        SerialPattern(item=PHONE, pattern="C39[A-Z0-9]{7}"),
        SerialPattern(item=TABLET, pattern="C3[0-9][A-Z0-9]{6}Q"),
    )
)


def box(*seen: tuple[str, str], codes: SiteCodes = SiteCodes(), **asked: object) -> Box:  # noqa: B008 - frozen
    labels = [read for text, symbology in seen if isinstance(read := parse(text.encode(), symbology, codes), Label)]
    assert len(labels) == len(seen)
    return identify(labels, codes=codes, **asked)  # type: ignore[arg-type]


def test_a_phone_box_with_four_barcodes_is_one_unit() -> None:
    assert box(PHONE_EAN, SERIAL, IMEI_1, IMEI_2) == Box(
        key=f"{PHONE}/21/C39XK12QQZ",
        item=PHONE,
        serial="C39XK12QQZ",
        identifiers=("urn:gsma:imei:49015420-323751-0", "urn:gsma:imei:35301234-567890-0"),
    )


def test_the_order_in_which_a_box_is_scanned_does_not_matter() -> None:
    assert box(SERIAL, PHONE_EAN).key == box(PHONE_EAN, SERIAL).key


def test_a_barcode_scanned_twice_is_still_one_unit() -> None:
    assert box(PHONE_EAN, SERIAL, SERIAL, PHONE_EAN).key == f"{PHONE}/21/C39XK12QQZ"


def test_a_datamatrix_and_the_same_serial_number_beside_it_are_one_unit() -> None:
    read = box(("0109506000134352" + "17291231" + "10L1\x1d21C39XK12QQZ", "]d2"), SERIAL)
    assert (read.key, read.lot, read.expiry) == (f"{PHONE}/21/C39XK12QQZ", "L1", "2029-12-31")


def test_imeis_of_an_element_string_are_names_of_the_unit_too() -> None:
    read = box(("0109506000134352" + "21S1\x1d8040490154203237518\x1d8041111111111111111", "]d2"))
    assert (read.key, read.identifiers) == (f"{PHONE}/21/S1", ("urn:gsma:imei:49015420-323751-0",))


def test_a_box_without_a_serial_number_is_its_lot_or_its_product() -> None:
    assert box(PHONE_EAN).key == PHONE
    assert box(("010950600013435210L1", "]d2"), PHONE_EAN).key == f"{PHONE}/10/L1"


def test_a_plate_is_the_unit_until_a_serial_number_is() -> None:
    plate = ("LPN000123", "]C0")
    assert box(plate, PHONE_EAN) == Box(key="https://warehouse.example/21/LPN000123", item=PHONE)
    assert box(plate, PHONE_EAN, SERIAL).identifiers == ("https://warehouse.example/21/LPN000123",)


def test_the_bin_and_the_carton_that_came_into_the_picture_are_passed_over() -> None:
    assert box(PHONE_EAN, ("LOC:A-1", "]C0"), ("00006141411234567890", "]C1")).key == PHONE


def test_nothing_on_a_box_names_nothing() -> None:
    assert box() == Box(key=None)


def test_a_pattern_finds_the_product_of_a_serial_number_alone() -> None:
    assert box(SERIAL, codes=CODES).key == f"{PHONE}/21/C39XK12QQZ"


def test_the_product_scanned_before_is_the_product_of_a_serial_number() -> None:
    assert box(("SN-1000", "]C0"), item_hint=TABLET).key == f"{TABLET}/21/SN-1000"


def test_the_only_product_that_the_document_expects_is_the_product() -> None:
    assert box(("SN-1000", "]C0"), document_items=[TABLET, TABLET]).key == f"{TABLET}/21/SN-1000"


def test_a_pattern_comes_before_the_product_scanned_before() -> None:
    assert box(SERIAL, codes=CODES, item_hint=TABLET).item == PHONE


BOTH = ("C39XK12QQQ", "]C0")


def test_two_patterns_that_match_are_settled_by_box_hint_or_document() -> None:
    assert box(BOTH, TABLET_EAN, codes=CODES).item == TABLET
    assert box(BOTH, codes=CODES, item_hint=TABLET).item == TABLET
    assert box(BOTH, codes=CODES, document_items=["https://id.gs1.org/01/00614141000036", PHONE]).item == PHONE


def test_a_product_that_no_pattern_allows_is_not_taken_from_the_scan_before() -> None:
    assert box(BOTH, codes=CODES, item_hint="https://id.gs1.org/01/00614141000036").question


def test_a_part_number_beside_a_serial_number_that_a_pattern_vouches_for_is_passed_over() -> None:
    assert box(PHONE_EAN, SERIAL, ("MQ6K3LL/A", "]C0"), codes=CODES).serial == "C39XK12QQZ"


@pytest.mark.parametrize(
    ("seen", "asked", "question"),
    [
        ([PHONE_EAN, TABLET_EAN], {}, f"The box shows 2 products: {PHONE} or {TABLET}. Which is it?"),
        ([PHONE_EAN, SERIAL, ("SN-1000", "]C0")], {}, "Which is the serial number: C39XK12QQZ or SN-1000?"),
        ([("SN-1000", "]C0")], {}, ASKED.format("SN-1000", "")),
        (
            [("SN-1000", "]C0")],
            {"document_items": [PHONE, TABLET]},
            ASKED.format("SN-1000", f": {PHONE} or {TABLET}"),
        ),
        ([BOTH], {"codes": CODES}, ASKED.format("C39XK12QQQ", f": {PHONE} or {TABLET}")),
        (
            [TABLET_EAN, SERIAL],
            {"codes": CODES},
            f"The box says {TABLET}, and serial number 'C39XK12QQZ' looks like {PHONE}. Which?",
        ),
        (
            [("010950600013435210L1", "]d2"), ("010950600013435210L2", "]d2")],
            {},
            "The box shows 2 lots: L1 or L2. Which is it?",
        ),
        (
            [("LPN1", "]C0"), ("LPN2", "]C0")],
            {},
            f"The box shows 2 plates: {OWN}/21/LPN1 or {OWN}/21/LPN2. Which is it?",
        ),
        (
            [("010950600013435221A", "]d2"), ("010950600013435221B", "]d2")],
            {},
            "Which is the serial number: A or B?",
        ),
    ],
)
def test_what_stays_ambiguous_is_asked(seen: list[tuple[str, str]], asked: dict[str, object], question: str) -> None:
    read = box(*seen, **asked)  # type: ignore[arg-type]
    assert (read.key, str(read.question)) == (None, question)


def test_the_same_serial_number_under_two_products_is_no_one_unit() -> None:
    read = box(("010950600013435221A1", "]d2"), ("010950600014044521A1", "]d2"))
    assert str(read.question) == f"The box shows 2 products: {PHONE} or {TABLET}. Which is it?"
