"""Life cycle: stages, what spoils, suggested prices, the prices in force, and the rules behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf

from server import context
from server.api.resource import Resource
from server.database import reading, transact
from server.errors import Refusal
from server.life_cycle import picture, price_list, rules
from server.life_cycle.markdown import Rule, Suggestion, When
from server.life_cycle.picture import ProductLife
from server.life_cycle.price_list import Offered, PriceError
from server.life_cycle.rules import RuleError
from server.life_cycle.stage import Stage
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import moment, named_product, text

resource = Resource("life-cycle", __name__, description="Stages, ages, what spoils, and prices by unit.")
T = TypeVar("T")


class SpoilageSchema(Schema):
    """What will become of a lot."""

    subject = fields.String(attribute="lot.subject")
    expiry = fields.String(attribute="lot.expiry")
    days_left = fields.Integer(attribute="lot.days_left")
    quantity = fields.Integer(attribute="lot.quantity")
    cover_days = fields.Float(allow_none=True)
    sells = fields.Float()
    spoils = fields.Float()


class ProductLifeSchema(Schema):
    """One product: its stage, its pace and what spoils of it."""

    item = fields.String()
    name = fields.String()
    stage = fields.String(attribute="finding.stage", metadata={"description": ", ".join(Stage)})
    why = fields.String(attribute="finding.why")
    change = fields.Float(attribute="finding.change", allow_none=True)
    season = fields.Boolean(attribute="finding.season", metadata={"description": "It may as well be the season"})
    on_hand = fields.Integer()
    pace = fields.Float(metadata={"description": "Sold a day in the last 28 days"})
    cover_days = fields.Float(allow_none=True)
    spoils = fields.Float()
    expired = fields.Integer()
    weeks = fields.List(fields.Integer(), metadata={"description": "Sold in each week since the first sale"})
    lots = fields.List(fields.Nested(SpoilageSchema), attribute="outlooks")


class LifeCycleSchema(Schema):
    """Every product."""

    half_sigma = fields.Float(metadata={"description": "A larger change is growth or decline"})
    products = fields.List(fields.Nested(ProductLifeSchema))


class PriceRuleSchema(Schema):
    """One of the owner's rules."""

    name = text(required=True, validate=Length(1, rules.NAME_MAX))
    when = fields.String(required=True, validate=OneOf(list(When)))
    days = fields.Integer(required=True, strict=True)
    percent = fields.Float(required=True)
    stage = fields.String(load_default=None, allow_none=True, validate=OneOf(list(Stage)))


class PriceSuggestionSchema(Schema):
    """One price that should be another; amounts in the currency's smallest unit."""

    subject = fields.String()
    item = fields.String()
    quantity = fields.Integer()
    rule = fields.String(attribute="rule.name")
    why = fields.String(attribute="rule.text")
    was = fields.Integer()
    price = fields.Integer()
    floored = fields.Boolean()


class PriceSuggestionListSchema(Schema):
    """Every suggestion, and the rules."""

    suggestions = fields.List(fields.Nested(PriceSuggestionSchema))
    rules = fields.List(fields.Nested(PriceRuleSchema))


class OfferedPriceSchema(Schema):
    """One price in force; amounts in the currency's smallest unit."""

    subject = fields.String()
    item = fields.String()
    price = fields.Integer()
    was = fields.Integer()
    currency = fields.String()
    from_ms = moment()
    until_ms = moment()
    rule = fields.String()
    number = fields.String()
    by = fields.String(allow_none=True)


class OfferedPriceListSchema(Schema):
    """Every price in force, by subject."""

    prices = fields.List(fields.Nested(OfferedPriceSchema))


class AcceptPricesSchema(Schema):
    """Which suggestions are taken over, and for how long."""

    subjects = fields.List(text(validate=Length(1, 500)), required=True, validate=Length(max=price_list.SUBJECTS_MAX))
    days = fields.Integer(load_default=30, strict=True)


class AcceptedPricesSchema(Schema):
    """The list that was made."""

    number = fields.String()


class EndPricesSchema(Schema):
    """Whose prices end."""

    subjects = fields.List(text(validate=Length(1, 500)), required=True, validate=Length(max=price_list.SUBJECTS_MAX))


class EndedPricesSchema(Schema):
    """How many ended."""

    ended = fields.Integer()


class PriceRuleNameSchema(Schema):
    """A rule by its name."""

    name = text(required=True, validate=Length(1, rules.NAME_MAX))


class PriceFloorSchema(Schema):
    """Of everything in percent of the cost, or of one product in the smallest unit of its currency."""

    item = named_product(load_default=None, allow_none=True)
    percent = fields.Float(load_default=None, allow_none=True)
    amount = fields.Integer(load_default=None, allow_none=True, strict=True)


def _done(write: Callable[[sa.Connection], T]) -> T:
    try:
        return transact(write)
    except (PriceError, RuleError) as error:
        raise Refusal(422, "invalid", str(error)) from None


@resource.get("/life-cycle")
@resource.response(200, LifeCycleSchema)
@requires(Task.OWN)
def life_cycle() -> dict[str, Any]:
    """Each product's stage and why, its pace, and its lots with what will spoil"""
    with reading() as connection:
        found = picture.read(connection, signed_in().site, context.now_ms())
    products: list[ProductLife] = sorted(found.products.values(), key=lambda one: one.name.casefold())
    return {"half_sigma": found.half_sigma, "products": products}


@resource.get("/prices/suggestions")
@resource.response(200, PriceSuggestionListSchema)
@requires(Task.OWN)
def suggestions() -> dict[str, list[Suggestion] | list[Rule]]:
    """Which prices should change, each with its rule"""
    with reading() as connection:
        found = picture.read(connection, signed_in().site, context.now_ms())
    return {"suggestions": found.suggestions(), "rules": list(found.rules.rules)}


@resource.get("/prices")
@resource.response(200, OfferedPriceListSchema)
@requires(Task.LOOK)
def in_force() -> dict[str, list[Offered]]:
    """The prices in force of single units, lots and products; everything else goes at its product's price"""
    with reading() as connection:
        return {"prices": price_list.offered_now(connection, signed_in().site, context.now_ms())}


@resource.post("/prices")
@resource.arguments(AcceptPricesSchema)
@resource.response(201, AcceptedPricesSchema)
@requires(Task.PRICE)
def accept(asked: dict[str, Any]) -> dict[str, str]:
    """Put the suggestions for these units, lots and products in force"""
    person, now_ms, wanted = signed_in(), context.now_ms(), frozenset(asked["subjects"])

    def write(connection: sa.Connection) -> str:
        found = picture.read(connection, person.site, now_ms)
        these = [one for one in found.suggestions() if one.subject in wanted]
        lacking = wanted - {one.subject for one in these}
        if lacking:
            raise PriceError(f"No rule suggests another price for {min(lacking)}.")
        return price_list.accept(
            connection,
            site=person.site,
            suggestions=these,
            currencies={item: one.price.currency for item, one in found.products.items() if one.price},
            days=asked["days"],
            operator=person.name,
            now_ms=now_ms,
        )

    return {"number": _done(write)}


@resource.post("/prices/end")
@resource.arguments(EndPricesSchema)
@resource.response(200, EndedPricesSchema)
@requires(Task.PRICE)
def end(asked: dict[str, Any]) -> dict[str, int]:
    """Take prices back from now on"""
    person, now_ms = signed_in(), context.now_ms()
    ended = _done(lambda c: price_list.end(c, site=person.site, operator=person.name, now_ms=now_ms, **asked))
    return {"ended": ended}


@resource.post("/prices/rules")
@resource.arguments(PriceRuleSchema)
@resource.response(200, PriceRuleSchema)
@requires(Task.PRICE)
def set_rule(asked: dict[str, Any]) -> Rule:
    """Set a rule under its name"""
    person, now_ms = signed_in(), context.now_ms()
    stage = Stage(asked["stage"]) if asked["stage"] else None
    rule = Rule(**{**asked, "when": When(asked["when"]), "stage": stage})
    _done(lambda c: rules.set_rule(c, site=person.site, rule=rule, operator=person.name, now_ms=now_ms))
    return rule


@resource.post("/prices/rules/drop")
@resource.arguments(PriceRuleNameSchema)
@resource.response(200, PriceRuleNameSchema)
@requires(Task.PRICE)
def drop_rule(asked: dict[str, Any]) -> dict[str, Any]:
    """Drop a rule"""
    person, now_ms = signed_in(), context.now_ms()
    _done(lambda c: rules.drop_rule(c, site=person.site, operator=person.name, now_ms=now_ms, **asked))
    return asked


@resource.post("/prices/floor")
@resource.arguments(PriceFloorSchema)
@resource.response(200, PriceFloorSchema)
@requires(Task.PRICE)
def set_floor(asked: dict[str, Any]) -> dict[str, Any]:
    """Set the floor of everything, or one product's own"""
    person, now_ms = signed_in(), context.now_ms()

    def write(connection: sa.Connection) -> None:
        who: dict[str, Any] = {"site": person.site, "operator": person.name, "now_ms": now_ms}
        if asked["item"] is not None:
            rules.set_own_floor(connection, item=asked["item"], amount=asked["amount"], **who)
        elif asked["percent"] is not None:
            rules.set_floor(connection, percent=asked["percent"], **who)
        else:
            raise RuleError("Say a percentage of the cost, or a product and its amount.")

    _done(write)
    return asked
