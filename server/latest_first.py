"""Where one stands in a list of documents, the latest first: when the last one seen was taken in, and its number.

Documents of one file share their moment, so that the number tells them apart.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

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


def behind(moment: sa.ColumnElement[Any], number: sa.ColumnElement[Any], after: Key) -> sa.ColumnElement[bool]:
    """Whether a row comes after this key, where numbers of one moment go upwards."""
    moment_ms, last = after
    return (moment < moment_ms) | ((moment == moment_ms) & (number > last))
