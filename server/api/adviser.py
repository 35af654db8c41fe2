"""When to serialise: the advice on each product, what it assumes, and the worked case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf

from server import context, named
from server.adviser import advice_list, settings, worked_case
from server.adviser.advice_list import Told
from server.adviser.assumptions import ASSUMPTIONS, Scope
from server.adviser.presets import PRESETS
from server.adviser.regulations import MARKETS, Mode
from server.adviser.settings import SettingError
from server.adviser.worked_case import Case, CaseError
from server.api.resource import Resource
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import named_product, text

resource = Resource("adviser", __name__, description="When to serialise a product, and when not.")


class FigureSchema(Schema):
    """A value and what it rests on."""

    value = fields.Float()
    source = fields.String()
    own = fields.Boolean(metadata={"description": "Whether the shop's own records say so"})


class AdviceLineSchema(Schema):
    """One cost or saving a month."""

    name = fields.String()
    text = fields.String()
    formula = fields.String()
    amount = fields.Float()


class TrackingOptionSchema(Schema):
    """One way of tracking a product."""

    mode = fields.String()
    costs = fields.List(fields.Nested(AdviceLineSchema))
    savings = fields.List(fields.Nested(AdviceLineSchema))
    cost = fields.Float()
    saving = fields.Float()
    net = fields.Float()
    barred = fields.String(allow_none=True, metadata={"description": "Why it cannot be taken"})


class LawSchema(Schema):
    """A law that asks for it."""

    market = fields.String()
    name = fields.String()
    text = fields.String()


class AdviceSchema(Schema):
    """What is advised for a product, money in the currency's main unit a month."""

    currency = fields.String(attribute="product.currency")
    price = fields.Float(attribute="product.price")
    cost = fields.Nested(FigureSchema, attribute="product.cost", allow_none=True)
    units_month = fields.Nested(FigureSchema, attribute="product.units_month")
    units_order = fields.Nested(FigureSchema, attribute="product.units_order")
    on_hand = fields.Integer(attribute="product.on_hand")
    recommended = fields.String(metadata={"description": ", ".join(Mode)})
    by_money = fields.String(metadata={"description": "What money alone would say"})
    least = fields.String(metadata={"description": "The least that the law asks for"})
    laws = fields.List(fields.Nested(LawSchema))
    net = fields.Float()
    break_even_price = fields.Float(allow_none=True)
    options = fields.List(fields.Nested(TrackingOptionSchema))
    figures = fields.Dict(keys=fields.String(), values=fields.Nested(FigureSchema))


class BriefAdviceSchema(AdviceSchema):
    """The same in brief."""

    class Meta:
        """Without what fills pages."""

        exclude = ("options", "figures")


class ToldSchema(Schema):
    """A product with its advice, or why there is none."""

    item = fields.String(attribute="key")
    name = fields.String()
    mode = fields.String(metadata={"description": "How it is tracked now"})
    preset = fields.String()
    differs = fields.Boolean(metadata={"description": "Whether it is tracked otherwise than is advised"})
    why_not = fields.String(allow_none=True)
    advice = fields.Nested(BriefAdviceSchema, allow_none=True)


class ToldInFullSchema(ToldSchema):
    """The same with every line and every figure."""

    advice = fields.Nested(AdviceSchema, allow_none=True)


class AdviceListSchema(Schema):
    """Every product, by name."""

    products = fields.List(fields.Nested(ToldSchema))


class FigureSettingSchema(Schema):
    """A figure to be used from now on."""

    scope = fields.String(required=True, validate=OneOf(list(Scope)))
    of = text(load_default="", validate=Length(0, 500), metadata={"description": "Currency, preset or product"})
    name = fields.String(required=True, validate=OneOf(list(ASSUMPTIONS)))
    value = fields.Float(required=True, allow_none=True, metadata={"description": "null: as it was"})


class KindSettingSchema(Schema):
    """What kind of goods some products are."""

    items = fields.List(named_product(), required=True, validate=Length(1, 1_000))
    preset = fields.String(required=True, validate=OneOf(list(PRESETS)))


class MarketSettingSchema(Schema):
    """Where the shop sells."""

    markets = fields.List(fields.String(validate=OneOf(list(MARKETS))), required=True)


class WorkedCaseQuerySchema(Schema):
    """The case to be reckoned."""

    orders = fields.Float(load_default=float(worked_case.ORDERS))
    units_order = fields.Float(load_default=1.0)
    unit_cost = fields.Float(load_default=worked_case.UNIT_COST)


class NeededSchema(Schema):
    """Units of one price to be saved."""

    price = fields.Float()
    units = fields.Float()
    share = fields.Float()


class BreakEvenSchema(Schema):
    """From which price a label pays for one kind of goods."""

    preset = fields.String(attribute="preset.name")
    saved = fields.Float(metadata={"description": "Of the price"})
    price = fields.Float(allow_none=True, metadata={"description": "null where it saves nothing"})
    beyond = fields.Float(metadata={"description": "Of the price, beyond lots and cartons"})
    price_beyond = fields.Float(allow_none=True)


class WorkedCaseSchema(Schema):
    """What the labels cost a month, and when that pays."""

    units = fields.Float()
    cost = fields.Float()
    needed = fields.List(fields.Nested(NeededSchema))
    break_evens = fields.List(fields.Nested(BreakEvenSchema))


@resource.get("/adviser")
@resource.response(200, AdviceListSchema)
@requires(Task.OWN)
def list_() -> dict[str, list[Told]]:
    """Every product with what is advised"""
    with reading() as connection:
        return {"products": advice_list.read_all(connection, signed_in().site, context.now_ms())}


@resource.get("/adviser/products/<path:path>")
@resource.response(200, ToldInFullSchema)
@requires(Task.OWN)
def show(path: str) -> Told:
    """One product, with every line of money and every figure that was assumed

    `path` is its GTIN, its SKU or its canonical name; of that `https://id.gs1.org/` may be left out.
    """
    site = signed_in().site
    with reading() as connection:
        return advice_list.read_one(connection, site, context.now_ms(), named.product(connection, site, path))


@resource.get("/adviser/case")
@resource.arguments(WorkedCaseQuerySchema, location="query")
@resource.response(200, WorkedCaseSchema)
@requires(Task.OWN)
def case(asked: dict[str, Any]) -> dict[str, Any]:
    """The worked case: so many orders a month at so much a unit"""
    try:
        found = Case(**asked)
    except CaseError as error:
        raise Refusal(422, "invalid", str(error)) from None
    with reading() as connection:
        kept = settings.read(connection, signed_in().site)
    figures = {name: kept.figures_for(name, found.currency) for name in PRESETS}
    return {
        "units": found.units,
        "cost": found.cost,
        "needed": worked_case.needed(found),
        "break_evens": worked_case.break_evens(found, figures),
    }


def _set(write: Callable[[sa.Connection], None]) -> None:
    try:
        transact(write)
    except SettingError as error:
        raise Refusal(422, "invalid", str(error)) from None


@resource.post("/adviser/figures")
@resource.arguments(FigureSettingSchema)
@resource.response(200, FigureSettingSchema)
@requires(Task.PRICE)
def set_figure(asked: dict[str, Any]) -> dict[str, Any]:
    """Set a figure for the site, a currency, a kind of goods or one product"""
    person, now_ms = signed_in(), context.now_ms()
    _set(lambda c: settings.set_figure(c, site=person.site, operator=person.name, now_ms=now_ms, **asked))
    return asked


@resource.post("/adviser/kinds")
@resource.arguments(KindSettingSchema)
@resource.response(200, KindSettingSchema)
@requires(Task.PRICE)
def set_kind(asked: dict[str, Any]) -> dict[str, Any]:
    """Say what kind of goods some products are"""
    person, now_ms = signed_in(), context.now_ms()
    _set(lambda c: settings.set_kind(c, site=person.site, operator=person.name, now_ms=now_ms, **asked))
    return asked


@resource.post("/adviser/markets")
@resource.arguments(MarketSettingSchema)
@resource.response(200, MarketSettingSchema)
@requires(Task.PRICE)
def set_markets(asked: dict[str, Any]) -> dict[str, Any]:
    """Say where the shop sells, so that those laws count"""
    person, now_ms = signed_in(), context.now_ms()
    _set(lambda c: settings.set_markets(c, site=person.site, operator=person.name, now_ms=now_ms, **asked))
    return asked
