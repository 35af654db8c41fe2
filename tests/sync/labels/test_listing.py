"""One symbol may list many units."""

import pytest

from sync.labels import LABELS_MAX, Label, Refusal, parse, parse_all
from tests.sync.labels.reading import label

GTIN = b"0109506000134352"
ITEM = "https://id.gs1.org/01/09506000134352"


def keys(raw: bytes, symbology: str | None) -> list[str]:
    return [read.key if isinstance(read, Label) else read.reason for read in parse_all(raw, symbology)]


def test_a_symbol_with_one_label_lists_one() -> None:
    assert parse_all(GTIN + b"21A1", "]d2") == (label("010950600013435221A1", "]d2"),)


def test_serial_numbers_behind_one_gtin_are_as_many_units() -> None:
    raw = GTIN + b"17291231" + b"21A1\x1d21A2\x1d21A3"
    assert keys(raw, "]d2") == [f"{ITEM}/21/A1", f"{ITEM}/21/A2", f"{ITEM}/21/A3"]
    assert [read.expiry for read in parse_all(raw, "]d2") if isinstance(read, Label)] == ["2029-12-31"] * 3


def test_each_unit_keeps_its_own_lot() -> None:
    read = parse_all(GTIN + b"21A1\x1d10L1\x1d21A2\x1d10L2", "]d2")
    assert [(one.serial, one.lot) for one in read if isinstance(one, Label)] == [("A1", "L1"), ("A2", "L2")]


def test_units_of_several_products_are_told_apart() -> None:
    raw = GTIN + b"21A1\x1d" + b"0109506000140445" + b"21A1"
    assert keys(raw, "]d2") == [f"{ITEM}/21/A1", "https://id.gs1.org/01/09506000140445/21/A1"]


def test_a_packing_list_of_lines_is_read_line_by_line() -> None:
    raw = b"SN-0001\r\nSN-0002\r\n490154203237518\r\n"
    assert [read.format for read in parse_all(raw, "]Q1") if isinstance(read, Label)] == ["serial", "serial", "imei"]


def test_one_bad_line_is_refused_alone() -> None:
    first, second = parse_all(b"SN-0001;A B", "]Q1")
    assert isinstance(first, Label)
    assert isinstance(second, Refusal)


def test_each_says_which_of_how_many_it_is() -> None:
    assert [read.note for read in parse_all(b"SN-0001,SN-0002", "]Q1") if isinstance(read, Label)] == [
        "It is number 1 of 2 in one symbol.",
        "It is number 2 of 2 in one symbol.",
    ]


def test_a_list_has_an_end() -> None:
    (read,) = parse_all(b"ABCD," * (LABELS_MAX + 1), "]Q1")
    assert read == Refusal(reason="The symbol lists 1001 labels, and 1000 are the most.")


def test_a_broken_element_string_is_no_list() -> None:
    (read,) = parse_all(GTIN + b"21", "]d2")
    assert isinstance(read, Refusal)


def test_an_address_with_a_comma_is_one_label() -> None:
    assert keys(b"https://example.com/01/09506000134352/21/A,B", "]Q1") == [f"{ITEM}/21/A%2CB"]


LINK = "https://a.example/01/09506000134352/21/"


@pytest.mark.parametrize("between", [",", ";", "\r\n", "|", "\t"])
def test_web_addresses_in_one_symbol_are_taken_one_by_one(between: str) -> None:
    listed = between.join([f"{LINK}A,1?17=291231", f"{LINK}B;2", f"{LINK}C?utm=x".replace("https", "HTTPS")])
    assert keys(listed.encode(), "]Q1") == [
        f"https://id.gs1.org/01/09506000134352/21/{s}" for s in ("A%2C1", "B%3B2", "C")
    ]


@pytest.mark.parametrize("text", [f"{LINK}A,{LINK}B", f"{LINK}A?utm=x,{LINK}B", f"https://a.example/{LINK}B"])
def test_no_one_of_several_web_addresses_passes_for_the_whole(text: str) -> None:
    read = parse(text.encode(), "]Q1")
    assert isinstance(read, Refusal)
    assert read.reason == "Several web addresses stand in one text, and a label is one."


def test_address_that_a_web_address_hands_on_is_the_shops_own() -> None:
    assert isinstance(parse(f"{LINK}A?back=https://shop.example/".encode(), "]Q1"), Label)
