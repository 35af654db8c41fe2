"""Where something is to be put away."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from server import named
from server.api.resource import Resource
from server.database import reading
from server.people import requires, signed_in
from server.put_away import suggestion
from server.roles import Task
from sync.put_away import Why

resource = Resource("put_away", __name__, description="Where something is to be put away.")


class SuggestionSchema(Schema):
    """A bin, and what speaks for it."""

    place = fields.String(allow_none=True, metadata={"description": "null where nothing speaks for any"})
    why = fields.Enum(Why, by_value=True, allow_none=True)


@resource.get("/put-away/<path:key>")
@resource.response(200, SuggestionSchema)
@requires(Task.LOOK)
def show(key: str) -> dict[str, Any]:
    """The bin that a unit, lot or product is put away into best

    `key` is its canonical name, percent-encoded (`https://id.gs1.org/` may be left out), its label or serial number.
    """
    site = signed_in().site
    with reading() as connection:
        found = suggestion(connection, site, named.thing(connection, site, key))
    return {"place": found.place if found else None, "why": found.why if found else None}
