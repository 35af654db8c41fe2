"""Pictures of what was scanned: handhelds send them, signed; people look at them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, current_app, jsonify, request
from marshmallow import Schema, fields

from server import context, errors, pictures
from server.api.handhelds import authorization, device_row, server_signature, verify
from server.api.resource import Resource
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.pictures import NotYet, PictureError
from server.roles import Task
from sync.picture import BYTES_MAX, EVENT_HEADER, PER_EVENT_MAX, PIXELS_MAX, message

resource = Resource("pictures", __name__, description="Pictures of what was scanned.", signed_views=("take",))


class PictureTakenSchema(Schema):
    """What became of a picture."""

    known = fields.Boolean(metadata={"description": "Whether it was here already"})


@resource.post("/pictures")
@resource.body(
    "image/jpeg",
    "image/png",
    bytes_max=BYTES_MAX,
    description=f"A picture of at most {PIXELS_MAX:,} pixels; an event has at most {PER_EVENT_MAX} of them.",
)
@resource.response(200, PictureTakenSchema)
def take() -> Response:
    r"""Take in a picture of an event

    The body is the picture, JPEG or PNG. `Picture-Event` names the event; `Authorization: Ed25519 <device_no>
    <signature>` signs `scan-picture v1\n`, that name, `\n` and the body. Sending it again changes nothing; 409 says
    that the event has to come first. What becomes of a picture bears `Server-Signature`, as the reply to a push does.
    """
    body, event = request.get_data(), request.headers.get(EVENT_HEADER, "")[:80]
    number, signature = authorization(request.headers.get("Authorization", ""))
    with reading() as connection:
        device, identity = device_row(connection, number), context.identity(connection)
    verify(device["public_key"], signature, message(event, body))
    try:
        response = jsonify(PictureTakenSchema().dump({"known": not _is_new(device, event, body)}))
    except Refusal as refused:
        response = errors.answer(refused)
    response.headers["Server-Signature"] = server_signature(identity, signature, response.get_data())
    return response


def _is_new(device: Mapping[Any, Any], event: str, content: bytes) -> bool:
    if device["revoked_ms"] is not None:
        raise Refusal(403, "revoked", "The handheld was revoked: what it still sends is not taken.")
    instance, now_ms = context.settings().instance, context.now_ms()
    owner = {"site": device["site"], "device_no": device["device_no"]}
    try:
        return transact(lambda c: pictures.store(c, instance, event=event, content=content, now_ms=now_ms, **owner))
    except NotYet as error:
        raise Refusal(409, "not_yet", str(error)) from None
    except PictureError as error:
        raise Refusal(422, "not_valid", str(error)) from None


@resource.get("/pictures/<event>/<digest>")
@resource.response(200, {"type": "string", "format": "binary"}, content_type="image/jpeg")
@requires(Task.LOOK)
def show(event: str, digest: str) -> Response:
    """A picture of an event, by its SHA-256"""
    site = signed_in().site
    with reading() as connection:
        found = pictures.find(connection, site, event, digest)
    path = pictures.path_of(context.settings().instance, digest, event) if found else None
    if found is None or path is None or not path.exists():
        raise Refusal(404, "not_found", "There is no such picture here.")
    response = current_app.response_class(path.read_bytes(), mimetype=found.media_type)
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"  # its address is its digest
    return response
