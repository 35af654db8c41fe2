"""Lists as files: the same that the console has."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import Schema, fields

from server import exports
from server.api.resource import Resource
from server.exported import answer
from server.people import requires, signed_in
from server.roles import Task

resource = Resource("lists", __name__, description="Every list as CSV, XLSX or JSON.")


class ListSchema(Schema):
    """One list."""

    name = fields.String()
    title = fields.String()
    columns = fields.List(fields.String())
    filters = fields.Dict(keys=fields.String(), values=fields.String())
    needs = fields.String(allow_none=True, metadata={"description": "The filter that it cannot do without"})


class ListsSchema(Schema):
    """The lists that this person may take out."""

    lists = fields.List(fields.Nested(ListSchema))


@resource.get("/lists")
@resource.response(200, ListsSchema)
@requires(Task.EXPORT)
def show_lists() -> dict[str, Any]:
    """The lists that there are, with their columns and filters"""
    person = signed_in()
    found = [listing for listing in exports.listings().values() if person.may(listing.task)]
    return {
        "lists": [
            {
                "name": listing.name,
                "title": listing.title,
                "columns": [column.name for column in listing.columns],
                "filters": listing.filters,
                "needs": listing.needs,
            }
            for listing in found
        ]
    }


@resource.get("/lists/<name>.<any(csv, xlsx, json):form>")
@resource.response(200, description="The file")
@requires(Task.EXPORT)
def take_out(name: str, form: str) -> Response:
    """A list as a file

    Filters of the list go into the query; `GET /api/v1/lists` names them. Moments are ISO 8601 in UTC, in JSON Unix
    milliseconds.
    """
    return answer(name, form, dict(request.args.items()))
