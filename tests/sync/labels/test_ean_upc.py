import pytest

from sync.labels import Kind, SerialPattern, SiteCodes
from sync.labels.ean_upc import expand_upc_e
from tests.sync.labels.reading import label, refusal


@pytest.mark.parametrize(
    ("text", "symbology", "gtin"),
    [
        ("9506000134352", "]E0", "09506000134352"),
        ("0614141000036", "]E0", "00614141000036"),
        ("614141000036", "]E0", "00614141000036"),
        ("95012346", "]E4", "00000095012346"),
        ("9506000134352" + "12345", "]E3", "09506000134352"),
        ("9506000134352", None, "09506000134352"),
        ("614141000036", None, "00614141000036"),
        ("09506000134352", None, "09506000134352"),
        ("95012346", None, "00000095012346"),
        ("04252614", None, "00042100005264"),
    ],
)
def test_one_product_has_one_name_on_every_retail_barcode(text: str, symbology: str | None, gtin: str) -> None:
    read = label(text, symbology)
    assert (read.kind, read.key, read.item) == (Kind.ITEM, f"https://id.gs1.org/01/{gtin}", read.key)
    assert read.elements == ()


@pytest.mark.parametrize(
    ("upc_e", "upc_a"),
    [("04252614", "042100005264"), ("01234531", "012300000451"), ("01234543", "012340000053")],
)
def test_a_upc_e_is_the_upc_a_whose_noughts_it_leaves_out(upc_e: str, upc_a: str) -> None:
    """Zero suppression of GS1 General Specifications, section 5.2.3.3: last digit 1, 3 and 4."""
    assert expand_upc_e(upc_e) == upc_a


@pytest.mark.parametrize(
    ("text", "symbology", "sentence"),
    [
        ("9506000134353", "]E0", "The check digit of '9506000134353' is 3, and 2 was expected."),
        ("9506000134353", None, "The check digit of '9506000134353' is 3, and 2 was expected."),
        ("95060001343", "]E0", "'95060001343' is not what an EAN or UPC barcode of type ]E0 holds."),
        ("950600013435X", "]E0", "is not what an EAN or UPC barcode"),
        ("12345", "]E2", "is not what an EAN or UPC barcode"),
    ],
)
def test_a_misread_retail_barcode_is_refused(text: str, symbology: str | None, sentence: str) -> None:
    assert sentence in refusal(text, symbology)


def test_eight_bare_digits_that_check_as_nothing_are_a_serial_number() -> None:
    assert label("95012347", None).kind is Kind.SERIAL


def test_eight_bare_digits_that_check_twice_are_asked_about() -> None:
    both = next(
        text
        for number in range(1_000_000)
        if (text := f"0{number:06}") and mod10(text) == mod10(expand_upc_e(text + "0")[:-1])
    )
    text = both + str(mod10(both))
    assert refusal(text, None) == f"'{text}' could be an EAN-8 or a UPC-E: let the scanner say which."


def mod10(digits: str) -> int:
    return -sum(int(digit) * (3 - 2 * (at % 2)) for at, digit in enumerate(reversed(digits))) % 10


def test_a_number_for_internal_use_says_so() -> None:
    assert "internal use" in (label("2000000000008", "]E0").note or "")
    assert label("9506000134352", "]E0").note is None


def test_a_sites_serial_pattern_comes_before_a_bare_gtin() -> None:
    codes = SiteCodes(serial_patterns=(SerialPattern(item="https://w.example/01/X", pattern="61414[0-9]{7}"),))
    assert label("614141000036", None, codes).key == "https://w.example/01/X/21/614141000036"
    assert label("0614141000036", "]E0", codes).kind is Kind.ITEM
