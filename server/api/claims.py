"""Claims to suppliers: of a closed receipt's differences, and of units that failed, with the proof of their origin."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from flask import jsonify
from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range

from server import context, named
from server.api.paging import PageQuerySchema, PageSchema, seen
from server.api.resource import Resource
from server.cells import PRICE_MAX
from server.claims import book, credit, defect, delivery
from server.claims.claim import NEXT, WRONGS, Claim, ClaimError
from server.claims.dossier import dossier
from server.database import reading, transact
from server.defects.origin import Origin, origin
from server.errors import Refusal
from server.named import NamedError
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import text

resource = Resource("claims", __name__, description="Claims to suppliers, and where units came from.")
FATES: Final = tuple(fate for fate in NEXT if fate != "drafted")
T = TypeVar("T")
AmountsField: Final = partial(fields.Dict, keys=fields.String(), values=fields.Integer())


class ClaimLineSchema(Schema):
    """One thing that is wrong."""

    subject = fields.String()
    wrong = fields.String(metadata={"description": ", ".join(WRONGS)})
    carton = fields.String(allow_none=True)
    quantity = fields.Integer()
    condition = fields.String(allow_none=True)
    value = fields.Integer(allow_none=True, metadata={"description": "in the currency's smallest unit"})
    currency = fields.String(allow_none=True)
    events = fields.List(fields.String())


class FateSchema(Schema):
    """One step of what became of a claim."""

    word = fields.String()
    at_ms = fields.Integer()
    operator = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    credited = AmountsField(allow_none=True, metadata={"description": "Of a credit: smallest units by currency"})


class ClaimSchema(Schema):
    """A claim to a supplier."""

    number = fields.String()
    receipt = fields.String(metadata={"description": "The delivery that it is about"})
    version = fields.Integer(metadata={"description": "Of its receipt; 0 for units that failed"})
    reason = fields.String(allow_none=True)
    supplier = fields.String(allow_none=True)
    status = fields.String()
    is_outdated = fields.Boolean(metadata={"description": "Whether its receipt says something newer"})
    totals = AmountsField(metadata={"description": "What is claimed: smallest units by currency"})
    credited = AmountsField(allow_none=True, metadata={"description": "What was given back, in its own currencies"})
    lines = fields.List(fields.Nested(ClaimLineSchema))
    fates = fields.List(fields.Nested(FateSchema))


class MadeClaimsSchema(Schema):
    """Claims that were just made."""

    claims = fields.List(fields.Nested(ClaimSchema))


class ClaimListSchema(PageSchema, MadeClaimsSchema):
    """Claims, the latest first."""


class FollowSchema(Schema):
    """What became of a claim."""

    fate = fields.String(required=True, validate=OneOf(FATES))
    note = text(load_default=None, validate=Length(1, 200))
    more_than_claimed = fields.Boolean(load_default=False, metadata={"description": "Said of such a credit"})
    credited = fields.Dict(
        keys=text(),
        values=fields.Integer(strict=True, validate=Range(0, PRICE_MAX)),
        load_default=None,
        allow_none=True,
        validate=Length(max=credit.CURRENCIES_MAX),
        metadata={"description": 'Of a credit: smallest units by currency, as in {"EUR": 12000}'},
    )


class DefectSchema(Schema):
    """Units that failed, by serial number, label or further name."""

    units = fields.List(text(), required=True, validate=Length(1, defect.UNITS_MAX))
    reason = text(required=True, validate=Length(1, defect.REASON_MAX))


class ClaimDocumentSchema(Schema):
    """The claim, `lines`, `origins` of its units with their `proof`, and `how_to_check` it."""


class HandlingSchema(Schema):
    """Somebody who had it in hand."""

    operator = fields.String()
    device_no = fields.Integer()
    actions = fields.List(fields.String())
    first_ms = fields.Integer()
    last_ms = fields.Integer()


class SiblingSchema(Schema):
    """Another unit of the same lot, carton or delivery."""

    unit = fields.String()
    shares = fields.List(fields.String())
    status = fields.String()
    place = fields.String(allow_none=True)


class ProofSchema(Schema):
    """A fact: SHA-256 over `before` and `line` (Latin-1) is `digest`."""

    event = fields.String()
    action = fields.String()
    at_ms = fields.Integer()
    operator = fields.String(allow_none=True)
    says = fields.String()
    line = fields.String()
    before = fields.String()
    digest = fields.String()
    verified = fields.Boolean()


class OriginSchema(Schema):
    """Where a unit came from."""

    unit = fields.String()
    supplier = fields.String(allow_none=True)
    notice = fields.String(allow_none=True)
    purchase_order = fields.String(allow_none=True)
    carton = fields.String(allow_none=True)
    lot = fields.String(attribute="state.lot", allow_none=True)
    received_ms = fields.Integer(allow_none=True)
    handled = fields.List(fields.Nested(HandlingSchema))
    siblings = fields.List(fields.Nested(SiblingSchema))
    proof = fields.List(fields.Nested(ProofSchema))
    is_proved = fields.Boolean()


class OriginQuerySchema(Schema):
    """Which unit."""

    unit = text(required=True)


def _done(write: Callable[[sa.Connection], T]) -> T:
    try:
        return transact(write)
    except ClaimError as error:
        raise Refusal(409, "conflict", str(error)) from None


@resource.get("/claims")
@resource.arguments(PageQuerySchema, location="query")
@resource.response(200, ClaimListSchema)
@requires(Task.CLAIM)
def list_(query: dict[str, Any]) -> dict[str, Any]:
    """Claims to suppliers, the latest first"""
    with reading() as connection:
        found, following = book.list_claims(connection, signed_in().site, limit=query["limit"], after=seen(query))
    return {"claims": found, "next": following}


@resource.get("/claims/<number>")
@resource.response(200, ClaimSchema)
@requires(Task.CLAIM)
def show(number: str) -> Claim:
    """A claim, and what became of it"""
    with reading() as connection:
        try:
            return book.read(connection, signed_in().site, number)
        except ClaimError as error:
            raise Refusal(404, "not_found", str(error)) from None


@resource.post("/receipts/<path:number>/claim")
@resource.response(201, ClaimSchema)
@requires(Task.RECEIVE)
def draft(number: str) -> Claim:
    """Put a closed receipt's differences to its supplier"""
    person, now_ms = signed_in(), context.now_ms()

    def write(connection: sa.Connection) -> Claim:
        made = delivery.draft(connection, site=person.site, receipt=number, operator=person.name, now_ms=now_ms)
        return book.read(connection, person.site, made)

    return _done(write)


@resource.post("/claims/<number>/fate")
@resource.arguments(FollowSchema)
@resource.response(200, ClaimSchema)
@requires(Task.DEFECT)
def follow(asked: dict[str, Any], number: str) -> Claim:
    """Write down what became of a claim: sent, accepted, rejected or credited

    What was credited, and all that becomes of a claim of what a delivery lacked, takes the task `receive` too.
    """
    person, now_ms = signed_in(), context.now_ms()
    said: dict[str, Any] = {"site": person.site, "operator": person.name, "now_ms": now_ms, "admit": person.need}
    return _done(lambda c: book.follow(c, number=number, **said, **asked))


@resource.get("/claims/<number>/document")
@resource.response(200, ClaimDocumentSchema)
@requires(Task.CLAIM)
def document(number: str) -> Any:
    """Everything that a claim rests on: its lines, where each unit came from, and the facts that prove it"""
    site, now_ms = signed_in().site, context.now_ms()
    with reading() as connection:
        try:
            found = book.read(connection, site, number)
        except ClaimError as error:
            raise Refusal(404, "not_found", str(error)) from None
        return jsonify(dossier(connection, site, found, now_ms))


@resource.post("/claims/defects")
@resource.arguments(DefectSchema)
@resource.response(201, MadeClaimsSchema)
@requires(Task.DEFECT)
def draft_defects(asked: dict[str, Any]) -> dict[str, list[Claim]]:
    """Claim units that failed of whoever delivered them: one claim for each delivery"""
    person, now_ms = signed_in(), context.now_ms()

    def write(connection: sa.Connection) -> dict[str, list[Claim]]:
        made = defect.draft(
            connection,
            site=person.site,
            units=defect.all_named(connection, person.site, asked["units"]),
            reason=asked["reason"],
            operator=person.name,
            now_ms=now_ms,
        )
        return {"claims": [book.read(connection, person.site, number) for number in made]}

    return _done(write)


@resource.get("/origins")
@resource.arguments(OriginQuerySchema, location="query")
@resource.response(200, OriginSchema)
@requires(Task.LOOK)
def show_origin(query: dict[str, Any]) -> Origin:
    """Where a unit came from, who handled it, where its siblings are, and what proves it"""
    site, now_ms = signed_in().site, context.now_ms()
    with reading() as connection:
        try:
            return origin(connection, site, named.known_unit(connection, site, query["unit"]), now_ms)
        except (NamedError, LookupError) as error:
            raise Refusal(404, "not_found", str(error.args[0])) from None
