"""Cycle counts and receipts: open, report, close."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema, fields
from marshmallow.validate import Length

from server import context, documents
from server.api.resource import Resource
from server.counts import closing, cycle, receipt
from server.counts.cycle import CountReport
from server.counts.plan import CountError
from server.counts.receipt import ReceiptReport
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import text

resource = Resource("counts", __name__, description="Cycle counts and receipts: open, report, close.")

BINS_MAX: Final = 1_000


class CountSchema(Schema):
    """A count to open."""

    number = text(required=True, validate=Length(1, 100))
    bins = fields.List(
        text(), required=True, validate=Length(1, BINS_MAX), metadata={"description": "Location codes or their keys"}
    )
    blind = fields.Boolean(load_default=False, metadata={"description": "Handhelds are told no expectations"})


class LineSchema(Schema):
    """One unit, or one quantity, of a report."""

    kind = fields.String()
    subject = fields.String()
    expected = fields.String(allow_none=True)
    seen = fields.List(fields.String())
    events = fields.List(fields.String())
    expected_quantity = fields.Integer()
    quantity = fields.Integer()


class ReportSchema(Schema):
    """What a count or receipt found."""

    number = fields.String()
    totals = fields.Dict(keys=fields.String(), values=fields.Integer())
    lines = fields.List(fields.Nested(LineSchema))
    unfinished = fields.List(fields.String(), metadata={"description": "Bins that nobody has finished"})
    unheard = fields.List(fields.String(), metadata={"description": "Handhelds that may still hold scans"})


@resource.post("/counts")
@resource.arguments(CountSchema)
@resource.response(201, CountSchema)
@requires(Task.COUNT)
def open_count(asked: dict[str, Any]) -> dict[str, Any]:
    """Open a cycle count of some bins"""
    person, now_ms = signed_in(), context.now_ms()
    with reading() as connection:
        places = documents.names(connection, person.site).places
    known = set(places.values())
    bins = [places.get(code, code) for code in dict.fromkeys(asked["bins"])]
    strange = [code for code in bins if code not in known]
    if strange:
        raise Refusal(422, "not_valid", f"There is no location {strange[0]!r:.80} here.")
    asked["bins"] = bins
    try:
        transact(lambda c: cycle.open_count(c, site=person.site, operator=person.name, now_ms=now_ms, **asked))
    except CountError as error:
        raise Refusal(409, "conflict", str(error)) from None
    return asked


@resource.get("/counts/<path:number>")
@resource.response(200, ReportSchema)
@requires(Task.LOOK)
def count_report(number: str) -> CountReport:
    """What a count has found so far"""
    with reading() as connection:
        try:
            return cycle.report(connection, site=signed_in().site, number=number)
        except CountError as error:
            raise Refusal(404, "not_found", str(error)) from None


@resource.post("/counts/<path:number>/close")
@resource.response(200, ReportSchema)
@requires(Task.COUNT)
def close_count(number: str) -> CountReport:
    """Close a count: the next version of its report is frozen"""
    person, now_ms = signed_in(), context.now_ms()
    try:
        return transact(
            lambda c: closing.close_count(c, site=person.site, number=number, operator=person.name, now_ms=now_ms)
        )
    except CountError as error:
        raise Refusal(409, "conflict", str(error)) from None


@resource.get("/receipts/<path:number>")
@resource.response(200, ReportSchema)
@requires(Task.LOOK)
def receipt_report(number: str) -> ReceiptReport:
    """What came of an ASN so far"""
    with reading() as connection:
        try:
            return receipt.report(connection, site=signed_in().site, number=number)
        except CountError as error:
            raise Refusal(404, "not_found", str(error)) from None


@resource.post("/receipts/<path:number>/close")
@resource.response(200, ReportSchema)
@requires(Task.RECEIVE)
def close_receipt(number: str) -> ReceiptReport:
    """Close a receipt: no more of its ASN is awaited"""
    person, now_ms = signed_in(), context.now_ms()
    try:
        return transact(
            lambda c: receipt.close_receipt(c, site=person.site, number=number, operator=person.name, now_ms=now_ms)
        )
    except CountError as error:
        raise Refusal(409, "conflict", str(error)) from None
