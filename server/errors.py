"""One shape for every failure: ``{"code", "message"}`` for programs, a plain page for people.

`code` is a word that a program can act on, `message` a sentence for whoever reads the log.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from flask import Flask, Response, jsonify, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound

from server.database import was_given_up
from server.named import NamedError
from sync.event import EventError

log = logging.getLogger(__name__)

_CODES: Final = {
    400: "bad_request",
    401: "sign_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "timed_out",
    409: "conflict",
    411: "length_required",
    413: "too_large",
    414: "too_large",
    415: "media_type",
    422: "not_valid",
    429: "too_many",
    431: "too_large",
    500: "failed",
    503: "unavailable",
}
_DESCRIBES_THE_BODY: Final = frozenset({"content-type", "content-length"})
RETRY_AFTER_S: Final = 5
_READ_ONLY: Final = "25006"
"""SQLSTATE of a write to a server that only follows another (PostgreSQL, appendix A)."""
_DISK_FULL: Final = "53100"
"""SQLSTATE of a write that found no room (PostgreSQL, appendix A)."""
FOR_PROGRAMS: Final = ("/api/", "/healthz", "/readyz", "/metrics")


class Refusal(HTTPException):
    """A request that is refused: HTTP status, the word for programs and the sentence for people."""

    def __init__(self, status: int, word: str, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(description=message)
        self.code = status
        self.word = word
        self.headers = dict(headers or {})

    def get_headers(self, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        return [*super().get_headers(*args, **kwargs), *self.headers.items()]


def register(app: Flask) -> None:
    """Let every failure of this app be answered here."""
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(NamedError, _names_nothing)
    app.register_error_handler(EventError, _no_event_says)
    app.register_error_handler(sa.exc.OperationalError, _database_away)
    app.register_error_handler(sa.exc.InterfaceError, _database_away)
    app.register_error_handler(sa.exc.InternalError, _leads_no_more)
    app.register_error_handler(sa.exc.IntegrityError, _at_once)
    app.register_error_handler(sa.exc.DataError, _cannot_hold)


def answer(error: HTTPException) -> Response:
    """The response to a failure, with the headers that the failure itself asks for (`Allow`, `Retry-After`)."""
    if error.response is not None:  # a redirect that was raised
        return make_response(error.response)
    if for_programs():
        response = jsonify(code=word(error), message=sentence(error))
    elif error.code == 401:
        return make_response(redirect(url_for("web.sign_in", next=request.full_path.rstrip("?"))))
    else:
        response = make_response(render_template("error.html", title=title(error), message=sentence(error)))
    response.status_code = error.code or 500
    for name, value in error.get_headers():
        if name.lower() not in _DESCRIBES_THE_BODY:
            response.headers.add(name, value)
    return response


def for_programs() -> bool:
    """Whether a program asked, and not a person's browser."""
    return request.path.startswith(FOR_PROGRAMS)


def word(error: HTTPException) -> str:
    """The word for programs."""
    return getattr(error, "word", None) or _CODES.get(error.code or 500, "failed")


def title(error: HTTPException) -> str:
    """The heading of the page: the status in its usual words."""
    return "No such page" if _no_such_address(error) else error.name


def sentence(error: HTTPException) -> str:
    """What is wrong, as one would say it; what a schema found stands in it field by field."""
    found = getattr(error, "data", None) or {}
    messages = found.get("messages")
    if messages:
        return " ".join(_flat(messages))[:2_000]
    if isinstance(error, InternalServerError):
        return "Something went wrong here; it has been written to the log."
    if isinstance(error, CSRFError):  # its own words are of the token
        again = "sign in again and send the csrf_token as X-CSRFToken" if for_programs() else "load it again"
        return f"This {'session' if for_programs() else 'page'} was open too long, or sent no token: {again}."
    if _no_such_address(error):
        nothing = "There is nothing at this address" if for_programs() else "There is no page at this address"
        return f"{nothing}: {request.path:.200}. It may be mistyped."
    return error.description or error.name


def _no_such_address(error: HTTPException) -> bool:
    """Whether no view has this address; a view that finds nothing says itself what."""
    return isinstance(error, NotFound) and error is request.routing_exception


def _flat(messages: Any, path: str = "") -> list[str]:
    """``{"json": {"reason": ["Too long."]}}`` as ``["reason: Too long."]``."""
    if isinstance(messages, Mapping):
        places = ("json", "query", "files", "form", "_schema")
        return [
            line
            for key, value in messages.items()
            for line in _flat(value, path if key in places else f"{path}.{key}".lstrip("."))
        ]
    lines = messages if isinstance(messages, list) else [messages]
    return [f"{path}: {line}" if path else str(line) for line in lines]


def _names_nothing(error: NamedError) -> Response:
    """An argument that should name one thing names none, or several."""
    if request.method == "GET":
        return answer(Refusal(404, "not_found", str(error)))
    return answer(Refusal(422, "not_valid", str(error)))


def _no_event_says(error: EventError) -> Response:
    """Words that were typed for a fact of the office hold what no event may, a tab or a bell: nothing was taken.

    What devices send is answered event by event, and never comes here.
    """
    return answer(Refusal(422, "not_valid", f"Nothing was taken: {error}"))


def _said(error: sa.exc.DBAPIError) -> str:
    """What the database says, without PostgreSQL's further lines: those repeat the row, with whatever stands in it."""
    return str(error.orig).partition("\n")[0]


def _database_away(error: sa.exc.DBAPIError) -> Response:
    """The database does not answer, or is busy for too long: nothing was taken, try again."""
    if was_given_up(error):
        log.warning("The database ended a transaction in favour of another: %s", _said(error))
        message = "Others were writing the same at the same moment; nothing was taken. Try again."
        return answer(Refusal(503, "busy", message, headers={"Retry-After": "1"}))
    log.error("The database does not answer: %s", _said(error))
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    full = getattr(error.orig, "sqlstate", None) == _DISK_FULL or "disk is full" in _said(error)
    why = "The server's disk is full" if full else "The database does not answer"
    return answer(Refusal(503, "unavailable", f"{why}; nothing was taken.", headers=headers))


def _leads_no_more(error: sa.exc.InternalError) -> Response:
    """A connection to a PostgreSQL that was the leader until just now: the next one leads to another."""
    if getattr(error.orig, "sqlstate", None) == _READ_ONLY:
        return _database_away(error)
    log.error("The database failed: %s", _said(error))
    return answer(InternalServerError())


def _at_once(error: sa.exc.IntegrityError) -> Response:
    """Two requests made the same row in the same moment; the constraint stopped the second, whole."""
    log.warning("Two requests collided: %s", _said(error))
    message = "Somebody else did the same at the same moment; nothing was taken. Try again."
    return answer(Refusal(409, "conflict", message, headers={"Retry-After": "1"}))


def _cannot_hold(error: sa.exc.DataError) -> Response:
    """A value that no column can hold got past the schemas: the database refused it, and nothing was taken."""
    log.warning("A value could not be stored: %s", _said(error))
    return answer(Refusal(400, "bad_request", "The request holds a value that cannot be stored."))
