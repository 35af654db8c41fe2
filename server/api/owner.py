"""What the owner asks: the month, and what is missing."""

from __future__ import annotations

from typing import Any

from flask import request
from marshmallow import Schema, fields

from server import context
from server.api.resource import Resource
from server.database import reading
from server.errors import Refusal
from server.month import report
from server.month.report import MonthError
from server.month.value import Worth
from server.people import requires, signed_in
from server.roles import Task
from server.shrinkage import access, losses
from server.shrinkage.losses import Loss

resource = Resource("owner", __name__, description="The owner's month and shrinkage.")
LOSSES_MAX = 1_000


class WorthSchema(Schema):
    """Pieces, and what they cost the shop."""

    pieces = fields.Integer()
    value = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"description": "smallest units"})
    uncosted = fields.Integer(metadata={"description": "pieces whose cost nobody has said; in no value"})


class LossSchema(Schema):
    """What a closed count missed."""

    subject = fields.String()
    item = fields.String()
    place = fields.String(allow_none=True)
    zone = fields.String()
    pieces = fields.Integer(metadata={"description": "below nought where a count saw more than expected"})
    cost = fields.Integer(allow_none=True, metadata={"description": "of all of it, smallest units"})
    currency = fields.String(allow_none=True)
    state = fields.String(metadata={"description": "missing, written off, found"})
    count = fields.String(allow_none=True)
    last_ms = fields.Integer(allow_none=True)
    last_by = fields.String(allow_none=True)
    missed_ms = fields.Integer()
    found_ms = fields.Integer(allow_none=True)
    near = fields.List(fields.String(), metadata={"description": "who scanned in that zone in between: no proof"})


class PersonNearSchema(Schema):
    """How often somebody was near, and how often by chance."""

    name = fields.String()
    windows = fields.Integer()
    expected = fields.Float()
    alone = fields.Integer()


class ShrinkageSchema(Schema):
    """Losses, the latest first, and who was near those that are still gone."""

    losses = fields.List(fields.Nested(LossSchema))
    people = fields.List(fields.Nested(PersonNearSchema))
    shifts = fields.Dict(keys=fields.String(), values=fields.Float())


class ClaimThenSchema(Schema):
    """A claim as it stood at the end."""

    number = fields.String()
    supplier = fields.String(allow_none=True)
    receipt = fields.String()
    status = fields.String()
    since_ms = fields.Integer()
    claimed = fields.Dict(keys=fields.String(), values=fields.Integer())
    credited = fields.Dict(keys=fields.String(), values=fields.Integer(), allow_none=True)
    credited_ms = fields.Integer(allow_none=True)


class ReturnedSchema(Schema):
    """Sales and returns of one product within the month."""

    sold = fields.Integer()
    back = fields.Integer()
    again = fields.Integer()
    rate = fields.Float(allow_none=True)
    reasons = fields.Dict(keys=fields.String(), values=fields.Integer())


class MonthSchema(Schema):
    """The owner's month."""

    since_ms = fields.Integer()
    until_ms = fields.Integer()
    total = fields.Nested(WorthSchema)
    zones = fields.Dict(keys=fields.String(), values=fields.Nested(WorthSchema))
    kinds = fields.Dict(keys=fields.String(), values=fields.Nested(WorthSchema))
    products = fields.Dict(keys=fields.String(), values=fields.Nested(WorthSchema))
    ages = fields.Dict(keys=fields.String(), values=fields.Nested(WorthSchema))
    losses = fields.List(fields.Nested(LossSchema))
    claims = fields.List(fields.Nested(ClaimThenSchema))
    claimed = fields.Dict(
        keys=fields.String(), values=fields.Integer(), metadata={"description": "Open at its end, by currency"}
    )
    credited = fields.Dict(
        keys=fields.String(), values=fields.Integer(), metadata={"description": "Within the month, by currency"}
    )
    returns = fields.Dict(keys=fields.String(), values=fields.Nested(ReturnedSchema))


@resource.get("/month")
@resource.response(200, MonthSchema)
@requires(Task.OWN)
def month() -> dict[str, Any]:
    """The owner's month up to the end of `?day=2026-05-31` (UTC), by what had happened by then

    Without a day it is the month that ended last.
    """
    site = signed_in().site
    try:
        since_ms, until_ms = report.span(request.args.get("day"), context.now_ms())
    except MonthError as error:
        raise Refusal(400, "bad_day", str(error)) from None
    with reading() as connection:
        found = report.read(connection, site, since_ms, until_ms)
        presence = access.read_presence(connection, site, until_ms)
    return {
        "since_ms": since_ms,
        "until_ms": until_ms,
        "total": _worth(found.stock.total),
        **{name: _worths(getattr(found, name)) for name in ("zones", "kinds", "products")},
        "ages": _worths(found.stock.ages),
        "losses": [_loss(loss, presence) for loss in found.losses],
        "claims": found.claims,
        "claimed": found.claimed,
        "credited": found.credited,
        "returns": found.returns,
    }


@resource.get("/shrinkage")
@resource.response(200, ShrinkageSchema)
@requires(Task.OWN)
def shrinkage() -> dict[str, Any]:
    """What closed counts missed, with the window of each and who was near

    Near was who scanned in that zone between the last sighting and the first count that missed it. That is weak
    evidence: compare `windows` with `expected`, what chance alone would give.
    """
    site, now_ms = signed_in().site, context.now_ms()
    with reading() as connection:
        found = losses.read(connection, site, now_ms)
        presence = access.read_presence(connection, site, now_ms)
    gone = [loss for loss in found if loss.found_ms is None]
    return {
        "losses": [_loss(loss, presence) for loss in found[:LOSSES_MAX]],
        "people": access.by_person(gone, presence),
        "shifts": access.by_shift(gone, presence),
    }


def _worths(of: Any) -> dict[str, Any]:
    return {text: _worth(worth) for text, worth in of.items()}


def _worth(worth: Worth) -> dict[str, Any]:
    return {"pieces": worth.pieces, "value": dict(worth.value), "uncosted": worth.uncosted}


def _loss(loss: Loss, presence: access.Presence) -> dict[str, Any]:
    told = {name: getattr(loss, name) for name in LossSchema().fields if hasattr(loss, name)}
    return told | {
        "cost": loss.cost.minor if loss.cost else None,
        "currency": loss.cost.currency if loss.cost else None,
        "near": presence.near(loss),
    }
