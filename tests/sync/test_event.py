"""One event's bytes and digest are pinned for ever; whatever is not an event is refused with a sentence."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.event import (
    BARCODE_BYTES_MAX,
    FIELDS,
    GENESIS,
    INT_MAX,
    LINE_BYTES_MAX,
    LIST_MAX,
    TEXT_MAX,
    EventError,
    NewerSchema,
    ScanEvent,
    chain,
    decode,
    digest,
    encode,
    format_name,
    parse_name,
)

EVENT = ScanEvent(
    device_no=7,
    epoch=3,
    seq=1,
    action="receive",
    subject="https://id.gs1.org/01/09506000134352/21/S1",
    barcode=b"010950600013435221S1\x1d10L\xe9",
    symbology="]d2",
    identifiers=("urn:gsma:imei:49015420-323751-0",),
    location="https://id.gs1.org/414/9506000134352/254/DOCK",
    document="ASN-1",
    quantity=1,
    operator="René",
    wall_ms=1_780_000_000_000,
    boot="b1",
    boot_ms=5_000,
)
LINE = (
    rb'{"schema":1,"device_no":7,"epoch":3,"seq":1,"action":"receive",'
    rb'"subject":"https://id.gs1.org/01/09506000134352/21/S1","barcode":"010950600013435221S1\u001d10L\u00e9",'
    rb'"symbology":"]d2","identifiers":["urn:gsma:imei:49015420-323751-0"],'
    rb'"location":"https://id.gs1.org/414/9506000134352/254/DOCK","document":"ASN-1","quantity":1,'
    rb'"operator":"Ren\u00e9","wall_ms":1780000000000,"boot":"b1","boot_ms":5000}'
)
DIGEST = "4ffba84936ec3809fe777cc51fe72d4e209ebfee35cd257ec8df70d268aa9480"  # sha256sum of 32 zero bytes and LINE
BARE = ScanEvent(device_no=1, epoch=1, seq=1, action="inspect", wall_ms=1, boot="b", boot_ms=1)


def test_the_bytes_of_an_event_never_change() -> None:
    assert encode(EVENT) == LINE
    assert decode(LINE) == EVENT


def test_the_digest_of_an_event_never_changes() -> None:
    assert digest(GENESIS, LINE).hex() == DIGEST


def test_each_digest_covers_all_events_before_it() -> None:
    first, second = chain(GENESIS, [LINE, b"no event at all"])
    assert first.hex() == DIGEST
    assert second == hashlib.sha256(first + b"no event at all").digest()


def line_with(text: str) -> bytes:
    """A bare event with a piece of its JSON replaced."""
    return encode(BARE).replace(b'"wall_ms":1', text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[1]", "not an object"),
        (b"[" * 30_000, "not JSON"),
        (b'{"a":' * 6_000, "not JSON"),
        (b" " * (LINE_BYTES_MAX + 1), f"has {LINE_BYTES_MAX + 1} bytes"),
        (b'{"schema":1}', "lacks action, boot, boot_ms, device_no, epoch, seq, wall_ms"),
        (line_with('"wall_ms":3.7'), "wall_ms must be a whole number, not 3.7"),
        (line_with('"wall_ms":true'), "wall_ms must be a whole number, not True"),
        (line_with('"wall_ms":NaN'), "wall_ms must be a whole number, not nan"),
        (line_with(f'"wall_ms":{2**63}'), f"wall_ms is {2**63}, outside 0 to 2^53 - 1"),
        (line_with('"wall_ms":' + "9" * 5_000), "not JSON"),
        (line_with('"wall_ms":-1'), "wall_ms is -1"),
        (line_with('"wall_ms":1,"wall_ms":1'), "not in canonical form"),
        (line_with(' "wall_ms":1'), "not in canonical form"),
        (line_with('"wall_ms":1,"speed":9'), "'speed' is not a field"),
        (line_with('"operator":"\\ud800","wall_ms":1'), "cannot be printed"),
        (line_with('"operator":"a\\u0000","wall_ms":1'), "cannot be printed"),
        (line_with('"operator":"","wall_ms":1'), "operator has 0 characters"),
        (line_with('"operator":null,"wall_ms":1'), "operator must be text"),
        (line_with('"barcode":"\\u0100","wall_ms":1'), "above U+00FF"),
        (line_with('"beside":[],"wall_ms":1'), f"a list of 1 to {LIST_MAX}"),
        (encode(replace(BARE, seq=0)), "count from 1"),
    ],
)
def test_what_is_no_event_is_refused_with_a_sentence(line: bytes, sentence: str) -> None:
    with pytest.raises(EventError, match=r"\.$") as refused:
        decode(line)
    assert sentence in str(refused.value)
    assert str(refused.value).isprintable()
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "event",
    [
        replace(BARE, wall_ms=INT_MAX),
        replace(BARE, operator="x" * TEXT_MAX),
        replace(BARE, barcode=bytes(range(250)) * (BARCODE_BYTES_MAX // 250)),
        replace(BARE, beside=("]E09506000134352",) * LIST_MAX),
    ],
)
def test_the_largest_of_everything_is_taken(event: ScanEvent) -> None:
    assert decode(encode(event)) == event


@pytest.mark.parametrize(
    "event",
    [
        replace(BARE, wall_ms=INT_MAX + 1),
        replace(BARE, operator="x" * (TEXT_MAX + 1)),
        replace(BARE, barcode=bytes(BARCODE_BYTES_MAX + 1)),
        replace(BARE, beside=("]E09506000134352",) * (LIST_MAX + 1)),
    ],
)
def test_one_more_than_the_largest_is_refused(event: ScanEvent) -> None:
    with pytest.raises(EventError):
        decode(encode(event))


def test_an_event_of_a_newer_version_is_known_as_such_whatever_else_it_holds() -> None:
    with pytest.raises(NewerSchema, match="schema 2"):
        decode(b'{"schema":2,"weather":["sunny"]}')


def test_fields_that_are_absent_are_not_written_so_that_a_new_field_changes_no_old_digest() -> None:
    optional = {f.name for f in FIELDS if f.optional}
    assert not any(f'"{name}"'.encode() in encode(BARE) for name in optional)


def test_the_name_of_an_event_is_read_as_it_is_written() -> None:
    assert parse_name(format_name(EVENT.name)) == (7, 3, 1)


@pytest.mark.parametrize("text", ["", "1.2", "1.2.3.4", "1.2.x", "1.2.-3", "1.2.²", "1.2." + "9" * 17])
def test_what_names_no_event_is_refused(text: str) -> None:
    with pytest.raises(EventError, match="does not name an event"):
        parse_name(text)


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_an_event_or_a_sentence(line: bytes) -> None:
    with pytest.raises(EventError, match=r"\.$"):  # none that is drawn at random happens to be an event
        decode(line)
