"""The returns desk: what waits with its verdict, one return, what becomes of it, loops, failed lots, and the limits."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import sqlalchemy as sa
from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range

from server import context, named
from server.api.resource import Resource
from server.database import reading, transact
from server.errors import Refusal
from server.people import Person, requires, signed_in
from server.returns import covered, desk, disposing, limits, loops, lots, shared
from server.returns.disposing import DECISIONS, REASON_MAX, DispositionError
from server.returns.facts import judge
from server.returns.limits import MOST, LimitError, Limits
from server.roles import Task
from server.schemas import named_product, named_unit, text
from sync.because import Because, Outcome
from sync.returning import SITE_WIDE, UNIT_MAX
from sync.warranty import Claim

resource = Resource("returns", __name__, description="What customers sent back, and what becomes of it.")
OUTCOMES: Final = [outcome.value for outcome in Outcome]
WHY: Final = ", ".join(why.value for why in Because)
CLAIMS: Final = "for the sale that it came back from: " + ", ".join(claim.value for claim in Claim)


class ReturnSchema(Schema):
    """One thing that came back, and the verdict on it."""

    unit = fields.String()
    outcome = fields.String(metadata={"description": ", ".join(OUTCOMES)})
    because = fields.List(fields.String(), metadata={"description": WHY})
    since_ms = fields.Integer()
    location = fields.String(allow_none=True)
    document = fields.String(allow_none=True, metadata={"description": "The return or order that it came with"})
    sold_on = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)
    condition = fields.String(allow_none=True)
    returns = fields.Integer(metadata={"description": "How often this unit came back"})
    lot = fields.String(allow_none=True)


class ReturnListSchema(Schema):
    """What waits at the desk, the oldest first."""

    returns = fields.List(fields.Nested(ReturnSchema))


class ReturnQuerySchema(Schema):
    """Which returns."""

    outcome = fields.String(load_default=None, validate=OneOf(OUTCOMES))


class ReturnUnitQuerySchema(Schema):
    """Which unit."""

    unit = named_unit(required=True)


class ReturnChoiceSchema(Schema):
    """One decision, and why it is not open."""

    action = fields.String()
    text = fields.String()
    why_not = fields.String(metadata={"description": "Empty where it is open"})


class ReturnVerdictSchema(Schema):
    """The verdict on one unit, whether or not it came back already."""

    unit = fields.String()
    outcome = fields.String()
    because = fields.List(fields.String(), metadata={"description": WHY})
    status = fields.String()
    sold_on = fields.String(allow_none=True)
    sold_ms = fields.Integer()
    returns = fields.Integer()
    returned_for = fields.List(fields.String())
    document = fields.String(allow_none=True)
    location = fields.String(allow_none=True)
    matched = fields.String(allow_none=True)
    seal = fields.String(allow_none=True)
    condition = fields.String(allow_none=True)
    pictured = fields.Boolean()
    warranty = fields.String(allow_none=True, metadata={"description": CLAIMS})
    warranty_until = fields.String(allow_none=True, metadata={"description": "last day of its warranty, YYYY-MM-DD"})
    warranty_text = fields.String(allow_none=True, metadata={"description": "the same in words"})
    choices = fields.List(fields.Nested(ReturnChoiceSchema))


class ReturnDecisionSchema(Schema):
    """What becomes of a return."""

    unit = named_unit(required=True)
    decision = fields.String(required=True, validate=OneOf(list(DECISIONS)))
    reason = text(required=True, validate=Length(1, REASON_MAX))


class UnitReturnsSchema(Schema):
    """A unit that came back more than once."""

    unit = fields.String()
    returns = fields.Integer()
    reasons = fields.List(fields.String())
    status = fields.String()


class ProductReturnsSchema(Schema):
    """A product's returns against its sales."""

    item = fields.String()
    sold = fields.Integer()
    returns = fields.Integer()
    units = fields.Integer()
    loop_units = fields.Integer()
    loop_returns = fields.Integer()
    rate = fields.Float(allow_none=True)
    rate_without_loops = fields.Float(allow_none=True)
    reasons = fields.Dict(keys=fields.String(), values=fields.Integer())


class ReturnLoopsSchema(Schema):
    """Units and products that come back most."""

    units = fields.List(fields.Nested(UnitReturnsSchema))
    products = fields.List(fields.Nested(ProductReturnsSchema))


class FailedLotSchema(Schema):
    """A lot of which a unit came back defective."""

    item = fields.String()
    lot = fields.String()
    first = fields.String()
    failed = fields.Integer()
    siblings = fields.Dict(keys=fields.String(), values=fields.Integer())
    recalled = fields.Boolean()
    proposed = fields.Boolean(metadata={"description": "Whether a recall is proposed"})


class FailedLotListSchema(Schema):
    """Failed lots, the worst first."""

    lots = fields.List(fields.Nested(FailedLotSchema))


class ReturnItemQuerySchema(Schema):
    """Which product."""

    item = named_product(required=True)


class ReturnShareSchema(Schema):
    """Something that failed units have in common."""

    what = fields.String()
    value = fields.String()
    failed = fields.Integer()
    failed_all = fields.Integer()
    sold = fields.Integer()
    sold_all = fields.Integer()
    lift = fields.Float()
    least = fields.Float(metadata={"description": "the lift's lower bound, 95 %"})
    is_lead = fields.Boolean()


class ReturnShareListSchema(Schema):
    """What failed units share, leads first."""

    shares = fields.List(fields.Nested(ReturnShareSchema))


class ReturnLimitsSchema(Schema):
    """Limits of one product, or of the site."""

    item = named_product(load_default=None, allow_none=True)
    unit_max = fields.Integer(load_default=UNIT_MAX, strict=True, validate=Range(0, MOST))
    product_max = fields.Integer(load_default=0, strict=True, validate=Range(0, MOST))
    always = fields.Boolean(load_default=False)
    recall_at = fields.Integer(load_default=2, strict=True, validate=Range(2, MOST))


class ReturnLimitsListSchema(Schema):
    """Every limit that stands."""

    limits = fields.List(fields.Nested(ReturnLimitsSchema))


@resource.get("/returns")
@requires(Task.LOOK)
@resource.arguments(ReturnQuerySchema, location="query")
@resource.response(200, ReturnListSchema)
def list_returns(asked: dict[str, Any]) -> dict[str, Any]:
    """What came back and waits for a decision"""
    with reading() as connection:
        found = desk.waiting(connection, signed_in().site, context.now_ms(), outcome=asked["outcome"])
    return {"returns": [asdict(row) for row in found]}


@resource.get("/returns/verdict")
@requires(Task.LOOK)
@resource.arguments(ReturnUnitQuerySchema, location="query")
@resource.response(200, ReturnVerdictSchema)
def read_verdict(asked: dict[str, str]) -> dict[str, Any]:
    """What becomes of one unit if it is sent back, or of one that was"""
    person = signed_in()
    with reading() as connection:
        return _verdict(connection, person, named.unit(connection, person.site, asked["unit"]), context.now_ms())


def _verdict(connection: sa.Connection, person: Person, asked: str, now_ms: int) -> dict[str, Any]:
    [(unit, judged)] = judge(connection, person.site, [asked], now_ms).items()
    warranty = covered.read_warranty(connection, person.site, judged, now_ms)
    state = judged.state
    names, seen = ("sold_on", "sold_ms", "returns", "returned_for"), ("matched", "seal", "condition", "pictured")
    said = {name: getattr(state, name) for name in names} | {name: getattr(judged.looked, name) for name in seen}
    return said | {
        "unit": unit,
        "outcome": judged.verdict.outcome.value,
        "because": [why.value for why in judged.verdict.because],
        "status": state.status.value,
        "document": judged.facts.document,
        "location": judged.location,
        "warranty": warranty.answer.claim.value if warranty else None,
        "warranty_until": warranty.answer.until if warranty else None,
        "warranty_text": warranty.sentence if warranty else None,
        "choices": [asdict(choice) for choice in disposing.choices(judged, person.role)],
    }


@resource.post("/returns/decide")
@requires(Task.RETURN)
@resource.arguments(ReturnDecisionSchema)
@resource.response(200, ReturnVerdictSchema)
def decide(asked: dict[str, str]) -> dict[str, Any]:
    """Say what becomes of a return"""
    person, now_ms = signed_in(), context.now_ms()
    with reading() as connection:
        unit = named.unit(connection, person.site, asked["unit"])
    try:
        transact(
            lambda c: disposing.dispose(
                c, site=person.site, unit=unit, action=asked["decision"], reason=asked["reason"],
                operator=person.name, role=person.role, now_ms=now_ms,
            )
        )  # fmt: skip
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None
    except DispositionError as error:
        raise Refusal(409, "not_open", str(error)) from None
    with reading() as connection:
        return _verdict(connection, person, unit, now_ms)


@resource.get("/returns/loops")
@requires(Task.LOOK)
@resource.response(200, ReturnLoopsSchema)
def read_loops() -> dict[str, Any]:
    """Units that are sold, returned and sold again, and each product's return rate of the last two years"""
    with reading() as connection:
        site = signed_in().site
        return {
            "units": loops.units(connection, site),
            "products": loops.products(connection, site, context.now_ms()),
        }


@resource.get("/returns/lots")
@requires(Task.LOOK)
@resource.response(200, FailedLotListSchema)
def read_lots() -> dict[str, Any]:
    """Lots of which a unit came back defective"""
    with reading() as connection:
        return {"lots": lots.failed(connection, signed_in().site)}


@resource.get("/returns/shared")
@requires(Task.LOOK)
@resource.arguments(ReturnItemQuerySchema, location="query")
@resource.response(200, ReturnShareListSchema)
def read_shared(asked: dict[str, str]) -> dict[str, Any]:
    """What the failed units of a product share"""
    with reading() as connection:
        site = signed_in().site
        return {"shares": shared.shares(connection, site, named.product(connection, site, asked["item"]))}


@resource.get("/returns/limits")
@requires(Task.LOOK)
@resource.response(200, ReturnLimitsListSchema)
def read_limits() -> dict[str, Any]:
    """How often a unit and a product may come back"""
    with reading() as connection:
        found = limits.read(connection, signed_in().site)
    return {"limits": [{"item": None if key == SITE_WIDE else key, **asdict(one)} for key, one in found.items()]}


@resource.post("/returns/limits")
@requires(Task.SETTLE)
@resource.arguments(ReturnLimitsSchema)
@resource.response(200, ReturnLimitsSchema)
def set_limits(asked: dict[str, Any]) -> dict[str, Any]:
    """Set the limits of a product, or of the site"""
    person, now_ms = signed_in(), context.now_ms()
    item, wanted = asked["item"], Limits(**{name: asked[name] for name in asked if name != "item"})
    try:
        transact(
            lambda c: limits.set_limits(
                c, site=person.site, item=item, limits=wanted, operator=person.name, now_ms=now_ms
            )
        )
    except LimitError as error:
        raise Refusal(422, "invalid", str(error)) from None
    return {"item": item, **asdict(wanted)}
