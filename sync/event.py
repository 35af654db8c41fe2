"""The event: one fact that a device committed, its canonical bytes, its digest and its chain.

``ScanEvent`` is THE definition. The strict reader below, the marshmallow schema and the SQLAlchemy
table of the server all derive from its fields, so an optional field is added in one line here
(and, on an existing server, one migration).

Canonical bytes are one line of ASCII JSON: fields in the order of the class, absent ones left out,
no spaces. The digest of an event is SHA-256 over the digest before it and these bytes. Nothing in
that needs to understand the bytes, so a line that a server cannot read still has its place in the
chain, and an edit, a gap or a swap shows.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from types import UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

from sync.unchanging import unchanging

SCHEMA: Final = 1
"""Version of the field list below. A server keeps lines with a higher number and reads them later."""

GENESIS: Final = bytes(32)
"""The digest before the first event of an epoch."""

INT_MAX: Final = 2**53 - 1  # the largest integer that every JSON reader keeps exactly (RFC 8259, 6)
TEXT_MAX: Final = 500
BARCODE_BYTES_MAX: Final = 3_000  # more than the largest Data Matrix (2,335) or binary QR code (2,953)
LIST_MAX: Final = 64
LINE_BYTES_MAX: Final = 32_768


EventName = tuple[int, int, int]
"""``(device_no, epoch, seq)``."""


class EventError(ValueError):
    """A line is not an event that this version can read; the message says why in one sentence."""


class NewerSchema(EventError):
    """The line was written by a newer version: keep it and read it after the next upgrade."""


@unchanging(kw_only=True)
class ScanEvent:
    """One scan, or one fact that the server made; ``(device_no, epoch, seq)`` names it."""

    schema: int = SCHEMA
    device_no: int
    """Number of the handheld, made from its public key; 0 for the server itself."""
    epoch: int
    """Random number of the queue that it was committed to; new when a queue is new, restored or cloned."""
    seq: int
    """Place in the epoch: contiguous from 1."""
    action: str
    """Name of an ``@action`` in ``sync/actions/``."""
    subject: str | None = None
    """Canonical name (GS1 Digital Link) of the unit, lot, item, container or place that was scanned."""
    barcode: bytes | None = None
    """The symbol's bytes as read, FNC1 as 0x1D. What they mean is an opinion; these are the fact."""
    symbology: str | None = None
    """AIM symbology identifier (ISO/IEC 15424), such as ``]d2``."""
    beside: tuple[str, ...] | None = None
    """Other symbols read on the same box: AIM identifier, then the bytes as Latin-1."""
    entry: str | None = None
    """How it came in when no camera read it: ``keyed`` or ``wedge``."""
    identifiers: tuple[str, ...] | None = None
    """Further names of the same unit: IMEI, maker's number, plate."""
    numbers: tuple[str, ...] | None = None
    """Numbers read on what came back, canonical names: on its box (`take_back`) or from the device itself (`examine`).
    They are compared with what is known of the unit, and never joined to it: a fake would bring its own."""
    lot: str | None = None
    expiry: str | None = None
    """Best-before or use-by date, ISO 8601 (YYYY-MM-DD)."""
    location: str | None = None
    """Where it was scanned, or where it goes to."""
    origin: str | None = None
    """Where stock without units is taken from."""
    container: str | None = None
    document: str | None = None
    """Name of the ASN, order, count, return or case that it belongs to."""
    opening: str | None = None
    """On a count: name of the scan that opened the bin; who opens it anew counts it anew."""
    quantity: int | None = None
    condition: str | None = None
    seal: str | None = None
    """Of a return: the state of the maker's seal, a word of ``sync.returning.SEALS``."""
    operator: str | None = None
    reason: str | None = None
    evidence: str | None = None
    """On a decision: what the case rested on when it was taken."""
    voids: str | None = None
    """Name of the event that this one undoes."""
    about: str | None = None
    """Name of another event that this one speaks of: the claim that holds, the scan that was read again."""
    wall_ms: int
    """The device's wall clock, Unix milliseconds, right or wrong."""
    boot: str
    """Identifies one run of the operating system, within which ``boot_ms`` never jumps."""
    boot_ms: int
    """Milliseconds since that boot."""
    cursor: str | None = None
    """The reference data that the device had seen when it gave its verdict."""

    @property
    def name(self) -> EventName:
        return (self.device_no, self.epoch, self.seq)


def format_name(name: EventName) -> str:
    """``device.epoch.seq``: how one event speaks of another."""
    device_no, epoch, seq = name
    return f"{device_no}.{epoch}.{seq}"


def parse_name(text: str) -> EventName:
    """The name in ``device.epoch.seq``.

    Raises:
        EventError: it is not three numbers with dots between.
    """
    parts = text.split(".")
    if len(parts) != 3 or not all(p.isascii() and p.isdigit() and len(p) <= 16 for p in parts):
        raise EventError(f"{text!r} does not name an event: it takes device.epoch.seq.")
    device_no, epoch, seq = map(int, parts)
    return device_no, epoch, seq


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the event: its name, Python type and whether it may be absent."""

    name: str
    type: type
    optional: bool


def _fields() -> Iterator[Field]:
    hints = get_type_hints(ScanEvent)
    for f in dataclasses.fields(ScanEvent):
        hint = hints[f.name]
        optional = isinstance(hint, UnionType)
        plain = next(a for a in get_args(hint) if a is not type(None)) if optional else hint
        yield Field(f.name, get_origin(plain) or plain, optional)


FIELDS: Final = tuple(_fields())


# Each checker takes what JSON gave, returns what the event holds, or raises EventError.


def _integer(name: str, value: Any) -> int:
    if type(value) is not int:
        raise EventError(f"{name} must be a whole number, not {value!r:.60}.")
    if not 0 <= value <= INT_MAX:
        raise EventError(f"{name} is {value}, outside 0 to 2^53 - 1.")
    return value


def _text(name: str, value: Any) -> str:
    if type(value) is not str:
        raise EventError(f"{name} must be text, not {value!r:.60}.")
    if not 1 <= len(value) <= TEXT_MAX:
        raise EventError(f"{name} has {len(value)} characters; 1 to {TEXT_MAX} are allowed.")
    if not value.isprintable():  # a control character or a lone surrogate: neither can be stored everywhere
        raise EventError(f"{name} holds a character that cannot be printed: {value!r:.80}.")
    return value


def _latin1(name: str, value: Any, most: int) -> bytes:
    if type(value) is not str:
        raise EventError(f"{name} must be text with one character a byte, not {value!r:.60}.")
    if not 1 <= len(value) <= most:
        raise EventError(f"{name} has {len(value)} bytes; 1 to {most} are allowed.")
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        raise EventError(f"{name} holds a character above U+00FF, so it is no string of bytes.") from None


def _barcode(name: str, value: Any) -> bytes:
    return _latin1(name, value, BARCODE_BYTES_MAX)


def _list(name: str, value: Any) -> tuple[str, ...]:
    if type(value) is not list or not 1 <= len(value) <= LIST_MAX:
        raise EventError(f"{name} must be a list of 1 to {LIST_MAX} texts.")
    for text in value:
        _latin1(name, text, BARCODE_BYTES_MAX)
    return tuple(value)


_CHECK_TYPE: dict[type, Callable[[str, Any], Any]] = {
    int: _integer,
    str: _text,
    bytes: _barcode,
    tuple: _list,
}
_CHECK: Final = {f.name: _CHECK_TYPE[f.type] for f in FIELDS}
_REQUIRED: Final = frozenset(f.name for f in FIELDS if not f.optional)
_NAMES: Final = tuple(f.name for f in FIELDS)
_VALUES: Final = attrgetter(*_NAMES)
_dumps: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode


def encode(event: ScanEvent) -> bytes:
    """The event's canonical bytes: one line of ASCII JSON, without the line end."""
    row: dict[str, Any] = {}
    for name, value in zip(_NAMES, _VALUES(event), strict=True):
        if value is not None:
            row[name] = value.decode("latin-1") if type(value) is bytes else value
    return _dumps(row).encode("ascii")


def from_fields(row: dict[str, Any]) -> ScanEvent:
    """An event from its fields as JSON holds them.

    Raises:
        NewerSchema: a newer version wrote it.
        EventError: a field is missing, unknown, of the wrong type or out of bounds.
    """
    schema = row.get("schema")
    if type(schema) is int and SCHEMA < schema <= INT_MAX:
        raise NewerSchema(f"It was written with event schema {schema}; this version reads up to {SCHEMA}.")
    values = {}
    for name, value in row.items():
        check = _CHECK.get(name)
        if check is None:
            raise EventError(f"{name!r:.60} is not a field of an event.")
        values[name] = check(name, value)
    absent = _REQUIRED - values.keys()
    if absent:
        raise EventError(f"The event lacks {', '.join(sorted(absent))}.")
    if values["schema"] < 1 or values["seq"] < 1:
        raise EventError("schema and seq count from 1.")
    return ScanEvent(**values)


def fields_in(line: bytes) -> dict[str, Any]:
    """What can be read of a line that need not be an event of ours; nothing where it is no JSON object."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}


def decode(line: bytes) -> ScanEvent:
    """The event that stands in a line of canonical bytes.

    Raises:
        NewerSchema: a newer version wrote it: hold it.
        EventError: it cannot be read, or is not in canonical form: quarantine it.
    """
    if len(line) > LINE_BYTES_MAX:
        raise EventError(f"The line has {len(line)} bytes; {LINE_BYTES_MAX} are allowed.")
    try:
        row = json.loads(line.decode())
    except (ValueError, RecursionError):  # bad UTF-8, bad JSON, a number of 5,000 digits, 100,000 brackets
        raise EventError("The line is not JSON.") from None
    if type(row) is not dict:
        raise EventError("The line is JSON, but not an object.")
    event = from_fields(row)
    if encode(event) != line:  # the pair assertion: what was understood is what was sent, to the byte
        raise EventError("The line is not in canonical form: read and written again, it differs.")
    return event


def digest(before: bytes, line: bytes) -> bytes:
    """SHA-256 over the 32 bytes of the digest before and the canonical bytes of this event."""
    return hashlib.sha256(before + line).digest()


def chain(before: bytes, lines: Iterable[bytes]) -> list[bytes]:
    """The digest after each line, starting from the digest before the first."""
    digests = []
    for line in lines:
        before = hashlib.sha256(before + line).digest()
        digests.append(before)
    return digests
