"""What holds for every barcode that there could be."""

from hypothesis import example, given
from hypothesis import strategies as st

from sync.check_digits import CSET_82, mod10_digit
from sync.identity import Kind, split_key
from sync.labels import Label, Refusal, SerialPattern, SiteCodes, parse, parse_all
from sync.labels._elements import element_string
from sync.labels._syntax import AIS

PHONE = "https://id.gs1.org/01/09506000134352"
CODES = SiteCodes(serial_patterns=(SerialPattern(item=PHONE, pattern="C39.*"),))

symbologies = st.none() | st.from_regex(r"\][A-Za-z][0-9]", fullmatch=True) | st.text(max_size=4)
gs1_like = st.lists(st.sampled_from(sorted(AIS))).map("".join)
raw = st.binary(max_size=60) | st.text(CSET_82 + "\x1d", max_size=60).map(str.encode) | gs1_like.map(str.encode)
values = st.text(CSET_82, min_size=1, max_size=20)
gtins = st.integers(0, 10**13 - 1).map(lambda number: f"{number:013}").map(lambda body: f"{body}{mod10_digit(body)}")


@given(raw, symbologies)
@example(b"]", None)
@example(b"]d2", None)
@example("\u0661".encode(), "]d2")
def test_no_bytes_and_no_symbology_make_the_gatekeeper_fail(data: bytes, symbology: str | None) -> None:
    for read in (parse(data, symbology, CODES), *parse_all(data, symbology, CODES)):
        if isinstance(read, Refusal):
            assert read.reason[-1] in ".?!"
        elif isinstance(read, Label):
            assert read.key


@given(raw, symbologies)
def test_every_name_that_a_label_gets_is_canonical(data: bytes, symbology: str | None) -> None:
    read = parse(data, symbology, CODES)
    if isinstance(read, Label) and read.kind is not Kind.OTHER:
        assert split_key(read.key).kind is read.kind


@given(gtins, st.permutations(["21", "10", "22", "240"]), st.lists(values, min_size=4, max_size=4))
def test_an_element_string_reads_back_to_its_elements(gtin: str, ais: list[str], given_values: list[str]) -> None:
    elements = (("01", gtin), *zip(ais, given_values, strict=True))
    read = parse(element_string(elements).encode(), "]d2")
    assert isinstance(read, Label)
    assert read.elements == elements


@given(gtins, values)
@example("09506000134352", "A(21)X")
@example("09506000134352", "21X")
def test_no_lot_becomes_a_serial_number(gtin: str, lot: str) -> None:
    read = parse(f"01{gtin}10{lot}".encode(), "]C1")
    assert isinstance(read, Label)
    assert (read.lot, read.serial) == (lot, None)


@given(gtins, values)
def test_a_digital_link_and_an_element_string_give_a_unit_the_same_name(gtin: str, serial: str) -> None:
    string = parse(f"01{gtin}21{serial}".encode(), "]d2")
    assert isinstance(string, Label)
    link = parse(string.key.encode(), "]Q1")
    assert isinstance(link, Label)
    assert (link.key, link.elements) == (string.key, string.elements)
