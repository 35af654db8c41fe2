"""Labels as files for a printer."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range

from server import context
from server.api.resource import Resource
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.printing import jobs, media
from server.printing.content import PrintError
from server.printing.jobs import Printed
from server.printing.numbers import AT_ONCE_MAX
from server.printing.symbol import Carrier
from server.printing.wanted import KINDS, SHEET, Wanted, print_again, print_wanted
from server.roles import Task
from server.schemas import moment, named_product, text

resource = Resource("labels", __name__, description="Labels: new plates and cartons, bins, and what is here already.")

WHAT = sorted(KINDS.keys() - {"badges"})


class _MediumSchema(Schema):
    medium = fields.String(load_default=SHEET, validate=OneOf(list(media.names())))
    start = fields.Integer(
        load_default=1, strict=True, validate=Range(1, 100), metadata={"description": "First free label of the sheet"}
    )


class BadgesSchema(_MediumSchema):
    """Whose badges are to be printed."""

    people = fields.List(text(), load_default=list, validate=Length(max=AT_ONCE_MAX))
    carrier = fields.Enum(Carrier, by_value=True, load_default=None, allow_none=True)


class WantedSchema(_MediumSchema):
    """What is to be printed."""

    what = fields.String(required=True, validate=OneOf(WHAT))
    count = fields.Integer(load_default=1, strict=True, validate=Range(1, AT_ONCE_MAX))
    item = named_product(load_default=None, allow_none=True)
    zone = text(load_default=None, allow_none=True)
    names = fields.List(
        text(),
        load_default=list,
        validate=Length(max=AT_ONCE_MAX),
        metadata={"description": "`named`: canonical names, or what labels say; `bins`: codes"},
    )
    carrier = fields.Enum(Carrier, by_value=True, load_default=None, allow_none=True)


class AgainSchema(Schema):
    """Which sheet it is printed on again."""

    start = fields.Integer(load_default=1, strict=True, validate=Range(1, 100))


class JobSchema(Schema):
    """One print job."""

    number = fields.String()
    at_ms = moment()
    operator = fields.String(allow_none=True)
    keys = fields.List(fields.String())
    carrier = fields.String()
    medium = fields.String()
    again = fields.Integer(metadata={"description": "How many of them had been printed before"})


class JobsSchema(Schema):
    """Print jobs, the latest first."""

    jobs = fields.List(fields.Nested(JobSchema))


@resource.get("/labels")
@resource.response(200, JobsSchema)
@requires(Task.PRINT)
def show_jobs() -> dict[str, Any]:
    """What was printed lately"""
    with reading() as connection:
        return {"jobs": jobs.jobs(connection, signed_in().site)}


@resource.post("/labels")
@resource.arguments(WantedSchema)
@resource.response(200, description="The file: PDF for a sheet, ZPL for a roll; `X-Print-Job` has its number")
@resource.alt_response(422, description="It cannot be printed so; nothing was allotted or recorded")
@requires(Task.PRINT)
def make(wanted: dict[str, Any]) -> Response:
    """Print labels

    New plates and cartons get numbers that were never given. The answer is the file for the printer.
    """
    return _made(Wanted(text="\n".join(wanted.pop("names")), **wanted))


@resource.post("/labels/badges")
@resource.arguments(BadgesSchema)
@resource.response(200, description="The file")
@resource.alt_response(422, description="Somebody has no badge")
@requires(Task.PEOPLE)
def make_badges(wanted: dict[str, Any]) -> Response:
    """Print badges

    Of the people who are named, or of everybody who has one.
    """
    return _made(Wanted(what="badges", text="\n".join(wanted.pop("people")), **wanted))


@resource.post("/labels/<number>/again")
@resource.arguments(AgainSchema)
@resource.response(200, description="The file")
@resource.alt_response(422, description="There is no such print job")
@requires(Task.PRINT)
def make_again(options: dict[str, Any], number: str) -> Response:
    """Print a job's labels once more"""
    person, now_ms = signed_in(), context.now_ms()
    try:
        printed = transact(
            lambda c: print_again(
                c, number, site=person.site, operator=person.name, now_ms=now_ms, start=options["start"]
            )
        )
    except PrintError as error:
        raise Refusal(422, "not_printed", str(error)) from None
    return _answer(printed)


def _made(wanted: Wanted) -> Response:
    person, now_ms = signed_in(), context.now_ms()
    try:
        printed = transact(lambda c: print_wanted(c, wanted, site=person.site, operator=person.name, now_ms=now_ms))
    except PrintError as error:
        raise Refusal(422, "not_printed", str(error)) from None
    return _answer(printed)


def _answer(printed: Printed) -> Response:
    answer = Response(printed.data, mimetype=printed.media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{printed.file_name}"'
    answer.headers["X-Print-Job"] = printed.number
    return answer
