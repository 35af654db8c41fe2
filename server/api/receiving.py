"""Receipts in a list, blind ones, and the sampling rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range

from server import context
from server.api.paging import PageQuerySchema, seen
from server.api.resource import Resource
from server.counts.plan import CountError
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.receipts import sampling
from server.receipts.blind import set_blind
from server.receipts.listing import RECEIPTS_MAX, STATES, list_receipts
from server.roles import Task
from server.schemas import text
from sync.sampling import Mode

resource = Resource("receiving", __name__, description="Receipts and the sampling rule.")
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


class ReceiptQuerySchema(PageQuerySchema):
    """Which receipts."""

    state = fields.String(load_default=None, validate=OneOf(STATES))
    limit = fields.Integer(load_default=RECEIPTS_MAX, validate=Range(1, RECEIPTS_MAX))


class ReceiptListSchema(Schema):
    """Receipts, the latest first."""

    receipts = fields.List(fields.Nested(ReceiptRowSchema))
    next = fields.String(allow_none=True, metadata={"description": "Ask with it as `after`; null on the last page"})


class BlindSchema(Schema):
    """Whether handhelds are told nothing of what to expect."""

    blind = fields.Boolean(required=True)


class SamplingSchema(Schema):
    """How many units of a carton are read one by one before its label speaks for the rest."""

    supplier = text(load_default=None, validate=Length(1, 100), metadata={"description": "null: all the others"})
    mode = fields.String(required=True, validate=OneOf([mode.value for mode in Mode]))
    value = fields.Integer(load_default=0, strict=True, validate=Range(0, 10_000))


def _done(write: Callable[[sa.Connection], T]) -> T:
    try:
        return transact(write)
    except CountError as error:
        raise Refusal(409, "conflict", str(error)) from None


@resource.get("/receipts")
@resource.arguments(ReceiptQuerySchema, location="query")
@resource.response(200, ReceiptListSchema)
@requires(Task.LOOK)
def receipts(query: dict[str, Any]) -> dict[str, Any]:
    """Notices and purchase orders, the latest first"""
    after = seen(query)
    with reading() as connection:
        found, following = list_receipts(
            connection, signed_in().site, state=query["state"], after=after, limit=query["limit"]
        )
    return {"receipts": found, "next": following}


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
