"""Units: the state of one, its trail, and what a scan of it would mean."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf

from server import context, named, queries, search, site_wide
from server.api.resource import Resource
from server.database import reading
from server.errors import Refusal
from server.people import requires, signed_in
from server.queries import TrailLine
from server.replay import known_of
from server.roles import Task
from server.schemas import TrailEventSchema, moment, text
from server.surroundings import gather
from server.timelines import Movements
from sync.actions import ACTIONS
from sync.event import BARCODE_BYTES_MAX, SCHEMA, ScanEvent
from sync.history import Fact
from sync.labels import Label
from sync.recall import Reach
from sync.verdict import Verdict, day, judge

resource = Resource("units", __name__, description="One unit, container, product or lot at a time.")

CHECKS: Final = sorted(name for name, action in ACTIONS.items() if action.roles and "subject" in action.needs)


class StateSchema(Schema):
    """What is known of one unit or container."""

    status = fields.String()
    place = fields.String(allow_none=True, metadata={"description": "A location, or the container that it is in"})
    place_ms = moment()
    observed = fields.Boolean()
    expected = fields.String(allow_none=True, metadata={"description": "Where it belongs"})
    announced_by = fields.String(allow_none=True)
    announced_in = fields.String(allow_none=True)
    lot = fields.String(allow_none=True)
    expiry = fields.String(allow_none=True)
    condition = fields.String(allow_none=True)
    identifiers = fields.List(fields.String())
    document = fields.String(allow_none=True)
    last_event = fields.String(allow_none=True)
    last_ms = moment()


class UnitSchema(Schema):
    """One unit or container, its places resolved to locations as of now."""

    key = fields.String()
    state = fields.Nested(StateSchema)
    location = fields.String(allow_none=True)
    expected_location = fields.String(allow_none=True)
    shipped_in = fields.String(allow_none=True, metadata={"description": "The container that took it away"})
    evidence = fields.String(metadata={"description": "observed, inferred (from its container), or stated"})
    inferred_from = fields.String(allow_none=True, metadata={"description": "The container that was scanned for it"})


class BalanceSchema(Schema):
    """So many in one place."""

    place = fields.String()
    quantity = fields.Integer()


class TrailSchema(Schema):
    """What happened, oldest first."""

    events = fields.List(fields.Nested(TrailEventSchema))
    balances = fields.List(fields.Nested(BalanceSchema), metadata={"description": "Of a product or lot without units"})


class CheckQuerySchema(Schema):
    """A scan that is only asked about."""

    scan = fields.String(required=True, validate=Length(1, BARCODE_BYTES_MAX))
    symbology = fields.String(load_default=None, validate=Length(equal=3))
    action = fields.String(load_default="inspect", validate=OneOf(CHECKS))
    location = text(load_default=None)
    container = text(load_default=None)
    document = text(load_default=None)


class CheckSchema(Schema):
    """What it would mean."""

    kind = fields.String()
    key = fields.String()
    verdict = fields.Enum(Verdict, by_value=True)
    belongs = fields.String(allow_none=True)


@resource.get("/units/<path:key>")
@resource.response(200, UnitSchema)
@requires(Task.LOOK)
def show(key: str) -> queries.UnitView:
    """State of a unit or container

    `key` is its canonical name, percent-encoded (`https://id.gs1.org/` may be left out), its label or serial number.
    """
    site = signed_in().site
    with reading() as connection:
        name = named.thing(connection, site, key)
        found = queries.read_unit(connection, site, name, context.now_ms())
    if found is None:
        raise Refusal(404, "not_found", f"Nothing is known of {name!r:.200}.")
    return found


@resource.get("/trails/<path:key>")
@resource.response(200, TrailSchema)
@requires(Task.LOOK)
def trail(key: str) -> dict[str, Any]:
    """What happened to a unit, container, product or lot, oldest first

    What was done to a container while this was in it stands in it too, with `carried_in`.
    """
    site = signed_in().site
    with reading() as connection:
        name = named.thing(connection, site, key)
        lines = queries.whole_trail(connection, site, name)
        balances = queries.balances(connection, site, name)
    return {
        "events": [_line(line) for line in lines],
        "balances": [{"place": place, "quantity": quantity} for place, quantity in balances],
    }


def _line(line: TrailLine) -> dict[str, Any]:
    fact = line.fact
    return asdict(fact.event) | {
        "outcome": "forked" if fact.forked else "accepted",
        "undone": line.undone,
        "carried_in": line.carried_in,
        "event_ms": fact.event_ms,
        "uncertainty_ms": fact.uncertainty_ms,
    }


@resource.get("/check")
@resource.arguments(CheckQuerySchema, location="query")
@resource.response(200, CheckSchema)
@requires(Task.LOOK)
def check(query: dict[str, Any]) -> dict[str, Any]:
    """What a scan would mean, with all that the server knows; nothing is recorded"""
    site, now_ms = signed_in().site, context.now_ms()
    with reading() as connection:
        typed = (query.pop("symbology") or "") + query.pop("scan")
        here = site_wide.read(connection, site)
        label = search.read_typed(typed, here.codes)
        if not isinstance(label, Label):
            raise Refusal(422, "not_a_label", label)
        view = queries.read_unit(connection, site, label.key, now_ms)
        key = view.key if view else label.key
        event = ScanEvent(
            device_no=0, epoch=0, seq=0, schema=SCHEMA, subject=key, wall_ms=now_ms, boot="check", boot_ms=0, **query
        )
        state = view.state if view else None
        asked = Fact(now_ms, event.name, 0, b"", 0, event)
        stored = [state] if state else []
        around = gather(connection, site, {key: [asked]}, stored, for_rules=False, told=Movements(), site_wide=here)
    known = None
    if view is not None:
        inferred = view.inferred_from is not None
        known = known_of(view.state, lambda _: view.expected_location, inferred=inferred)
    recalled = around.recalled(event, known, now_ms)
    judgement = judge(
        event,
        known,
        recalled=recalled is Reach.YES,
        perhaps_recalled=recalled is Reach.POSSIBLE,
        listed=around.listed(event.document, key),
        whole=True,
        ordered=around.ordered(event.document, key, now_ms),
        today=day(now_ms),
    )
    stolen = around.stolen((key, label.key), now_ms) is not None
    verdict = Verdict.STOLEN if stolen else judgement.verdict
    return {"kind": label.kind, "key": key, "verdict": verdict, "belongs": judgement.belongs}
