"""The queue as a file, for a site whose radio is down: signed envelopes that any handheld or the server takes.

The first line says whose they are and how many; each further line is one envelope, signed by the handheld that made
it. Whoever carries the file can neither read more from it than the labels say nor change anything in it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scanner_client import VERSION
from scanner_client.carried import Envelope
from scanner_client.device import is_signed, replace_file
from scanner_client.handheld import Handheld
from scanner_client.outbox import Run
from sync.enrolment import device_no
from sync.protocol import BODY_BYTES_MAX, SIGNED_PREFIX, ProtocolError, PushHeader, pack, unpack

MAGIC: Final = "scan-export 1"
ENVELOPES_MAX: Final = 20_000
LINE_BYTES_MAX: Final = BODY_BYTES_MAX * 4 // 3 + 1_000


class TransferError(Exception):
    """The file cannot be taken; nothing of it was. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A file's content."""

    device_no: int
    events: int
    envelopes: tuple[Envelope, ...]


def export_queue(handheld: Handheld, path: Path) -> int:
    """Write everything that the server is not known to have to a file; the number of events in it.

    The queue stays as it is: only the server's own acknowledgement releases a scan. Without events no file is made.

    Raises:
        DeviceError: the file cannot be written.
    """
    runs = [run for epoch in handheld.outbox.epochs() for run in handheld.outbox.runs(epoch.epoch)][:ENVELOPES_MAX]
    events = sum(len(run.lines) for run in runs)
    if events:
        head = {
            "format": MAGIC,
            "device_no": handheld.device.device_no,
            "public_key": handheld.device.public_key.hex(),
            "name": handheld.device.name,
            "envelopes": len(runs),
            "events": events,
        }
        lines = [head, *(_envelope_row(handheld, run) for run in runs)]
        replace_file(path, b"".join(json.dumps(line).encode("ascii") + b"\n" for line in lines))
    return events


def read_export(path: Path) -> Export:
    """The envelopes of a file, each of them whole and signed by the handheld whose they are.

    Raises:
        TransferError: it is no such file, or damaged.
    """
    try:
        return _read(path)
    except OSError as error:
        raise TransferError(f"{path} cannot be read: {error.strerror}.") from error
    except (KeyError, TypeError, ValueError, binascii.Error, ProtocolError):
        raise TransferError(f"{path} is damaged: nothing of it was taken. Export it again.") from None


def _read(path: Path) -> Export:
    lines = _lines(path)
    head = next(lines, None)
    if head is None or head.get("format") != MAGIC:
        raise TransferError(f"{path} is not an exported queue.")
    key = bytes.fromhex(head["public_key"])
    if device_no(key) != head["device_no"]:
        raise ValueError("The key is another handheld's.")
    envelopes = tuple(_envelope(row, key) for row in lines)
    events = sum(envelope.events for envelope in envelopes)
    if (len(envelopes), events) != (head["envelopes"], head["events"]):
        raise ValueError("Envelopes are missing.")
    return Export(device_no=head["device_no"], events=events, envelopes=envelopes)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for _ in range(ENVELOPES_MAX + 2):
            line = file.readline(LINE_BYTES_MAX)
            if not line:
                return
            row = json.loads(line) if line.startswith(b"{") and line.endswith(b"\n") else {}
            yield row
    raise ValueError("The file has no end.")


def _envelope(row: dict[str, Any], key: bytes) -> Envelope:
    body = base64.b64decode(row["body"], validate=True)
    signature = base64.urlsafe_b64decode(row["signature"])
    if not is_signed(key, signature, SIGNED_PREFIX + body):
        raise ValueError("The signature is wrong.")
    header, _ = unpack(body)
    if header.device_no != row["device_no"] or header.device_no != device_no(key) or not header.carried:
        raise ValueError("The envelope is another handheld's.")
    return Envelope(
        device_no=header.device_no,
        epoch=header.epoch,
        first=header.first,
        events=header.count,
        signature=signature,
        body=body,
    )


def _envelope_row(handheld: Handheld, run: Run) -> dict[str, Any]:
    clock = handheld.clock
    header = PushHeader(
        device_no=run.epoch.device_no,
        epoch=run.epoch.epoch,
        first=run.first,
        count=len(run.lines),
        before=run.before.hex(),
        after=run.after.hex(),
        predecessor=run.epoch.predecessor,
        wall_ms=clock.wall_ms(),
        boot=clock.boot,
        boot_ms=clock.boot_ms(),
        client=VERSION,
        waiting=handheld.outbox.waiting(),
        carried=True,
    )
    body = pack(header, run.lines)
    return {
        "device_no": header.device_no,
        "signature": base64.urlsafe_b64encode(handheld.device.sign(SIGNED_PREFIX + body)).decode(),
        "body": base64.b64encode(body).decode(),
    }
