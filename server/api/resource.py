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
from server.gate import BODY_BYTES_MAX, read_json, takes_bytes

View = TypeVar("View", bound=Callable[..., Any])
Answer = Callable[..., ResponseReturnValue]


class StrictParser(FlaskParser):
    """webargs' parser, which by itself fails on deep nesting, long numbers and half surrogate pairs."""

    def load_json(self, req: flask.Request, schema: ma.Schema) -> Any:
        if not is_json_request(req):
            raise Refusal(415, "media_type", "Send JSON, with Content-Type: application/json.")
        return read_json(req.get_data())


def _at_most(bytes_max: int) -> str:
    return f"At most {bytes_max:,} bytes."


class Resource(Blueprint):
    """A blueprint under /api/v1. `signed_views` names those that carry a proof of their own instead of a session."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, module: str, *, description: str, signed_views: tuple[str, ...] = ()) -> None:
        super().__init__(name, module, description=description)  # type: ignore[no-untyped-call]
        self.signed_views = tuple(f"{module}.{view}" for view in signed_views)

    # Those of flask-smorest, which says nothing of their types, and `body` beside them.

    def arguments(
        self, schema: type[ma.Schema], *, bytes_max: int = BODY_BYTES_MAX, **options: Any
    ) -> Callable[[View], View]:
        """Read and check what is sent by this schema, and hand it to the view.

        Args:
            bytes_max: bound of JSON; what stands in the query has the bound of all queries.
        """
        if "location" in options:
            return super().arguments(schema(), **options)  # type: ignore[no-any-return, no-untyped-call]
        options["description"] = _at_most(bytes_max)
        described: Callable[[View], View] = super().arguments(schema(), **options)  # type: ignore[no-untyped-call]
        return lambda view: described(takes_bytes(bytes_max)(view))

    def body(self, *media_types: str, bytes_max: int, description: str) -> Callable[[View], View]:
        """Let the view take bytes as they are, up to a bound; both are described."""
        one = {"schema": {"type": "string", "format": "binary", "maxLength": bytes_max}}
        content, about = dict.fromkeys(media_types, one), f"{description} {_at_most(bytes_max)}"
        body = {"description": about, "required": True, "content": content}
        described: Callable[[View], View] = self.doc(requestBody=body)  # type: ignore[no-untyped-call]
        return lambda view: described(takes_bytes(bytes_max)(view))

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Callable[[Callable[..., Any]], Answer]:
        """Answer with this status, in the shape of this schema."""
        return super().response(status_code, schema, **options)  # type: ignore[no-any-return, no-untyped-call]

    def alt_response(self, status_code: int, response: Any = None, **options: Any) -> Callable[[View], View]:
        """Describe another answer that the view may give."""
        return super().alt_response(status_code, response, **options)  # type: ignore[no-any-return, no-untyped-call]
