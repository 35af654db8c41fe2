"""The blueprint of one resource: flask-smorest's, reading JSON as strictly as the gate does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import flask
import marshmallow as ma
from flask.typing import ResponseReturnValue
from flask_smorest.blueprint import Blueprint
from webargs.flaskparser import FlaskParser, is_json_request

from server.errors import Refusal
from server.gate import read_json

View = TypeVar("View", bound=Callable[..., Any])
Answer = Callable[..., ResponseReturnValue]


class StrictParser(FlaskParser):
    """webargs' parser, which by itself fails on deep nesting, long numbers and half surrogate pairs."""

    def load_json(self, req: flask.Request, schema: ma.Schema) -> Any:
        if not is_json_request(req):
            raise Refusal(415, "media_type", "Send JSON, with Content-Type: application/json.")
        return read_json(req.get_data())


class Resource(Blueprint):
    """A blueprint under /api/v1. `signed_views` names those that carry a proof of their own instead of a session."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, module: str, *, description: str, signed_views: tuple[str, ...] = ()) -> None:
        super().__init__(name, module, description=description)  # type: ignore[no-untyped-call]
        self.signed_views = tuple(f"{module}.{view}" for view in signed_views)

    # The same three as flask-smorest's, which says nothing of their types.

    def arguments(self, schema: type[ma.Schema], **options: Any) -> Callable[[View], View]:
        """Read and check what is sent by this schema, and hand it to the view."""
        return super().arguments(schema(), **options)  # type: ignore[no-any-return, no-untyped-call]

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Callable[[Callable[..., Any]], Answer]:
        """Answer with this status, in the shape of this schema."""
        return super().response(status_code, schema, **options)  # type: ignore[no-any-return, no-untyped-call]

    def alt_response(self, status_code: int, response: Any = None, **options: Any) -> Callable[[View], View]:
        """Describe another answer that the view may give."""
        return super().alt_response(status_code, response, **options)  # type: ignore[no-any-return, no-untyped-call]
