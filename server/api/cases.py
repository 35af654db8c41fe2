"""Cases: what does not match, and what people decide about it."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range

from server import context, decisions, queries
from server.api.resource import Resource
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.queries import CaseLine
from server.roles import Task
from server.schemas import PAGE_ROWS_MAX, SettlementSchema, moment, text

resource = Resource("cases", __name__, description="What does not match, and what people decided about it.")

STATUSES = ("open", "settled", "explained")


class CaseQuerySchema(Schema):
    """Which cases."""

    status = fields.String(load_default=None, validate=OneOf(STATUSES))
    rule = text(load_default=None)
    unit = text(load_default=None)
    after = fields.String(
        load_default=None, validate=Length(1, 2_000), metadata={"description": "`next` of the page before"}
    )
    limit = fields.Integer(load_default=queries.PAGE, validate=Range(1, PAGE_ROWS_MAX))


class CaseSchema(Schema):
    """One case."""

    unit = fields.String()
    rule = fields.String()
    episode = fields.String(metadata={"description": "Name of the event that opened it"})
    status = fields.String()
    opened_ms = moment()
    expected = fields.String(allow_none=True, metadata={"description": "Where it belongs"})
    seen = fields.String(allow_none=True, metadata={"description": "Where it was seen"})
    document = fields.String(allow_none=True)
    detail = fields.String()
    evidence = fields.String(metadata={"description": "Send it back with a decision"})
    operator = fields.String(allow_none=True)
    device_no = fields.Integer(allow_none=True)
    closed_ms = moment(allow_none=True)
    closed_by = fields.String(allow_none=True)
    closed_operator = fields.String(allow_none=True)
    resolution = fields.String(allow_none=True)


class CasePageSchema(Schema):
    """Cases, the oldest first."""

    cases = fields.List(fields.Nested(CaseSchema))
    next = fields.String(allow_none=True, metadata={"description": "Ask with it as `after`; null on the last page"})


class CaseNameSchema(Schema):
    """Which case, and the decision about it."""

    unit = text(required=True)
    rule = text(required=True)
    episode = text(required=True)


class CaseSettlementSchema(CaseNameSchema, SettlementSchema):
    """A decision about one case."""


@resource.get("/cases")
@resource.arguments(CaseQuerySchema, location="query")
@resource.response(200, CasePageSchema)
@requires(Task.LOOK)
def list_cases(query: dict[str, Any]) -> dict[str, Any]:
    """Cases, the oldest first"""
    try:
        after = queries.read_after(query.pop("after"))
    except ValueError as error:
        raise Refusal(422, "not_valid", str(error)) from None
    with reading() as connection:
        found = queries.list_cases(connection, signed_in().site, after=after, **query)
    return {"cases": found, "next": found[-1].after if len(found) == query["limit"] else None}


@resource.post("/cases/settle")
@resource.arguments(CaseSettlementSchema)
@resource.response(200, CaseSchema)
@requires(Task.SETTLE)
def settle(asked: dict[str, str]) -> CaseLine | None:
    """Decide a case

    409 where it was closed already, or a later scan has changed what it rests on.
    """
    person, now_ms = signed_in(), context.now_ms()
    try:
        transact(lambda c: decisions.settle(c, site=person.site, operator=person.name, now_ms=now_ms, **asked))
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None
    except decisions.DecisionError as error:
        raise Refusal(409, "conflict", str(error)) from None
    with reading() as connection:
        return queries.read_case(connection, person.site, asked["unit"], asked["rule"], asked["episode"])
