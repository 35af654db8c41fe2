"""Handhelds as people see them: the list, revocation, and the codes that let new ones in."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from server import devices, queries
from server.api.resource import Resource
from server.database import reading
from server.devices import Offer
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import CodeRequestSchema, CodeSchema, moment

resource = Resource("devices", __name__, description="Handhelds: list, enrol, revoke.")


class DeviceSchema(Schema):
    """One handheld."""

    device_no = fields.Integer()
    name = fields.String()
    role = fields.String()
    enrolled_ms = moment()
    revoked_ms = moment(allow_none=True)
    last_seen_ms = moment(allow_none=True)
    waiting = fields.Integer(metadata={"description": "Events that it had not sent, by its own word"})
    client = fields.String(allow_none=True)
    copied_ms = moment(
        allow_none=True, metadata={"description": "Since when its queue is known to be copied or put back from a copy"}
    )
    lacks = fields.Integer(metadata={"description": "Scans that it made and that neither it nor this server has"})


class DevicesSchema(Schema):
    """The site's handhelds."""

    devices = fields.List(fields.Nested(DeviceSchema))


@resource.get("/devices")
@resource.response(200, DevicesSchema)
@requires(Task.LOOK)
def list_devices() -> dict[str, Any]:
    """The site's handhelds"""
    with reading() as connection:
        return {"devices": queries.list_devices(connection, signed_in().site)}


@resource.post("/devices/codes")
@resource.arguments(CodeRequestSchema)
@resource.response(201, CodeSchema)
@requires(Task.ADMINISTER)
def new_code(asked: dict[str, str]) -> Offer:
    """A one-time code with which a handheld enrols"""
    return devices.invite(signed_in(), asked["role"])


@resource.post("/devices/<int:number>/revoke")
@resource.response(204)
@requires(Task.ADMINISTER)
def revoke(number: int) -> None:
    """Trust a handheld no longer

    What it still sends is answered and quarantined: nothing is lost, nothing believed.
    """
    devices.revoke(signed_in(), number)
