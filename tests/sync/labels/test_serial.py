import pytest

from sync.labels import Kind, SerialPattern, SiteCodes
from tests.sync.labels.reading import label, refusal

PHONE, TABLET = "https://id.gs1.org/01/09506000134352", "https://id.gs1.org/01/09506000140445"
CODES = SiteCodes(
    serial_patterns=(
        SerialPattern(item=PHONE, pattern="S?(?P<serial>C39[A-Z0-9]{7})"),
        SerialPattern(item=PHONE, pattern="[0-9]{15}"),
        SerialPattern(item=TABLET, pattern="C3[A-Z0-9]{8}X"),
        SerialPattern(item=TABLET, pattern="C39XX[A-Z0-9]{5}"),
    )
)


@pytest.mark.parametrize("text", ["SN-00417", "A(21)X", "1234", "X" * 20])
def test_a_serial_number_alone_waits_for_its_product(text: str) -> None:
    read = label(text, "]C0")
    assert (read.kind, read.serial, read.item) == (Kind.SERIAL, text, None)


@pytest.mark.parametrize("text", ["123", "X" * 21, "A B", "A,B", "A;B", "A~B", "A\tB", "A\x1dB", "\u00c4BCD"])
def test_what_can_be_no_serial_number_is_refused(text: str) -> None:
    assert refusal(text, "]C0")


def test_control_characters_are_named() -> None:
    assert refusal("AB\tCD", "]C0") == "The control character 0x09 in 'AB⟨TAB⟩CD' may not stand in a label."


def test_a_pattern_finds_the_product() -> None:
    read = label("SC39AK12QQZ", "]C0", CODES)
    assert (read.kind, read.key, read.serial) == (Kind.UNIT, f"{PHONE}/21/C39AK12QQZ", "C39AK12QQZ")


def test_a_site_may_take_the_imei_as_serial_number() -> None:
    assert label("490154203237518", "]C0", CODES).key == f"{PHONE}/21/490154203237518"


def test_a_serial_number_of_two_possible_products_is_of_neither_yet() -> None:
    read = label("C39XX12QQZ", "]C0", CODES)
    assert (read.kind, read.item) == (Kind.SERIAL, None)
    assert read.note == f"The serial number could be of 2 products: {PHONE}, {TABLET}."


def test_a_pattern_cannot_make_a_serial_number_of_anything() -> None:
    greedy = SiteCodes(serial_patterns=(SerialPattern(item=PHONE, pattern=".*"),))
    assert refusal("A B", "]C0", greedy) == "'A B' is no serial number of at most 20 characters."
