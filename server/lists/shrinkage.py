"""What is missing, and who was near it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from server import context, naming
from server.exports import Column, Filters, Listing, Rows
from server.roles import Task
from server.shrinkage import access, losses
from server.shrinkage.losses import Loss


def _all(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    now_ms = context.now_ms()
    yield from rows_of(connection, site, losses.read(connection, site, now_ms), now_ms)


def rows_of(connection: sa.Connection, site: str, found: Sequence[Loss], until_ms: int) -> Rows:
    """A row for each loss, who was near it among the rest, by what had happened until a moment."""
    presence = access.read_presence(connection, site, until_ms)
    names = naming.read(connection, site, {key for loss in found for key in (loss.subject, loss.item, loss.place)})
    for loss in found:
        yield {
            "product": names(loss.item).text,
            "what": names(loss.subject).text,
            "zone": loss.zone,
            "place": names(loss.place).text if loss.place else None,
            "pieces": loss.pieces,
            "cost": loss.cost.whole if loss.cost else None,
            "currency": loss.cost.currency if loss.cost else None,
            "state": loss.state,
            "count": loss.count,
            "last_ms": loss.last_ms,
            "last_by": loss.last_by,
            "missed_ms": loss.missed_ms,
            "found_ms": loss.found_ms,
            "near": presence.near(loss),
            "key": loss.subject,
        }


def _people(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    now_ms = context.now_ms()
    presence = access.read_presence(connection, site, now_ms)
    for near in access.by_person(losses.read(connection, site, now_ms), presence):
        yield {"name": near.name, "windows": near.windows, "expected": near.expected, "alone": near.alone}


COLUMNS: Final = (
    Column("product", "Product"),
    Column("what", "Unit or lot"),
    Column("zone", "Zone"),
    Column("place", "Place"),
    Column("pieces", "Pieces"),
    Column("cost", "At cost"),
    Column("currency", "Currency"),
    Column("state", "State"),
    Column("count", "First missed by"),
    Column("last_ms", "Last seen", moment=True),
    Column("last_by", "Last seen by"),
    Column("missed_ms", "First missed", moment=True),
    Column("found_ms", "Seen again", moment=True),
    Column("near", "Scanned in that zone in between"),
    Column("key", "Canonical name"),
)
LISTS = (
    Listing(
        name="losses",
        title="Shrinkage",
        rows=_all,
        task=Task.OWN,
        columns=COLUMNS,
        sheets=("losses_people",),
    ),
    Listing(
        name="losses_people",
        title="Who was near",
        rows=_people,
        task=Task.OWN,
        columns=(
            Column("name", "Person"),
            Column("windows", "Windows in which they were near"),
            Column("expected", "Of those, by chance"),
            Column("alone", "Nobody else was"),
        ),
    ),
)
