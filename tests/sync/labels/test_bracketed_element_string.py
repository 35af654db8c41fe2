"""What people type from under a barcode is read as the barcode is."""

import pytest

from sync.identity import Kind
from sync.labels import Label, SerialPattern, SiteCodes, bracketed, parse
from tests.sync.labels.reading import label, refusal


@pytest.mark.parametrize("text", ["(A)1", "()", "(0)1", "(01", "01)09506000134352", "(0a)5", "(05)ABC"])
def test_other_text_in_brackets_is_no_element_string(text: str) -> None:
    assert parse(text.encode(), None).format != "bracketed_element_string"


@pytest.mark.parametrize("symbology", ["]C0", "]C1", "]Q1", "]d1", "]d2"])
@pytest.mark.parametrize(
    "text", ["(01)09506000134352(21)AP10", "(01)09506000134353", "(21)AP10", "(01)", "(10)A,(10)B"]
)
def test_barcode_with_its_parentheses_printed_into_it_is_neither_gs1_nor_a_serial(text: str, symbology: str) -> None:
    assert refusal(text, symbology) == (
        f"This label prints its parentheses into the barcode, {text!r}, where GS1 data has none: "
        "type what stands under it, and have it printed anew without them, as GS1-128 or GS1 DataMatrix."
    )


@pytest.mark.parametrize("text", ["SN(21)AP10", "(05)ABC", "(A)-1", "(1)2345"])
def test_barcode_with_other_parentheses_may_be_a_serial(text: str) -> None:
    assert label(text, "]C0").kind is Kind.SERIAL


def test_pattern_of_the_site_may_ask_for_labels_that_print_their_parentheses() -> None:
    phone = SerialPattern(item="https://id.gs1.org/01/09506000134352", pattern=r"\(21\)(?P<serial>AP[0-9]+)")
    read = parse(b"(21)AP10", "]C0", SiteCodes(serial_patterns=(phone,)))
    assert isinstance(read, Label)
    assert read.key == "https://id.gs1.org/01/09506000134352/21/AP10"


def test_typed_text_is_the_same_unit_as_the_barcode() -> None:
    typed = label("(01)09506000134352(21)AP10(17)291200", None)
    scanned = label("010950600013435221AP10\x1d17291200", "]d2")
    assert (typed.kind, typed.key, typed.expiry) == (Kind.UNIT, scanned.key, scanned.expiry)
    assert typed.elements == scanned.elements


def test_sscc_under_a_pallet_label_is_the_pallet() -> None:
    assert label("(00)395060001343520018", None).key == "https://id.gs1.org/00/395060001343520018"


def test_bracket_in_a_lot_is_typed_with_a_backslash() -> None:
    elements = (("01", "09506000134352"), ("10", "A(21)X"))
    assert label(bracketed(elements), None).elements == elements


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("(01)09506000134353(21)A", "(01) GTIN: The check digit of '09506000134353' is 3, and 2 was expected."),
        ("(01)9506000134352(21)A", "(01) GTIN is cut short: '9506000134352' has 13 characters."),
        ("(01)09506000134352(10)A(B", "No identifier in brackets begins at '(B'."),
        ("(01)09506000134352(05)A", "There is no Application Identifier (05)."),
        ("(01)09506000134352(21)", "(21) SERIAL is empty."),
        ("(01)09506000134352(01)09506000134376", "(01) GTIN stands there as '09506000134352' and as '09506000134376'."),
    ],
)
def test_typing_error_is_refused_with_its_reason(text: str, sentence: str) -> None:
    assert refusal(text, None) == sentence


def test_serial_without_its_product_is_refused() -> None:
    assert "stands without what it belongs to" in refusal("(21)AP10", None)


def test_element_strings_have_a_bound() -> None:
    assert "No identifier in brackets begins at" in refusal("(90)A" * 65, None)
