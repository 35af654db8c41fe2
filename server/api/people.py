"""People as an admin sees them: the list, adding, and every change; secrets go in and never come out."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, OneOf

from server import context, staff
from server.api.resource import Resource
from server.database import reading, transact
from server.errors import Refusal
from server.members import Member, list_members
from server.people import PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN, requires, signed_in
from server.roles import PERSONAL, Task
from server.staff import NAME_LENGTH_MAX, Change, NobodyError
from sync.pin import PIN_LENGTH_MAX, PIN_LENGTH_MIN

resource = Resource("people", __name__, description="Who may sign in, as what, with which badge.")

BADGE_LENGTH_MAX = 100


class PersonChangeSchema(Schema):
    """What is to change about somebody: only what is named does."""

    role = fields.String(validate=OneOf(PERSONAL))
    active = fields.Boolean()
    password = fields.String(load_only=True, validate=Length(PASSWORD_LENGTH_MIN, PASSWORD_LENGTH_MAX))
    badge = fields.String(
        allow_none=True,
        validate=Length(1, BADGE_LENGTH_MAX),
        metadata={"description": "What its label says, or the code alone; null takes it back"},
    )
    also = fields.List(
        fields.String(validate=Length(1, 20)),
        validate=Length(max=100),
        metadata={"description": "Further sites that they are let into, beside their own"},
    )
    pin = fields.String(load_only=True, validate=Length(PIN_LENGTH_MIN, PIN_LENGTH_MAX))

    @validates_schema
    def _says_something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError("Say what is to change.")


class NewPersonSchema(PersonChangeSchema):
    """Somebody new. Without a password they sign in at handhelds alone."""

    name = fields.String(required=True, validate=Length(1, NAME_LENGTH_MAX))
    role = fields.String(required=True, validate=OneOf(PERSONAL))


class PersonSchema(Schema):
    """Somebody."""

    id = fields.Integer()
    name = fields.String()
    role = fields.String()
    active = fields.Boolean()
    badge = fields.String(allow_none=True)
    console = fields.Boolean(metadata={"description": "Whether they have a password, for the console and the API"})
    home = fields.String(metadata={"description": "The site whose people they are, and who alone changes them"})
    also = fields.List(fields.String(), metadata={"description": "Further sites that they are let into"})


class PeopleSchema(Schema):
    """Everybody of the site."""

    people = fields.List(fields.Nested(PersonSchema))


@resource.get("/people")
@resource.response(200, PeopleSchema)
@requires(Task.PEOPLE)
def list_people() -> dict[str, Any]:
    """Everybody of the site"""
    with reading() as connection:
        return {"people": list_members(connection, signed_in().site)}


@resource.post("/people")
@resource.arguments(NewPersonSchema)
@resource.response(201, PersonSchema)
@requires(Task.PEOPLE)
def add(asked: dict[str, Any]) -> Member:
    """Let somebody in"""
    change = _change()

    def write(connection: sa.Connection) -> int:
        first = {name: asked[name] for name in ("name", "role", "password") if name in asked}
        number = staff.add_person(connection, site=change.site, by=change.by, now_ms=change.now_ms, **first)
        staff.edit(connection, number, {k: v for k, v in asked.items() if k not in first}, change)
        return number

    return _shown(_done(write))


@resource.patch("/people/<int:number>")
@resource.arguments(PersonChangeSchema)
@resource.response(200, PersonSchema)
@requires(Task.PEOPLE)
def change(asked: dict[str, Any], number: int) -> Member:
    """Change somebody's role, password, badge or PIN, or let them in no longer

    All of it or nothing. Handhelds learn it at their next sync.
    """
    said = _change()

    def write(connection: sa.Connection) -> int:
        staff.edit(connection, number, asked, said)
        return number

    return _shown(_done(write))


@resource.post("/people/<int:number>/put-out")
@resource.response(204)
@requires(Task.PEOPLE)
def put_out(number: int) -> None:
    """Let a guest, whose own site is another one, into this site no more"""
    said = _change()

    def write(connection: sa.Connection) -> int:
        staff.put_out(connection, number, said)
        return number

    _done(write)


def _change() -> Change:
    person = signed_in()
    return Change(site=person.site, by=person.name, now_ms=context.now_ms(), self_id=person.id)


def _done(write: Any) -> int:
    try:
        return int(transact(write))
    except NobodyError as error:
        raise Refusal(404, "not_found", str(error)) from None
    except ValueError as error:
        raise Refusal(409, "conflict", str(error)) from None


def _shown(number: int) -> Member:
    with reading() as connection:
        return next(m for m in list_members(connection, signed_in().site) if m.id == number)
