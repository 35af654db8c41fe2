import pytest

from sync.labels import Kind
from tests.sync.labels.reading import label, refusal

IMEI = "353012345678906"  # Luhn by hand: 3+1+3+0+1+4+3+8+5+3+7+7+9+0 = 54, so 6


@pytest.mark.parametrize("symbology", ["]C0", "]C1", "]d1", "]Q1", "]A0", None])
def test_an_imei_is_a_further_name_of_a_phone(symbology: str | None) -> None:
    read = label(IMEI, symbology)
    assert (read.kind, read.key, read.serial) == (Kind.IDENTIFIER, "urn:gsma:imei:35301234-567890-0", IMEI)


def test_a_mistyped_imei_is_refused() -> None:
    assert refusal("353012345678907", "]C0") == "The check digit of IMEI '353012345678907' is 7, and 6 was expected."


def test_fourteen_digits_are_no_imei() -> None:
    assert label(IMEI[:14], "]C0").kind is Kind.SERIAL


def test_an_element_string_of_fifteen_digits_is_no_imei() -> None:
    read = label("910000000000006", "]C1")
    assert (read.kind, read.elements) == (Kind.OTHER, (("91", "0000000000006"),))


def test_an_imei_of_other_digits_than_ascii_is_refused() -> None:
    assert "cannot stand in a label" in refusal("\u0663" + IMEI[1:], "]C0")
