"""A queue as a file: signed envelopes that any handheld or the server takes, for a site whose radio is down.

The first line says whose they are and how many; each further line is one envelope of protocol 1, signed by the
handheld that made it. Whoever carries the file can change nothing in it, and a line that is missing shows.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sync.enrolment import device_no
from sync.protocol import BODY_BYTES_MAX, SIGNED_PREFIX, ProtocolError, PushHeader, unpack

MAGIC: Final = "scan-export 1"
ENVELOPES_MAX: Final = 20_000
LINE_BYTES_MAX: Final = BODY_BYTES_MAX * 4 // 3 + 1_000
SIGNATURE_BYTES: Final = 64

Verify = Callable[[bytes, bytes, bytes], bool]
"""(public key, signature, message) -> whether it is signed: Ed25519, which the standard library does not have."""


class TransferError(ValueError):
    """The file cannot be taken; nothing of it was. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One signed run of events, as it goes over the wire."""

    header: PushHeader
    lines: tuple[bytes, ...]
    """The events' canonical bytes."""
    signature: bytes
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What a file holds."""

    device_no: int
    public_key: bytes
    name: str
    events: int
    envelopes: tuple[Envelope, ...]


def write(*, public_key: bytes, name: str, signed: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """The file's lines.

    Args:
        signed: body and signature of each envelope, as `sync.protocol.pack` made it with `carried` set.
    """
    pairs = list(signed)
    number = device_no(public_key)
    head = {
        "format": MAGIC,
        "device_no": number,
        "public_key": public_key.hex(),
        "name": name,
        "envelopes": len(pairs),
        "events": sum(unpack(body)[0].count for body, _ in pairs),
    }
    yield _line(head)
    for body, signature in pairs:
        text = base64.b64encode(body).decode()
        yield _line({"device_no": number, "signature": base64.urlsafe_b64encode(signature).decode(), "body": text})


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row).encode("ascii") + b"\n"


def read(lines: Iterable[bytes], verify: Verify) -> Export:
    """The envelopes in a file's lines, each of them whole and signed by the handheld whose they are.

    Args:
        lines: the file, line by line; it is not read beyond its bounds if the caller reads at most
            `LINE_BYTES_MAX` bytes a line.

    Raises:
        TransferError: it is no such file, or damaged.
    """
    rows = _rows(lines)
    head = next(rows, None)
    if head is None or head.get("format") != MAGIC:
        raise TransferError("The file is not an exported queue.")
    try:
        key = bytes.fromhex(head["public_key"])
        name = str(head["name"])
        expected = (head["envelopes"], head["events"])
        mine = device_no(key) == head["device_no"]
    except (KeyError, TypeError, ValueError):
        raise TransferError("The file is damaged: its first line cannot be read.") from None
    if not mine:
        raise TransferError("The file is damaged: its key is another handheld's.")
    envelopes = tuple(_envelope(number, row, key, verify) for number, row in enumerate(rows, start=2))
    events = sum(e.header.count for e in envelopes)
    if (len(envelopes), events) != expected:
        raise TransferError(
            f"The file is cut off: {len(envelopes)} of {expected[0]} envelopes, {events} of {expected[1]} events."
        )
    return Export(device_no=device_no(key), public_key=key, name=name, events=events, envelopes=envelopes)


def _rows(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if number > ENVELOPES_MAX + 1:
            raise TransferError(f"The file holds more than {ENVELOPES_MAX:,} envelopes.")
        try:
            row = json.loads(line) if len(line) <= LINE_BYTES_MAX else None
        except (ValueError, RecursionError):
            row = None
        if type(row) is not dict:
            if number == 1:
                return
            raise TransferError(f"The file is damaged: line {number} cannot be read.")
        yield row


def _envelope(number: int, row: dict[str, Any], key: bytes, verify: Verify) -> Envelope:
    try:
        body = base64.b64decode(row["body"], validate=True)
        signature = base64.urlsafe_b64decode(row["signature"])
        signed = len(signature) == SIGNATURE_BYTES and verify(key, signature, SIGNED_PREFIX + body)
        if not signed:
            raise TransferError(f"The file is damaged: the signature in line {number} is wrong.")
        header, lines = unpack(body)
    except (KeyError, TypeError, binascii.Error, ProtocolError):
        raise TransferError(f"The file is damaged: line {number} holds no envelope.") from None
    if header.device_no != device_no(key) or not header.carried:
        raise TransferError(f"Line {number} holds an envelope that is not for carrying, or another handheld's.")
    return Envelope(header=header, lines=tuple(lines), signature=signature, body=body)
