"""Channels: what each has reserved, and what was sold through it."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from server import context, named
from server.api.resource import Resource
from server.channels import read_channels
from server.database import reading
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import named_product

resource = Resource("channels", __name__, description="Stock that is reserved, and sales, by channel.")


class ChannelQuerySchema(Schema):
    """Of which product."""

    item = named_product(load_default=None)


class ChannelSchema(Schema):
    """One channel."""

    name = fields.String(metadata={"description": "Empty where orders say nothing"})
    orders = fields.Integer(metadata={"description": "Open ones"})
    reserved = fields.Integer()
    sold = fields.Integer(metadata={"description": "Within the last 30 days"})


class ChannelsSchema(Schema):
    """Channels, the one that sold most first."""

    channels = fields.List(fields.Nested(ChannelSchema))


@resource.get("/channels")
@resource.arguments(ChannelQuerySchema, location="query")
@resource.response(200, ChannelsSchema)
@requires(Task.LOOK)
def show_channels(asked: dict[str, Any]) -> dict[str, Any]:
    """Reserved and sold, by channel"""
    site = signed_in().site
    with reading() as connection:
        item = named.product(connection, site, asked["item"]) if asked["item"] else None
        return {"channels": read_channels(connection, site, context.now_ms(), item)}
