"""Cycle counts and receipts: open, report, close."""

from __future__ import annotations

from marshmallow import Schema, fields

from server import context
from server.api.resource import Resource
from server.counts import closing, listing, report, shown
from server.counts.plan import CountError
from server.counts.report import CountReport
from server.counts.still import LINES_MAX
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.receipts import receipt
from server.receipts.receipt import ReceiptReport
from server.roles import Task
from server.schemas import moment

resource = Resource("counts", __name__, description="Cycle counts and receipts: open, report, close.")


class LineSchema(Schema):
    """One unit, or one quantity, of a report."""

    kind = fields.String()
    subject = fields.String()
    expected = fields.String(allow_none=True)
    seen = fields.List(fields.String())
    events = fields.List(fields.String())
    expected_quantity = fields.Integer()
    quantity = fields.Integer()
    provisional = fields.Boolean(metadata={"description": "What is missing may still turn up in a handheld's scans"})
    found_under = fields.String(allow_none=True, metadata={"description": "The other count that saw it elsewhere"})
    since = fields.String(allow_none=True, metadata={"description": "A scan outside this count that accounts for it"})


class ReportSchema(Schema):
    """What a count or receipt found."""

    number = fields.String()
    totals = fields.Dict(keys=fields.String(), values=fields.Integer())
    lines = fields.List(fields.Nested(LineSchema))
    unfinished = fields.List(fields.String(), metadata={"description": "Bins that nobody has finished"})
    unheard = fields.List(fields.String(), metadata={"description": "Handhelds that may still hold scans"})


class TallySchema(Schema):
    """How a bin, or several, came out."""

    expected = fields.Integer(metadata={"description": "Units that belonged there, without those in motion"})
    matched = fields.Integer()
    missing = fields.Integer()
    surplus = fields.Integer()
    in_motion = fields.Integer()
    accuracy = fields.Float(allow_none=True, metadata={"description": "matched / expected"})


class CountedBinSchema(Schema):
    """One bin of a count as it stands."""

    place = fields.String(attribute="share.place")
    blind = fields.Boolean(attribute="share.blind")
    person = fields.String(attribute="share.person", allow_none=True, metadata={"description": "Whose it is"})
    handheld = fields.Integer(attribute="share.device_no", allow_none=True, metadata={"description": "Whose it is"})
    people = fields.List(fields.String(), attribute="interval.people", metadata={"description": "Who counted it"})
    opened_ms = moment(attribute="interval.opened_ms", allow_none=True)
    finished_ms = moment(attribute="interval.finished_ms", allow_none=True)
    finished = fields.Boolean()
    counted = fields.Integer()
    tally = fields.Nested(TallySchema)
    unheard = fields.List(fields.String())
    recounted = fields.String(allow_none=True, metadata={"description": "The recount that speaks for it"})


class CountMoveSchema(Schema):
    """Missing here and seen there: one proposed move."""

    subject = fields.String()
    quantity = fields.Integer()
    origin = fields.String()
    destination = fields.String()
    found_under = fields.String(allow_none=True)
    missed_under = fields.String(allow_none=True)
    carried = fields.Boolean(metadata={"description": "False: only the records had it so, and nobody carries anything"})


class CountVarianceSchema(Schema):
    """What a close changes in the books; what only moved is no part of it."""

    short = fields.Integer()
    over = fields.Integer()
    moved = fields.Integer()
    value = fields.Dict(
        keys=fields.String(), values=fields.Integer(), metadata={"description": "Currency -> minor units"}
    )
    unpriced = fields.Integer()
    percent = fields.Float(metadata={"description": "Of its expectation, the bin that is out most"})


FEW_LINES = {
    "description": f"The first {LINES_MAX:,}, what differs before what matched; the lists count_lines and "
    "count_version_lines hold every one"
}


class CountReportSchema(ReportSchema):
    """What a count found."""

    lines = fields.List(fields.Nested(LineSchema), attribute="first_lines", metadata=FEW_LINES)
    bins = fields.List(fields.Nested(CountedBinSchema))
    moves = fields.List(fields.Nested(CountMoveSchema))
    variance = fields.Nested(CountVarianceSchema)
    recounts = fields.List(fields.String())
    refused = fields.List(
        fields.String(), metadata={"description": "Scans of recounts by who had counted the bin before: not used"}
    )
    version = fields.Integer(
        allow_none=True,
        metadata={
            "description": "The frozen version that this is; null where it is reckoned now, or waits for approval"
        },
    )


@resource.get("/counts/<path:number>")
@resource.response(200, CountReportSchema)
@requires(Task.LOOK)
def count_report(number: str) -> CountReport:
    """What a count found as it was closed, or so far; who may not open counts is told nothing of an open blind one"""
    person = signed_in()
    with reading() as connection:
        try:
            found = shown.report(connection, site=person.site, number=number)
        except CountError as error:
            raise Refusal(404, "not_found", str(error)) from None
        is_open = listing.state_of(connection, person.site, number) == "open"
    return report.veiled(found) if is_open and not person.may(Task.COUNT) else found


@resource.post("/counts/<path:number>/close")
@resource.response(200, CountReportSchema)
@requires(Task.COUNT)
def close_count(number: str) -> CountReport:
    """Close a count: the next version of its report is frozen, or waits for approval above your limit"""
    person, now_ms = signed_in(), context.now_ms()
    try:
        return transact(
            lambda c: closing.close_count(
                c, site=person.site, number=number, operator=person.name, role=person.role, now_ms=now_ms
            )
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
