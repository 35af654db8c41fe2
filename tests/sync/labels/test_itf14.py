import pytest

from sync.labels import Kind
from tests.sync.labels.reading import label, refusal


@pytest.mark.parametrize("symbology", ["]I0", "]I1"])
def test_a_carton_of_one_product_is_that_products_larger_pack(symbology: str) -> None:
    read = label("10614141000415", symbology)
    assert (read.kind, read.key) == (Kind.ITEM, "https://id.gs1.org/01/10614141000415")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("10614141000416", "The check digit of '10614141000416' is 6, and 5 was expected."),
        ("106141410004", "An ITF barcode of 12 digits, '106141410004', is no GTIN-14."),
        ("1061414100041X", "is no GTIN"),
    ],
)
def test_part_of_an_itf_barcode_is_refused(text: str, sentence: str) -> None:
    assert sentence in refusal(text, "]I1")
