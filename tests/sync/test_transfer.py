"""A queue as a file."""

import base64
import hashlib
import json
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from sync import transfer
from sync.enrolment import device_no
from sync.protocol import SIGNED_PREFIX, pack
from sync.transfer import TransferError
from tests.handheld import DAY, Chain, unit

KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"handheld 1").digest())
PUBLIC = KEY.public_key().public_bytes_raw()


def verify(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def chain() -> Chain:
    made = Chain(device_no(PUBLIC))
    for n in range(4):
        made.scan(DAY + n, "inspect", unit(f"S{n}"), location="https://id.gs1.org/414/9506000134352/254/A-01")
    return made


def exported(*, carried: bool = True, key: Ed25519PrivateKey = KEY) -> list[bytes]:
    bodies = [pack(*chain().push(first, first + 1, now_ms=DAY, carried=carried)) for first in (1, 3)]
    signed = [(body, key.sign(SIGNED_PREFIX + body)) for body in bodies]
    return list(transfer.write(public_key=PUBLIC, name="HH-1", signed=signed))


def test_what_was_exported_is_read_to_the_byte() -> None:
    found = transfer.read(exported(), verify)
    assert (found.device_no, found.public_key, found.name, found.events) == (device_no(PUBLIC), PUBLIC, "HH-1", 4)
    assert [line for e in found.envelopes for line in e.lines] == chain().lines


def without(lines: list[bytes]) -> list[bytes]:
    return lines[:-1]


def resigned(lines: list[bytes]) -> list[bytes]:
    row = json.loads(lines[1]) | {"signature": base64.urlsafe_b64encode(bytes(64)).decode()}
    return [lines[0], json.dumps(row).encode(), *lines[2:]]


def with_line(line: bytes) -> Callable[[list[bytes]], list[bytes]]:
    return lambda lines: [lines[0], line, *lines[2:]]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (without, "The file is cut off: 1 of 2 envelopes, 2 of 4 events."),
        (resigned, "The file is damaged: the signature in line 2 is wrong."),
        (with_line(b"{"), "The file is damaged: line 2 cannot be read."),
        (with_line(b"{}"), "The file is damaged: line 2 holds no envelope."),
        (
            lambda _: exported(carried=False),
            "Line 2 holds an envelope that is not for carrying, or another handheld's.",
        ),
        (
            lambda _: exported(key=Ed25519PrivateKey.generate()),
            "The file is damaged: the signature in line 2 is wrong.",
        ),
        (lambda _: [b"a photograph"], "The file is not an exported queue."),
        (lambda _: [], "The file is not an exported queue."),
        (
            lambda lines: [lines[0].replace(PUBLIC.hex().encode(), b"00" * 32)],
            "The file is damaged: its key is another handheld's.",
        ),
    ],
)
def test_a_damaged_file_is_refused_with_a_sentence(spoil: Callable[[list[bytes]], list[bytes]], sentence: str) -> None:
    with pytest.raises(TransferError) as refused:
        transfer.read(spoil(exported()), verify)
    assert str(refused.value) == sentence


@given(st.lists(st.binary(max_size=200), max_size=5), st.booleans())
def test_any_lines_are_read_or_refused(lines: list[bytes], headed: bool) -> None:  # noqa: FBT001  # hypothesis gives it
    with pytest.raises(TransferError):
        transfer.read(exported()[:1] + lines if headed else lines, verify)
