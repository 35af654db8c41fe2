"""Protocol 1: the shapes of a push and of its reply, their bounds, and the envelope on the wire.

``POST /api/v1/sync`` carries one envelope: a header line and the events' own canonical bytes, a line each,
deflated against a dictionary that both sides hold. The device signs the deflated bytes, so that the server
knows the sender before it inflates anything. The same envelopes, written to a file, are an export.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Final

from sync.event import INT_MAX, LINE_BYTES_MAX

PROTOCOL: Final = 1
SYNC_PATH: Final = "/api/v1/sync"
ENROL_PATH: Final = "/api/v1/enrol"
SERVER_PATH: Final = "/api/v1/server"
MEDIA_TYPE: Final = "application/vnd.scan-sync.v1"

EVENTS_PER_PUSH_MAX: Final = 500
BODY_BYTES_MAX: Final = 1 << 20
"""A deflated envelope; 500 ordinary events take about 15 KB."""
INFLATED_BYTES_MAX: Final = 8 << 20
HEADER_BYTES_MAX: Final = 4_096
HEADER_TEXT_MAX: Final = 500
CHANGES_PER_REPLY_MAX: Final = 2_000
MISSING_RANGES_MAX: Final = 100
HELD: Final = 1
CLOSED: Final = 2
"""Marks of a unit in a pulled row: quality holds it back; the carton is closed."""
STOCKED_MS: Final = 60_000
"""Handhelds are told to the minute since when something is in stock: what has lain longest goes out first."""
RETENTION_MS: Final = 7 * 24 * 3600 * 1000
"""How long a handheld keeps an acknowledged event at the least, for a server that loses its disk."""

FORGET: Final = "*"
"""Stands for every product in a change's key: all that was ever told of pieces in the place is to be forgotten."""

SIGNED_PREFIX: Final = b"scan-sync v1\n"
"""Stands before the body when it is signed, so that the signature is good for nothing else."""

DICTIONARY: Final = (
    b'"quarantined","reason":"release","damaged","condition":"keyed","entry":"wedge","identifiers":["urn:gsma:imei:'
    b'"],"beside":["]E0"lot":"expiry":"2026-origin":"quantity":"container":"https://id.gs1.org/00/'
    b'"evidence":"voids":"finish_bin"open_bin"unreadable"inspect"take_back"ship"pack"unpack"pick"move"link"'
    b'{"protocol":1,"device_no":,"epoch":,"first":,"count":,"before":"","after":"","predecessor":,"cursor":"",'
    b'"incarnation":"","wall_ms":17,"boot":"","boot_ms":,"client":"1.0.0","waiting":,"carried":false}\n'
    b'{"schema":1,"device_no":,"epoch":,"seq":,"action":"put_away","subject":"https://id.gs1.org/01/0/21/",'
    b'"barcode":"010\\u001d21\\u001d10\\u001d17","symbology":"]d2","location":"https://id.gs1.org/414/0/254/",'
    b'"document":"CC-","operator":"","wall_ms":17,"boot":"","boot_ms":,"cursor":""}\n'
    b'{"schema":1,"device_no":,"epoch":,"seq":,"action":"receive","subject":"https://id.gs1.org/01/0/21/",'
    b'"barcode":"010\\u001d21","symbology":"]C1","location":"https://id.gs1.org/414/0/254/",'
    b'"container":"https://id.gs1.org/00/","document":"ASN-","operator":"","wall_ms":17,"boot":"","boot_ms":}\n'
    b'{"schema":1,"device_no":,"epoch":,"seq":,"action":"count","subject":"https://id.gs1.org/01/0/21/",'
)
"""Part of protocol 1: never changed, for an envelope in a drawer must still inflate."""


def stock_entry(subject: str, place: str) -> str:
    """What names the pieces of a product or lot in a place among the changes; no canonical name has a space in it."""
    return f"{subject} {place}"


def split_stock_entry(key: str) -> tuple[str, str]:
    """Product or lot, and place."""
    subject, _, place = key.partition(" ")
    return subject, place


class Outcome(StrEnum):
    """What became of one event at the server. Every outcome is stored, and advances the mark."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    """Same name, same digest: it was there already."""
    FORKED = "forked"
    """Same name, other digest: both are kept, both are folded, and a case is open."""
    QUARANTINED = "quarantined"
    """Unreadable or forbidden: kept raw with the reason, for a person to repair."""
    HELD = "held"
    """Written with a newer event schema: read after the next upgrade."""


class ProtocolError(ValueError):
    """An envelope or reply is not protocol 1; the message says why. Nothing of it was taken."""


class TooLarge(ProtocolError):
    """It exceeds a bound: send less at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushHeader:
    """First line of an envelope: who sends, which run of events, and the clocks at sending."""

    protocol: int = PROTOCOL
    device_no: int
    epoch: int
    first: int
    """`seq` of the first line; with no lines, the next that will be sent."""
    count: int
    before: str
    """Digest before the run, hex."""
    after: str
    """Digest after the run, hex; equal to `before` where no line follows."""
    predecessor: int | None = None
    """The epoch before this one, where there was one."""
    predecessor_last: int | None = None
    """The last number that this handheld gave in the epoch before, where its queue still tells: whatever stands there
    beyond it, somebody else made."""
    lost_epoch: int | None = None
    """An epoch of which this handheld's queue does not hold all any more that is known to have been committed: it was
    put back from an older copy, or lost."""
    lost_through: int | None = None
    """The last number that is known to have been given there."""
    cursor: str | None = None
    incarnation: str | None = None
    """The server incarnation that the device last heard from."""
    heard_ms: int | None = None
    """The server's clock when it last told this handheld all that it had: so a push that is repeated shows its age."""
    wall_ms: int
    boot: str
    boot_ms: int
    client: str
    """Version of the client's software."""
    waiting: int = 0
    """Events not yet acknowledged, these included."""
    carried: bool = False
    """It travelled as a file, so that the clocks above say nothing about now."""
    altered: bool | None = None
    """Its one line is not, or cannot be shown to be, the one that was committed; `after` is the digest of that one, as
    far as the queue still tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Answer to a push. The server's mark is the truth."""

    protocol: int = PROTOCOL
    incarnation: str
    acked_through: int
    """Everything up to here is durable on the server, without a gap."""
    head: str
    """Digest at `acked_through`, hex; one that no queue has where what is here by number is several queues'."""
    last_seq: int
    """The highest number that is here, whatever is missing below it."""
    missing: list[list[int]]
    """Ranges [first, last] beyond the mark that the server lacks, at most `MISSING_RANGES_MAX`."""
    accepted: int
    duplicate: int
    exceptions: list[dict[str, Any]]
    """``{"seq", "outcome", "reason"}`` for what was neither accepted nor a duplicate."""
    safe_through: int
    """Everything up to here is in a backup too."""
    server_ms: int
    addresses: list[str]
    """Where the server can be reached, best first."""
    changes: list[list[Any]]
    """``[kind, key, row]`` of the reference data, `row` null where the entry has gone."""
    cursor: str
    more: bool
    """Whether further changes wait behind this cursor."""
    untold: str | None = None
    """Why the server cannot say now what changed, in a sentence. What it acknowledges it has all the same."""
    revoked: bool = False
    """Whether this handheld is trusted no more: what it sent is kept apart, and it is told nothing further."""


_HEADER_TYPES: Final[dict[str, tuple[type, bool]]] = {
    f.name: ({"int": int, "str": str, "bool": bool}[str(f.type).split(" ")[0]], "None" in str(f.type))
    for f in fields(PushHeader)
}
_dumps: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def write_signature(signature: bytes) -> str:
    """A signature as it stands in an HTTP header: base64url without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(signature).decode().rstrip("=")


def read_signature(text: str) -> bytes:
    """The signature in an HTTP header, with or without padding.

    Raises:
        ProtocolError: it is not base64url.
    """
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise ProtocolError(f"{text!r:.100} is not a signature.") from None


def pack(header: PushHeader, lines: Sequence[bytes]) -> bytes:
    """The envelope of a run of canonical lines."""
    row = {k: v for k, v in asdict(header).items() if v is not None}
    packer = zlib.compressobj(level=9, wbits=-15, zdict=DICTIONARY)
    return packer.compress(b"\n".join([_dumps(row).encode("ascii"), *lines])) + packer.flush()


def unpack(body: bytes) -> tuple[PushHeader, list[bytes]]:
    """Header and lines of an envelope.

    Raises:
        TooLarge: it, or what it inflates to, exceeds its bound.
        ProtocolError: it is no envelope of protocol 1.
    """
    if len(body) > BODY_BYTES_MAX:
        raise TooLarge(f"The envelope has {len(body)} bytes; {BODY_BYTES_MAX} are allowed.")
    unpacker = zlib.decompressobj(wbits=-15, zdict=DICTIONARY)
    try:
        text = unpacker.decompress(body, INFLATED_BYTES_MAX + 1)
    except zlib.error:
        raise ProtocolError("The envelope cannot be inflated.") from None
    if len(text) > INFLATED_BYTES_MAX:
        raise TooLarge(f"The envelope inflates to more than {INFLATED_BYTES_MAX} bytes.")
    if not unpacker.eof or unpacker.unused_data:
        raise ProtocolError("The envelope is cut off, or something follows it.")
    first, *lines = text.split(b"\n")
    header = _header(first)
    if header.count != len(lines):
        raise ProtocolError(f"The header speaks of {header.count} events; {len(lines)} follow.")
    if len(lines) > EVENTS_PER_PUSH_MAX:
        raise TooLarge(f"The envelope holds {len(lines)} events; {EVENTS_PER_PUSH_MAX} are allowed.")
    if any(len(line) > LINE_BYTES_MAX for line in lines):
        raise TooLarge(f"An event is longer than {LINE_BYTES_MAX} bytes.")
    return header, lines


def _header(line: bytes) -> PushHeader:
    try:
        row = json.loads(line) if len(line) <= HEADER_BYTES_MAX else None
    except (ValueError, RecursionError):
        row = None
    if type(row) is not dict:
        raise ProtocolError("The first line is not a header: JSON object expected.")
    if row.get("protocol") != PROTOCOL:
        raise ProtocolError(f"This server speaks protocol {PROTOCOL}, not {row.get('protocol')!r:.40}.")
    for name, value in row.items():
        _check_header_field(name, value)
    try:
        header = PushHeader(**row)
        digests = bytes.fromhex(header.before), bytes.fromhex(header.after)
    except (TypeError, ValueError):
        raise ProtocolError("The header lacks a field, or a digest in it is not hex.") from None
    if [len(d) for d in digests] != [32, 32] or len(header.before + header.after) != 128:
        raise ProtocolError("A digest in the header does not have 32 bytes.")
    if header.first < 1 or header.first + header.count > INT_MAX:
        raise ProtocolError(f"Events count from 1, not from {header.first}.")
    return header


def _check_header_field(name: str, value: Any) -> None:
    if name not in _HEADER_TYPES:
        raise ProtocolError(f"The header's {name!r:.40} is not understood: {value!r:.60}.")
    kind, optional = _HEADER_TYPES[name]
    if optional and value is None:
        return
    if type(value) is not kind:
        raise ProtocolError(f"The header's {name!r:.40} is not understood: {value!r:.60}.")
    if isinstance(value, int) and not 0 <= value <= INT_MAX:
        raise ProtocolError(f"The header's {name} is {value!r:.40}, outside 0 to 2^53 - 1.")
    if isinstance(value, str) and not (value.isprintable() and len(value) <= HEADER_TEXT_MAX):
        raise ProtocolError(f"The header's {name} cannot be stored: {value!r:.60}.")


def read_reply(body: bytes) -> Reply:
    """The reply in a response body.

    Raises:
        ProtocolError: it is not a reply of protocol 1 (a proxy's page, say).
    """
    try:
        row = json.loads(body)
        if type(row) is not dict or row.get("protocol") != PROTOCOL:
            raise ProtocolError("The answer is not a reply of protocol 1.")
        known = {f.name for f in fields(Reply)}
        return Reply(**{k: v for k, v in row.items() if k in known})
    except (ValueError, TypeError, RecursionError):
        raise ProtocolError("The answer is not a reply of protocol 1.") from None


def write_reply(reply: Reply) -> bytes:
    """The reply's body, JSON."""
    # Not `asdict`, which would copy each of the changes.
    return _dumps({f.name: getattr(reply, f.name) for f in fields(reply)}).encode("ascii")
