"""Lists of documents, the latest first, page by page; where one stands: when the last one was taken in, and its number.

Documents of one file share their moment, so that the number tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from server.tables import documents

Row = TypeVar("Row")
Key = tuple[int, str]
MOMENT_DIGITS_MAX: Final = 15


def read_after(text: str | None) -> Key | None:
    """The key in the `next` of a page.

    Raises:
        ValueError: it is none.
    """
    if text is None:
        return None
    moment, stroke, number = text.partition("~")
    if not (stroke and number and moment.isascii() and moment.isdigit() and len(moment) <= MOMENT_DIGITS_MAX):
        raise ValueError(f"after is {text!r:.80}: it takes the `next` of a page.")
    return int(moment), number


def next_of(moment_ms: int, number: str) -> str:
    """The `next` of a page that ends with this document."""
    return f"{moment_ms}~{number}"


def page(
    connection: sa.Connection, *which: sa.ColumnElement[bool], limit: int, after: Key | None = None
) -> tuple[Sequence[sa.Row[Any, Any, Any]], str | None]:
    """Number, site and moment of the documents that are meant, and the `next` of their page; None on the last one.

    Args:
        which: conditions on `documents`, which all of them meet.
        after: of the last one that was seen.
    """
    d = documents.c
    query = sa.select(d.number, d.site, d.event_ms).where(d.event.isnot(None), *which)
    if after is not None:
        query = query.where(behind(d.event_ms, d.number, after))
    found = connection.execute(query.order_by(d.event_ms.desc(), d.number).limit(limit + 1)).all()
    more = next_of(found[limit - 1].event_ms, found[limit - 1].number) if len(found) > limit else None
    return found[:limit], more


def every(read: Callable[..., tuple[Sequence[Row], str | None]]) -> Iterator[Row]:
    """All that a list has, page by page.

    Args:
        read: gives the page behind the keyword `after`, and its `next`.
    """
    following: str | None = None
    while True:
        found, following = read(after=read_after(following))
        yield from found
        if following is None:
            return


def behind(moment: sa.ColumnElement[Any], number: sa.ColumnElement[Any], after: Key) -> sa.ColumnElement[bool]:
    """Whether a row comes after this key, where numbers of one moment go upwards."""
    moment_ms, last = after
    return (moment < moment_ms) | ((moment == moment_ms) & (number > last))
