"""Changing how a product is tracked while it is in stock."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import OneOf

from server import context
from server.api.resource import Resource
from server.database import reading, transact
from server.document_kinds import MODES
from server.errors import Refusal
from server.modes import book, change
from server.modes.book import Change, ModeError
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import moment, named_product, text

resource = Resource("mode_changes", __name__, description="Changing how a product is tracked while it is in stock.")


class ModeNeedSchema(Schema):
    """What is still to be scanned in one place."""

    place = fields.String(allow_none=True)
    subject = fields.String()
    quantity = fields.Integer()


class ModeChangeSchema(Schema):
    """One change of mode."""

    number = fields.String(metadata={"description": "Handhelds scan under it"})
    item = fields.String()
    before = fields.String()
    after = fields.String()
    opened_ms = moment()
    closed_ms = moment(allow_none=True)
    operator = fields.String(allow_none=True)
    outcome = fields.String(allow_none=True, metadata={"description": "null while it is under way"})
    done = fields.Integer()
    left = fields.List(fields.Nested(ModeNeedSchema))
    unfolded = fields.Integer(metadata={"description": "Rows of its result that are still being worked in"})


class ModeChangesSchema(Schema):
    """Changes of mode, the latest first."""

    changes = fields.List(fields.Nested(ModeChangeSchema))


class NewModeSchema(Schema):
    """Which product, and how it is to be tracked."""

    item = named_product(required=True)
    mode = fields.String(required=True, validate=OneOf(MODES))


class FinishModeSchema(Schema):
    """Why some are left as they are."""

    rest = text(load_default=None, allow_none=True)


@resource.get("/mode-changes")
@resource.response(200, ModeChangesSchema)
@requires(Task.LOOK)
def show_all() -> dict[str, Any]:
    """Changes of mode"""
    with reading() as connection:
        return {"changes": book.list_changes(connection, signed_in().site)}


@resource.get("/mode-changes/<number>")
@resource.response(200, ModeChangeSchema)
@requires(Task.LOOK)
def show(number: str) -> Change:
    """One change, and what is still to be scanned"""
    with reading() as connection:
        try:
            return book.read(connection, signed_in().site, number)
        except ModeError as error:
            raise Refusal(404, "not_found", str(error)) from None


@resource.post("/mode-changes")
@resource.arguments(NewModeSchema)
@resource.response(201, ModeChangeSchema)
@resource.alt_response(409, description="It has that mode, or is being changed already")
@requires(Task.IMPORT)
def begin(wanted: dict[str, Any]) -> Change:
    """Begin to change a product's mode"""
    person, now_ms = signed_in(), context.now_ms()
    try:
        return transact(
            lambda c: book.read(
                c,
                person.site,
                change.open_change(c, site=person.site, operator=person.name, now_ms=now_ms, **wanted),
            )
        )
    except ModeError as error:
        raise Refusal(409, "mode", str(error)) from None


@resource.post("/mode-changes/<number>/close")
@resource.arguments(FinishModeSchema)
@resource.response(200, ModeChangeSchema)
@resource.alt_response(409, description="It is closed already, or something is left and nobody says why")
@requires(Task.IMPORT)
def finish(wanted: dict[str, Any], number: str) -> Change:
    """Switch the mode"""
    person, now_ms = signed_in(), context.now_ms()
    try:
        return change.close_change(
            site=person.site, number=number, operator=person.name, now_ms=now_ms, with_rest=wanted["rest"]
        )
    except ModeError as error:
        raise Refusal(409, "mode", str(error)) from None


@resource.post("/mode-changes/<number>/give-up")
@resource.response(200, ModeChangeSchema)
@resource.alt_response(409, description="It is closed already")
@requires(Task.IMPORT)
def leave(number: str) -> Change:
    """Leave the product in its old mode"""
    person, now_ms = signed_in(), context.now_ms()
    try:
        return transact(
            lambda c: change.give_up(c, site=person.site, number=number, operator=person.name, now_ms=now_ms)
        )
    except ModeError as error:
        raise Refusal(409, "mode", str(error)) from None
