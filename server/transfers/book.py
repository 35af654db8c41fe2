"""Transfers as they stand: what was asked for, what is on its way between two sites, and what arrived."""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server import document_names, inventory, latest_first, named, papers
from server import documents as imports
from server.database import reading, transact
from server.document_file import Draft, draft
from server.document_kinds import KINDS
from server.document_lines import Names
from server.named import NamedError
from server.orders.progress import read_progress
from server.orders.standing import OrderProgress
from server.printing.numbers import allot_number
from server.receipts import receipt
from server.tables import document_rows, documents, events, reference
from sync.identity import GS1, is_container, item_of, split_key
from sync.order import TRANSFER as PREFIX

TRANSFERS_MAX: Final = 50
"""On one page of the list."""
NOTICES_AT_ONCE: Final = 20
LINES_MAX: Final = 500
UNUSED: Final = f"{PREFIX}?"
"""Stands for a number while it is looked whether there is to be one."""


class TransferError(ValueError):
    """The transfer cannot be made so; the message says why. Nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InTransit:
    """Something between two sites: a unit, or pieces of a product."""

    number: str
    notice: str
    """The number of the hand-over at the site that it goes to."""
    origin: str
    to: str
    subject: str
    quantity: int
    container: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One transfer, as either of its sites sees it."""

    number: str
    origin: str
    to: str
    since_ms: int
    asked: int
    packed: int
    shipped: int
    notices: tuple[str, ...]
    """Its hand-overs, as the other site receives them."""
    arrived: int
    """Of what was sent; what else was in its cartons is in none of these numbers, and stands in the receipt."""
    in_transit: int
    short: int
    """What the other site closed its receipts without."""

    @property
    def state(self) -> str:
        """Where it stands, in a word or two."""
        if self.short:
            return "arrived short, more on its way" if self.in_transit else "arrived short"
        if self.in_transit:
            return "on its way"
        if self.notices and self.arrived >= self.asked:
            return "arrived"
        return "arrived in part" if self.arrived else "packed" if self.packed else "to be picked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """A product of which more is to be sent than is here."""

    product: str
    asked: int
    here: int


def lacking(connection: sa.Connection, site: str, number: str, now_ms: int) -> list[Lacking]:
    """What a transfer that nobody has begun to pick asks for beyond what is here and taken for nothing else yet."""
    asked: Counter[str] = Counter()
    for one in read_progress(connection, site, [number], now_ms)[number].lines:
        asked[one.line.item] += one.line.quantity
    here = inventory.untaken(connection, site, asked)
    return [
        Lacking(product=item, asked=many, here=max(0, here[item]))
        for item, many in sorted(asked.items())
        if many > here[item]
    ]


def list_transfers(
    connection: sa.Connection,
    site: str,
    now_ms: int,
    *,
    limit: int = TRANSFERS_MAX,
    after: latest_first.Key | None = None,
) -> tuple[list[Transfer], str | None]:
    """Transfers from this site and to it, the latest first, and the `next` of their page; None on the last one.

    Args:
        after: of the last one that was seen.
    """
    found, more = latest_first.page(connection, *_transfers_of(site), limit=limit, after=after)
    return _read(connection, [(row.site, row.number) for row in found], now_ms), more


def read(connection: sa.Connection, site: str, number: str, now_ms: int) -> Transfer:
    """One transfer from this site or to it.

    Raises:
        LookupError: there is none of that number.
    """
    found, _ = latest_first.page(connection, *_transfers_of(site), documents.c.number == number, limit=1)
    if not found:
        raise LookupError(f"There is no transfer {number:.60}.")
    return _read(connection, [(found[0].site, number)], now_ms)[0]


def _transfers_of(site: str) -> tuple[sa.ColumnElement[bool], ...]:
    d, first = documents.c, document_rows.c
    to = first.attributes["to_site"].as_string()
    sent = sa.exists().where(
        first.document == d.digest, first.row == 1, to.isnot(None), (d.site == site) | (to == site)
    )
    return d.kind == "order", d.number.startswith(PREFIX), sent


def _read(connection: sa.Connection, wanted: Sequence[tuple[str, str]], now_ms: int) -> list[Transfer]:
    """These transfers, by sender and number, in their order."""
    d, first = documents.c, document_rows.c
    numbers = [number for _, number in wanted]
    query = (
        sa.select(d.site, d.number, d.event_ms, first.attributes["to_site"].as_string().label("to"))
        .join(document_rows, first.document == d.digest)
        .where(d.kind == "order", d.number.in_(numbers), d.event.isnot(None), first.row == 1)
    )
    rows = {(row.site, row.number): row for row in connection.execute(query)}
    notices = _notices_of(connection, numbers)
    orders = {
        origin: read_progress(connection, origin, [number for site, number in wanted if site == origin], now_ms)
        for origin in {site for site, _ in wanted}
    }
    return [
        _transfer(connection, orders[key[0]][key[1]], rows[key].to, key[0], rows[key].event_ms, notices[key])
        for key in wanted
    ]


def in_transit(
    connection: sa.Connection, site: str, *, limit: int = LINES_MAX, after: latest_first.Key | None = None
) -> tuple[list[InTransit], str | None]:
    """What left one site for another and has not been received: from here or to here, the latest hand-over first.

    Args:
        limit: of lines; those of the last hand-over are all there.
        after: of the last hand-over that was seen.

    Returns:
        The lines, and the `next` of their page; None on the last one.
    """
    found: list[InTransit] = []
    following: str | None = latest_first.next_of(*after) if after else None
    while True:
        seen = latest_first.read_after(following)
        notices, following = latest_first.page(connection, *_awaited_notices(site), limit=NOTICES_AT_ONCE, after=seen)
        for place, notice in enumerate(notices, start=1):
            found += _on_its_way(connection, notice.site, notice.number)
            if len(found) >= limit and (following or place < len(notices)):
                return found, latest_first.next_of(notice.event_ms, notice.number)
        if following is None:
            return found, None


def _awaited_notices(site: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Notices of transfers from this site or to it whose receipt is not closed."""
    d, first, told = documents.c, document_rows.c, reference.c
    origin = first.attributes["from_site"].as_string()
    ours = sa.exists().where(
        first.document == d.digest, first.row == 1, origin.isnot(None), (d.site == site) | (origin == site),
        first.attributes["part"].as_string().is_(None),
    )  # fmt: skip
    awaited = sa.exists().where(
        told.site == d.site, told.kind == "document", told.key == d.number, told.row["state"].as_string() == "open"
    )
    return d.kind == "asn", d.number.startswith(PREFIX), awaited, ours


def _on_its_way(connection: sa.Connection, to: str, notice: str) -> Iterator[InTransit]:
    """What a notice announced and has not been received; pieces carton by carton."""
    said = papers.rows_of(connection, to, "asn", notice)[0]["attributes"]
    found = receipt.report(connection, site=to, number=notice)
    for line in found.lines:
        left = line.expected_quantity - line.quantity
        if left <= 0 or is_container(line.subject):
            continue
        inside = [(one.container, one.short) for one in found.pieces if one.subject == line.subject and one.short]
        for carton, quantity in [*inside, (line.expected, left - sum(short for _, short in inside))]:
            if quantity:
                yield InTransit(
                    number=said["transfer"],
                    notice=notice,
                    origin=said["from_site"],
                    to=to,
                    subject=line.subject,
                    quantity=quantity,
                    container=carton,
                )


def create(
    *,
    site: str,
    to: str,
    lines: Iterable[tuple[str, int]],
    operator: str | None,
    now_ms: int,
    number: str | None = None,
) -> str:
    """Order some of what is here to another site; returns the transfer's number, under which it is picked and packed.

    Args:
        lines: GTIN, SKU or canonical name of a product, and how many.

    Raises:
        TransferError: a product or the site is unknown, there is nothing to send, or the number is no transfer's, or
            another's.
    """
    if number is not None and not number.startswith(PREFIX):
        raise TransferError(f"{number!r:.60} cannot be a transfer's number: it begins with {PREFIX}.")
    wanted = list(lines)
    if not 1 <= len(wanted) <= LINES_MAX:
        raise TransferError(f"A transfer has 1 to {LINES_MAX} lines; this has {len(wanted)}.")
    with reading() as connection:
        names = document_names.read(connection, site)
        rows = [_row(connection, site, line, *asked, to) for line, asked in enumerate(wanted, start=1)]
    table = "\n".join(["gtin;sku;quantity;to_site", *rows])
    _drafted(table, site, names, number or UNUSED).spool.close()  # what cannot be takes no number
    called = number or transact(lambda c: next_number(c, site, operator, now_ms))
    drafted = _drafted(table, site, names, called)
    with drafted.spool:
        try:
            imports.take(drafted, operator=operator, now_ms=now_ms)
        except imports.DocumentError as error:
            raise TransferError(str(error)) from None
    return called


def _drafted(table: str, site: str, names: Names, number: str) -> Draft:
    found = draft(io.BytesIO(table.encode()), KINDS["order"], site=site, names=names, number=number)
    if found.errors:
        found.spool.close()
        first = found.errors[0]
        raise TransferError(f"Line {first.row - 1}: {first.problem}")
    return found


def _row(connection: sa.Connection, site: str, line: int, product: str, quantity: int, to: str) -> str:
    try:
        parts = split_key(named.product(connection, site, product))
    except NamedError as error:
        raise TransferError(f"Line {line}: {error}") from None
    number = parts.value("01")
    return f"{number};;{quantity};{to}" if parts.domain == GS1 else f";{number};{quantity};{to}"


def _transfer(
    connection: sa.Connection,
    order: OrderProgress,
    to: str,
    origin: str,
    since_ms: int,
    handed_over: Iterable[tuple[str, str]],
) -> Transfer:
    notices = tuple(notice for notice, at in handed_over if at == to)
    arrived = on_its_way = short = 0
    for notice in notices:
        closed = _is_closed(connection, to, notice)
        for line in receipt.report(connection, site=to, number=notice).lines:
            if is_container(line.subject) or item_of(line.subject) is None:
                continue
            left = max(0, line.expected_quantity - line.quantity)
            arrived += min(line.quantity, line.expected_quantity)
            short += left if closed else 0
            on_its_way += 0 if closed else left
    return Transfer(
        number=order.order.number,
        origin=origin,
        to=to,
        since_ms=since_ms,
        asked=order.asked,
        packed=order.packed,
        shipped=order.shipped,
        notices=notices,
        arrived=arrived,
        in_transit=on_its_way,
        short=short,
    )


def _notices_of(connection: sa.Connection, transfers: Sequence[str]) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """(sender, transfer) -> number and site of every notice that it made."""
    t, first = documents.c, document_rows.c
    origin, transfer = first.attributes["from_site"].as_string(), first.attributes["transfer"].as_string()
    query = (
        sa.select(t.number, t.site, origin, transfer)
        .join(document_rows, first.document == t.digest)
        .where(t.kind == "asn", t.number.startswith(PREFIX), t.event.isnot(None), first.row == 1)
        .where(transfer.in_(transfers), first.attributes["part"].as_string().is_(None))
        .order_by(t.event_ms, t.number)
    )
    found: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for number, to, *sent in connection.execute(query):
        found[sent[0], sent[1]].append((number, to))
    return found


def _is_closed(connection: sa.Connection, site: str, number: str) -> bool:
    e = events.c
    parts = e.document.startswith(f"{number}/", autoescape=True)
    query = sa.select(e.seq).where(e.site == site, e.action == "close_receipt", parts)
    return connection.execute(query.limit(1)).first() is not None


def next_number(connection: sa.Connection, site: str, operator: str | None, now_ms: int) -> str:
    """A number that nobody else gets, for sites share the series: it is the same at both ends."""
    t = documents.c
    numbers = connection.execute(sa.select(t.number).where(t.number.startswith(PREFIX)).distinct()).scalars()
    taken = [int(tail) for number in numbers if (tail := number.removeprefix(PREFIX)).isdigit()]
    above = max(taken, default=0)
    return f"{PREFIX}{allot_number(connection, site, PREFIX, above=above, operator=operator, now_ms=now_ms)}"
