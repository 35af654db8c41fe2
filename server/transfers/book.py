"""Transfers as they stand: what was asked for, what is on its way between two sites, and what arrived."""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server import documents as imports
from server import inventory, named
from server.database import reading, transact
from server.document_file import draft
from server.document_kinds import KINDS
from server.named import NamedError
from server.orders.progress import read_progress
from server.printing.numbers import allot_number
from server.receipts import receipt
from server.tables import document_rows, documents, events
from sync.identity import GS1, is_container, item_of, split_key
from sync.order import TRANSFER as PREFIX

TRANSFERS_MAX: Final = 300
LINES_MAX: Final = 500


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
    in_transit: int
    short: int
    """What the other site closed its receipts without."""

    @property
    def state(self) -> str:
        """Where it stands, in a word or two."""
        if self.short:
            return "arrived short"
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


def list_transfers(connection: sa.Connection, site: str, now_ms: int) -> list[Transfer]:
    """Transfers from this site and to it, the latest first."""
    t = documents.c
    query = (
        sa.select(t.number, t.site, t.event_ms, document_rows.c.attributes)
        .join(document_rows, document_rows.c.document == t.digest)
        .where(t.kind == "order", t.number.startswith(PREFIX), t.event.isnot(None), document_rows.c.row == 1)
        .order_by(t.event_ms.desc(), t.number.desc())
    )
    notices = _notices(connection, site)
    found = [(row, to) for row in connection.execute(query) if (to := (row.attributes or {}).get("to_site"))]
    ours = [(row, to) for row, to in found if site in (row.site, to)][:TRANSFERS_MAX]
    return [
        _transfer(connection, row.number, row.site, to, row.event_ms, now_ms, notices[row.site, row.number])
        for row, to in ours
    ]


def in_transit(connection: sa.Connection, site: str) -> list[InTransit]:
    """What left one site for another and has not been received: from here or to here."""
    found = []
    for (origin, transfer), notices in _notices(connection, site).items():
        for number, to in notices:
            if _is_closed(connection, to, number):
                continue
            for line in receipt.report(connection, site=to, number=number).lines:
                left = line.expected_quantity - line.quantity
                if left > 0 and not is_container(line.subject):
                    found.append(
                        InTransit(
                            number=transfer,
                            notice=number,
                            origin=origin,
                            to=to,
                            subject=line.subject,
                            quantity=left,
                            container=line.expected,
                        )
                    )
    return found


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
        TransferError: a product or the site is unknown, there is nothing to send, or the number is no transfer's.
    """
    if number is not None and not number.startswith(PREFIX):
        raise TransferError(f"{number!r:.60} cannot be a transfer's number: it begins with {PREFIX}.")
    wanted = list(lines)
    if not 1 <= len(wanted) <= LINES_MAX:
        raise TransferError(f"A transfer has 1 to {LINES_MAX} lines; this has {len(wanted)}.")
    called = number or transact(lambda c: next_number(c, site, operator, now_ms))
    with reading() as connection:
        names = imports.names(connection, site)
        rows = [_row(connection, site, line, *asked, to) for line, asked in enumerate(wanted, start=1)]
    table = "\n".join(["gtin;sku;quantity;to_site", *rows])
    drafted = draft(io.BytesIO(table.encode()), KINDS["order"], site=site, names=names, number=called)
    with drafted.spool:
        if drafted.errors:
            first = drafted.errors[0]
            raise TransferError(f"Line {first.row - 1}: {first.problem}")
        imports.take(drafted, operator=operator, now_ms=now_ms)
    return called


def _row(connection: sa.Connection, site: str, line: int, product: str, quantity: int, to: str) -> str:
    try:
        parts = split_key(named.product(connection, site, product))
    except NamedError as error:
        raise TransferError(f"Line {line}: {error}") from None
    number = parts.value("01")
    return f"{number};;{quantity};{to}" if parts.domain == GS1 else f";{number};{quantity};{to}"


def _transfer(
    connection: sa.Connection,
    number: str,
    origin: str,
    to: str,
    since_ms: int,
    now_ms: int,
    handed_over: Iterable[tuple[str, str]],
) -> Transfer:
    order = read_progress(connection, origin, [number], now_ms)[number]
    notices = tuple(notice for notice, at in handed_over if at == to)
    arrived = on_its_way = short = 0
    for notice in notices:
        closed = _is_closed(connection, to, notice)
        for line in receipt.report(connection, site=to, number=notice).lines:
            if is_container(line.subject) or item_of(line.subject) is None:
                continue
            left = max(0, line.expected_quantity - line.quantity)
            arrived += line.quantity
            short += left if closed else 0
            on_its_way += 0 if closed else left
    return Transfer(
        number=number,
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


def _notices(connection: sa.Connection, site: str) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """(sender, transfer) -> number and site of every notice that it made, of those from this site or to it."""
    t = documents.c
    query = (
        sa.select(t.number, t.site, document_rows.c.attributes)
        .join(document_rows, document_rows.c.document == t.digest)
        .where(t.kind == "asn", t.number.startswith(PREFIX), t.event.isnot(None), document_rows.c.row == 1)
        .order_by(t.event_ms, t.number)
    )
    found: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for number, to, said in connection.execute(query):
        origin = (said or {}).get("from_site")
        if origin is not None and site in (origin, to):
            found[origin, said["transfer"]].append((number, to))
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
