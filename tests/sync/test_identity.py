import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.check_digits import CSET_82
from sync.identity import (
    Kind,
    badge_key,
    container_key,
    document_key,
    gtin14,
    imei_key,
    is_container,
    is_location,
    is_stock,
    item_key,
    item_of,
    key_of,
    location_key,
    lot_key,
    own_container_key,
    own_item_key,
    own_location_key,
    plate_key,
    serial_key,
    split_key,
    unit_key,
)

GTIN = "09506000134352"
ITEM = f"https://id.gs1.org/01/{GTIN}"
OWN = "warehouse.example"

NAMES = [
    (item_key(GTIN), Kind.ITEM),
    (unit_key(GTIN, "A/1"), Kind.UNIT),
    (lot_key(GTIN, "L 1"), Kind.LOT),
    (container_key("006141411234567890"), Kind.CONTAINER),
    (location_key("9506000134352"), Kind.LOCATION),
    (location_key("9506000134352", "A-1"), Kind.LOCATION),
    (imei_key("490154203237518"), Kind.IDENTIFIER),
    (own_item_key(OWN, "CABLE"), Kind.ITEM),
    (unit_key(own_item_key(OWN, "CABLE"), "1"), Kind.UNIT),
    (lot_key(own_item_key(OWN, "CABLE"), "1"), Kind.LOT),
    (own_container_key(OWN, "CTN-7"), Kind.CONTAINER),
    (own_location_key(OWN, "main", "A-1"), Kind.LOCATION),
    (plate_key(OWN, "LPN1"), Kind.PLATE),
    (serial_key(OWN, "SN1"), Kind.SERIAL),
    (document_key(OWN, "ASN-1"), Kind.DOCUMENT),
    (badge_key(OWN, "42"), Kind.BADGE),
    (key_of(("8004", "9506000X")), Kind.OTHER),
]


@pytest.mark.parametrize(("key", "kind"), NAMES)
def test_every_name_says_what_it_names(key: str, kind: Kind) -> None:
    parts = split_key(key)
    assert parts.kind is kind
    if parts.domain != "urn:gsma:imei":
        assert key_of(*parts.elements, domain=parts.domain) == key


def test_names_of_different_things_differ() -> None:
    assert len({key for key, _ in NAMES}) == len(NAMES)


def test_the_same_serial_under_two_products_is_two_units() -> None:
    assert unit_key(GTIN, "A1") != unit_key("9506000140445", "A1")


@pytest.mark.parametrize("gtin", ["614141000036", "0614141000036", "00614141000036"])
def test_a_upc_and_its_ean_are_one_product(gtin: str) -> None:
    assert item_key(gtin) == "https://id.gs1.org/01/00614141000036"


@pytest.mark.parametrize("gtin", ["", "1234567", "614141000037", "\u0666" * 12, "61414100003A", " 614141000036"])
def test_what_is_no_gtin_gets_no_name(gtin: str) -> None:
    with pytest.raises(ValueError, match=r"GTIN|check digit"):
        gtin14(gtin)


@pytest.mark.parametrize("sscc", ["006141411234567891", "06141411234567890", "00614141123456789A"])
def test_what_is_no_sscc_gets_no_name(sscc: str) -> None:
    with pytest.raises(ValueError, match=r"SSCC|check digit"):
        container_key(sscc)


@pytest.mark.parametrize("gln", ["9506000134353", "950600013435", "950600013435x"])
def test_what_is_no_gln_gets_no_name(gln: str) -> None:
    with pytest.raises(ValueError, match=r"GLN|check digit"):
        location_key(gln, "A-1")


def test_a_unit_needs_a_product_and_not_a_place() -> None:
    with pytest.raises(ValueError, match="is no product"):
        unit_key(location_key("9506000134352"), "A1")


def test_an_imei_is_named_without_its_check_digit() -> None:
    """RFC 7254, section 4, has this number, whose Luhn digit is 7, with the spare digit 0."""
    assert imei_key("904201560257637") == "urn:gsma:imei:90420156-025763-0"


@pytest.mark.parametrize("imei", ["904201560257630", "90420156025763", "9042015602576377"])
def test_what_is_no_imei_gets_no_name(imei: str) -> None:
    with pytest.raises(ValueError, match="IMEI"):
        imei_key(imei)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "https://id.gs1.org",
        "https://id.gs1.org/01",
        "https://id.gs1.org/01//21/A",
        "http://id.gs1.org/01/09506000134352",
        "https://ID.GS1.ORG/01/09506000134352",
        "https://id.gs1.org/01/09506000134352/21/a%2f1",
        "https://id.gs1.org/01/09506000134352/21/a b",
        "https://id.gs1.org/01/09506000134352?17=291231",
        "urn:gsma:imei:49015420-323751-8",
    ],
)
def test_another_spelling_of_a_name_is_no_name(key: str) -> None:
    with pytest.raises(ValueError, match="is no canonical name"):
        split_key(key)


@given(st.text(CSET_82, min_size=1, max_size=20))
def test_any_serial_comes_back_from_the_name_it_is_in(serial: str) -> None:
    key = unit_key(GTIN, serial)
    assert split_key(key).value("21") == serial
    assert item_of(key) == ITEM


def test_questions_that_are_asked_of_every_event_need_no_taking_apart() -> None:
    carton, lot, unit = container_key("006141411234567890"), lot_key(GTIN, "L"), unit_key(GTIN, "S")
    place = location_key("9506000134352", "A-1")
    imei = imei_key("490154203237518")
    assert [key for key in (carton, lot, unit, ITEM, place, imei) if is_container(key)] == [carton]
    assert [key for key in (carton, lot, unit, ITEM, place, imei) if is_stock(key)] == [lot, ITEM]
    assert [key for key in (carton, lot, unit, ITEM, place, imei) if is_location(key)] == [place]
    assert [item_of(key) for key in (carton, lot, unit, ITEM, place, imei)] == [None, ITEM, ITEM, ITEM, None, None]
