"""Other systems and their keys, as an admin sees them."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf

from server import context, integrations
from server.api.resource import Resource
from server.database import reading, transact
from server.errors import Refusal
from server.integrations import ALLOWED, NAME_LENGTH_MAX, Integration, IntegrationError
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import moment

resource = Resource("integrations", __name__, description="Other systems, and what their keys open.")


class IntegrationRequestSchema(Schema):
    """A key that is wanted."""

    name = fields.String(required=True, validate=Length(1, NAME_LENGTH_MAX))
    tasks = fields.List(fields.String(validate=OneOf(ALLOWED)), required=True, validate=Length(1, len(ALLOWED)))


class IntegrationSchema(Schema):
    """One other system."""

    id = fields.Integer()
    name = fields.String()
    tasks = fields.Function(lambda one: sorted(one.tasks), metadata={"type": "array", "items": {"type": "string"}})
    made_ms = moment()
    made_by = fields.String(allow_none=True)
    revoked_ms = moment(allow_none=True)
    used_ms = moment(allow_none=True)


class KeySchema(Schema):
    """A new key."""

    id = fields.Integer()
    key = fields.String(metadata={"description": "For `Authorization: Bearer`; it is shown only now"})


class RevokedSchema(Schema):
    """What ended with a key."""

    webhooks = fields.Integer(metadata={"description": "So many that it had made were removed with it"})


class IntegrationsSchema(Schema):
    """The site's other systems."""

    integrations = fields.List(fields.Nested(IntegrationSchema))


@resource.get("/integrations")
@resource.response(200, IntegrationsSchema)
@requires(Task.PEOPLE)
def list_integrations() -> dict[str, list[Integration]]:
    """The site's other systems"""
    with reading() as connection:
        return {"integrations": integrations.of_site(connection, signed_in().site)}


@resource.post("/integrations")
@resource.arguments(IntegrationRequestSchema)
@resource.response(201, KeySchema)
@requires(Task.PEOPLE)
def make(asked: dict[str, Any]) -> dict[str, Any]:
    """Make a key for another system"""
    person, now_ms = signed_in(), context.now_ms()
    try:
        number, key = transact(lambda c: integrations.make(c, site=person.site, by=person.name, now_ms=now_ms, **asked))
    except IntegrationError as error:
        raise Refusal(409, "conflict", str(error)) from None
    return {"id": number, "key": key}


@resource.post("/integrations/<int:number>/revoke")
@resource.response(200, RevokedSchema)
@requires(Task.PEOPLE)
def revoke(number: int) -> dict[str, int]:
    """Let a key open nothing any more, and remove the webhooks that it made"""
    person, now_ms = signed_in(), context.now_ms()
    said: dict[str, Any] = {"site": person.site, "number": number, "by": person.name, "now_ms": now_ms}
    try:
        return {"webhooks": transact(lambda c: integrations.revoke(c, **said))}
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None
