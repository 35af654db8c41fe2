"""Recalls begin and end here: each an event, and what handhelds hold is the published row.

A recall is an event that names its predicate's document. A released one is withdrawn from handhelds by name, and stays
here with its interval, for the past is judged by what was in force then. A drill is offered to no handheld, and stops
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from server import papers
from server.changes import publish
from server.database import lock, stamp
from server.ledger import in_chunks
from server.recalls.asked import Asked, RecallError, next_number, row_of
from server.recalls.notices import UnknownSupplierError
from server.tables import reference
from sync.recall import Recall


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A recall, and since when and until when it is in force."""

    number: str
    reason: str
    since_ms: int
    until_ms: int | None
    drill: bool
    row: Mapping[str, Any]
    """As it was published: predicate, supplier, receipts, place."""

    @property
    def predicate(self) -> Recall:
        """What it reaches."""
        return Recall.from_row(self.row)


def begin(connection: sa.Connection, *, site: str, asked: Asked, operator: str | None, now_ms: int) -> Standing:
    """Recall from now on, or begin a drill.

    Raises:
        RecallError: it names nothing, or something that is none, or there is a recall of this number.
    """
    lock(connection, site, ["recalls"])
    try:
        row = row_of(connection, site, asked)
    except UnknownSupplierError as error:
        raise RecallError(str(error)) from None
    at = stamp(connection)
    number = row["number"]
    papers.write(
        connection,
        site=site,
        kind="recall",
        number=number,
        action="recall",
        rows=[{"subject": _subject(row), "attributes": row}],
        operator=operator,
        now_ms=now_ms,
        reason=row["reason"],
    )
    offered = row | {"since_ms": now_ms, "until_ms": None, "stamp": at}
    publish(connection, site, "recall", number, offered, at)
    return _standing(offered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A recall that begins at several sites under one number, each with a page and an account of its own."""

    standing: Standing
    """At the first of them."""
    at: tuple[str, ...]
    not_at: Mapping[str, str]
    """Site -> why it did not begin there: the product, the supplier or the delivery is not known there."""


def begin_at(
    connection: sa.Connection, *, sites: Sequence[str], asked: Asked, operator: str | None, now_ms: int
) -> Begun:
    """Recall at each of these sites from now on.

    Args:
        sites: the first one is where it is asked; what its supplier, delivery or own code means is said by each.

    Raises:
        RecallError: at the first site it names nothing, or something that is none; nothing is recalled then.
    """
    for site in sorted(sites):
        lock(connection, site, ["recalls"])
    asked = replace(asked, number=asked.number.strip() or next_number(connection, sites))
    standing = begin(connection, site=sites[0], asked=asked, operator=operator, now_ms=now_ms)
    begun, refused = [sites[0]], {}
    for site in sites[1:]:
        try:
            begin(connection, site=site, asked=replace(asked, place=""), operator=operator, now_ms=now_ms)
        except RecallError as error:
            refused[site] = str(error)
        else:
            begun.append(site)
    return Begun(standing=standing, at=tuple(begun), not_at=refused)


def _subject(row: Mapping[str, Any]) -> str:
    units: Sequence[str] = row["units"]
    return str(row["item"] or next(iter(units), None) or row["number"])


def end(connection: sa.Connection, site: str, number: str, now_ms: int) -> None:
    """Withdraw it from handhelds, and let what comes from now on be judged without it."""
    row = _row(connection, site, number)
    publish(connection, site, "recall", number, dict(row) | {"until_ms": now_ms}, stamp(connection))


def read(connection: sa.Connection, site: str, number: str) -> Standing:
    """One recall or drill.

    Raises:
        LookupError: there is none of this number.
    """
    return _standing(_row(connection, site, number))


def standings(connection: sa.Connection, site: str, numbers: Iterable[str]) -> Mapping[str, Standing]:
    """These recalls and drills by number, as far as there are any."""
    t = reference.c
    found: dict[str, Standing] = {}
    for chunk in in_chunks(numbers):
        query = sa.select(t.row).where(t.site == site, t.kind == "recall", t.key.in_(chunk), t.row.isnot(None))
        found.update((row["number"], _standing(row)) for row in connection.execute(query).scalars())
    return found


def _row(connection: sa.Connection, site: str, number: str) -> Mapping[str, Any]:
    t = reference.c
    query = sa.select(t.row).where(t.site == site, t.kind == "recall", t.key == number)
    row: Mapping[str, Any] | None = connection.execute(query).scalar()
    if row is None:
        raise LookupError(f"There is no recall {number:.60}.")
    return row


def _standing(row: Mapping[str, Any]) -> Standing:
    return Standing(
        number=row["number"],
        reason=row["reason"],
        since_ms=row["since_ms"],
        until_ms=row["until_ms"],
        drill=row["drill"],
        row=row,
    )
