"""The HTTP API, version 1: one file per resource, described at /api/docs."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from flask import Flask
from flask_smorest import Api
from flask_wtf.csrf import CSRFProtect
from werkzeug import Response
from werkzeug.exceptions import HTTPException

from server import errors
from server.api import docs
from server.api.resource import Resource
from server.gate import BODY_BYTES_MAX, JSON_DEPTH_MAX, QUERY_BYTES_MAX
from server.schemas import ErrorSchema

PREFIX: Final = "/api/v1"
ABOUT: Final = (
    "People sign in with `POST /api/v1/session` and send the `csrf_token` that it answers as `X-CSRFToken` with "
    "everything that changes something. Other systems send their key as `Authorization: Bearer ...` and need no token. "
    "Handhelds sign what they send. Every failure is "
    '`{"code", "message"}`: a word to act on and a sentence to read.'
)
BOUNDS: Final = (
    f"Bounds: a query of {QUERY_BYTES_MAX:,} bytes; a body, with its `Content-Length`, of {BODY_BYTES_MAX:,} bytes "
    f"where the operation states no other; JSON nested {JSON_DEPTH_MAX} deep. "
)


def _pace(requests_per_minute: int) -> str:
    if not requests_per_minute:
        return "How many requests come in a minute has no bound here (`SCAN_REQUESTS_PER_MINUTE`)."
    return (
        f"One address may send {requests_per_minute:,} requests a minute to each worker (`SCAN_REQUESTS_PER_MINUTE`), "
        "and then hears 429 with `Retry-After`; the server's own machine may send any number."
    )


class DescribedApi(Api):
    """flask-smorest with this server's errors; its own handler drops `Allow` and `Retry-After`."""

    ERROR_SCHEMA = ErrorSchema  # type: ignore[assignment]  # another schema is what it asks for

    def handle_http_exception(self, error: HTTPException) -> Response:
        return errors.answer(error)


def register(app: Flask) -> None:
    """Add every resource in this folder to the app, and their description."""
    app.config.update(
        API_TITLE="Unit-level scanning",
        API_VERSION="1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )
    about = f"{ABOUT} {BOUNDS}{_pace(app.config['SETTINGS'].requests_per_minute)}"
    api = DescribedApi(app, spec_kwargs={"info": {"description": about}})  # type: ignore[no-untyped-call]
    app.extensions["api"] = api
    app.register_blueprint(docs.page)
    csrf: CSRFProtect = app.extensions["csrf"]
    for module in iter_modules(__path__):
        resource = getattr(import_module(f"{__name__}.{module.name}"), "resource", None)
        if isinstance(resource, Resource):
            api.register_blueprint(resource, url_prefix=PREFIX)  # type: ignore[no-untyped-call]
            for view in resource.signed_views:
                csrf.exempt(view)  # type: ignore[no-untyped-call]
