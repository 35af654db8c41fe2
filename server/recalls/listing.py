"""The list of recalls, page by page, and how far each of them is, without its whole account where that was frozen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server import latest_first
from server.ledger import in_chunks
from server.recalls import outcomes
from server.recalls.account import RESULT, progress
from server.recalls.book import Standing, standings
from server.tables import document_rows, documents

RECALLS_MAX: Final = 50
"""On one page of the list."""
_PARTS: Final = ("in_force", "ended")
"""The list has two parts, and the `next` of its pages says in which one it goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How far a recall is, in figures."""

    standing: Standing
    pieces: int
    """Units and pieces that it reaches."""
    open: int
    took_ms: int | None
    """From the start until the last one was accounted for; None while some are not."""


def page(
    connection: sa.Connection, site: str, *, after: str | None = None, limit: int = RECALLS_MAX
) -> tuple[list[Standing], str | None]:
    """Recalls and drills: those in force first, then the latest first; and the `next` of their page.

    Raises:
        ValueError: `after` is no `next` of a page.
    """
    began, key = _read_after(after)
    numbers: list[str] = []
    following: str | None = None
    for part in _PARTS[_PARTS.index(began) :]:
        room = limit - len(numbers)
        found, more = latest_first.page(
            connection, *_conditions(site, part), limit=max(room, 1), after=key if part == began else None
        )
        if not room and found:
            following = f"{part}~"
            break
        numbers += [row.number for row in found]
        if more:
            following = f"{part}~{more}"
            break
    known = standings(connection, site, numbers)
    return [known[number] for number in numbers if number in known], following


def _read_after(after: str | None) -> tuple[str, latest_first.Key | None]:
    if after is None:
        return _PARTS[0], None
    part, _, rest = after.partition("~")
    if part not in _PARTS:
        raise ValueError(f"after is {after!r:.80}: it takes the `next` of a page.")
    return part, latest_first.read_after(rest or None)


def _conditions(site: str, part: str) -> tuple[sa.ColumnElement[bool], ...]:
    d, result = documents.c, documents.alias()
    ended = sa.exists().where(
        result.c.site == d.site, result.c.kind == RESULT, result.c.number == d.number, result.c.event.isnot(None)
    )
    return d.site == site, d.kind == "recall", ended if part == "ended" else ~ended


def every(connection: sa.Connection, site: str) -> Iterator[Standing]:
    """All of them, in the same order."""
    following: str | None = None
    while True:
        found, following = page(connection, site, after=following)
        yield from found
        if following is None:
            return


def summaries(connection: sa.Connection, site: str, of: Iterable[Standing], now_ms: int) -> list[Summary]:
    """How far each of these is by now.

    Of one that has ended it is what was frozen; its account is read only where something was written down since.
    """
    wanted = list(of)
    ended = [one.number for one in wanted if one.until_ms is not None]
    frozen, said_ms = _frozen(connection, site, ended), outcomes.last_said(connection, site, ended)
    found = []
    for one in wanted:
        sums = frozen.get(one.number)
        if sums is None or said_ms.get(one.number, -1) >= (one.until_ms or 0):
            now = progress(connection, one, site=site, now_ms=now_ms)
            sums = {"pieces": now.pieces, "open": now.open, "took_ms": now.took_ms}
        found.append(Summary(standing=one, **sums))
    return found


def _frozen(connection: sa.Connection, site: str, numbers: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """The sums with which these ended."""
    d, t = documents.c, document_rows.c
    found: dict[str, Mapping[str, Any]] = {}
    for chunk in in_chunks(numbers):
        query = (
            sa.select(d.number, t.attributes)
            .join(document_rows, t.document == d.digest)
            .where(d.site == site, d.kind == RESULT, d.number.in_(chunk), d.event.isnot(None), t.row == 1)
        )
        found.update((number, sums) for number, sums in connection.execute(query))
    return found
