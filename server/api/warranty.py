"""Warranty: may it be claimed, and what the desk does about it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from marshmallow import Schema, fields
from marshmallow.validate import Length

from server import context, named
from server.api.resource import Resource
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import named_place, named_unit, text
from server.warranty import desk
from server.warranty.answer import Told, ask
from server.warranty.desk import DeskError
from server.warranty.life import Repair
from sync.warranty import Claim

resource = Resource("warranty", __name__, description="Warranty: who may claim, repairs, loans, other owners.")
T = TypeVar("T")
further_number = partial(text, metadata={"description": "Label, IMEI or canonical name"})


class ClaimantSchema(Schema):
    """What the claimant shows."""

    claimant = text(load_default=None, metadata={"description": "number of the order or transfer; absent: not asked"})


class RepairSchema(Schema):
    """One repair, and what was given out for it."""

    number = fields.String()
    unit = fields.String()
    location = fields.String()
    since_ms = fields.Integer()
    fault = fields.String()
    done = fields.String(allow_none=True)
    until_ms = fields.Integer(allow_none=True)
    lent = fields.List(fields.String())
    replaced_by = fields.String(allow_none=True)


class RepairListSchema(Schema):
    """Repairs, those under way first."""

    repairs = fields.List(fields.Nested(RepairSchema))


class WarrantySchema(Schema):
    """Whether a claim may be made, and what that rests on."""

    unit = fields.String()
    claim = fields.Enum(Claim, by_value=True, attribute="answer.claim")
    since = fields.String(allow_none=True, attribute="answer.since")
    until = fields.String(allow_none=True, attribute="answer.until")
    sentence = fields.String()
    owner = fields.String(allow_none=True, metadata={"description": "number of the document that names the owner"})
    stands_for = fields.String(allow_none=True, metadata={"description": "the unit that it was given for"})
    terms = fields.String(allow_none=True, attribute="terms.document", metadata={"description": "document"})
    covers = fields.String(allow_none=True, attribute="terms.covers")
    sold = fields.String(allow_none=True, attribute="life.sold")
    received = fields.String(allow_none=True, attribute="life.received")
    made = fields.String(allow_none=True, attribute="life.made")
    repairs = fields.List(fields.Nested(RepairSchema), attribute="life.repairs")


class OpenRepairSchema(Schema):
    """A unit that is taken in."""

    unit = named_unit(required=True)
    location = named_place(required=True)
    fault = text(required=True, validate=Length(1, desk.REASON_MAX))
    number = text(load_default=None, validate=Length(1, desk.NUMBER_MAX), metadata={"description": "else the next"})


class CloseRepairSchema(Schema):
    """A unit that is given back, and its numbers if they changed."""

    done = text(required=True, validate=Length(1, desk.REASON_MAX))
    gone = fields.List(further_number(), load_default=list, validate=Length(max=10))
    new = fields.List(further_number(), load_default=list, validate=Length(max=10))


class GivenSchema(Schema):
    """A unit that is given out."""

    unit = named_unit(required=True)


class ReplacementSchema(GivenSchema):
    """A unit that is given for good."""

    reason = fields.String(
        load_default="",
        validate=Length(max=desk.REASON_MAX),
        metadata={"description": "why it is of another product; without one that is refused"},
    )


class StillLentSchema(Schema):
    """What a customer had meanwhile."""

    still_lent = fields.List(fields.String(), metadata={"description": "units to ask the customer for"})


class LoanEndSchema(Schema):
    """A lent unit that came back."""

    unit = named_unit(required=True)
    location = named_place(required=True)


class TitleSchema(Schema):
    """Another owner of a unit; name and address are kept where they can be erased."""

    unit = named_unit(required=True)
    reason = text(required=True, validate=Length(1, desk.REASON_MAX))
    number = text(load_default=None, validate=Length(1, desk.NUMBER_MAX), metadata={"description": "else the next"})
    name = text(load_default=None, validate=Length(1, 200))
    address = text(load_default=None, validate=Length(1, 400))


class NumberSchema(Schema):
    """The number that proves it."""

    number = fields.String()


_READ: Final = {"unit": named.unit, "location": named.place}


def _done(write: Callable[..., T], asked: dict[str, Any]) -> T:
    """Do it for the unit and the place that are named."""

    def doing(connection: sa.Connection) -> T:
        site = signed_in().site
        read: dict[str, Any] = {
            name: reader(connection, site, asked[name]) for name, reader in _READ.items() if name in asked
        }
        for name in {"gone", "new"} & asked.keys():
            read[name] = tuple(named.further_number(connection, site, said) for said in asked[name])
        return write(connection, **_who(), **(asked | read))

    try:
        return transact(doing)
    except DeskError as error:
        raise Refusal(409, "conflict", str(error)) from None


def _who() -> dict[str, Any]:
    person = signed_in()
    return {"site": person.site, "operator": person.name, "now_ms": context.now_ms()}


@resource.get("/warranty/<path:key>")
@resource.arguments(ClaimantSchema, location="query")
@resource.response(200, WarrantySchema)
@requires(Task.LOOK)
def show(query: dict[str, Any], key: str) -> Told:
    """Whether a claim may be made under the warranty of a unit

    `key` is its canonical name, percent-encoded (`https://id.gs1.org/` may be left out), its label or serial number.
    """
    site = signed_in().site
    with reading() as connection:
        return ask(connection, site, named.unit(connection, site, key), context.now_ms(), claimant=query["claimant"])


@resource.get("/repairs")
@resource.response(200, RepairListSchema)
@requires(Task.LOOK)
def list_() -> dict[str, list[Repair]]:
    """Repairs, those under way first"""
    with reading() as connection:
        return {"repairs": desk.list_repairs(connection, signed_in().site)}


@resource.post("/repairs")
@resource.arguments(OpenRepairSchema)
@resource.response(201, NumberSchema)
@requires(Task.RETURN)
def open_repair(asked: dict[str, Any]) -> dict[str, str]:
    """Take a unit in for repair"""
    return {"number": _done(desk.open_repair, asked)}


@resource.post("/repairs/<number>/close")
@resource.arguments(CloseRepairSchema)
@resource.response(200, StillLentSchema)
@requires(Task.RETURN)
def close_repair(asked: dict[str, Any], number: str) -> dict[str, tuple[str, ...]]:
    """Give a repaired unit back to its owner"""
    return {"still_lent": _done(desk.close_repair, asked | {"number": number})}


@resource.post("/repairs/<number>/loans")
@resource.arguments(GivenSchema)
@resource.response(204)
@requires(Task.RETURN)
def lend(asked: dict[str, Any], number: str) -> None:
    """Lend a unit of ours while a repair is under way"""
    _done(desk.lend, asked | {"number": number})


@resource.post("/repairs/<number>/replacement")
@resource.arguments(ReplacementSchema)
@resource.response(200, StillLentSchema)
@requires(Task.RETURN)
def give_replacement(asked: dict[str, Any], number: str) -> dict[str, tuple[str, ...]]:
    """Give another unit for the one in repair, which is ours from now on"""
    return {"still_lent": _done(desk.give_replacement, asked | {"number": number})}


@resource.post("/loans/end")
@resource.arguments(LoanEndSchema)
@resource.response(204)
@requires(Task.RETURN)
def end_loan(asked: dict[str, Any]) -> None:
    """Take a lent unit in again"""
    _done(desk.end_loan, asked)


@resource.post("/titles")
@resource.arguments(TitleSchema)
@resource.response(201, NumberSchema)
@requires(Task.RETURN)
def transfer_title(asked: dict[str, Any]) -> dict[str, str]:
    """Write down that a sold unit has another owner"""
    name, address = asked.pop("name"), asked.pop("address")
    party = (name, address) if name else None
    return {"number": _done(desk.transfer_title, asked | {"party": party})}
