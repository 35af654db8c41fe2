"""Receipts in a list, blind ones, the sampling rule, and claims to suppliers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range

from server import context
from server.api.resource import Resource
from server.counts.plan import CountError
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.receipts import claims, sampling
from server.receipts.blind import set_blind
from server.receipts.claims import NEXT, WRONGS, Claim
from server.receipts.listing import STATES, ReceiptRow, list_receipts
from server.roles import Task
from server.schemas import text
from sync.actions import QUANTITY_MAX
from sync.sampling import Mode

resource = Resource("receiving", __name__, description="Receipts, the sampling rule, and claims to suppliers.")
FATES: Final = tuple(fate for fate in NEXT if fate != "drafted")
T = TypeVar("T")


class ReceiptRowSchema(Schema):
    """A notice or purchase order, and how far its receipt is."""

    number = fields.String()
    kind = fields.String(metadata={"description": "asn or purchase_order"})
    supplier = fields.String(allow_none=True)
    since_ms = fields.Integer()
    state = fields.String(metadata={"description": ", ".join(STATES)})
    versions = fields.Integer()
    scans = fields.Integer()
    last_ms = fields.Integer(allow_none=True)


class ReceiptQuerySchema(Schema):
    """Which receipts."""

    state = fields.String(load_default=None, validate=OneOf(STATES))


class ReceiptListSchema(Schema):
    """Receipts, the latest first."""

    receipts = fields.List(fields.Nested(ReceiptRowSchema))


class BlindSchema(Schema):
    """Whether handhelds are told nothing of what to expect."""

    blind = fields.Boolean(required=True)


class SamplingSchema(Schema):
    """How many units of a carton are read one by one before its label speaks for the rest."""

    supplier = text(load_default=None, validate=Length(1, 100), metadata={"description": "null: all the others"})
    mode = fields.String(required=True, validate=OneOf([mode.value for mode in Mode]))
    value = fields.Integer(load_default=0, strict=True, validate=Range(0, 10_000))


class ClaimLineSchema(Schema):
    """One thing that is wrong."""

    subject = fields.String()
    wrong = fields.String(metadata={"description": ", ".join(WRONGS)})
    carton = fields.String(allow_none=True)
    quantity = fields.Integer()
    condition = fields.String(allow_none=True)
    value = fields.Integer(allow_none=True, metadata={"description": "in the currency's smallest unit"})
    currency = fields.String(allow_none=True)
    events = fields.List(fields.String())


class FateSchema(Schema):
    """One step of what became of a claim."""

    word = fields.String()
    at_ms = fields.Integer()
    operator = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    amount = fields.Integer(allow_none=True)


class ClaimSchema(Schema):
    """A claim to a supplier."""

    number = fields.String()
    receipt = fields.String()
    version = fields.Integer()
    supplier = fields.String(allow_none=True)
    status = fields.String()
    is_outdated = fields.Boolean(metadata={"description": "Whether its receipt says something newer"})
    totals = fields.Dict(keys=fields.String(), values=fields.Integer())
    lines = fields.List(fields.Nested(ClaimLineSchema))
    fates = fields.List(fields.Nested(FateSchema))


class ClaimListSchema(Schema):
    """Claims, the latest first."""

    claims = fields.List(fields.Nested(ClaimSchema))


class FollowSchema(Schema):
    """What became of a claim."""

    fate = fields.String(required=True, validate=OneOf(FATES))
    note = text(load_default=None, validate=Length(1, 200))
    amount = fields.Integer(load_default=None, strict=True, allow_none=True, validate=Range(0, QUANTITY_MAX))


def _done(write: Callable[[sa.Connection], T]) -> T:
    try:
        return transact(write)
    except CountError as error:
        raise Refusal(409, "conflict", str(error)) from None


@resource.get("/receipts")
@resource.arguments(ReceiptQuerySchema, location="query")
@resource.response(200, ReceiptListSchema)
@requires(Task.LOOK)
def receipts(query: dict[str, Any]) -> dict[str, list[ReceiptRow]]:
    """Notices and purchase orders, the latest first"""
    with reading() as connection:
        return {"receipts": list_receipts(connection, signed_in().site, state=query["state"])}


@resource.post("/receipts/<path:number>/blind")
@resource.arguments(BlindSchema)
@resource.response(200, BlindSchema)
@requires(Task.RECEIVE)
def blind(asked: dict[str, Any], number: str) -> dict[str, Any]:
    """Receive blind from now on, or guided again"""
    person, now_ms = signed_in(), context.now_ms()
    _done(lambda c: set_blind(c, site=person.site, number=number, operator=person.name, now_ms=now_ms, **asked))
    return asked


@resource.post("/sampling")
@resource.arguments(SamplingSchema)
@resource.response(200, SamplingSchema)
@requires(Task.APPROVE)
def set_sampling(asked: dict[str, Any]) -> dict[str, Any]:
    """Set how many units of a carton are read one by one"""
    person, now_ms = signed_in(), context.now_ms()
    _done(lambda c: sampling.set_rule(c, site=person.site, operator=person.name, now_ms=now_ms, **asked))
    return asked


@resource.get("/claims")
@resource.response(200, ClaimListSchema)
@requires(Task.LOOK)
def list_() -> dict[str, list[Claim]]:
    """Claims to suppliers, the latest first"""
    with reading() as connection:
        return {"claims": claims.list_claims(connection, signed_in().site)}


@resource.get("/claims/<number>")
@resource.response(200, ClaimSchema)
@requires(Task.LOOK)
def show(number: str) -> Claim:
    """A claim, and what became of it"""
    with reading() as connection:
        try:
            return claims.read(connection, signed_in().site, number)
        except CountError as error:
            raise Refusal(404, "not_found", str(error)) from None


@resource.post("/receipts/<path:number>/claim")
@resource.response(201, ClaimSchema)
@requires(Task.RECEIVE)
def draft(number: str) -> Claim:
    """Put a closed receipt's differences to its supplier"""
    person, now_ms = signed_in(), context.now_ms()

    def write(connection: sa.Connection) -> Claim:
        made = claims.draft(connection, site=person.site, receipt=number, operator=person.name, now_ms=now_ms)
        return claims.read(connection, person.site, made)

    return _done(write)


@resource.post("/claims/<number>/fate")
@resource.arguments(FollowSchema)
@resource.response(200, ClaimSchema)
@requires(Task.RECEIVE)
def follow(asked: dict[str, Any], number: str) -> Claim:
    """Write down what became of a claim: sent, accepted, rejected or credited"""
    person, now_ms = signed_in(), context.now_ms()
    return _done(
        lambda c: claims.follow(c, site=person.site, number=number, operator=person.name, now_ms=now_ms, **asked)
    )
