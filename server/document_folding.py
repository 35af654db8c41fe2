"""Fold what documents that count are about, in chunks, each a transaction of its own."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from server import bin_cases, catalogue, piece_cases, stock_levels
from server.database import stamp, transact
from server.orders import surplus
from server.rebuild import rebuild, rebuild_stated
from server.receipts import kinds
from server.returns import published
from server.tables import document_rows, documents
from server.warranty.terms import publish_terms
from server.zones import quarantine_bins

FOLD_CHUNK: Final = 500
PAUSE_S: Final = 0.01
"""Between chunks, for others who wait to write: SQLite's queue is not a fair one."""

Pause = Callable[[float], None]
Progress = Callable[[str, int, int], None]
"""(what is being done, rows done, rows in all)"""


def fold_rest(digest: str, *, pause: Pause = time.sleep, progress: Progress = lambda *_: None) -> None:
    """Fold what a document that counts is about, in chunks, from where that is."""
    while fold_chunk([digest], progress):
        pause(PAUSE_S)


def hold(connection: sa.Connection, digests: Iterable[str]) -> Sequence[Any]:
    """The rows of `documents`, held until the transaction ends."""
    query = sa.select(documents).where(documents.c.digest.in_(list(digests)))
    return connection.execute(query.order_by(documents.c.digest).with_for_update()).all()


def fold_chunk(digests: Sequence[str], progress: Progress) -> bool:
    """Fold the next rows of documents that count; True while more wait."""

    def fold(connection: sa.Connection) -> tuple[int, int]:
        rows = hold(connection, digests)
        folded = {row.digest: min(row.folded_rows + FOLD_CHUNK, row.rows) for row in rows if row.folded_rows < row.rows}
        waiting = [row for row in rows if row.digest in folded]
        if waiting:
            at = stamp(connection)
            named: set[str] = set()
            for row, chunk in _chunks(connection, waiting, folded):
                _fold(connection, row, chunk, at)
                named |= {line.subject for line in chunk if line.stated}  # whose rows may have been written before
            said = {row.number for row in waiting if row.kind in kinds.KINDS and folded[row.digest] == row.rows}
            # it may say otherwise what is lacking
            piece_cases.refold_told(connection, waiting[0].site, said, at, named=named)
            done = [{"of": digest, "folded_rows": stop} for digest, stop in folded.items()]
            connection.execute(documents.update().where(documents.c.digest == sa.bindparam("of")), done)
        return sum(folded.get(row.digest, row.rows) for row in rows), sum(row.rows for row in rows)

    done, in_all = transact(fold)
    progress("rows folded", done, in_all)
    return done < in_all


def _chunks(
    connection: sa.Connection, rows: Sequence[Any], folded: Mapping[str, int]
) -> Iterator[tuple[Any, list[Any]]]:
    """The rows of each document from where its folding is up to where this chunk ends."""
    t = document_rows.c
    chunks: dict[str, list[Any]] = defaultdict(list)
    first, last = min(row.folded_rows for row in rows), max(folded.values())
    query = sa.select(t.document, t.row, t.subject, t.attributes, t.stated).where(
        t.document.in_(list(folded)), t.row > first, t.row <= last
    )
    for line in connection.execute(query.order_by(t.document, t.row)):
        chunks[line.document].append(line)
    for row in rows:
        yield row, [line for line in chunks[row.digest] if row.folded_rows < line.row <= folded[row.digest]]


def _fold(connection: sa.Connection, row: Any, chunk: Sequence[Any], at: int) -> None:
    """Fold some rows of a document."""
    if row.kind in _PUBLISH:
        before = quarantine_bins(connection, row.site).keys()
        products = {line.subject for line in chunk} if row.kind == "products" else ()
        modes = stock_levels.modes_of(connection, row.site, products)
        _PUBLISH[row.kind](connection, row.site, chunk, at)
        rebuild(connection, row.site, stock_levels.told_otherwise(connection, row.site, modes), at)
        if quarantine_bins(connection, row.site).keys() != before:  # what lies there left its order, or did not
            surplus.refold(connection, row.site, surplus.suspects(connection, row.site), at)
        bin_cases.named(connection, row.site, {line.subject for line in chunk}, at)
        return
    about = {line.subject for line in chunk if line.stated}
    if about:
        rebuild_stated(connection, row.site, about, at, row)
        published.tell_of_lots(connection, row.site, about, at)


_PUBLISH: Final = {
    "products": catalogue.publish_items,
    "locations": catalogue.publish_locations,
    "warranty": publish_terms,
}
