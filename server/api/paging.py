"""Lists over the API, page by page: what is asked with, and where it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import Schema, fields
from marshmallow.validate import Length, Range

from server import latest_first
from server.errors import Refusal
from server.schemas import PAGE_ROWS_MAX, text

PAGE: Final = 50


class PageQuerySchema(Schema):
    """Where a list goes on."""

    after = text(load_default=None, validate=Length(1, 500), metadata={"description": "`next` of the page before"})
    limit = fields.Integer(load_default=PAGE, validate=Range(1, PAGE_ROWS_MAX))


class PageSchema(Schema):
    """A page of a list."""

    next = fields.String(allow_none=True, metadata={"description": "Ask with it as `after`; null on the last page"})


def seen(query: Mapping[str, Any]) -> latest_first.Key | None:
    """The last one that was seen of a list of documents.

    Raises:
        Refusal: `after` is no `next` of a page.
    """
    try:
        return latest_first.read_after(query["after"])
    except ValueError as error:
        raise Refusal(422, "not_valid", str(error)) from None
