"""Recalls and drills: what they reach, how far each is, answers, and the release."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range

from server import context
from server.api.paging import PageQuerySchema, PageSchema
from server.api.resource import Resource
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.recalls import book, listing
from server.recalls.account import Progress, progress
from server.recalls.asked import Asked, RecallError, row_of
from server.recalls.customers import answer, customers, settle
from server.recalls.notices import UnknownSupplierError
from server.recalls.outcomes import CUSTOMER, IN_HOUSE, Said
from server.recalls.reach import Reached, reached, totals
from server.recalls.release import release as end
from server.recalls.retracting import REASON_MAX, retract, retract_answer
from server.recalls.unknown import never_heard
from server.roles import Task
from server.schemas import named_place, named_product, text
from sync.recall import Recall

T = TypeVar("T")
LIST_MAX = 20_000
resource = Resource("recalls", __name__, description="Recalls: what must not move, and what became of it.")


class AskedSchema(Schema):
    """What is recalled: every part that is given has to match; serials are reached beside the rest."""

    number = text(load_default="", metadata={"description": "Empty: the next free one"})
    reason = text(load_default="", metadata={"description": "What is wrong with it: handhelds show it"})
    product = named_product(load_default="")
    lots = fields.List(text(), load_default=list, validate=Length(max=1_000))
    serials = fields.List(text(), load_default=list, validate=Length(max=LIST_MAX))
    supplier = text(load_default="")
    receipts = fields.List(text(), load_default=list, validate=Length(max=1_000))
    since = text(load_default="", metadata={"description": "First day on which it came in"})
    until = text(load_default="", metadata={"description": "Last day on which it came in"})
    place = named_place(load_default="")
    drill = fields.Boolean(load_default=False)


class BeginSchema(AskedSchema):
    """What is recalled, and where."""

    everywhere = fields.Boolean(load_default=False, metadata={"description": "At every site that you are let into"})


class ReachedSchema(Schema):
    """One unit, or pieces without units in one place or of one order."""

    subject = fields.String()
    sure = fields.Boolean()
    where = fields.String()
    quantity = fields.Integer()
    place = fields.String(allow_none=True)
    container = fields.String(allow_none=True)
    order = fields.String(allow_none=True)
    lot = fields.String(allow_none=True)


class EntrySchema(Schema):
    """One of them, and what became of it."""

    thing = fields.Nested(ReachedSchema)
    account = fields.String()
    is_open = fields.Boolean()
    said = fields.String(attribute="outcome.word", dump_default=None, metadata={"description": "What was written down"})
    since_ms = fields.Integer(allow_none=True)
    handed_over_ms = fields.Integer(allow_none=True)


class PreviewSchema(Schema):
    """What a recall would reach."""

    pieces = fields.Integer()
    totals = fields.Dict(keys=fields.String(), values=fields.List(fields.Integer()))
    things = fields.List(fields.Nested(ReachedSchema))
    unheard = fields.List(fields.String(), metadata={"description": "What it names and nothing here ever bore"})


class RecallSchema(Schema):
    """A recall or a drill."""

    number = fields.String()
    reason = fields.String()
    since_ms = fields.Integer()
    until_ms = fields.Integer(allow_none=True)
    drill = fields.Boolean()


class BegunSchema(RecallSchema):
    """A recall that has begun, at one site or several."""

    at = fields.List(fields.String(), metadata={"description": "Codes of the sites"})
    not_at = fields.Dict(keys=fields.String(), values=fields.String(), metadata={"description": "Site -> why not"})
    unheard = fields.List(fields.String(), metadata={"description": "What it names and nothing here ever bore"})


class RecallListSchema(PageSchema):
    """Those in force first, then the latest first."""

    recalls = fields.List(fields.Nested(RecallSchema))


class ProgressSchema(Schema):
    """How far a recall is."""

    standing = fields.Nested(RecallSchema)
    pieces = fields.Integer()
    open = fields.Integer()
    took_ms = fields.Integer(allow_none=True)
    by_account = fields.Dict(keys=fields.String(), values=fields.List(fields.Integer()))
    entries = fields.List(fields.Nested(EntrySchema))


class AnswerSchema(Schema):
    """What a customer answered, by the order; or what was done with units that are not at a customer."""

    order = text(load_default=None, allow_none=True)
    subjects = fields.List(text(), load_default=list, validate=Length(max=LIST_MAX))
    answer = fields.String(required=True, validate=OneOf(sorted({*CUSTOMER, *IN_HOUSE})))
    note = text(load_default=None, allow_none=True, validate=Length(0, 200))


class RetractionSchema(Schema):
    """Whose answer was a mistake, by the order; or of which units, lots or products that are not at a customer."""

    order = text(load_default=None, allow_none=True)
    subjects = fields.List(text(), load_default=list, validate=Length(max=LIST_MAX))
    reason = text(required=True, validate=Length(1, REASON_MAX))


class ReleaseSchema(Schema):
    """Why it may move again."""

    reason = text(required=True)
    leaving = fields.Integer(
        load_default=0,
        strict=True,
        validate=Range(min=0),
        metadata={"description": "so many, at most, are knowingly left unaccounted for"},
    )


class CustomerSchema(Schema):
    """Whom to write to; the name and the address where they were not erased."""

    order = fields.String()
    name = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    pieces = fields.Integer()
    answer = fields.String(attribute="answer.word", allow_none=True, dump_default=None)


class CustomerListSchema(Schema):
    """Who has not answered first."""

    customers = fields.List(fields.Nested(CustomerSchema))


def _done(write: Callable[[sa.Connection], T]) -> T:
    try:
        return transact(write)
    except RecallError as error:
        raise Refusal(409, "conflict", str(error)) from None
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None


def _progress(connection: sa.Connection, number: str) -> Progress:
    try:
        standing = book.read(connection, signed_in().site, number)
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None
    return progress(connection, standing, site=signed_in().site, now_ms=context.now_ms())


@resource.get("/recalls")
@resource.arguments(PageQuerySchema, location="query")
@resource.response(200, RecallListSchema)
@requires(Task.LOOK)
def list_(query: dict[str, Any]) -> dict[str, Any]:
    """Recalls and drills"""
    with reading() as connection:
        try:
            found, following = listing.page(connection, signed_in().site, **query)
        except ValueError as error:
            raise Refusal(422, "not_valid", str(error)) from None
    return {"recalls": found, "next": following}


@resource.post("/recalls/preview")
@resource.arguments(AskedSchema)
@resource.response(200, PreviewSchema)
@requires(Task.RECALL)
def preview(asked: dict[str, Any]) -> dict[str, Any]:
    """What a recall would reach; nothing is recalled"""
    site = signed_in().site
    with reading() as connection:
        try:
            row = row_of(connection, site, Asked(**asked))
        except (RecallError, UnknownSupplierError) as error:
            raise Refusal(409, "conflict", str(error)) from None
        found: list[Reached] = reached(connection, site, Recall.from_row(row), context.now_ms())
        unheard = never_heard(connection, site, row)
    pieces = sum(one.quantity for one in found)
    return {"pieces": pieces, "totals": totals(found), "things": found, "unheard": unheard}


@resource.post("/recalls")
@resource.arguments(BeginSchema)
@resource.response(201, BegunSchema)
@requires(Task.RECALL)
def begin(asked: dict[str, Any]) -> dict[str, Any]:
    """Recall from now on, or begin a drill"""
    person, now_ms = signed_in(), context.now_ms()
    at = person.everywhere if asked.pop("everywhere") else (person.site,)
    said = Asked(**asked)
    begun = _done(lambda c: book.begin_at(c, sites=at, asked=said, operator=person.name, now_ms=now_ms))
    one = begun.standing
    told = {"number": one.number, "reason": one.reason, "since_ms": one.since_ms, "until_ms": None, "drill": one.drill}
    with reading() as connection:
        unheard = never_heard(connection, person.site, one.row)
    return told | {"at": begun.at, "not_at": begun.not_at, "unheard": unheard}


@resource.get("/recalls/<number>")
@resource.response(200, ProgressSchema)
@requires(Task.LOOK)
def show(number: str) -> Progress:
    """How far a recall is, thing by thing"""
    with reading() as connection:
        return _progress(connection, number)


@resource.get("/recalls/<number>/customers")
@resource.response(200, CustomerListSchema)
@requires(Task.RECALL)
def list_customers(number: str) -> dict[str, Any]:
    """Whom to write to, and what each answered"""
    with reading() as connection:
        return {"customers": customers(connection, signed_in().site, _progress(connection, number))}


@resource.post("/recalls/<number>/answers")
@resource.arguments(AnswerSchema)
@resource.response(200, ProgressSchema)
@requires(Task.RECALL)
def write_answer(asked: dict[str, Any], number: str) -> Progress:
    """Write down what a customer answered, or what was done with what is here"""
    person, now_ms = signed_in(), context.now_ms()

    def write(connection: sa.Connection) -> Progress:
        found = _progress(connection, number)
        said = Said(word=asked["answer"], note=asked["note"], operator=person.name, now_ms=now_ms)
        if asked["order"] is not None:
            answer(connection, found, site=person.site, order=asked["order"], said=said)
        else:
            settle(connection, found, site=person.site, subjects=asked["subjects"], said=said)
        return _progress(connection, number)

    return _done(write)


@resource.post("/recalls/<number>/retractions")
@resource.arguments(RetractionSchema)
@resource.response(200, ProgressSchema)
@requires(Task.RECALL)
def take_back(asked: dict[str, Any], number: str) -> Progress:
    """Take back what was written down by mistake: the account and the stock are as without it"""
    person, now_ms, reason = signed_in(), context.now_ms(), asked["reason"]

    def write(connection: sa.Connection) -> Progress:
        found = _progress(connection, number)
        said: dict[str, Any] = {"site": person.site, "reason": reason, "operator": person.name, "now_ms": now_ms}
        if asked["order"] is not None:
            retract_answer(connection, found, order=asked["order"], **said)
        else:
            retract(connection, found, subjects=asked["subjects"], **said)
        return _progress(connection, number)

    return _done(write)


@resource.post("/recalls/<number>/release")
@resource.arguments(ReleaseSchema)
@resource.response(200, ProgressSchema)
@requires(Task.RECALL)
def release(asked: dict[str, Any], number: str) -> Progress:
    """End it from now on"""
    person, now_ms = signed_in(), context.now_ms()

    def write(connection: sa.Connection) -> Progress:
        end(connection, site=person.site, number=number, operator=person.name, now_ms=now_ms, **asked)
        return _progress(connection, number)

    return _done(write)
