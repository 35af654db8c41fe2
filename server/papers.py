"""The papers of a count or receipt: immutable documents that the server itself makes, each named by one event."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import sqlalchemy as sa

from server.database import SITE
from server.ledger import record
from server.tables import chains, devices, document_rows, documents
from server.upsert import load
from sync.event import format_name

ROW_FIELDS = ("subject", "location", "container", "quantity", "lot", "expiry", "attributes", "stated")
_encode: Final = json.JSONEncoder(separators=(",", ":")).encode
_canonical: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class Packed(NamedTuple):
    """A row that speaks of one place, its attributes put into canonical JSON already; no fact of anything's history."""

    place: str
    attributes: str

    def digested(self) -> str:
        """The row as its document's digest is made of it."""
        text = _canonical(_full({"subject": self.place, "location": self.place}))
        return f"{_NO_ATTRIBUTES[:-4]}{self.attributes}{text.removeprefix(_NO_ATTRIBUTES)}"

    def columns(self) -> tuple[Any, ...]:
        """The row as it is stored."""
        columns = tuple(_full({"subject": self.place, "location": self.place}).values())
        return (*columns[:-2], self.attributes, columns[-1])


_NO_ATTRIBUTES: Final = '{"attributes":null'
"""How the canonical JSON of a row begins that has none."""
Row = Mapping[str, Any] | Packed
"""A row of a paper: `subject` and any of `ROW_FIELDS`; `stated` ones become facts of their subject's history."""


def spelt_out(rows: Iterable[Row]) -> list[Mapping[str, Any]]:
    """The rows that are not packed."""
    return [row for row in rows if not isinstance(row, Packed)]


def write(
    connection: sa.Connection,
    *,
    site: str,
    kind: str,
    number: str,
    action: str,
    rows: Sequence[Row],
    operator: str | None,
    now_ms: int,
    reason: str | None = None,
    folded: bool = True,
) -> str:
    """Store a document and the event that names it; returns its digest, hex.

    Args:
        folded: whether who writes it folds what it states as well; else `document_folding.fold_rest` does, in chunks.
    """
    digest = _digest(kind, number, now_ms, rows)
    fact = record(
        connection,
        site=site,
        action=action,
        operator=operator,
        now_ms=now_ms,
        document=number,
        reason=reason,
        evidence=digest,
    )
    connection.execute(
        documents.insert().values(
            digest=digest,
            site=site,
            kind=kind,
            number=number,
            rows=len(rows),
            event=format_name(fact.name),
            event_ms=now_ms,
            folded_rows=len(rows) if folded else 0,
        )
    )
    load(connection, document_rows, _stored(site, digest, rows))
    return digest


def _full(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row.get(name) for name in ROW_FIELDS} | {"stated": bool(row.get("stated"))}


def _stored(site: str, digest: str, rows: Iterable[Row]) -> Iterator[tuple[Any, ...]]:
    """The rows in the order of the table's columns."""
    for number, row in enumerate(rows, 1):
        subject, location, *rest = row.columns() if isinstance(row, Packed) else _columns(row)
        yield (site, subject, digest, number, location, *rest)


def _columns(row: Mapping[str, Any]) -> tuple[Any, ...]:
    full = _full(row)
    attributes = None if full["attributes"] is None else _encode(full["attributes"])
    return tuple((full | {"attributes": attributes}).values())


def _digest(kind: str, number: str, now_ms: int, rows: Iterable[Row]) -> str:
    """SHA-256 over the canonical JSON of all of it: `[kind, number, now_ms, [row, ...]]`."""
    found = hashlib.sha256(f"{_canonical([kind, number, now_ms])[:-1]},[".encode())
    between = b""
    for row in rows:
        text = row.digested() if isinstance(row, Packed) else _canonical(_full(row))
        found.update(between + text.encode())
        between = b","
    found.update(b"]]")
    return found.hexdigest()


_PAPER: Final = sa.select(documents).where(documents.c.digest == sa.bindparam("digest"))
_DIGESTED: Final = (
    sa.select(*(document_rows.c[name] for name in ROW_FIELDS))
    .where(document_rows.c.document == sa.bindparam("digest"))
    .order_by(document_rows.c.row)
)


def check_digest(connection: sa.Connection, digest: str) -> bool:
    """Whether a paper's stored rows are those that its digest was made of."""
    paper = connection.execute(_PAPER, {"digest": digest}).one()
    rows = connection.execute(_DIGESTED, {"digest": digest}).mappings()
    return _digest(paper.kind, paper.number, paper.event_ms, map(dict, rows)) == digest


_ROWS_OF: Final = (
    sa.select(document_rows, documents.c.event)
    .join(documents, documents.c.digest == document_rows.c.document)
    .where(
        documents.c.site == SITE,
        documents.c.kind == sa.bindparam("kind"),
        documents.c.number == sa.bindparam("number"),
        documents.c.event.isnot(None),
    )
    .order_by(documents.c.event_ms, document_rows.c.row)
)
_NUMBERS: Final = sa.select(documents.c.number).where(
    documents.c.site == SITE,
    documents.c.kind == sa.bindparam("kind"),
    documents.c.number.startswith(sa.bindparam("before", type_=sa.Text), escape="/"),
)
_HEAD: Final = sa.select(document_rows.c.attributes).where(
    document_rows.c.document == sa.bindparam("digest"), document_rows.c.row == 1
)
_HEADS: Final = sa.select(chains.c.device_no, chains.c.epoch, chains.c.last_seq).where(chains.c.site == SITE)


def rows_of(connection: sa.Connection, site: str, kind: str, number: str) -> list[sa.RowMapping]:
    """Rows of every document of this kind and number, oldest first, each with the document's `event`."""
    return list(connection.execute(_ROWS_OF, {"site": site, "kind": kind, "number": number}).mappings().all())


def head_in(connection: sa.Connection, digest: str) -> dict[str, Any]:
    """Attributes of the first row of a document: of a large one all that most want to know."""
    return dict(connection.execute(_HEAD, {"digest": digest}).scalar_one())


def rows_in(connection: sa.Connection, digest: str, *, only_stated: bool = False) -> list[sa.RowMapping]:
    """Rows of one document, in their order.

    Args:
        only_stated: beside the first one, those that are facts of their subject's history.
    """
    query = sa.select(document_rows).where(document_rows.c.document == digest).order_by(document_rows.c.row)
    if only_stated:
        query = query.where(document_rows.c.stated | (document_rows.c.row == 1))
    return list(connection.execute(query).mappings().all())


def digest_of(connection: sa.Connection, site: str, kind: str, number: str) -> str:
    """The digest of a document.

    Raises:
        LookupError: there is none.
    """
    query = sa.select(documents.c.digest).where(
        documents.c.site == site, documents.c.kind == kind, documents.c.number == number
    )
    found = connection.execute(query).scalar()
    if found is None:
        raise LookupError(f"There is no {kind.replace('_', ' ')} {number}.")
    return str(found)


def beginning(text: str) -> str:
    """The text for `startswith(..., escape="/")` of a statement that is built once."""
    return text.replace("/", "//").replace("%", "/%").replace("_", "/_")


def versions(connection: sa.Connection, site: str, kind: str, number: str) -> int:
    """The latest version of a count or receipt that was frozen; nought where none was."""
    numbers = connection.execute(_NUMBERS, {"site": site, "kind": kind, "before": beginning(f"{number}/")}).scalars()
    tails = [found.removeprefix(f"{number}/") for found in numbers]
    return max((int(tail) for tail in tails if tail.isdigit()), default=0)  # a number may hold a stroke itself


def closed_counts(connection: sa.Connection, site: str) -> list[str]:
    """The numbers of the counts that have a version."""
    query = sa.select(documents.c.number).where(documents.c.site == site, documents.c.kind == "count_result")
    return sorted({found.rpartition("/")[0] for found in connection.execute(query).scalars()})


_CALLED: Final = {
    "asn": "an ASN",
    "order": "an order",
    "products": "a product list",
    "locations": "a location list",
    "stock": "a stock list",
}


def taken_by(connection: sa.Connection, site: str, number: str, *, but: str | None = None) -> str | None:
    """Which document bears this number already, as in "a count"; people and handhelds tell them apart by it alone.

    Args:
        but: the kind of document that may bear it.
    """
    query = sa.select(documents.c.kind).where(documents.c.site == site, documents.c.number == number)
    kind = connection.execute(query.where(documents.c.kind != (but or "")).limit(1)).scalar()
    if kind is None:
        return None
    return _CALLED.get(kind, f"a {kind.replace('_', ' ')}")


class Basis(Protocol):
    """What a report says of what it rests on."""

    @property
    def totals(self) -> Mapping[str, int]: ...
    @property
    def unheard(self) -> list[str]: ...
    @property
    def heads(self) -> Mapping[str, int]: ...
    @property
    def scans(self) -> list[str]: ...


def basis(report: Basis) -> dict[str, Any]:
    """First row of a frozen result: its totals, and exactly what they rest on."""
    return {name: getattr(report, name) for name in ("totals", "unheard", "heads", "scans")}


class Digested(Protocol):
    """What a handheld or the server said, as a link of its chain."""

    @property
    def digest(self) -> bytes: ...


def mark(scan: Digested) -> str:
    """A scan in the list of those that a result rests on: 64 bits of its digest, which forks do not share."""
    return scan.digest[:8].hex()


def heads(connection: sa.Connection, site: str) -> dict[str, int]:
    """How far each chain of the site is here, by ``device.epoch``: what a frozen result rests on."""
    rows = connection.execute(_HEADS, {"site": site})
    return {f"{device}.{epoch}": last for device, epoch, last in rows}


HEARD_WITHIN_MS: Final = 60_000
"""A handheld that has a network asks every few seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandheldHeard:
    """A handheld in use, and when it was last heard from."""

    device_no: int
    name: str
    last_seen_ms: int | None
    waiting: int

    def may_hold_scans(self, since_ms: int) -> bool:
        """Whether it may still hold scans made before this moment: not heard from since, or some wait in it."""
        return self.last_seen_ms is None or self.last_seen_ms < since_ms or self.waiting > 0


def handhelds(connection: sa.Connection, site: str) -> list[HandheldHeard]:
    """The handhelds in use, by name."""
    rows = connection.execute(
        sa.select(devices.c.device_no, devices.c.name, devices.c.last_seen_ms, devices.c.waiting)
        .where(devices.c.site == site, devices.c.revoked_ms.is_(None))
        .order_by(devices.c.name)
    )
    return [HandheldHeard(**row) for row in rows.mappings()]


def unheard(connection: sa.Connection, site: str, since_ms: int) -> list[str]:
    """Names of handhelds that may still hold scans made before this moment.

    One that synced with nothing left within `HEARD_WITHIN_MS` of it is no news: it does so again and again.
    """
    return [h.name for h in handhelds(connection, site) if h.may_hold_scans(since_ms - HEARD_WITHIN_MS)]
