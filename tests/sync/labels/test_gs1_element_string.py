import pytest

from sync.labels import Kind
from tests.sync.labels.reading import label, refusal

GTIN = "0109506000134352"
ITEM = "https://id.gs1.org/01/09506000134352"


@pytest.mark.parametrize("symbology", ["]C1", "]d2", "]d5", "]Q3", "]Q4", "]e0", "]J1"])
def test_every_gs1_symbol_reads_alike(symbology: str) -> None:
    read = label(f"{GTIN}21A1\x1d10L1", symbology)
    assert (read.kind, read.key, read.item, read.serial, read.lot) == (Kind.UNIT, f"{ITEM}/21/A1", ITEM, "A1", "L1")
    assert read.elements == (("01", "09506000134352"), ("21", "A1"), ("10", "L1"))


@pytest.mark.parametrize(
    ("text", "kind", "key"),
    [
        (GTIN, Kind.ITEM, ITEM),
        (f"{GTIN}22V\x1d21A/1", Kind.UNIT, f"{ITEM}/21/A%2F1"),
        (f"{GTIN}10L1\x1d17291231", Kind.LOT, f"{ITEM}/10/L1"),
        (f"{GTIN}235TPX", Kind.ITEM, ITEM),
        ("0309506000134352" + "21M1", Kind.UNIT, f"{ITEM}/21/M1"),
        ("00006141411234567890", Kind.CONTAINER, "https://id.gs1.org/00/006141411234567890"),
        (f"00006141411234567890{GTIN}", Kind.CONTAINER, "https://id.gs1.org/00/006141411234567890"),
        ("4149506000134352", Kind.LOCATION, "https://id.gs1.org/414/9506000134352"),
        ("4149506000134352254A-01", Kind.LOCATION, "https://id.gs1.org/414/9506000134352/254/A-01"),
        ("80049506000X\x1d7040" + "1ABC", Kind.OTHER, "https://id.gs1.org/8004/9506000X/7040/1ABC"),
        ("8006095060001343520103", Kind.OTHER, "https://id.gs1.org/8006/095060001343520103"),
        ("91A\x1d92B", Kind.OTHER, "https://warehouse.example/91/A/92/B"),
    ],
)
def test_a_label_is_named_by_its_key(text: str, kind: Kind, key: str) -> None:
    read = label(text, "]d2")
    assert (read.kind, read.key) == (kind, key)


def test_a_carton_label_tells_its_content() -> None:
    read = label("00006141411234567890" + "0209506000134352" + "3712\x1d" + "10L1", "]C1")
    assert (read.kind, read.item, read.quantity, read.lot) == (Kind.CONTAINER, ITEM, 12, "L1")


@pytest.mark.parametrize(
    ("date", "expiry"),
    [("291231", "2029-12-31"), ("290200", "2029-02-28"), ("280200", "2028-02-29"), ("760101", "2076-01-01")],
)
def test_expiry_without_a_day_is_the_last_day_of_its_month(date: str, expiry: str) -> None:
    assert label(f"{GTIN}17{date}", "]d2", year=2026).expiry == expiry


def test_the_century_of_an_expiry_hangs_on_the_year_it_is_read_in_and_on_no_clock() -> None:
    """GS1 General Specifications, section 7.12."""
    assert label(f"{GTIN}17770101", "]d2", year=2026).expiry == "1977-01-01"
    assert label(f"{GTIN}17770101", "]d2", year=2027).expiry == "2077-01-01"
    assert label(f"{GTIN}17490101", "]d2", year=2099).expiry == "2149-01-01"


def test_a_best_before_date_is_no_expiry() -> None:
    assert label(f"{GTIN}15291231", "]d2").expiry is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The barcode is empty."),
        ("0109506000134353", "(01) GTIN: The check digit of '09506000134353' is 3, and 2 was expected."),
        ("010950600013435", "(01) GTIN is cut short: '0950600013435' has 13 characters."),
        (f"{GTIN}21", "(21) SERIAL is empty."),
        (f"{GTIN}21" + "A" * 21, f"(21) SERIAL holds 21 characters, and 20 are the most: '{'A' * 21}'."),
        (f"{GTIN}10A B", "(10) BATCH/LOT: ' ' in 'A B' is not in GS1's character set 82."),
        (f"{GTIN}17291301", "(17) USE BY or EXPIRY: '291301' is not a date."),
        ("21A1", "(21) SERIAL stands without what it belongs to: (01), or (03), or (8006)."),
        (f"{GTIN}0209506000134352", "(02) CONTENT and (01) GTIN exclude each other."),
        (f"{GTIN}21A\x1d21B", "(21) SERIAL stands there as 'A' and as 'B'."),
        (f"\x1d{GTIN}", "FNC1 stands where an Application Identifier is expected."),
        (f"{GTIN}9", "No Application Identifier begins with '9'."),
        (f"{GTIN}7099123456", "No Application Identifier begins with '7099'."),
    ],
)
def test_a_broken_rule_is_told_in_a_sentence(text: str, sentence: str) -> None:
    assert refusal(text, "]d2") == sentence


def test_a_signature_needs_a_key_with_a_serial_number() -> None:
    told = refusal("2531234567890128\x1d8030ABC", "]d2")
    assert told == "(253) GDTI '1234567890128' is signed by (8030) but has no serial number."


def test_a_lot_that_looks_like_more_elements_stays_a_lot() -> None:
    read = label(f"{GTIN}10A(21)X", "]d2")
    assert (read.lot, read.serial) == ("A(21)X", None)


def test_text_of_a_scanner_that_names_no_symbology_is_read_when_it_begins_with_a_key() -> None:
    assert label(f"{GTIN}21A1", None).key == f"{ITEM}/21/A1"
    assert label(f"]d2{GTIN}21A1", None).key == f"{ITEM}/21/A1"
    assert label("00006141411234567890", "").kind is Kind.CONTAINER


@pytest.mark.parametrize("text", ["21A1", "10LOT", "91ABCD", "3712", "17291232"])
def test_bare_text_that_begins_with_no_key_is_no_element_string(text: str) -> None:
    assert label(text, None).kind is Kind.SERIAL


def test_a_symbol_that_says_it_is_not_gs1_is_believed() -> None:
    assert label(GTIN, "]C0").kind is Kind.SERIAL
    assert "No label format knows" in refusal(f"{GTIN}21LONGER", "]d1")
    assert label(f"{GTIN}21A1\x1d10L1", "]d1").key == f"{ITEM}/21/A1"


def test_a_wrong_check_digit_is_not_excused_by_a_missing_identifier() -> None:
    assert "check digit" in refusal("010950600013435321A", None)
