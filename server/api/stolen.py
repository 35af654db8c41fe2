"""Thefts: reports, what was found again, and every scan of it since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from marshmallow import Schema, fields
from marshmallow.validate import Length

from server import context, sites
from server.api.resource import Resource
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import text
from server.stolen import read as stolen
from server.stolen.asked import THINGS_MAX, Asked, ElsewhereError, StolenError
from server.stolen.read import Report
from server.stolen.report import find, report

T = TypeVar("T")
resource = Resource("stolen", __name__, description="Thefts: what was reported, and where it was scanned since.")


class TheftAskedSchema(Schema):
    """What was stolen."""

    reason = text(required=True, metadata={"description": "What happened: handhelds show it"})
    reference = text(load_default="", validate=Length(0, 500), metadata={"description": "The police's number"})
    serials = fields.List(text(), required=True, validate=Length(1, THINGS_MAX))
    product = text(
        load_default="", validate=Length(0, 500), metadata={"description": "Theirs: GTIN, SKU or canonical name"}
    )
    since = text(load_default="", validate=Length(0, 500), metadata={"description": "From when on scans count"})


class ThingSchema(Schema):
    """One of them."""

    subject = fields.String()
    found_ms = fields.Integer(allow_none=True)
    found_by = fields.String(allow_none=True)
    found_reason = fields.String(allow_none=True)


class TheftSchema(Schema):
    """A report; it holds at every site."""

    number = fields.String()
    reason = fields.String()
    reference = fields.String(allow_none=True)
    site = fields.String()
    operator = fields.String(allow_none=True)
    reported_ms = fields.Integer()
    since_ms = fields.Integer()
    things = fields.List(fields.Nested(ThingSchema))


class TheftListSchema(Schema):
    """Those with something missing first, then the latest first."""

    reports = fields.List(fields.Nested(TheftSchema))


class TheftSightingSchema(Schema):
    """One scan of something that stood under a report; of a site that you are not let into without what was done."""

    site = fields.String()
    unit = fields.String()
    event_ms = fields.Integer()
    action = fields.String(attribute="event.action")
    operator = fields.String(attribute="event.operator", allow_none=True)
    device_no = fields.Integer(attribute="event.device_no")
    location = fields.String(attribute="event.location", allow_none=True)
    container = fields.String(attribute="event.container", allow_none=True)


class TheftSeenSchema(TheftSchema):
    """A report with every scan since."""

    sightings = fields.List(fields.Nested(TheftSightingSchema))


class FoundSchema(Schema):
    """What turned up."""

    subjects = fields.List(text(), load_default=list, validate=Length(max=THINGS_MAX))
    reason = text(required=True)


def _done(write: Callable[[sa.Connection], T]) -> T:
    try:
        return transact(write)
    except ElsewhereError as error:
        raise Refusal(403, "forbidden", str(error)) from None
    except StolenError as error:
        raise Refusal(409, "conflict", str(error)) from None
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None


@resource.get("/stolen")
@resource.response(200, TheftListSchema)
@requires(Task.LOOK)
def list_thefts() -> dict[str, list[Report]]:
    """Reports of thefts"""
    with reading() as connection:
        return {"reports": stolen.listed(connection)}


@resource.post("/stolen")
@resource.arguments(TheftAskedSchema)
@resource.response(201, TheftSchema)
@requires(Task.REPORT)
def report_theft(asked: dict[str, Any]) -> Report:
    """Report things as stolen, whether or not they are known here"""
    person, now_ms = signed_in(), context.now_ms()

    def write(connection: sa.Connection) -> Report:
        said = Asked(**asked)
        number = report(connection, site=person.site, asked=said, operator=person.name, now_ms=now_ms)
        return stolen.read(connection, number)

    return _done(write)


@resource.get("/stolen/<number>")
@resource.response(200, TheftSeenSchema)
@requires(Task.LOOK)
def show_theft(number: str) -> dict[str, Any]:
    """One report, with every scan since at whichever site"""
    with reading() as connection:
        try:
            found = stolen.read(connection, number)
        except LookupError as error:
            raise Refusal(404, "not_found", str(error.args[0])) from None
        everywhere = [one.code for one in sites.list_sites(connection)]
        seen = stolen.sightings(connection, everywhere, number, let_into=signed_in().everywhere)
    return {name: getattr(found, name) for name in Report.__slots__} | {"sightings": seen}


@resource.post("/stolen/<number>/found")
@resource.arguments(FoundSchema)
@resource.response(200, TheftSchema)
@requires(Task.REPORT)
def find_theft(asked: dict[str, Any], number: str) -> Report:
    """Things of it were found, or all that are missing where none is named

    Only who is let into the site that reported it may say so.
    """
    person, now_ms = signed_in(), context.now_ms()

    def write(connection: sa.Connection) -> Report:
        said = {"names": asked["subjects"], "reason": asked["reason"], "let_into": person.everywhere}
        find(connection, number=number, operator=person.name, now_ms=now_ms, **said)
        return stolen.read(connection, number)

    return _done(write)
