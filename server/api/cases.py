"""Cases: what does not match, and what people decide about it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import sqlalchemy as sa
from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range

from server import case_file, case_list, context, decisions, many_decisions, named
from server.api.resource import Resource
from server.case_file import CaseFile
from server.case_list import CaseFilter, CaseLine, Sort
from server.database import reading, transact
from server.errors import Refusal
from server.many_decisions import Choice
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import PAGE_ROWS_MAX, SettlementSchema, integer, moment, named_product, named_unit, text
from server.whatif import Effect, Outcome
from sync.actions import RESOLUTIONS
from sync.event import format_name

resource = Resource("cases", __name__, description="What does not match, and what people decided about it.")

MANY_BYTES_MAX = 1 << 20
_READ: Final = {"unit": named.thing, "item": named.product_key, "place": named.place_or_container}


class CaseQuerySchema(Schema):
    """Which cases."""

    status = fields.String(load_default=None, validate=OneOf(case_list.STATES))
    rule = text(load_default=None)
    unit = named_unit(load_default=None)
    since_ms = integer(load_default=None, metadata={"description": "Opened at this moment or later"})
    until_ms = integer(load_default=None, metadata={"description": "Opened before this moment"})
    zone = text(load_default=None)
    place = text(load_default=None, metadata={"description": "A bin's code, or a container: belongs or seen there"})
    item = named_product(load_default=None)
    document = text(load_default=None, metadata={"description": "Number of an ASN, order or count"})
    device_no = integer(load_default=None)
    operator = text(load_default=None, metadata={"description": "Who made the scan that opened it"})
    assigned = text(load_default=None, metadata={"description": "Who is to settle it, by name"})
    text = text(load_default=None, metadata={"description": "Part of a name, number or sentence"})
    sort = fields.Enum(Sort, by_value=True, load_default=Sort.OLDEST)
    after = fields.String(
        load_default=None, validate=Length(1, 2_000), metadata={"description": "`next` of the page before"}
    )
    limit = fields.Integer(load_default=case_list.PAGE, validate=Range(1, PAGE_ROWS_MAX))


class CaseSchema(Schema):
    """One case."""

    unit = fields.String()
    rule = fields.String()
    episode = fields.String(
        metadata={"description": "Name of the event that opened it; of a late scan `:` and its count as well"}
    )
    status = fields.String()
    opened_ms = moment()
    expected = fields.String(allow_none=True, metadata={"description": "Where it belongs"})
    seen = fields.String(allow_none=True, metadata={"description": "Where it was seen"})
    against = fields.String(allow_none=True, metadata={"description": "The other scan, or the other unit"})
    document = fields.String(allow_none=True)
    detail = fields.String()
    evidence = fields.String(metadata={"description": "Send it back with a decision"})
    operator = fields.String(allow_none=True)
    device_no = fields.Integer(allow_none=True)
    assigned = fields.String(allow_none=True, metadata={"description": "Who is to settle it"})
    closed_ms = moment(allow_none=True)
    closed_by = fields.String(allow_none=True, metadata={"description": "The decision, or the fact that explains it"})
    closed_operator = fields.String(allow_none=True)
    resolution = fields.String(allow_none=True)


class CasePageSchema(Schema):
    """Cases in the order that was asked for."""

    cases = fields.List(fields.Nested(CaseSchema))
    next = fields.String(allow_none=True, metadata={"description": "Ask with it as `after`; null on the last page"})
    counts = fields.Dict(
        keys=fields.String(), values=fields.Integer(), metadata={"description": "How many match, by rule"}
    )


class CaseNameSchema(Schema):
    """Which case."""

    unit = text(required=True)
    rule = text(required=True)
    episode = text(required=True)


class CaseSettlementSchema(CaseNameSchema, SettlementSchema):
    """A decision about one case."""


class ChoiceSchema(CaseNameSchema):
    """A case as a person saw it."""

    evidence = text(required=True)


class ManySchema(Schema):
    """One decision about several cases."""

    resolution = fields.String(required=True, validate=OneOf(sorted(RESOLUTIONS)))
    cases = fields.List(fields.Nested(ChoiceSchema), required=True, validate=Length(1, case_list.LISTED_MAX))


class SkippedSchema(CaseNameSchema):
    """A case that was not decided."""

    reason = fields.String(metadata={"description": "Why, in a sentence"})


class ManyDecidedSchema(Schema):
    """What became of each."""

    decided = fields.List(fields.Nested(CaseNameSchema))
    skipped = fields.List(fields.Nested(SkippedSchema))


class NoteSchema(CaseNameSchema):
    """Something that a person wrote about a case."""

    text = fields.String(required=True, validate=Length(1, decisions.REASON_MAX))


class AssignSchema(CaseNameSchema):
    """A case, and who is to settle it."""

    person = text(required=True, allow_none=True, metadata={"description": "Null: whoever comes first"})


class ReopenSchema(CaseNameSchema):
    """Why a closed case is to be decided anew."""

    reason = fields.String(required=True, validate=Length(1, decisions.REASON_MAX))
    closed_by = text(load_default=None, metadata={"description": "What had closed it when the person looked"})


class StandingSchema(Schema):
    """How things stand with a unit."""

    status = fields.String(allow_none=True)
    location = fields.String(allow_none=True)
    belongs = fields.String(allow_none=True)


class OtherCaseSchema(Schema):
    """A case that a decision would open or close."""

    rule = fields.String()
    episode = fields.String()


class EffectSchema(Schema):
    """What would come of a decision."""

    before = fields.Nested(StandingSchema)
    after = fields.Nested(StandingSchema)
    closes = fields.List(fields.Nested(OtherCaseSchema))
    opens = fields.List(fields.Nested(OtherCaseSchema))
    value = fields.Integer(allow_none=True, metadata={"description": "Change of the stock's value, minor units"})
    currency = fields.String(allow_none=True)


class OptionSchema(Schema):
    """One thing that can be decided."""

    resolution = fields.String()
    proposed = fields.Boolean()
    why = fields.String()
    effect = fields.Nested(EffectSchema)


class SaidSchema(Schema):
    """A decision, an opening or a note."""

    event = fields.String()
    action = fields.String()
    operator = fields.String(allow_none=True)
    at_ms = moment()
    text = fields.String(allow_none=True)
    holds = fields.Boolean()
    taken_back = fields.Boolean()


class CaseFileSchema(Schema):
    """One case with what could be decided."""

    case = fields.Nested(CaseSchema)
    options = fields.List(fields.Nested(OptionSchema))
    said = fields.List(fields.Nested(SaidSchema))


@resource.get("/cases")
@resource.arguments(CaseQuerySchema, location="query")
@resource.response(200, CasePageSchema)
@requires(Task.LOOK)
def list_cases(query: dict[str, Any]) -> dict[str, Any]:
    """Cases, filtered and sorted"""
    limit, sort = query.pop("limit"), query.pop("sort")
    try:
        after = case_list.read_after(query.pop("after"))
    except ValueError as error:
        raise Refusal(422, "not_valid", str(error)) from None
    site = signed_in().site
    with reading() as connection:
        for name in _READ.keys() & {name for name, said in query.items() if said is not None}:
            query[name] = _READ[name](connection, site, query[name])
        wanted = CaseFilter(**query)
        found = case_list.list_cases(connection, site, wanted, sort=sort, after=after, limit=limit)
        counts = case_list.count_by_rule(connection, site, wanted)
    return {"cases": found, "next": found[-1].after if len(found) == limit else None, "counts": counts}


@resource.get("/cases/file")
@resource.arguments(CaseNameSchema, location="query")
@resource.response(200, CaseFileSchema)
@requires(Task.LOOK)
def file(asked: dict[str, str]) -> dict[str, Any]:
    """One case, what could be decided about it, and what would come of each decision; nothing is recorded"""
    with reading() as connection:
        found = case_file.read(connection, signed_in().site, **asked, now_ms=context.now_ms())
    if found is None:
        raise Refusal(404, "not_found", "There is no such case (any more).")
    return _file(found)


def _file(found: CaseFile) -> dict[str, Any]:
    return {
        "case": found.case,
        "options": [
            {"resolution": o.resolution, "proposed": o.proposed, "why": o.why, "effect": effect_row(o.effect)}
            for o in found.options
        ],
        "said": [
            {
                "event": format_name(said.fact.name),
                "action": said.fact.event.action,
                "operator": said.fact.event.operator,
                "at_ms": said.fact.event_ms,
                "text": said.fact.event.reason,
                "holds": said.holds,
                "taken_back": said.taken_back,
            }
            for said in found.said
        ],
    }


def effect_row(effect: Effect) -> dict[str, Any]:
    """An effect as the API shows it."""
    return {
        "before": _standing(effect.before),
        "after": _standing(effect.after),
        "closes": effect.closes,
        "opens": effect.opens,
        "value": effect.value.minor if effect.value else None,
        "currency": effect.value.currency if effect.value else None,
    }


def _standing(outcome: Outcome) -> dict[str, Any]:
    status = outcome.state.status.value if outcome.state else None
    return {"status": status, "location": outcome.location, "belongs": outcome.belongs}


@resource.post("/cases/settle")
@resource.arguments(CaseSettlementSchema)
@resource.response(200, CaseSchema)
@requires(Task.SETTLE)
def settle(asked: dict[str, str]) -> CaseLine | None:
    """Decide a case

    409 where it was closed already, or a later scan has changed what it rests on; the message says who or what.
    """
    return _said(partial(decisions.settle, role=signed_in().role), asked)


@resource.post("/cases/settle-many")
@resource.arguments(ManySchema, bytes_max=MANY_BYTES_MAX)
@resource.response(200, ManyDecidedSchema)
@requires(Task.SETTLE)
def settle_many(asked: dict[str, Any]) -> dict[str, Any]:
    """Decide several cases alike

    Each is an event of its own. Those that were closed or changed meanwhile are skipped and named.
    """
    person = signed_in()
    choices, resolution = [Choice(**choice) for choice in asked["cases"]], asked["resolution"]
    who: dict[str, Any] = {"site": person.site, "operator": person.name, "role": person.role}
    try:
        decided, skipped = many_decisions.settle_all(choices, resolution=resolution, now_ms=context.now_ms(), **who)
    except decisions.DecisionError as error:
        raise Refusal(409, "conflict", str(error)) from None
    return {
        "decided": decided,
        "skipped": [
            {"unit": s.choice.unit, "rule": s.choice.rule, "episode": s.choice.episode, "reason": s.reason}
            for s in skipped
        ],
    }


@resource.post("/cases/note")
@resource.arguments(NoteSchema)
@resource.response(200, CaseSchema)
@requires(Task.SETTLE)
def note(asked: dict[str, str]) -> CaseLine | None:
    """Write something about a case; it stays for ever"""
    return _said(decisions.note, asked)


@resource.post("/cases/assign")
@resource.arguments(AssignSchema)
@resource.response(200, CaseSchema)
@requires(Task.SETTLE)
def assign(asked: dict[str, Any]) -> CaseLine | None:
    """Say who is to settle a case"""
    return _said(decisions.assign, asked)


@resource.post("/cases/reopen")
@resource.arguments(ReopenSchema)
@resource.response(200, CaseSchema)
@requires(Task.APPROVE)
def reopen(asked: dict[str, str]) -> CaseLine | None:
    """Have a closed case decided anew; what it was settled with is taken back"""
    return _said(decisions.reopen, asked)


def _said(say: Callable[..., object], asked: dict[str, str]) -> CaseLine | None:
    """Have one thing said about a case, and read the case again."""
    person, now_ms = signed_in(), context.now_ms()

    def write(connection: sa.Connection) -> object:
        return say(connection, site=person.site, operator=person.name, now_ms=now_ms, **asked)

    try:
        transact(write)
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None
    except decisions.DecisionError as error:
        raise Refusal(409, "conflict", str(error)) from None
    with reading() as connection:
        return case_list.read_case(connection, person.site, asked["unit"], asked["rule"], asked["episode"])
