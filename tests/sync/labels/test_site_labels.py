"""Labels that the site printed for itself: bins, plates, products, documents and badges."""

import pytest

from sync.labels import Kind, Refusal, SerialPattern, SiteCodes, parse
from tests.sync.labels.reading import label

OWN = "https://warehouse.example"
SITE = SiteCodes(
    domain="depot.example",
    site="north",
    location_pattern=r"(?P<code>[A-Z][0-9]{2}\.[0-9]{2})",
    unit_plate_pattern=r"U(?P<code>[0-9]{8})",
    container_plate_pattern=r"T(?P<code>[0-9]{4})",
    item_pattern=r"P-(?P<code>[0-9]+)",
    document_pattern=r"D/(?P<code>[0-9]+)",
    badge_pattern=r"B(?P<code>[0-9]{3})",
)


@pytest.mark.parametrize("symbology", ["]C0", "]A0", "]d1", "]Q1", "]L2", None])
@pytest.mark.parametrize(
    ("text", "kind", "key", "format_"),
    [
        ("LOC:A-01-3", Kind.LOCATION, f"{OWN}/414/main/254/A-01-3", "location"),
        ("LPN000123", Kind.PLATE, f"{OWN}/21/LPN000123", "licence_plate"),
        ("CTN-7", Kind.CONTAINER, f"{OWN}/00/CTN-7", "licence_plate"),
        ("SKU:CABLE/2M", Kind.ITEM, f"{OWN}/01/CABLE%2F2M", "product_code"),
        ("ASN-1001", Kind.DOCUMENT, f"{OWN}/253/ASN-1001", "document"),
        ("BADGE:0042", Kind.BADGE, f"{OWN}/8018/0042", "badge"),
    ],
)
def test_a_site_without_gs1_keys_has_names_of_its_own(
    text: str, kind: Kind, key: str, format_: str, symbology: str | None
) -> None:
    read = label(text, symbology)
    assert (read.kind, read.key, read.format) == (kind, key, format_)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("A01.02", "https://depot.example/414/north/254/A01.02"),
        ("U00000001", "https://depot.example/21/00000001"),
        ("T0001", "https://depot.example/00/0001"),
        ("P-77", "https://depot.example/01/77"),
        ("D/5", "https://depot.example/253/5"),
        ("B007", "https://depot.example/8018/007"),
    ],
)
def test_a_site_reads_the_labels_that_hang_there_already(text: str, key: str) -> None:
    assert label(text, "]C0", SITE).key == key


def test_a_bin_of_a_site_with_a_gln_is_a_bin_of_that_gln() -> None:
    read = label("LOC:A-01-3", "]C0", SiteCodes(gln="9506000134352"))
    assert read.key == "https://id.gs1.org/414/9506000134352/254/A-01-3"
    assert read.key == label("4149506000134352254A-01-3", "]d2").key


def test_a_gs1_symbol_never_holds_a_sites_own_code() -> None:
    assert isinstance(parse(b"LOC:A-01-3", "]C1"), Refusal)


@pytest.mark.parametrize("text", ["LOC:A-01-3\n", "LOC: A", "loc:A", "LOC:" + "A" * 21, "XLOC:A"])
def test_a_pattern_is_the_whole_label(text: str) -> None:
    read = parse(text.encode(), "]C0")
    assert isinstance(read, Refusal) or read.kind is Kind.SERIAL


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"domain": "Warehouse"}, "'Warehouse' is no domain"),
        ({"site": "a/b"}, "'a/b' is no name for a site"),
        ({"gln": "9506000134353"}, "check digit"),
        ({"location_pattern": "LOC:(.*)"}, "has no group named 'code'"),
        ({"badge_pattern": "(?P<code>"}, "is no regular expression"),
    ],
)
def test_a_setting_that_could_not_be_used_is_told_at_once(settings: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence.replace("(", r"\(")):
        SiteCodes(**settings)  # type: ignore[arg-type]


def test_a_serial_pattern_is_of_a_product() -> None:
    with pytest.raises(ValueError, match="is no product"):
        SerialPattern(item="https://id.gs1.org/00/006141411234567890", pattern="A+")


def test_a_text_that_is_too_long_for_a_code_matches_no_pattern_of_the_site() -> None:
    site = SiteCodes(unit_plate_pattern="U(?P<code>[0-9]+)")
    assert label("U" + "1" * 18, "]C0", site).kind is Kind.PLATE
    assert isinstance(parse(b"U" + b"1" * 200, "]C0", site), Refusal)
