"""The sites of this database."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from server import context, people, sites
from server.api.resource import Resource
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import text
from server.sites import Site, SiteError

resource = Resource("sites", __name__, description="The warehouses of this database.")


class WarehouseSchema(Schema):
    """One warehouse."""

    code = text(required=True)
    name = text(required=True)
    company_prefix = text(load_default=None, allow_none=True, metadata={"description": "GS1 company prefix of SSCCs"})


class WarehousesSchema(Schema):
    """Every site."""

    sites = fields.List(fields.Nested(WarehouseSchema))


class ChosenSiteSchema(Schema):
    """Which site the session is about from here on."""

    site = text(required=True)


@resource.get("/sites")
@resource.response(200, WarehousesSchema)
@requires(Task.LOOK)
def show_sites() -> dict[str, Any]:
    """Every site"""
    with reading() as connection:
        return {"sites": sites.list_sites(connection)}


@resource.post("/sites")
@resource.arguments(WarehouseSchema)
@resource.response(201, WarehouseSchema)
@resource.alt_response(422, description="It cannot be made so")
@requires(Task.ADMINISTER)
def open_site(wanted: dict[str, Any]) -> Site:
    """Open another site"""
    person, now_ms = signed_in(), context.now_ms()
    try:
        return transact(
            lambda c: sites.add_site(
                c, beside=person.site, operator=person.name, now_ms=now_ms, opener=person.id, **wanted
            )
        )
    except SiteError as error:
        raise Refusal(422, "site", str(error)) from None


@resource.post("/session/site")
@resource.arguments(ChosenSiteSchema)
@resource.response(204)
@resource.alt_response(404, description="One is not let into it")
@requires(Task.LOOK)
def choose(wanted: dict[str, Any]) -> None:
    """Work at another site that one is let into"""
    people.choose_site(signed_in(), wanted["site"])
