"""What makes this handheld itself: its key, its server, its epoch, and a mark of how far its queue had come.

All of it lies outside the queue, in the handheld's own folder, so that a queue that was restored from a copy, or
carried to another machine, is noticed: it then lags behind the mark, or the machine is another. Such a queue goes on
under a new epoch that names the one before. Nothing in it is renumbered, and nothing is lost.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sync.enrolment import device_no
from sync.event import INT_MAX

DEVICE_FILE: Final = "device.json"
MARK_FILE: Final = "mark"
DEVICE_BYTES_MAX: Final = 65_536
MACHINE_ID_FILES: Final = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
PASSING_BITS: Final = 0b11 << 40
"""Either is set in what `uuid.getnode` invents where it finds no network card (RFC 9562, 6.10), and in one that a
card has only for a while, as phones and laptops do so that nobody can follow them: neither is a fingerprint."""

_MARK: Final = struct.Struct(">QQ")
_MARK_SUM: Final = struct.Struct(">I")


class DeviceError(Exception):
    """The handheld's folder cannot be used; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The last event that is known to have been committed."""

    epoch: int
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """The content of ``device.json``."""

    private_key: bytes
    """Ed25519 (RFC 8032), 32 bytes; it never leaves this folder."""
    name: str
    machine: str
    """Fingerprint of the machine that the folder was last used on."""
    epoch: int
    predecessor: int | None = None
    server_key: bytes | None = None
    """Ed25519, 32 bytes: whose acknowledgements are believed. None until the handheld is enrolled."""
    addresses: tuple[str, ...] = ()
    """Where the server was last reached, best first."""
    site: str | None = None
    """Code and name of the site, for people."""
    revoked: bool = False
    """Whether the server said at the last sync that it trusts this handheld no more."""

    @property
    def public_key(self) -> bytes:
        """Ed25519, 32 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.private_key).public_key().public_bytes_raw()

    @property
    def device_no(self) -> int:
        """The number that names its events, made from the public key."""
        return device_no(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of a message."""
        return Ed25519PrivateKey.from_private_bytes(self.private_key).sign(message)


def is_signed(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the holder of this key signed this message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def new_epoch() -> int:
    """A random number from 1 to 2^53 - 1: every JSON reader keeps it exactly."""
    return int.from_bytes(os.urandom(7)) % INT_MAX + 1


def new_device(name: str, machine: str, *, epoch: Callable[[], int] = new_epoch) -> Device:
    """A handheld with a key of its own that no server knows yet."""
    return Device(
        private_key=Ed25519PrivateKey.generate().private_bytes_raw(), name=name, machine=machine, epoch=epoch()
    )


def machine_fingerprint() -> str:
    """What tells this machine from another that the same folder was copied to, hex."""
    parts = [path.read_text("ascii", "replace").strip() for path in MACHINE_ID_FILES if path.is_file()][:1]
    node = uuid.getnode()
    if not node & PASSING_BITS:
        parts.append(f"{node:012x}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def load_device(home: Path) -> Device | None:
    """The handheld whose folder this is; None where it was never used.

    Raises:
        DeviceError: the file is damaged: without its key the queue cannot be signed, so none is made in its place.
    """
    path = home / DEVICE_FILE
    try:
        with path.open("rb") as file:
            row = json.loads(file.read(DEVICE_BYTES_MAX))
        return _device(row)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DeviceError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DeviceError(f"{path} is damaged; put back a copy of it, the queue cannot be signed without.") from None


def save_device(home: Path, device: Device) -> None:
    """Replace ``device.json``: after a power cut the old one or the new one is there, never half of one."""
    row: dict[str, Any] = {
        "private_key": base64.b64encode(device.private_key).decode(),
        "device_no": device.device_no,  # for people; it is made anew from the key
        "name": device.name,
        "machine": device.machine,
        "epoch": device.epoch,
        "predecessor": device.predecessor,
        "server_key": device.server_key.hex() if device.server_key else None,
        "addresses": list(device.addresses),
        "site": device.site,
        "revoked": device.revoked,
    }
    replace_file(home / DEVICE_FILE, json.dumps(row, indent=1).encode())


def replace_file(path: Path, content: bytes) -> None:
    """Put content in a file's place durably, readable for its owner alone.

    Raises:
        DeviceError: the disk refuses; the old file is still there.
    """
    fresh = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - Path.open takes no descriptor
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        if os.name == "posix":  # elsewhere a folder cannot be opened, and renaming is written through
            _sync_folder(path.parent)
    except OSError as error:
        raise DeviceError(f"{path} cannot be written: {error.strerror}.") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # so that the new name is durable too
    finally:
        os.close(descriptor)


def _device(row: dict[str, Any]) -> Device:
    device = Device(
        private_key=base64.b64decode(row["private_key"]),
        name=str(row["name"]),
        machine=str(row["machine"]),
        epoch=int(row["epoch"]),
        predecessor=row["predecessor"],
        server_key=bytes.fromhex(row["server_key"]) if row["server_key"] else None,
        addresses=tuple(map(str, row["addresses"])),
        site=row["site"],
        revoked=bool(row.get("revoked")),  # the folders of earlier versions do not say it
    )
    if device.device_no != row["device_no"]:
        raise ValueError("The number is not the key's.")
    return device


class MarkFile:
    """The mark beside the queue, overwritten in place after each commit.

    It is not synced: a power cut may set it back, and a mark that lags behind the queue says nothing. Only a queue
    that lags behind its mark was restored.
    """

    def __init__(self, home: Path) -> None:
        path = home / MARK_FILE
        self._path = path
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._file = path.open("r+b", buffering=0)
        except OSError as error:
            raise DeviceError(f"{path} cannot be opened: {error.strerror}.") from error

    def read(self) -> Mark | None:
        """The mark, or None where there is none or a power cut tore it."""
        self._file.seek(0)
        data = self._file.read(_MARK.size + _MARK_SUM.size)
        body, checksum = data[: _MARK.size], data[_MARK.size :]
        if len(body) < _MARK.size or checksum != _MARK_SUM.pack(zlib.crc32(body)):
            return None
        epoch, seq = _MARK.unpack(body)
        return Mark(epoch=epoch, seq=seq)

    def write(self, mark: Mark) -> None:
        """Remember that this event was committed. Raises DeviceError where the disk refuses."""
        body = _MARK.pack(mark.epoch, mark.seq)
        try:
            self._file.seek(0)
            self._file.write(body + _MARK_SUM.pack(zlib.crc32(body)))
        except OSError as error:
            raise DeviceError(f"{self._path} cannot be written: {error.strerror}.") from error

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
