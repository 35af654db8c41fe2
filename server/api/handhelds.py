"""What handhelds call: sync, enrolment, and who the server is."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Response, current_app, jsonify, request

from server import changes, config, context, failed_tries, metrics, unread, untold
from server.api.resource import Resource
from server.context import Identity
from server.database import reading, transact
from server.enrolment import EnrolmentError, enrol
from server.errors import Refusal
from server.ingest import Ingested, ingest
from server.schemas import EnrolledSchema, EnrolmentSchema, NonceSchema, NotedSchema, ServerSchema, UnreadSchema
from server.tables import devices
from server.taking_in import joined, take_in
from server.untold import Told
from sync import protocol
from sync.enrolment import ENROL_HEADER, ENROL_PREFIX, HANDHELD_HEADER, reply_message, server_message
from sync.event import LINE_BYTES_MAX
from sync.protocol import PushHeader, Reply
from sync.unread import BODY_BYTES_MAX, FRESH_MS, message

resource = Resource(
    "handhelds",
    __name__,
    description="Sync, enrolment, and who the server is.",
    signed_views=("push", "enrol_handheld", "take_unread"),
)

SCHEME: Final = "Ed25519"
SIGNATURE_BYTES: Final = 64
GZIP_BYTES_MIN: Final = 500
"""Below this a reply fits in one packet either way."""
GZIP_LEVEL: Final = 6


@resource.post("/sync")
@resource.body(
    protocol.MEDIA_TYPE,
    bytes_max=protocol.BODY_BYTES_MAX,
    description=f"One envelope: a header line of at most {protocol.HEADER_BYTES_MAX:,} bytes, and at most "
    f"{protocol.EVENTS_PER_PUSH_MAX} events, a line of at most {LINE_BYTES_MAX:,} bytes each; deflated, and at most "
    f"{protocol.INFLATED_BYTES_MAX:,} bytes before that.",
)
@resource.response(200, {"type": "object"}, description="The reply, JSON: `sync.protocol.Reply`")
def push() -> Response:
    r"""Push events and pull changes, protocol 1

    The body is one envelope (`sync/protocol.py`), `Authorization: Ed25519 <device_no> <signature>` signs
    `scan-sync v1\n` and the body. The reply carries `Server-Signature`, over `scan-reply v1\n`, the request's
    signature and the reply's JSON before any Content-Encoding; both are base64url.
    """
    if request.mimetype != protocol.MEDIA_TYPE:
        raise Refusal(415, "media_type", f"Send {protocol.MEDIA_TYPE}, not {request.mimetype!r:.80}.")
    body = request.get_data()
    number, signature = authorization(request.headers.get("Authorization", ""))
    with reading() as connection:
        device = device_row(connection, number)
    verify(device["public_key"], signature, protocol.SIGNED_PREFIX + body)
    header, lines = _unpack(body)
    if header.device_no != number:
        raise Refusal(400, "bad_request", f"Device {number} signed an envelope of device {header.device_no}.")
    try:
        with metrics.push_seconds():
            reply, identity = _take(number, header, lines)
    except protocol.ProtocolError as error:  # its digests do not belong to its lines
        raise Refusal(400, "bad_request", str(error)) from None
    return _answer(reply, identity, signature)


def authorization(value: str) -> tuple[int, bytes]:
    """Device number and signature of the `Authorization` header."""
    parts = value.split(" ")
    if len(parts) != 3 or parts[0] != SCHEME or not (parts[1].isascii() and parts[1].isdigit()):
        raise Refusal(401, "bad_signature", f"Authorization takes: {SCHEME} <device_no> <base64url signature>.")
    if len(parts[1]) > 15:
        raise Refusal(401, "bad_signature", "That is no handheld's number.")
    return int(parts[1]), _signature(parts[2])


def _signature(text: str) -> bytes:
    try:
        signature = protocol.read_signature(text)
    except protocol.ProtocolError:
        signature = b""
    if len(signature) != SIGNATURE_BYTES:
        raise Refusal(401, "bad_signature", "That is no Ed25519 signature: 64 bytes in base64url.")
    return signature


_DEVICE: Final = sa.select(devices).where(devices.c.device_no == sa.bindparam("number"))


def device_row(connection: sa.Connection, number: int) -> Mapping[Any, Any]:
    """The row of an enrolled handheld."""
    row = connection.execute(_DEVICE, {"number": number}).mappings().one_or_none()
    if row is None:
        message = f"This server does not know device {number}: enrol it again, its queue is kept."
        raise Refusal(401, "unknown_device", message)
    return row


def verify(public_key: bytes, signature: bytes, message: bytes) -> None:
    """Refuse what the handheld did not sign."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature:
        raise Refusal(401, "bad_signature", "The signature does not fit the body and the device.") from None


def _unpack(body: bytes) -> tuple[PushHeader, list[bytes]]:
    try:
        return protocol.unpack(body)
    except protocol.TooLarge as error:
        raise Refusal(413, "too_large", str(error)) from None
    except protocol.ProtocolError as error:
        raise Refusal(400, "bad_request", str(error)) from None


def _take(number: int, header: PushHeader, lines: list[bytes]) -> tuple[Reply, Identity]:
    """Ingest; then pull in a transaction of its own, for what one wrote is not yet its own to read."""
    now_ms = context.now_ms()

    def write(
        connection: sa.Connection, header: PushHeader, lines: Sequence[bytes], unable: str | None
    ) -> tuple[Mapping[Any, Any], Identity, Ingested]:
        device = device_row(connection, number)
        identity = context.identity(connection)
        return device, identity, ingest(connection, device, header, lines, now_ms=now_ms, unable=unable)

    parts = take_in(write, header, lines)
    device, identity, _ = parts[-1]
    taken = joined([part for *_, part in parts])
    metrics.count_events(taken)
    if device["revoked_ms"] is not None:  # whoever holds it learns of nothing any more
        told = Told(cursor=changes.unmoved(header.cursor, identity.incarnation), more=True)
    else:
        told = untold.pull(
            device["site"], header.cursor, device_no=number, incarnation=identity.incarnation, now_ms=now_ms
        )
    reply = _reply(identity, taken, told, now_ms)
    return replace(reply, revoked=device["revoked_ms"] is not None), identity


def _reply(identity: Identity, taken: Ingested, told: Told, now_ms: int) -> Reply:
    return Reply(
        incarnation=identity.incarnation,
        acked_through=taken.acked_through,
        head=taken.head.hex(),
        last_seq=taken.last_seq,
        missing=[list(span) for span in taken.missing],
        accepted=taken.accepted,
        duplicate=taken.duplicate,
        exceptions=taken.exceptions,
        safe_through=taken.safe_through,
        server_ms=now_ms,
        addresses=list(config.addresses(context.settings())),
        changes=told.changes,
        cursor=told.cursor,
        more=told.more,
        untold=told.untold,
    )


def _answer(reply: Reply, identity: Identity, request_signature: bytes) -> Response:
    body = protocol.write_reply(reply)
    response = current_app.response_class(body, mimetype="application/json")
    response.headers["Server-Signature"] = server_signature(identity, request_signature, body)
    response.headers["Vary"] = "Accept-Encoding"
    if len(body) >= GZIP_BYTES_MIN and request.accept_encodings["gzip"] > 0:
        response.set_data(gzip.compress(body, compresslevel=GZIP_LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


@resource.get("/server")
@resource.arguments(NonceSchema, location="query")
@resource.response(200, ServerSchema)
def who(query: dict[str, str]) -> dict[str, Any]:
    """Say who this server is

    A handheld that lost its server asks every address that it finds, and believes the one whose signature over the
    nonce fits the key of its invitation.
    """
    try:
        nonce = bytes.fromhex(query["nonce"])
    except ValueError:
        raise Refusal(422, "not_valid", f"nonce is {query['nonce']!r:.80}: it takes hex.") from None
    addresses = config.addresses(context.settings())
    with reading() as connection:
        identity = context.identity(connection)
    signature = identity.key.sign(server_message(nonce, identity.incarnation, addresses))
    return {
        "incarnation": identity.incarnation,
        "addresses": list(addresses),
        "signature": protocol.write_signature(signature),
    }


@resource.post("/enrol")
@resource.arguments(EnrolmentSchema)
@resource.response(201, EnrolledSchema)
def enrol_handheld(asked: dict[str, Any]) -> Response:
    r"""Enrol a handheld with a one-time code

    The code itself is not sent. Its SHA-256 after `scan-code v1\n` is a private Ed25519 key, with which
    `Enrolment-Signature` signs `scan-enrol v1\n` and the body; `Handheld-Signature` signs the same with the handheld's
    own key. The reply carries `Server-Signature`, as that of a push.
    A handheld that a restored server no longer knows enrols again with its old key, and keeps its number and queue.
    """
    offer_key, public_key = (_key(asked.pop(name), name) for name in ("offer_key", "public_key"))
    signature = _signature(request.headers.get(ENROL_HEADER, ""))
    verify(offer_key, signature, ENROL_PREFIX + request.get_data())
    verify(public_key, _signature(request.headers.get(HANDHELD_HEADER, "")), ENROL_PREFIX + request.get_data())
    now_ms, tried = context.now_ms(), failed_tries.tried("code", offer_key.hex())
    failed_tries.check(tried, now_ms)
    with reading() as connection:
        identity = context.identity(connection)
    try:
        device = transact(lambda c: enrol(c, offer_key=offer_key, public_key=public_key, now_ms=now_ms, **asked))
    except EnrolmentError as error:
        failed_tries.failed(tried, now_ms)
        raise Refusal(403, "code_refused", str(error)) from None
    told = {
        "device_no": device.device_no,
        "incarnation": identity.incarnation,
        "server_key": identity.public_key.hex(),
        "addresses": list(config.addresses(context.settings())),
        "site": {"code": device.site, "name": device.site},
    }
    response = jsonify(EnrolledSchema().dump(told))
    response.status_code = 201
    response.headers["Server-Signature"] = server_signature(identity, signature, response.get_data())
    return response


@resource.post("/unread")
@resource.arguments(UnreadSchema, bytes_max=BODY_BYTES_MAX)
@resource.response(200, NotedSchema)
def take_unread(asked: dict[str, Any]) -> Response:
    r"""Note what a handheld could not take over of what it was told

    All of it, in the place of what it said before. `Authorization: Ed25519 <device_no> <signature>` signs
    `scan-unread v1\n` and the body. The reply carries `Server-Signature`, as that of a push.
    """
    number, signature = authorization(request.headers.get("Authorization", ""))
    with reading() as connection:
        device, identity = device_row(connection, number), context.identity(connection)
    verify(device["public_key"], signature, message(request.get_data()))
    noted = transact(partial(_note_unread, number, asked, context.now_ms()))
    response = jsonify(NotedSchema().dump({"noted": noted}))
    response.headers["Server-Signature"] = server_signature(identity, signature, response.get_data())
    return response


def _note_unread(number: int, asked: Mapping[str, Any], now_ms: int, connection: sa.Connection) -> int:
    """Note it, if it is what the handheld says after its latest sync; how many rows.

    What was said before that was long on its way, or somebody repeats it: what is noted by now may be newer.
    """
    device = connection.execute(_DEVICE.with_for_update(), {"number": number}).mappings().one()
    heard_ms = asked["heard_ms"]
    if not 0 <= now_ms - heard_ms <= FRESH_MS or heard_ms < (device["last_seen_ms"] or 0):
        raise Refusal(409, "stale", "That was said after an older sync: sync, and say it again.")
    rows = [] if device["revoked_ms"] is not None else asked["rows"]  # then it is told nothing any more
    unread.note(connection, device["site"], number, rows, now_ms=now_ms)
    return len(rows)


def _key(text: str, name: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Refusal(422, "not_valid", f"{name} takes 32 bytes in hex.") from None


def server_signature(identity: Identity, request_signature: bytes, body: bytes) -> str:
    """The server's signature of an answer, bound to the one request that it answers."""
    return protocol.write_signature(identity.key.sign(reply_message(request_signature, body)))
