"""Prices that the owner accepted, by unit, lot or product, each for a while.

An accepted list is a document that the server writes: whose prices, from when until when, under which rule, and who
said so. The last word about a subject counts. What is in force travels to the shop: as a list to be taken out, by the
API, and in the feed as `price.changed`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server import papers, taken_along
from server.changes import publish_all
from server.database import lock, stamp
from server.ledger import in_chunks
from server.life_cycle.markdown import Suggestion
from server.tables import document_rows, documents, unit_states
from sync.unit import IN_STOCK

KIND: Final = "price_list"
DAYS_MAX: Final = 365
DAY_MS: Final = 86_400_000
SUBJECTS_MAX: Final = 5_000


class PriceError(ValueError):
    """This cannot be accepted; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """One price in force."""

    subject: str
    item: str
    price: int
    """In the currency's smallest unit."""
    was: int
    currency: str
    from_ms: int
    until_ms: int
    rule: str
    number: str
    """Of the list."""
    by: str | None


def accept(
    connection: sa.Connection,
    *,
    site: str,
    suggestions: Sequence[Suggestion],
    currencies: dict[str, str],
    days: int,
    operator: str | None,
    now_ms: int,
) -> str:
    """Put these prices in force from now on; returns the number of the list.

    Args:
        currencies: of each product.
        days: so long they hold.

    Raises:
        PriceError: there are none, too many, they would hold for no time or too long, or a product's price would rise
            while something of it is marked down.
    """
    if not suggestions:
        raise PriceError("No price was chosen: tick the mark-downs that you accept.")
    if len(suggestions) > SUBJECTS_MAX:
        raise PriceError(f"{len(suggestions)} prices at once are too many: accept up to {SUBJECTS_MAX:,}.")
    if not 1 <= days <= DAYS_MAX:
        raise PriceError(f"{days} days will not do: a price holds for 1 to {DAYS_MAX} days.")
    number = _next_number(connection, site)
    _refuse_both_ways(suggestions, offered_now(connection, site, now_ms))
    until_ms = now_ms + days * DAY_MS
    rows = [
        {
            "subject": one.subject,
            "attributes": {
                "item": one.item,
                "price": one.price,
                "was": one.was,
                "currency": currencies[one.item],
                "from_ms": now_ms,
                "until_ms": until_ms,
                "rule": one.rule.name,
                "by": operator,
            },
        }
        for one in suggestions
    ]
    _write(connection, site, number, rows, f"{len(rows)} prices for {days} days", operator, now_ms)
    return number


def _refuse_both_ways(suggestions: Iterable[Suggestion], offered: Sequence[Offered]) -> None:
    """No product's price rises while something of it is marked down: one of the two was a mistake."""
    rises: dict[str, bool] = {one.item: one.price > one.was for one in offered}
    ends = {one.item: one for one in offered}
    for one in suggestions:
        rise = one.price > one.was
        if rises.setdefault(one.item, rise) is rise:
            continue
        gtin, stands = one.item.rpartition("/")[2], ends.get(one.item)
        what, against = ("a rise", "marked down") if rise else ("a mark-down", "raised")
        where = f" by {stands.number}: end that first" if stands else " in the same list: choose one of the two"
        raise PriceError(f"{gtin} is {against}{where}. With {what} beside it nobody could say what it costs.")


def end(connection: sa.Connection, *, site: str, subjects: Iterable[str], operator: str | None, now_ms: int) -> int:
    """Take prices back from now on; returns how many were in force.

    Raises:
        PriceError: none of them was.
    """
    wanted = set(subjects)
    ended = [one for one in in_force(connection, site, now_ms) if one.subject in wanted]
    if not ended:
        raise PriceError("None of these has a price of its own any more.")
    rows = [{"subject": one.subject, "attributes": None} for one in ended]
    _write(connection, site, _next_number(connection, site), rows, f"{len(rows)} prices ended", operator, now_ms)
    return len(ended)


def _next_number(connection: sa.Connection, site: str) -> str:
    lock(connection, site, [KIND])
    query = sa.select(sa.func.count()).where(documents.c.site == site, documents.c.kind == KIND)
    return f"PRICES-{connection.execute(query).scalar_one() + 1}"


def _write(
    connection: sa.Connection,
    site: str,
    number: str,
    rows: Sequence[Mapping[str, object]],
    told: str,
    operator: str | None,
    now_ms: int,
) -> None:
    papers.write(
        connection,
        site=site,
        kind=KIND,
        number=number,
        action="reprice",
        rows=rows,
        operator=operator,
        now_ms=now_ms,
        reason=told,
    )
    publish_all(connection, site, "price", {str(row["subject"]): row["attributes"] for row in rows}, stamp(connection))


def told_of(connection: sa.Connection, site: str) -> set[str]:
    """Everything that ever had a price of its own."""
    return set(_last_words(connection, site))


def tell(connection: sa.Connection, site: str, subjects: Collection[str], at: int) -> None:
    """Offer the last word about the price of each of these."""
    said = _last_words(connection, site)
    publish_all(connection, site, "price", {s: said[s].attributes for s in subjects if s in said}, at)


def _last_words(connection: sa.Connection, site: str, since_ms: int = 0) -> dict[str, sa.Row[Any, Any, Any, Any]]:
    """The last row about each subject: `subject`, `attributes` (null where its price ended), `number`, `event_ms`."""
    t = document_rows.c
    query = (
        sa.select(t.subject, t.attributes, documents.c.number, documents.c.event_ms)
        .join(documents, documents.c.digest == t.document)
        .where(documents.c.site == site, documents.c.kind == KIND, documents.c.event.isnot(None))
        .where(documents.c.event_ms > since_ms)
    )
    rows = sorted(connection.execute(query), key=lambda row: (row.event_ms, int(row.number.rpartition("-")[2])))
    return {row.subject: row for row in rows}


def offered_now(connection: sa.Connection, site: str, now_ms: int) -> list[Offered]:
    """Prices in force of what is still here: a unit that was sold takes its price along."""
    found = in_force(connection, site, now_ms)
    u = unit_states.c
    gone = set()
    for keys in in_chunks(one.subject for one in found):
        query = sa.select(u.unit, u.status, u.place, u.place_ms, u.expected, u.announced_by).where(
            u.site == site, u.unit.in_(keys)
        )
        rows = taken_along.of_rows(connection, site, connection.execute(query).mappings())
        gone |= {row["unit"] for row in rows if row["status"] not in IN_STOCK}
    return [one for one in found if one.subject not in gone]


def in_force(connection: sa.Connection, site: str, now_ms: int) -> list[Offered]:
    """Every price that holds at this moment, by subject; whether the unit is still for sale is not looked up."""
    latest = _last_words(connection, site, since_ms=now_ms - DAYS_MAX * DAY_MS)  # no price holds for longer
    return [
        Offered(subject=subject, number=row.number, **row.attributes)
        for subject, row in sorted(latest.items())
        if row.attributes is not None and row.attributes["from_ms"] <= now_ms < row.attributes["until_ms"]
    ]
