"""Take documents in: their rows in chunks, then the one event that makes them count, then the units in chunks.

Every chunk is a transaction of its own, so that a million rows block nobody, and every step finds out from the
database where it is: an import that was killed goes on where it stopped, and two that run at once do no harm.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from server import catalogue, ledger, parties
from server.database import alone, lock, reading, stamp, transact, writing
from server.document_file import DocumentDraft, Draft, canonical_row, new_digest
from server.document_folding import FOLD_CHUNK, PAUSE_S, Pause, Progress, fold_chunk, hold
from server.document_names import refusals
from server.imported import OVERTAKEN
from server.orders import surplus
from server.rebuild import rebuild
from server.recalls import notices
from server.tables import document_rows, documents, events
from sync.event import format_name

LOAD_CHUNK: Final = 2_000
PAPERS_AT_ONCE: Final = 50
"""Documents that are taken in together, as long as their rows are no more than `FOLD_CHUNK`."""
OFFERED_KINDS: Final = ("asn", "purchase_order", "order", "rma")
"""Kinds whose lines handhelds get."""
_SHORT_DIGEST: Final = 12


class DocumentError(ValueError):
    """The document cannot be taken in; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One document that is in, rows and units and all."""

    kind: str
    number: str
    digest: str
    rows: int
    event: str
    known: bool
    """Whether exactly this was imported before, so that nothing changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Who imports and when, and how the work is told and spread."""

    operator: str | None
    now_ms: int
    pause: Pause
    progress: Progress


def _check_numbers(connection: sa.Connection, site: str, kind: str, digests: Mapping[str, str]) -> None:
    refused = refusals(connection, site, kind, digests)
    if refused:
        raise DocumentError(next(iter(refused.values())))


def take(
    draft: Draft,
    *,
    operator: str | None,
    now_ms: int,
    pause: Pause = time.sleep,
    progress: Progress = lambda *_: None,
) -> list[Imported]:
    """Take in every document of a file, one after the other.

    Raises:
        DocumentError: another document has the same number; nothing was taken in, but where that one came meanwhile.
    """
    digests = {number: document.digest for number, document in draft.documents.items() if number is not None}
    with reading() as connection:
        _check_numbers(connection, draft.site, draft.kind.name, digests)
    run = _Run(operator=operator, now_ms=now_ms, pause=pause, progress=progress)
    taken: list[Imported] = []
    for papers_ in _together(draft):
        if taken:
            pause(PAUSE_S)
        taken += _take(draft, papers_, run)
    return taken


def resume(
    site: str,
    *,
    operator: str | None,
    now_ms: int,
    pause: Pause = time.sleep,
    progress: Progress = lambda *_: None,
) -> tuple[list[Imported], list[str]]:
    """Finish what a killed import left undone.

    Returns:
        What was finished, and a sentence for each document that was not: its rows are not all here, so that its file is
        needed again, or another one of its number came meanwhile.
    """
    with reading() as connection:
        waiting = unfinished(connection, site)
    done, short = [], []
    run = _Run(operator=operator, now_ms=now_ms, pause=pause, progress=progress)
    for row in waiting:
        if row.event is None and row.loaded < row.rows:
            short.append(
                f"{row.kind} {row.number}: {row.loaded:,} of {row.rows:,} rows are here; import its file again."
            )
            continue
        try:
            done += _finish([row.digest], run)
        except DocumentError as error:
            short.append(f"{row.kind} {row.number}: {error}")
    return done, short


def unfinished(connection: sa.Connection, site: str) -> Sequence[sa.Row[Any]]:
    """Documents that an import has begun and is still to finish, with how many of their rows are `loaded`."""
    return connection.execute(
        sa.select(documents, sa.func.count(document_rows.c.row).label("loaded"))
        .join(document_rows, document_rows.c.document == documents.c.digest, isouter=True)
        .where(documents.c.site == site, documents.c.folded_rows < documents.c.rows, ~OVERTAKEN)
        .group_by(*documents.c)
    ).all()


_Papers = Mapping[str, DocumentDraft]
"""Some documents of a file, by number."""


def _together(draft: Draft) -> Iterator[_Papers]:
    """The documents of a file in their order: small ones together, a large one by itself."""
    some: dict[str, DocumentDraft] = {}
    rows = 0
    for document in draft.documents.values():
        if some and (rows + len(document.offsets) > FOLD_CHUNK or len(some) == PAPERS_AT_ONCE):
            yield some
            some, rows = {}, 0
        some[document.number or f"{draft.kind.name.upper()}-{document.digest[:_SHORT_DIGEST]}"] = document
        rows += len(document.offsets)
    if some:
        yield some


def _take(draft: Draft, papers_: _Papers, run: _Run) -> list[Imported]:
    """Take in these documents of a file: their rows, what makes them count, and what they are about."""
    known = transact(partial(_begin, draft=draft, papers_=papers_))
    new = [document for document in papers_.values() if document.digest not in known]
    while new and _load_chunk(draft, new, run.progress):
        run.pause(PAUSE_S)
    told = {document.digest: document.party for document in papers_.values()}
    return _finish(list(told), run, told=told, known=known)


def _begin(connection: sa.Connection, *, draft: Draft, papers_: _Papers) -> set[str]:
    """Make the documents' rows; returns the digests of those that are complete already."""
    lock(connection, draft.site, papers_)
    digests = {number: document.digest for number, document in papers_.items()}
    _check_numbers(connection, draft.site, draft.kind.name, digests)
    here = {row.digest: row.event for row in hold(connection, digests.values())}
    rows = [
        {"digest": document.digest, "site": draft.site, "kind": draft.kind.name, "number": number}
        | {"rows": len(document.offsets), "folded_rows": 0}
        for number, document in papers_.items()
        if document.digest not in here
    ]
    if rows:
        connection.execute(documents.insert(), rows)
    return {digest for digest, event in here.items() if event is not None}


def _load_chunk(draft: Draft, new: Sequence[DocumentDraft], progress: Progress) -> bool:
    """Add the rows of each document after the last that is here; True while more wait."""
    t = document_rows.c
    digests = [document.digest for document in new]
    with writing() as connection:
        in_all = sum(row.rows for row in hold(connection, digests))
        query = (
            sa.select(t.document, sa.func.max(t.row).label("last")).where(t.document.in_(digests)).group_by(t.document)
        )
        here = {row.document: row.last for row in connection.execute(query)}
        done, rows = 0, []
        for document in new:
            start = here.get(document.digest, 0)
            lines = draft.lines(document, start, start + LOAD_CHUNK)
            rows += [
                {"site": draft.site, "document": document.digest, "row": number, **_EMPTY, **line}
                for number, line in enumerate(lines, start=start + 1)
            ]
            done += start
        if rows:
            connection.execute(document_rows.insert(), rows)
    progress("rows loaded", done + len(rows), in_all)
    return bool(done + len(rows) < in_all)


_EMPTY: Final = dict.fromkeys(("location", "container", "quantity", "lot", "expiry", "attributes"))


def _finish(
    digests: Sequence[str],
    run: _Run,
    *,
    told: Mapping[str, tuple[str, str | None] | None] | None = None,
    known: Collection[str] = (),
) -> list[Imported]:
    """Let documents of one kind count, and fold what they are about.

    Args:
        told: whom each is for, where that is known.

    Raises:
        DocumentError: another document of the number of one of them counts since; none of them does.
    """

    def let_count(connection: sa.Connection) -> tuple[list[Any], dict[str, str]]:
        rows = _hold_numbers(connection, digests)
        new = [row for row in rows if not row.event]
        if new:  # another of its number may have come since its rows were begun
            _check_numbers(connection, new[0].site, new[0].kind, {row.number: row.digest for row in new})
        names = {row.digest: row.event for row in rows} | _record(connection, new, run)
        _offer(connection, new)
        for row in rows:
            party = (told or {}).get(row.digest)
            if party is not None:
                parties.remember(connection, row.site, row.number, *party)
        return rows, names

    rows, names = transact(let_count)
    unjudged = [row for row in rows if row.kind in OFFERED_KINDS and row.folded_rows == 0]
    if unjudged:
        transact(alone)  # what took in scans meanwhile, and did not see that these count, is through then
        _judge_again(unjudged)
    while fold_chunk(digests, run.progress):
        run.pause(PAUSE_S)
    return [
        Imported(
            kind=row.kind,
            number=row.number,
            digest=row.digest,
            rows=row.rows,
            event=names[row.digest],
            known=row.digest in known,
        )
        for row in rows
    ]


def _hold_numbers(connection: sa.Connection, digests: Sequence[str]) -> list[Any]:
    """The rows of `documents` in this order, held with their numbers until the transaction ends.

    Whoever scans for one of them, or takes its number for something else, waits, and then sees that it counts.
    """
    query = sa.select(documents.c.site, documents.c.number).where(documents.c.digest.in_(digests))
    heads = connection.execute(query).all()
    lock(connection, heads[0].site, [head.number for head in heads])
    return sorted(hold(connection, digests), key=lambda row: digests.index(row.digest))


def _record(connection: sa.Connection, rows: Sequence[Any], run: _Run) -> dict[str, str]:
    """The one event that each import is, by digest; from here on its rows count."""
    facts = {
        row.digest: ledger.record(
            connection,
            site=row.site,
            action="import",
            operator=run.operator,
            now_ms=run.now_ms,
            document=row.number,
            reason=row.kind,
            evidence=row.digest,
        )
        for row in rows
    }
    names = {digest: format_name(fact.name) for digest, fact in facts.items()}
    if names:
        counts = [{"of": digest, "event": names[digest], "event_ms": fact.event_ms} for digest, fact in facts.items()]
        connection.execute(documents.update().where(documents.c.digest == sa.bindparam("of")), counts)
    return names


def _offer(connection: sa.Connection, rows: Sequence[Any]) -> None:
    """Let handhelds know of documents of one kind that count from now on."""
    if not rows or rows[0].kind not in OFFERED_KINDS:
        return
    site, at = rows[0].site, stamp(connection)
    if rows[0].kind == "order":
        catalogue.publish_orders(connection, site, [row.number for row in rows], at)
        surplus.refold(connection, site, [row.number for row in rows], at)
        return
    for row in rows:
        catalogue.publish_document(connection, site, row, at)
    notices.refresh(connection, site, at)


def _judge_again(rows: Sequence[Any]) -> None:
    """Fold what was scanned under documents before they came: they may list it, or say whose it was when it came back.

    What comes from now on sees them.
    """
    t, site = events.c, rows[0].site
    numbers = [row.number for row in rows]
    # each once here, and none of None: for either SQLite would go through all that was ever scanned at the site
    query = sa.select(t.subject).where(t.site == site, t.document.in_(numbers))
    with reading() as connection:
        subjects = set(connection.execute(query).scalars()) - {None}
    for units in ledger.in_chunks(subjects, FOLD_CHUNK):
        transact(lambda connection, units=units: rebuild(connection, site, units, stamp(connection)))  # type: ignore[misc]


def check_digest(connection: sa.Connection, digest: str) -> bool:
    """Whether a document's rows still have the digest that its import named."""
    head = connection.execute(sa.select(documents).where(documents.c.digest == digest)).one()
    derived = head.number == f"{head.kind.upper()}-{digest[:_SHORT_DIGEST]}"
    hashed = new_digest(head.site, head.kind, None if derived else head.number)
    for row in _stored_rows(connection, digest):
        hashed.update(canonical_row(dict(row)))
    return bool(hashed.hexdigest() == digest)


def _stored_rows(connection: sa.Connection, digest: str) -> Iterator[sa.RowMapping]:
    query = sa.select(document_rows).where(document_rows.c.document == digest).order_by(document_rows.c.row)
    yield from connection.execution_options(yield_per=LOAD_CHUNK).execute(query).mappings()
