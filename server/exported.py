"""A list as the answer to a request, for the console and the API alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Final

from flask import Response

from server import context, exports
from server.database import reading
from server.errors import Refusal
from server.exports import ExportError, Filters, TooManyError
from server.people import signed_in

PIECE_BYTES: Final = 64 << 10


def answer(name: str, form: str, filters: Filters) -> Response:
    """The file, to be saved under a name that says what it is and of when.

    Raises:
        Refusal: 404, there is no such list; 403, it is not this person's to see; 400, a filter does not fit; 503, too
            many are being written.
    """
    person = signed_in()
    listing = exports.listings().get(name)
    if listing is None:
        known = ", ".join(exports.listings())
        raise Refusal(404, "not_found", f"There is no list {name!r:.80}: it is one of {known}.")
    person.need(listing.task)
    try:
        with reading() as connection:
            file = exports.write(form, listing, connection, person.site, filters)
    except ExportError as error:
        raise Refusal(400, "bad_request", str(error)) from None
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None
    except TooManyError:
        message = "Other lists are being written at this moment. Try again in a minute."
        raise Refusal(503, "busy", message, headers={"Retry-After": "30"}) from None
    now = datetime.fromtimestamp(context.now_ms() / 1000, UTC)
    size = file.seek(0, 2)
    file.seek(0)
    download = f"{name}-{person.site}-{now:%Y-%m-%d-%H%M}.{form}"
    response = Response(_pieces(file), mimetype=exports.FORMS[form].mimetype)
    response.content_length = size
    response.headers.set("Content-Disposition", "attachment", filename=download)
    response.call_on_close(file.close)
    return response


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE_BYTES):
            yield piece
