"""The envelope on the wire: what was shipped inflates for ever, and any bytes are an envelope or a refusal."""

import base64
import json
import zlib
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import protocol
from sync.protocol import ProtocolError, PushHeader, Reply, TooLarge, pack, read_reply, unpack, write_reply
from tests.sync.test_event import DIGEST, LINE

HEADER = PushHeader(
    device_no=7,
    epoch=3,
    first=1,
    count=1,
    before="0" * 64,
    after=DIGEST,
    wall_ms=1_780_000_060_000,
    boot="b1",
    boot_ms=65_000,
    client="1.0.0",
    waiting=1,
)
SHIPPED = base64.b64decode(
    "pZVNDsIgEIVP1GR+GH7WutPExJ6ghWHpDby7pQssra2JsiAkEBjee19mHzFXH+EKGVbKcIEZ/DkWmJqcx8GbwFYjewhZnXMxCk4L"
    "SkYJgo5ZlSUmEqfRp+wgkfXDEIyHVlU/X2/LVAUecSmxlXlvH2bcN6ERaLYBfwtqkLlGZMNCxZYe17ltjhD2letrWWj4iPVhczAB"
    "UAxBx8ROsIPSLb4TsKp1ouF8O122YS8/eDcUbKJ/10eteuMWHLhVzHq+AA=="
)
"""An envelope of version 1.0.0, in a drawer since."""


def deflated(text: bytes) -> bytes:
    packer = zlib.compressobj(level=9, wbits=-15, zdict=protocol.DICTIONARY)
    return packer.compress(text) + packer.flush()


def test_an_envelope_that_was_ever_shipped_still_opens() -> None:
    header, lines = unpack(SHIPPED)
    assert lines == [LINE]
    assert (header.device_no, header.epoch, header.first, header.after) == (7, 3, 1, DIGEST)
    assert not header.carried


def test_the_dictionary_of_protocol_1_is_never_changed() -> None:
    assert zlib.crc32(protocol.DICTIONARY) == 0x5B96C2C7
    assert unpack(pack(HEADER, [LINE])) == (HEADER, [LINE])


lines = st.binary(max_size=120).map(lambda b: b.replace(b"\n", b" "))
texts = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=40).filter(str.isprintable)
numbers = st.integers(0, 2**53 - 1)


@settings(max_examples=100)
@given(st.lists(lines, max_size=20), numbers, texts, texts | st.none(), st.booleans())
def test_what_was_packed_is_unpacked(
    run: list[bytes],
    number: int,
    client: str,
    cursor: str | None,
    carried: bool,  # noqa: FBT001  # drawn
) -> None:
    header = replace(
        HEADER, count=len(run), device_no=number, client=client, cursor=cursor, carried=carried, waiting=number
    )
    assert unpack(pack(header, run)) == (header, run)


@settings(max_examples=200)
@given(st.binary(max_size=300) | st.binary(max_size=300).map(deflated))
def test_any_bytes_are_an_envelope_or_a_refusal(body: bytes) -> None:
    with pytest.raises(ProtocolError) as refused:  # no random bytes are an envelope
        unpack(body)
    assert str(refused.value).endswith(".")


@settings(max_examples=150)
@given(st.integers(0, len(SHIPPED) - 1), st.integers(0, 7))
def test_a_flipped_bit_is_an_envelope_or_a_refusal_and_nothing_else(at: int, bit: int) -> None:
    body = bytearray(SHIPPED)
    body[at] ^= 1 << bit
    with suppress(ProtocolError):
        header, run = unpack(bytes(body))
        assert header.count == len(run)


def test_a_bomb_is_too_large() -> None:
    bomb = deflated(bytes(protocol.INFLATED_BYTES_MAX * 10))
    assert len(bomb) < protocol.BODY_BYTES_MAX
    with pytest.raises(TooLarge, match="inflates to more than"):
        unpack(bomb)


def test_more_than_a_push_may_hold_is_too_large() -> None:
    most = protocol.EVENTS_PER_PUSH_MAX
    assert len(unpack(pack(replace(HEADER, count=most), [b"x"] * most))[1]) == most
    with pytest.raises(TooLarge, match=f"{most + 1} events"):
        unpack(pack(replace(HEADER, count=most + 1), [b"x"] * (most + 1)))
    with pytest.raises(TooLarge, match="longer than"):
        unpack(pack(HEADER, [b"x" * 32_769]))
    with pytest.raises(TooLarge, match="bytes"):
        unpack(bytes(protocol.BODY_BYTES_MAX + 1))


def header_with(**values: object) -> bytes:
    row = json.loads(zlib.decompressobj(wbits=-15, zdict=protocol.DICTIONARY).decompress(SHIPPED).split(b"\n")[0])
    row.update(values)
    return deflated(json.dumps({k: v for k, v in row.items() if v != "absent"}).encode() + b"\n" + LINE)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"protocol": 2}, "speaks protocol 1, not 2"),
        ({"protocol": True}, "'protocol' is not understood"),
        ({"count": 2}, "speaks of 2 events; 1 follow"),
        ({"first": 0}, "count from 1"),
        ({"first": 2**53 - 1}, "count from 1"),
        ({"epoch": 3.0}, "'epoch' is not understood"),
        ({"epoch": 2**63}, "outside 0 to 2^53 - 1"),
        ({"epoch": "absent"}, "lacks a field"),
        ({"before": "00"}, "32 bytes"),
        ({"before": "zz" * 32}, "not hex"),
        ({"before": "00 " * 32}, "32 bytes"),
        ({"client": "a\u0000"}, "cannot be stored"),
        ({"client": "\ud800"}, "cannot be stored"),
        ({"client": "x" * 501}, "cannot be stored"),
        ({"colour": "red"}, "'colour' is not understood"),
    ],
)
def test_a_header_that_is_not_right_is_refused_with_a_sentence(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        unpack(header_with(**values))
    assert sentence in str(refused.value)


def test_an_envelope_cut_off_or_followed_by_something_is_refused() -> None:
    for body in (SHIPPED[:-1], SHIPPED + b"x", b""):
        with pytest.raises(ProtocolError):
            unpack(body)


REPLY = Reply(
    incarnation="i",
    acked_through=1,
    head=DIGEST,
    last_seq=12,
    missing=[[3, 4]],
    accepted=1,
    duplicate=0,
    exceptions=[],
    safe_through=0,
    server_ms=5,
    addresses=["http://server.test"],
    changes=[["unit", "u", None]],
    cursor="i.1",
    more=False,
)


def test_a_reply_is_read_as_it_was_written_and_what_a_newer_server_adds_is_passed_over() -> None:
    assert read_reply(write_reply(REPLY)) == REPLY
    assert read_reply(write_reply(REPLY)[:-1] + b',"weather":"sunny"}') == REPLY


@pytest.mark.parametrize(
    "body", [b"", b"<html>Login</html>", b"[]", b'{"protocol":2}', b'{"protocol":1}', b"[" * 99_999]
)
def test_a_page_of_some_proxy_is_no_reply(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="not a reply of protocol 1"):
        read_reply(body)
