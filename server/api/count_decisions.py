"""What becomes of a count: approval, exceptions, frozen versions; limits, and how right the records were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa
from marshmallow import Schema, fields
from marshmallow.validate import Length, Range

from server import context
from server.api.counts import FEW_LINES, LineSchema, TallySchema
from server.api.resource import Resource
from server.counts import closing, limits, plan, sharing, versions
from server.counts.accuracy import Accuracy, By, accuracy
from server.counts.exceptions import waiting
from server.counts.limits import Limit
from server.counts.plan import CountError, Sort
from server.counts.versions import Version
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import integer, moment, text
from sync.event import format_name
from sync.history import Fact

resource = Resource(
    "count_decisions",
    __name__,
    description="Approval, exceptions and versions of counts; limits; accuracy.",
)

NOTE_MAX: Final = 500


class CountNoteSchema(Schema):
    """Why."""

    note = text(load_default=None, allow_none=True, validate=Length(1, NOTE_MAX))


class CountReasonSchema(Schema):
    """Why; it has to be said."""

    note = text(required=True, validate=Length(1, NOTE_MAX))


class CountersSchema(Schema):
    """Who counts from now on."""

    counters = fields.List(
        text(validate=Length(1, 100)),
        required=True,
        validate=Length(0, 100),
        metadata={"description": "People or handhelds, a stretch of the way each; none: whoever comes first"},
    )


class CountDecidedSchema(Schema):
    """How a count stands after a decision."""

    number = fields.String()
    version = fields.Integer(allow_none=True, metadata={"description": "The version that was frozen, if one was"})


class CountLateSchema(Schema):
    """A scan that the latest version does not rest on."""

    event = fields.String()
    action = fields.String()
    subject = fields.String(allow_none=True)
    location = fields.String(allow_none=True)
    document = fields.String(allow_none=True)
    operator = fields.String(allow_none=True)
    device_no = fields.Integer()
    event_ms = moment()


class CountLatesSchema(Schema):
    """The exceptions of a closed count: one for each late scan."""

    exceptions = fields.List(fields.Nested(CountLateSchema))


class CountVersionSchema(Schema):
    """A version, exactly as it was frozen."""

    number = fields.String()
    version = fields.Integer()
    digest = fields.String(metadata={"description": "SHA-256 of its rows; the event that closed it names it"})
    intact = fields.Boolean(metadata={"description": "Whether the stored rows still have that digest"})
    event = fields.String()
    closed_ms = moment()
    closed_by = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    head = fields.Dict(metadata={"description": "Totals, bins, variance, and the chains that it rests on"})
    lines = fields.List(fields.Nested(LineSchema), attribute="first_lines", metadata=FEW_LINES)


class CountLimitSchema(Schema):
    """Up to here a person closes a count alone; null is no limit."""

    whose = text(required=True, validate=Length(1, 120), metadata={"description": "role:supervisor, person:Sam"})
    units = integer(load_default=None, allow_none=True)
    value = integer(load_default=None, allow_none=True, metadata={"description": "Minor units, in each currency"})
    percent = fields.Float(load_default=None, allow_none=True, validate=Range(0, 1_000_000))


class CountLimitsSchema(Schema):
    """Every limit."""

    limits = fields.List(fields.Nested(CountLimitSchema))


class AccuracyQuerySchema(Schema):
    """What to add up."""

    by = fields.Enum(By, by_value=True, load_default=By.WEEK)
    since_ms = integer(load_default=None)
    until_ms = integer(load_default=None)
    sort = fields.Enum(Sort, by_value=True, load_default=None)


class AccuracySchema(Schema):
    """One bin, zone, day, week or count."""

    key = fields.String()
    tally = fields.Nested(TallySchema)
    counts = fields.Integer(metadata={"description": "Counted bins that were added up"})
    last_ms = moment()


class AccuraciesSchema(Schema):
    """Units matched / units expected, from the latest frozen version of each count."""

    accuracy = fields.List(fields.Nested(AccuracySchema))


def _write(work: Callable[[sa.Connection], Any]) -> Any:
    try:
        return transact(work)
    except CountError as error:
        raise Refusal(409, "conflict", str(error)) from None


def _found(read: Callable[[sa.Connection], Any]) -> Any:
    try:
        with reading() as connection:
            return read(connection)
    except CountError as error:
        raise Refusal(404, "not_found", str(error)) from None


def _who() -> dict[str, Any]:
    person = signed_in()
    return {"site": person.site, "operator": person.name, "now_ms": context.now_ms()}


@resource.post("/counts/<path:number>/approve")
@resource.arguments(CountNoteSchema)
@resource.response(200, CountDecidedSchema)
@requires(Task.APPROVE)
def approve(asked: dict[str, Any], number: str) -> dict[str, Any]:
    """Approve a result above its closer's limit; whoever counted or closed it may not"""
    who = _who()
    return {"number": number, "version": _write(lambda c: closing.approve(c, number=number, note=asked["note"], **who))}


@resource.post("/counts/<path:number>/reject")
@resource.arguments(CountReasonSchema)
@resource.response(200, CountDecidedSchema)
@requires(Task.APPROVE)
def reject(asked: dict[str, Any], number: str) -> dict[str, Any]:
    """Send a proposed result back; the count is open again"""
    who = _who()
    _write(lambda c: closing.reject(c, number=number, note=asked["note"], **who))
    return {"number": number, "version": None}


@resource.post("/counts/<path:number>/cancel")
@resource.arguments(CountReasonSchema)
@resource.response(200, CountDecidedSchema)
@requires(Task.COUNT)
def cancel(asked: dict[str, Any], number: str) -> dict[str, Any]:
    """Give up a count that was never closed"""
    who = _who()
    _write(lambda c: closing.cancel(c, number=number, note=asked["note"], **who))
    return {"number": number, "version": None}


@resource.post("/counts/<path:number>/shares")
@resource.arguments(CountersSchema)
@resource.response(200, CountDecidedSchema)
@requires(Task.COUNT)
def share_anew(asked: dict[str, Any], number: str) -> dict[str, Any]:
    """Deal the bins of an open count that nobody has finished among these counters"""
    who = _who()
    _write(lambda c: sharing.share_anew(c, number=number, counters=asked["counters"], **who))
    return {"number": number, "version": None}


@resource.get("/counts/<path:number>/exceptions")
@resource.response(200, CountLatesSchema)
@requires(Task.LOOK)
def exceptions(number: str) -> dict[str, Any]:
    """Late scans of a closed count; closing it again takes them over, as the next version"""
    site = signed_in().site

    def read(connection: sa.Connection) -> list[Fact]:
        plan.read(connection, site, number)  # whether there is such a count
        return waiting(connection, site, number)

    return {"exceptions": [_late(fact) for fact in _found(read)]}


def _late(fact: Fact) -> dict[str, Any]:
    event = fact.event
    said = {name: getattr(event, name) for name in ("action", "subject", "location", "document", "operator")}
    return said | {"event": format_name(fact.name), "device_no": event.device_no, "event_ms": fact.event_ms}


@resource.get("/counts/<path:number>/versions/<int:version>")
@resource.response(200, CountVersionSchema)
@requires(Task.LOOK)
def version(number: str, version: int) -> Version:
    """A frozen version of a count, to be audited"""
    site = signed_in().site
    found: Version = _found(lambda c: versions.read_version(c, site, number, version))
    return found


@resource.get("/count-limits")
@resource.response(200, CountLimitsSchema)
@requires(Task.LOOK)
def list_limits() -> dict[str, Any]:
    """How large a variance each person or role may close alone"""
    with reading() as connection:
        found = limits.limits(connection, signed_in().site)
    rows = [
        {"whose": whose, "units": limit.units, "value": limit.value, "percent": limit.percent}
        for whose, limit in found.items()
    ]
    return {"limits": rows}


@resource.post("/count-limits")
@resource.arguments(CountLimitSchema)
@resource.response(200, CountLimitSchema)
@requires(Task.ADMINISTER)
def set_limit(asked: dict[str, Any]) -> dict[str, Any]:
    """Change a limit; without units, value and percent it is lifted"""
    who = _who()
    limit = Limit(units=asked["units"], value=asked["value"], percent=asked["percent"])
    try:
        transact(lambda c: limits.set_limit(c, whose=asked["whose"], limit=limit, **who))
    except CountError as error:
        raise Refusal(422, "not_valid", str(error)) from None
    return asked


@resource.get("/accuracy")
@resource.arguments(AccuracyQuerySchema, location="query")
@resource.response(200, AccuraciesSchema)
@requires(Task.LOOK)
def read_accuracy(asked: dict[str, Any]) -> dict[str, list[Accuracy]]:
    """How right the records were, by bin, zone, day, week or count"""
    with reading() as connection:
        return {"accuracy": accuracy(connection, signed_in().site, **asked)}
