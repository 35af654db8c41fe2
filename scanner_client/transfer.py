"""The queue as a file: writes what this handheld owes, and takes in what another one wrote (``sync/transfer.py``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from scanner_client.carried import Envelope
from scanner_client.device import is_signed, replace_file
from scanner_client.handheld import Handheld
from scanner_client.outbox import Run
from sync import transfer
from sync.transfer import ENVELOPES_MAX, LINE_BYTES_MAX, TransferError

__all__ = ["Taken", "TransferError", "export_queue", "read_export"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What another handheld's file holds."""

    device_no: int
    events: int
    envelopes: tuple[Envelope, ...]


def export_queue(handheld: Handheld, path: Path) -> list[Run]:
    """Write everything that the server is not known to have to a file; the runs in it.

    The queue stays as it is: only the server's own acknowledgement releases a scan. Without events no file is made.

    Raises:
        DeviceError: the file cannot be written.
    """
    epochs = handheld.outbox.epochs()
    runs = [run for epoch in epochs for run in handheld.outbox.runs(epoch.epoch)][:ENVELOPES_MAX]
    if runs:
        lines = transfer.write(
            public_key=handheld.device.public_key,
            name=handheld.device.name,
            signed=[handheld.envelope(run, carried=True) for run in runs],
        )
        replace_file(path, b"".join(lines))
    return runs


def read_export(path: Path) -> Taken:
    """The envelopes of a file, each of them whole and signed by the handheld whose they are.

    Raises:
        TransferError: it is no such file, or damaged.
    """
    try:
        with path.open("rb") as file:
            export = transfer.read(_lines(file), is_signed)
    except OSError as error:
        raise TransferError(f"{path} cannot be read: {error.strerror}.") from error
    except TransferError as error:
        raise TransferError(f"{path}: {error} Nothing of it was taken.") from error
    envelopes = tuple(
        Envelope(
            device_no=export.device_no,
            epoch=envelope.header.epoch,
            first=envelope.header.first,
            events=envelope.header.count,
            signature=envelope.signature,
            body=envelope.body,
        )
        for envelope in export.envelopes
    )
    return Taken(device_no=export.device_no, events=export.events, envelopes=envelopes)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(LINE_BYTES_MAX):
        yield line
