"""What a receipt is held against: an advance ship notice, or a purchase order with the notices that fulfil it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from server import papers
from server.counts.plan import CountError
from server.ledger import in_chunks
from server.receipts.kinds import KINDS
from server.tables import document_rows, documents
from server.transfers.withdrawn import withdrawn
from sync.identity import is_container, is_stock


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """A line without serial numbers: so many of an item or lot, in a carton if the supplier said so."""

    subject: str
    container: str | None
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is due under one number."""

    number: str
    kind: str
    """`asn` or `purchase_order`."""
    supplier: str | None
    units: Mapping[str, str | None] = field(default_factory=dict)
    """Unit -> the carton that it is announced in. Empty for a purchase order, whose lines name no units."""
    pieces: Sequence[Pieces] = ()
    cartons: Mapping[str, str | None] = field(default_factory=dict)
    """Container -> what it stands on."""
    sent: Mapping[str, str | None] = field(default_factory=dict)
    """For a purchase order: units that its notices announce, with their cartons."""
    sealed: Sequence[Pieces] = ()
    """For a purchase order: pieces that its notices announce; else those of the notice itself."""
    asns: tuple[str, ...] = ()
    """The notices that fulfil a purchase order."""
    orders: tuple[str, ...] = ()
    """The purchase orders that a notice fulfils."""
    event_ms: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is due by it: all that it announced was taken back."""
        return not (self.units or self.pieces or self.cartons)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Every number under which something of this is received."""
        return (self.number, *self.asns)


def read(connection: sa.Connection, site: str, number: str) -> Notice:
    """The notice or purchase order of this number.

    Raises:
        CountError: none was imported.
    """
    for kind in KINDS:
        rows = papers.rows_of(connection, site, kind, number)
        if rows:
            return _notice(connection, site, kind, number, rows)
    raise CountError(f"There is no ASN {number}, nor a purchase order of that number.")


def _notice(connection: sa.Connection, site: str, kind: str, number: str, rows: Sequence[sa.RowMapping]) -> Notice:
    said = [row["attributes"] or {} for row in rows]
    gone = withdrawn(connection, site, number)
    lines = [
        row
        for row in rows
        if row["subject"].startswith(("http:", "https:", "urn:"))
        and (row["event"], row["subject"], row["container"]) not in gone
    ]
    units = {
        row["subject"]: row["container"]
        for row in lines
        if not is_stock(row["subject"]) and not is_container(row["subject"])
    }
    pieces = [
        Pieces(subject=row["subject"], container=row["container"], quantity=row["quantity"] or 0)
        for row in lines
        if is_stock(row["subject"])
    ]
    asns = _asns_of(connection, site, number) if kind == "purchase_order" else ()
    parts = [read(connection, site, asn) for asn in asns]
    cartons = {row["subject"]: row["container"] for row in lines if is_container(row["subject"])}
    return Notice(
        number=number,
        kind=kind,
        supplier=next((s["supplier"] for s in said if s.get("supplier")), None),
        units=units,
        pieces=pieces,
        cartons=cartons | {key: on for part in parts for key, on in part.cartons.items()},
        sent={unit: carton for part in parts for unit, carton in part.units.items()},
        sealed=[line for part in parts for line in part.pieces] if asns else pieces,
        asns=asns,
        orders=tuple(dict.fromkeys(s["fulfils"] for s in said if s.get("fulfils"))),
        event_ms=_imported_ms(connection, site, kind, number),
    )


def _asns_of(connection: sa.Connection, site: str, order: str) -> tuple[str, ...]:
    """Notices say which order they fulfil in a row that has the order's number for its subject."""
    query = (
        sa.select(documents.c.number)
        .distinct()
        .join(document_rows, document_rows.c.document == documents.c.digest)
        .where(document_rows.c.site == site, document_rows.c.subject == order)
        .where(documents.c.kind == "asn", documents.c.event.isnot(None))
        .order_by(documents.c.number)
    )
    return tuple(connection.execute(query).scalars())


def orders_of(connection: sa.Connection, site: str, asns: Iterable[str]) -> set[str]:
    """The purchase orders that these notices fulfil."""
    found: set[str] = set()
    for chunk in in_chunks(asns):
        query = (
            sa.select(document_rows.c.subject)
            .join(documents, document_rows.c.document == documents.c.digest)
            .where(documents.c.site == site, documents.c.kind == "asn", documents.c.number.in_(chunk))
            .where(
                documents.c.event.isnot(None),
                document_rows.c.subject == document_rows.c.attributes["fulfils"].as_string(),
            )
        )
        found.update(connection.execute(query.distinct()).scalars())
    return found


def _imported_ms(connection: sa.Connection, site: str, kind: str, number: str) -> int:
    query = sa.select(sa.func.min(documents.c.event_ms)).where(
        documents.c.site == site, documents.c.kind == kind, documents.c.number == number
    )
    return int(connection.execute(query).scalar() or 0)
