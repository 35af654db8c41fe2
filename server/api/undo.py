"""Undo: take back any scan, and see before what depended on it."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import Length

from server import context, undo
from server.api.cases import EffectSchema, OtherCaseSchema, effect_row
from server.api.resource import Resource
from server.database import reading, transact
from server.decisions import REASON_MAX, DecisionError
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import text
from sync.event import format_name

resource = Resource("undo", __name__, description="Take back any scan, and see before what depended on it.")


class EventSchema(Schema):
    """Which event."""

    event = text(required=True, metadata={"description": "device.epoch.seq"})


class UndoSchema(EventSchema):
    """Which event is undone, and why."""

    reason = fields.String(required=True, validate=Length(1, REASON_MAX))


class UnitEffectSchema(EffectSchema):
    """What would come of it for one unit."""

    unit = fields.String()


class DependantsSchema(Schema):
    """What depends on an event, and what would come of its undo."""

    problem = fields.String(metadata={"description": "Why it cannot be undone; empty where it can"})
    later = fields.List(fields.String(), metadata={"description": "Later events of the same trail"})
    inside = fields.List(fields.String(), metadata={"description": "What is in the carton that was scanned"})
    inside_count = fields.Integer()
    counted = fields.Integer(metadata={"description": "Scans of the bin that it opened"})
    names = fields.List(fields.String(), metadata={"description": "Names that the unit has by it alone"})
    cases = fields.List(fields.Nested(OtherCaseSchema))
    effects = fields.List(fields.Nested(UnitEffectSchema))


class UndoneSchema(Schema):
    """The undo."""

    event = fields.String()
    voids = fields.String()


@resource.get("/undo")
@resource.arguments(EventSchema, location="query")
@resource.response(200, DependantsSchema)
@requires(Task.LOOK)
def look(asked: dict[str, str]) -> dict[str, Any]:
    """What depends on a scan; nothing is recorded"""
    with reading() as connection:
        found = undo.look(connection, signed_in().site, asked["event"], context.now_ms())
    if found is None:
        raise Refusal(404, "not_found", "There is no such event here.")
    depends = found.depends
    return {
        "problem": found.problem,
        "later": [format_name(line.fact.name) for line in depends.later],
        "inside": depends.inside,
        "inside_count": depends.inside_count,
        "counted": depends.counted,
        "names": depends.names,
        "cases": [*depends.cases, *depends.closed],
        "effects": [effect_row(effect) | {"unit": effect.unit} for effect in found.effects if not effect.nothing],
    }


@resource.post("/undo")
@resource.arguments(UndoSchema)
@resource.response(201, UndoneSchema)
@requires(Task.SETTLE)
def take_back(asked: dict[str, str]) -> dict[str, Any]:
    """Undo a scan, or an undo

    409 where it was undone already; the message says by whom.
    """
    person, now_ms = signed_in(), context.now_ms()
    try:
        void = transact(
            lambda c: undo.undo(
                c,
                site=person.site,
                name=asked["event"],
                reason=asked["reason"],
                operator=person.name,
                now_ms=now_ms,
            )
        )
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None
    except (undo.UndoError, DecisionError) as error:
        raise Refusal(409, "conflict", str(error)) from None
    return {"event": format_name(void.name), "voids": asked["event"]}
