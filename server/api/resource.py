"""The blueprint of one resource: flask-smorest's, reading JSON as strictly as the gate does."""

from __future__ import annotations

from typing import Any

import flask
import marshmallow as ma
from flask_smorest import Blueprint
from webargs.flaskparser import FlaskParser, is_json_request

from server.errors import Refusal
from server.gate import read_json


class StrictParser(FlaskParser):
    """webargs' parser, which by itself fails on deep nesting, long numbers and half surrogate pairs."""

    def load_json(self, req: flask.Request, schema: ma.Schema) -> Any:
        if not is_json_request(req):
            raise Refusal(415, "media_type", "Send JSON, with Content-Type: application/json.")
        return read_json(req.get_data())


class Resource(Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """A blueprint under /api/v1. `signed_views` names those that carry a proof of their own instead of a session."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, module: str, *, description: str, signed_views: tuple[str, ...] = ()) -> None:
        super().__init__(name, module, description=description)
        self.signed_views = tuple(f"{module}.{view}" for view in signed_views)
