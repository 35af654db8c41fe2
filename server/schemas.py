"""What goes over the API, as marshmallow schemas; `ScanEventSchema` derives from the fields of the event."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length, OneOf, Range

from server.roles import PERSONAL
from sync.actions import RESOLUTIONS
from sync.enrolment import ADDRESSES_MAX
from sync.event import BARCODE_BYTES_MAX, FIELDS, INT_MAX, LIST_MAX, TEXT_MAX
from sync.unread import NAME_MAX, REASON_MAX, ROWS_MAX

PAGE_ROWS_MAX: Final = 200


def printable(text: str) -> None:
    """Refuse control characters and half surrogate pairs, as the event does.

    Raises:
        ValidationError: there is one.
    """
    if not text.isprintable():
        raise ValidationError("It holds a character that cannot be printed.")


class Latin1(fields.String):
    """The bytes of a symbol: text with one character a byte."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else bytes(value).decode("latin-1")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            raise ValidationError("It holds a character above U+00FF, so it is no string of bytes.") from None


text = partial(fields.String, validate=[Length(1, TEXT_MAX), printable])
named_unit = partial(text, metadata={"description": "Canonical name, label, serial number or further number"})
named_product = partial(text, metadata={"description": "GTIN, SKU or canonical name"})
named_place = partial(text, metadata={"description": "Code or canonical name"})
"""What stands in such a field is read by `server/named.py`."""
integer = partial(fields.Integer, strict=True, validate=Range(0, INT_MAX))
moment = partial(fields.Integer, metadata={"description": "Unix milliseconds"})

_FIELD: Final[dict[type, Callable[..., fields.Field[Any]]]] = {
    int: integer,
    str: text,
    bytes: partial(Latin1, validate=Length(1, BARCODE_BYTES_MAX)),
    tuple: partial(fields.List, fields.String(), validate=Length(1, LIST_MAX)),
}

ScanEventSchema: Final = Schema.from_dict(
    {f.name: _FIELD[f.type](required=not f.optional, allow_none=f.optional) for f in FIELDS},
    name="ScanEvent",
)


class TrailEventSchema(ScanEventSchema):  # type: ignore[misc, valid-type]  # made from the event's fields
    """One event of a trail: the event, and what the server found out about it."""

    outcome = fields.String()
    undone = fields.Boolean(metadata={"description": "A later event took it back"})
    carried_in = fields.String(
        allow_none=True, metadata={"description": "The container that it was done to, while this was in it"}
    )
    event_ms = moment(metadata={"description": "Estimated once, on first arrival; never moved"})
    uncertainty_ms = fields.Integer()


class ErrorSchema(Schema):
    """Every failure."""

    code = fields.String(required=True, metadata={"description": "A word that a program can act on"})
    message = fields.String(required=True, metadata={"description": "A sentence for whoever reads it"})


class EnrolmentSchema(Schema):
    """What a handheld says when it enrols."""

    offer_key = fields.String(
        required=True,
        validate=Length(equal=64),
        metadata={"description": "Ed25519, hex: public half of the key made from the one-time code"},
    )
    public_key = fields.String(
        required=True, validate=Length(equal=64), metadata={"description": "Ed25519, hex: the handheld's own"}
    )
    name = text(required=True, validate=[Length(1, 100), printable])
    epoch = integer(required=True)
    client = text(required=True, validate=[Length(1, 100), printable])


class UnreadRowSchema(Schema):
    """One change that a handheld could not take over."""

    name = text(required=True, validate=[Length(1, NAME_MAX), printable], metadata={"description": "Its kind and key"})
    reason = text(required=True, validate=[Length(1, REASON_MAX), printable])


class UnreadSchema(Schema):
    """All that a handheld cannot take over of what it was told."""

    heard_ms = integer(required=True, metadata={"description": "The server's clock in its last reply to it"})
    rows = fields.List(fields.Nested(UnreadRowSchema), required=True, validate=Length(max=ROWS_MAX))


class NotedSchema(Schema):
    """What was noted."""

    noted = fields.Integer(metadata={"description": "How many rows"})


class SiteSchema(Schema):
    """A site."""

    code = fields.String()
    name = fields.String()


class EnrolledSchema(Schema):
    """What an enrolled handheld is told."""

    device_no = fields.Integer()
    incarnation = fields.String()
    server_key = fields.String(metadata={"description": "Ed25519, hex"})
    addresses = fields.List(fields.String(), validate=Length(max=ADDRESSES_MAX))
    site = fields.Nested(SiteSchema)


class NonceSchema(Schema):
    """What the server is to sign."""

    nonce = fields.String(required=True, validate=Length(16, 128), metadata={"description": "Random, hex"})


class ServerSchema(Schema):
    """Who the server is."""

    incarnation = fields.String()
    addresses = fields.List(fields.String())
    signature = fields.String(metadata={"description": "Ed25519 over sync.enrolment.server_message, base64url"})


class SignInSchema(Schema):
    """A name and a password."""

    name = text(required=True, validate=[Length(1, 100), printable])
    password = fields.String(required=True, load_only=True, validate=Length(1, 200))


class SessionSchema(Schema):
    """Who is signed in."""

    name = fields.String()
    role = fields.String()
    site = fields.String()
    sites = fields.List(fields.String(), metadata={"description": "Those that one is let into"})
    csrf_token = fields.String(metadata={"description": "Send as X-CSRFToken with whatever changes something"})


class SettlementSchema(Schema):
    """What a person decided about a case."""

    resolution = fields.String(required=True, validate=OneOf(sorted(RESOLUTIONS)))
    evidence = text(required=True, metadata={"description": "The case's evidence as the person saw it"})


class CodeRequestSchema(Schema):
    """For whom an enrolment code is wanted."""

    role = fields.String(required=True, validate=OneOf(sorted(PERSONAL)))


class CodeSchema(Schema):
    """A one-time code."""

    code = fields.String()
    invitation = fields.String(metadata={"description": "Text of the QR code"})
    expires_ms = moment()
