"""Transfers between sites."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import Length, Range

from server import context
from server.api.paging import PageQuerySchema, PageSchema, seen
from server.api.resource import Resource
from server.cells import QUANTITY_MAX
from server.database import reading
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import moment, named_product, text
from server.transfers import book
from server.transfers.book import LINES_MAX, TransferError

resource = Resource("transfers", __name__, description="Transfers between the sites of this database.")


class TransferSchema(Schema):
    """One transfer, as either of its sites sees it."""

    number = fields.String()
    origin = fields.String(metadata={"description": "The site that sends it"})
    to = fields.String()
    state = fields.String()
    since_ms = moment()
    asked = fields.Integer()
    packed = fields.Integer()
    shipped = fields.Integer()
    notices = fields.List(fields.String(), metadata={"description": "Its hand-overs, as the other site receives them"})
    arrived = fields.Integer()
    in_transit = fields.Integer()
    short = fields.Integer(metadata={"description": "What the other site closed its receipts without"})


class LackingSchema(Schema):
    """A product of which more is to be sent than is here."""

    product = fields.String(metadata={"description": "Canonical name"})
    asked = fields.Integer()
    here = fields.Integer(metadata={"description": "In stock, and not picked or packed for anything yet"})


class MadeTransferSchema(TransferSchema):
    """A transfer that was just made, and what it cannot be picked from yet."""

    lacking = fields.List(fields.Nested(LackingSchema))


class InTransitSchema(Schema):
    """Something between two sites."""

    number = fields.String()
    notice = fields.String()
    origin = fields.String()
    to = fields.String()
    subject = fields.String()
    quantity = fields.Integer()
    container = fields.String(allow_none=True)


class TransfersSchema(PageSchema):
    """Transfers from this site and to it, the latest first."""

    transfers = fields.List(fields.Nested(TransferSchema))


class InTransitListSchema(PageSchema):
    """What is on its way from this site and to it, the latest hand-over first; a page ends with a whole hand-over."""

    in_transit = fields.List(fields.Nested(InTransitSchema))


class TransferLineSchema(Schema):
    """A product, and how many."""

    product = named_product(required=True)
    quantity = fields.Integer(required=True, strict=True, validate=Range(1, QUANTITY_MAX))


class NewTransferSchema(Schema):
    """What is to be sent, and where to."""

    to = text(required=True)
    number = text(load_default=None, allow_none=True, metadata={"description": "TRANSFER-...; else the next one"})
    lines = fields.List(fields.Nested(TransferLineSchema), required=True, validate=Length(1, LINES_MAX))


@resource.get("/transfers")
@resource.arguments(PageQuerySchema, location="query")
@resource.response(200, TransfersSchema)
@requires(Task.LOOK)
def show_transfers(query: dict[str, Any]) -> dict[str, Any]:
    """Transfers, the latest first"""
    site, now_ms = signed_in().site, context.now_ms()
    with reading() as connection:
        found, following = book.list_transfers(connection, site, now_ms, limit=query["limit"], after=seen(query))
    return {"transfers": found, "next": following}


@resource.get("/transfers/in-transit")
@resource.arguments(PageQuerySchema, location="query")
@resource.response(200, InTransitListSchema)
@requires(Task.LOOK)
def show_in_transit(query: dict[str, Any]) -> dict[str, Any]:
    """What is between two sites, line by line"""
    with reading() as connection:
        found, following = book.in_transit(connection, signed_in().site, limit=query["limit"], after=seen(query))
    return {"in_transit": found, "next": following}


@resource.post("/transfers")
@resource.arguments(NewTransferSchema)
@resource.response(201, MadeTransferSchema)
@resource.alt_response(422, description="It cannot be sent so")
@requires(Task.ORDER)
def send(wanted: dict[str, Any]) -> dict[str, Any]:
    """Send some of what is here to another site

    It is picked, packed and handed over under its number, as an order is; `order` imports with `to_site` do the same.
    More may be asked for than is here: `lacking` says so.
    """
    person, now_ms = signed_in(), context.now_ms()
    lines = [(line["product"], line["quantity"]) for line in wanted.pop("lines")]
    try:
        number = book.create(site=person.site, lines=lines, operator=person.name, now_ms=now_ms, **wanted)
    except TransferError as error:
        raise Refusal(422, "transfer", str(error)) from None
    with reading() as connection:
        made = book.read(connection, person.site, number, now_ms)
        lacking = book.lacking(connection, person.site, number, now_ms)
        return asdict(made) | {"state": made.state, "lacking": lacking}
