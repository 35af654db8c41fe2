"""What every request has to pass before a view sees it: bounds, encodings, and text that can be stored.

The body is read here, once, in pieces and within a bound: a chunked body has no length to look at first, and
Werkzeug's `get_data` cuts one that is too long without a word. A name with a NUL or half a surrogate pair in it
cannot be stored everywhere (PostgreSQL's text holds no NUL), so it is refused at the door and not in a query.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Final, NoReturn, TypeVar

from flask import Flask, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from server.errors import Refusal

BODY_BYTES_MAX: Final = 64 << 10
"""Bound of a body where a view states none."""
JSON_DEPTH_MAX: Final = 32
QUERY_BYTES_MAX: Final = 8 << 10
CHUNK_BYTES: Final = 64 << 10

View = TypeVar("View", bound=Callable[..., Any])


def takes_bytes(most: int) -> Callable[[View], View]:
    """State another bound for the bodies that this view takes."""

    def mark(view: View) -> View:
        view.body_bytes_max = most  # type: ignore[attr-defined]
        return view

    return mark


def register(app: Flask) -> None:
    """Put the gate in front of every view of this app."""
    app.before_request(_pass)


def _pass() -> None:
    if len(request.query_string) > QUERY_BYTES_MAX:
        raise Refusal(414, "too_large", f"The query is longer than {QUERY_BYTES_MAX} bytes.")
    if request.url_rule is None:
        return  # nothing is there: whatever came with it stays unread
    _storable(_texts_of_the_address())
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Refusal(415, "media_type", "Send the body as it is, without a Content-Encoding.")
    _read_body()


def _texts_of_the_address() -> Iterable[str]:
    yield request.path
    for name, values in request.args.lists():
        yield name
        yield from values


def _storable(texts: Iterable[str]) -> None:
    for text in texts:
        if not is_storable(text):
            raise Refusal(400, "bad_request", f"This cannot be part of an address here: {text!r:.80}.")


def is_storable(text: str) -> bool:
    """Whether every database can hold this text: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _read_body() -> None:
    """Read the body within the view's bound; `request.get_data()` and forms have it from there."""
    if request.content_length is None and "Transfer-Encoding" in request.headers:
        raise Refusal(413, "too_large", "Say with Content-Length how long the body is: without, it has no bound.")
    view = current_app.view_functions[request.endpoint or ""]
    most = getattr(view, "body_bytes_max", BODY_BYTES_MAX)
    request.max_content_length = most + 1  # Werkzeug complains at its bound, we one byte before
    try:
        chunks, size = [], 0
        while chunk := request.stream.read(CHUNK_BYTES):
            size += len(chunk)
            if size > most:
                _too_large(most)
            chunks.append(chunk)
    except RequestEntityTooLarge:
        _too_large(most)
    request._cached_data = b"".join(chunks)  # noqa: SLF001  # what get_data(cache=True) would have kept


def _too_large(most: int) -> NoReturn:
    raise Refusal(413, "too_large", f"The body is longer than {most} bytes: send less at once.")


def read_json(data: bytes) -> Any:
    """The JSON value in a body.

    Raises:
        Refusal: 400, it is not JSON, or holds what cannot be stored.
    """
    try:
        value = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError):  # bad UTF-8, bad JSON, NaN, 5,000 digits, 100,000 brackets
        raise Refusal(400, "bad_request", "The body is not JSON.") from None
    waiting = [(value, 1)]
    while waiting:
        found, depth = waiting.pop()
        if depth > JSON_DEPTH_MAX:
            raise Refusal(400, "bad_request", f"The JSON is nested deeper than {JSON_DEPTH_MAX}.")
        if isinstance(found, dict):
            waiting += [(key, depth + 1) for key in found] + [(v, depth + 1) for v in found.values()]
        elif isinstance(found, list):
            waiting += [(v, depth + 1) for v in found]
        elif isinstance(found, str) and not is_storable(found):
            raise Refusal(400, "bad_request", f"This text cannot be stored: {found!r:.80}.")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON.")
