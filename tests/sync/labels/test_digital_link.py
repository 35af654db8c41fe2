import pytest

from sync.labels import Kind
from tests.sync.labels.reading import label, refusal

UNIT = "https://id.gs1.org/01/09506000134352/21/A1"


@pytest.mark.parametrize("symbology", ["]Q1", "]d1", "]Q0", "]J0", "]z0", None])
@pytest.mark.parametrize(
    "uri",
    [
        UNIT,
        "HTTPS://ID.GS1.ORG/01/09506000134352/21/A1",
        "http://shop.example:8080/eu/de/01/09506000134352/21/A1?utm_source=box&=#reviews".replace("&=", ""),
        "https://shop.example/01/09506000134352/22/V2/21/A1?17=291231",
    ],
)
def test_a_unit_has_one_name_whoevers_link_it_is(uri: str, symbology: str | None) -> None:
    assert label(uri, symbology).key == UNIT


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("01/09506000134352", Kind.ITEM),
        ("01/09506000134352/10/L1", Kind.LOT),
        ("00/006141411234567890", Kind.CONTAINER),
        ("414/9506000134352/254/A-01", Kind.LOCATION),
        ("8003/09506000134352X", Kind.OTHER),
    ],
)
def test_a_link_names_what_its_key_names(path: str, kind: Kind) -> None:
    read = label(f"https://example.com/{path}", "]Q1")
    assert (read.kind, read.key, read.format) == (kind, f"https://id.gs1.org/{path}", "digital_link")


def test_lot_and_expiry_stand_in_path_and_query() -> None:
    read = label("https://example.com/01/09506000134352/10/L%2F1?17=290200&3103=000195", "]Q1")
    assert (read.lot, read.expiry) == ("L/1", "2029-02-28")
    assert read.elements == (("01", "09506000134352"), ("10", "L/1"), ("17", "290200"), ("3103", "000195"))


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("https://example.com/promo", "The path '/promo' holds no GS1 key."),
        ("https://example.com/gtin/09506000134352", "holds no GS1 key"),
        ("https://example.com/01/9506000134352", "(01) GTIN is cut short: '9506000134352' has 13 characters."),
        ("https://example.com/01/09506000134353", "The check digit of '09506000134353' is 3, and 2 was expected."),
        ("https://example.com/01/09506000134352/", "holds no GS1 key"),
        ("https://example.com/01/09506000134352?21=A1", "(21) SERIAL may not stand among the parameters"),
        ("https://example.com/01/09506000134352?10=L1", "(10) BATCH/LOT belongs in the path of the address"),
        ("https://example.com/01/09506000134352?99=A&99=A", "(99) INTERNAL stands in the address twice."),
        ("https://example.com/01/09506000134352?999=A", "There is no Application Identifier (999)"),
        ("https://example.com/01/09506000134352?17=", "(17) USE BY or EXPIRY is empty."),
        ("https://example.com/01/09506000134352/21/A%00", "'\\x00' in 'A\\x00' is not in GS1's character set 82."),
        ("https://example.com/01/09506000134352/21/A\\1", "'\\\\' may not stand in a web address."),
        ("https://exa_mple.com/01/09506000134352", "'_' may not stand in the domain 'exa_mple.com'."),
        ("https:///01/09506000134352", "is no https:// or http:// address"),
        ("HtTps://example.com/01/09506000134352", "is no https:// or http:// address"),
        ("urn:epc:id:sgtin:9506000.013435.A1", "is no https:// or http:// address"),
        ("https://example.com/01/09506000134352?" + "&".join(["x"] * 64), "64 parameters; 63 are the most"),
    ],
)
def test_a_link_that_is_none_of_gs1s_is_refused_in_a_sentence(uri: str, sentence: str) -> None:
    assert sentence in refusal(uri, "]Q1")
