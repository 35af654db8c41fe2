"""Opening counts: what one would take, opening it, recounting bins of it; and the list of counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range

from server import context
from server.api.paging import seen
from server.api.resource import Resource
from server.counts import choosing, listing, opening, recount, sharing
from server.counts.choosing import BINS_MAX, Ask, By, Choice
from server.counts.plan import CountError, Plan, Share, Sort
from server.database import reading, transact
from server.errors import Refusal
from server.people import Person, requires, signed_in
from server.roles import Task
from server.schemas import moment, text

resource = Resource(
    "count_opening", __name__, description="Opening cycle counts, spot counts, recounts, take-on counts."
)

COUNTERS_MAX = 50


class CountShareSchema(Schema):
    """Whose one bin is."""

    bin = text(required=True, metadata={"description": "Location code or key"})
    counter = text(load_default=None, allow_none=True, metadata={"description": "A handheld's name, or a person's"})
    blind = fields.Boolean(load_default=False)


class CountChoosingSchema(Schema):
    """Which bins a count takes."""

    by = fields.Enum(By, by_value=True, load_default=By.BINS)
    bins = fields.List(
        text(), load_default=list, validate=Length(0, BINS_MAX), metadata={"description": "Codes or keys"}
    )
    zones = fields.List(text(), load_default=list, validate=Length(0, 100))
    product = text(load_default=None, allow_none=True, metadata={"description": "GTIN or SKU"})
    classes = fields.List(fields.String(validate=OneOf(["A", "B", "C"])), load_default=list)
    spots = fields.Integer(load_default=choosing.SPOT_BINS, strict=True, validate=Range(1, BINS_MAX))
    seed = text(
        load_default=None, allow_none=True, metadata={"description": "Of a spot count: it draws the same again"}
    )


class CountOpeningSchema(CountChoosingSchema):
    """A count to open."""

    number = text(load_default=None, allow_none=True, validate=Length(1, 100))
    sort = fields.Enum(Sort, by_value=True, load_default=None, allow_none=True)
    blind = fields.Boolean(load_default=False, metadata={"description": "Handhelds are sent no expectations"})
    counters = fields.List(
        text(),
        load_default=list,
        validate=Length(0, COUNTERS_MAX),
        metadata={"description": "People or handhelds who get a stretch of the way each"},
    )
    shares = fields.List(fields.Nested(CountShareSchema), load_default=list, validate=Length(0, BINS_MAX))


class RecountSchema(Schema):
    """Bins of a count to be counted again."""

    bins = fields.List(text(), load_default=list, validate=Length(0, BINS_MAX))
    subjects = fields.List(
        text(),
        load_default=list,
        validate=Length(0, BINS_MAX),
        metadata={"description": "Units, products: their bins"},
    )
    counter = text(load_default=None, allow_none=True)
    blind = fields.Boolean(load_default=True)


class CountHoldingSchema(Schema):
    """One bin by the records."""

    place = fields.String()
    code = fields.String()
    zone = fields.String()
    units = fields.Integer(metadata={"description": "Those with a number of their own"})
    pieces = fields.Integer(attribute="without_number", metadata={"description": "Of a lot, or only counted"})
    value = fields.Dict(keys=fields.String(), values=fields.Integer())
    counted_ms = moment(allow_none=True)


class CountChoiceSchema(Schema):
    """What a count would take."""

    bins = fields.List(fields.Nested(CountHoldingSchema))
    units = fields.Integer(metadata={"description": "Those with a number of their own"})
    pieces = fields.Integer(attribute="without_number", metadata={"description": "Of a lot, or only counted"})
    chosen = fields.Dict(metadata={"description": "How they were chosen, so that it can be done again"})


class PlanShareSchema(Schema):
    """One bin of an opened count."""

    place = fields.String()
    blind = fields.Boolean()
    person = fields.String(allow_none=True)
    device_no = fields.Integer(allow_none=True)
    refused = fields.List(fields.String(), metadata={"description": "Who counted it before and may not again"})


class CountPlanSchema(Schema):
    """An opened count."""

    number = fields.String()
    sort = fields.Enum(Sort, by_value=True)
    of = fields.String(allow_none=True)
    bins = fields.List(fields.String())
    shares = fields.List(fields.Nested(PlanShareSchema))
    chosen = fields.Dict()


class CountListedSchema(Schema):
    """One count in the list."""

    number = fields.String()
    sort = fields.Enum(Sort, by_value=True)
    of = fields.String(allow_none=True)
    state = fields.String(metadata={"description": "open, proposed, closed, cancelled"})
    opened_ms = moment()
    bins = fields.Integer()
    done = fields.Integer()
    blind = fields.Boolean()
    versions = fields.Integer()
    expected = fields.Integer(allow_none=True)
    matched = fields.Integer(allow_none=True)


class CountQuerySchema(Schema):
    """Which counts."""

    state = fields.String(load_default=None, validate=OneOf(listing.STATES))
    after = text(load_default=None, validate=Length(1, 500), metadata={"description": "`next` of the page before"})


class CountListSchema(Schema):
    """The counts of a site."""

    counts = fields.List(fields.Nested(CountListedSchema))
    next = fields.String(allow_none=True, metadata={"description": "Ask with it as `after`; null on the last page"})


def _ask(asked: Mapping[str, Any]) -> Ask:
    names = ("by", "bins", "zones", "product", "classes", "spots", "seed")
    return Ask(**{name: asked[name] for name in names})


def _choose(connection: sa.Connection, person: Person, asked: Mapping[str, Any], now_ms: int) -> Choice:
    try:
        return choosing.choose(connection, person.site, _ask(asked), now_ms)
    except CountError as error:
        raise Refusal(422, "not_valid", str(error)) from None


@resource.get("/counts")
@resource.arguments(CountQuerySchema, location="query")
@resource.response(200, CountListSchema)
@requires(Task.LOOK)
def list_counts(query: dict[str, Any]) -> dict[str, Any]:
    """Counts with their progress and accuracy, the latest first"""
    after = seen(query)
    with reading() as connection:
        found, following = listing.list_counts(connection, signed_in().site, state=query["state"], after=after)
    return {"counts": found, "next": following}


@resource.post("/counts/preview")
@resource.arguments(CountChoosingSchema)
@resource.response(200, CountChoiceSchema)
@requires(Task.COUNT)
def preview(asked: dict[str, Any]) -> Choice:
    """What a count would take, without opening it"""
    with reading() as connection:
        return _choose(connection, signed_in(), asked, context.now_ms())


@resource.post("/counts")
@resource.arguments(CountOpeningSchema)
@resource.response(201, CountPlanSchema)
@requires(Task.COUNT)
def open_count(asked: dict[str, Any]) -> Plan:
    """Open a count and share its bins out"""
    person, now_ms = signed_in(), context.now_ms()
    with reading() as connection:
        choice = _choose(connection, person, asked, now_ms)
        shares = _shares(connection, person.site, choice, asked)
        number = asked["number"] or choosing.next_number(connection, person.site)
    if asked["sort"] is Sort.RECOUNT:
        raise Refusal(422, "not_valid", "A recount is of a count: POST /counts/<number>/recount.")

    def write(connection: sa.Connection) -> Plan:
        return opening.open_count(
            connection,
            site=person.site,
            number=number,
            bins=[holding.place for holding in choice.bins],
            shares=shares,
            sort=asked["sort"] or choice.sort,
            chosen=choice.chosen,
            operator=person.name,
            now_ms=now_ms,
        )

    try:
        return transact(write)
    except CountError as error:
        raise Refusal(409, "conflict", str(error)) from None


def _shares(connection: sa.Connection, site: str, choice: Choice, asked: Mapping[str, Any]) -> list[Share]:
    try:
        counters = [sharing.counter(connection, site, name) for name in asked["counters"]]
        said = sharing.read_shares(connection, site, choice, asked["shares"])
    except CountError as error:
        raise Refusal(422, "not_valid", str(error)) from None
    return sharing.share_out(choice, blind=asked["blind"], counters=counters, shares=said)


@resource.post("/counts/<path:number>/recount")
@resource.arguments(RecountSchema)
@resource.response(201, CountPlanSchema)
@requires(Task.COUNT)
def open_recount(asked: dict[str, Any], number: str) -> Plan:
    """Have bins of a count counted again by somebody else; none named: every bin with a difference"""
    person, now_ms = signed_in(), context.now_ms()

    def write(connection: sa.Connection) -> Plan:
        return recount.recount_of(
            connection,
            site=person.site,
            number=number,
            bins=asked["bins"],
            subjects=asked["subjects"],
            counter=asked["counter"],
            blind=asked["blind"],
            operator=person.name,
            now_ms=now_ms,
        )

    try:
        return transact(write)
    except CountError as error:
        raise Refusal(409, "conflict", str(error)) from None
