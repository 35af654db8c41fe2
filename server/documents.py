"""Take documents in: their rows in chunks, then the one event that makes them count, then the units in chunks.

Every chunk is a transaction of its own, so that a million rows block nobody, and every step finds out from the
database where it is: an import that was killed goes on where it stopped, and two that run at once do no harm.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from server import bin_cases, catalogue, ledger, papers, parties, site_codes
from server.database import reading, stamp, transact, writing
from server.document_file import DocumentDraft, Draft, canonical_row, new_digest
from server.document_lines import Names
from server.modes.plan import on_hand
from server.orders import surplus
from server.rebuild import lock, rebuild, rebuild_stated
from server.recalls import notices
from server.returns import published
from server.returns.announced import JUDGED
from server.tables import document_rows, documents, events, reference, server_state, sites
from server.warranty.terms import publish_terms
from server.zones import quarantine_bins
from sync.event import format_name

LOAD_CHUNK: Final = 2_000
FOLD_CHUNK: Final = 500
PAUSE_S: Final = 0.01
"""Between chunks, for others who wait to write: SQLite's queue is not a fair one."""
OFFERED_KINDS: Final = ("asn", "purchase_order", "order", "rma")
"""Kinds whose lines handhelds get."""
JUDGED_BY_IT: Final = ("receive", "pick", "pack", *sorted(JUDGED))
"""Actions that a document of an offered kind has something to say to."""
_SHORT_DIGEST: Final = 12

Pause = Callable[[float], None]
Progress = Callable[[str, int, int], None]
"""(what is being done, rows done, rows in all)"""


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


def names(connection: sa.Connection, site: str) -> Names:
    """What SKUs and location codes stand for at this site."""
    items: dict[str, str] = {}
    places: dict[str, str] = {}
    modes: dict[str, str] = {}
    query = sa.select(reference.c.kind, reference.c.key, reference.c.row).where(
        reference.c.site == site, reference.c.kind.in_(("item", "location")), reference.c.row.isnot(None)
    )
    for kind, key, row in connection.execute(query):
        if kind == "item":
            modes[key] = row.get("mode") or "serial"
            items |= {row["sku"]: key} if row.get("sku") else {}
        elif kind == "location":
            places[row["code"]] = key

    def in_stock(item: str) -> bool:
        with reading() as another:  # the file is read after this connection was given back
            return bool(on_hand(another, site, [item]))

    def refused(kind: str, digests: Mapping[str, str]) -> dict[str, str]:
        with reading() as another:
            return refusals(another, site, kind, digests)

    return Names(
        codes=site_codes.load(connection, site),
        items=items,
        places=places,
        secret=connection.execute(sa.select(server_state.c.private_key)).scalar_one(),
        here=site,
        sites=frozenset(connection.execute(sa.select(sites.c.site)).scalars()),
        modes=modes,
        in_stock=in_stock,
        refused=refused,
    )


def refusals(connection: sa.Connection, site: str, kind: str, digests: Mapping[str, str]) -> dict[str, str]:
    """Which of these documents cannot be taken in, for another one has their number: number -> sentence.

    Args:
        digests: of each document, by its number.
    """
    d = documents.c
    found: dict[str, str] = {}
    for chunk in ledger.in_chunks(digests):
        known = sa.select(d.number).distinct().where(d.site == site, d.number.in_(chunk)).order_by(d.number)
        for number in connection.execute(known).scalars().all():
            problem = _refusal(connection, site, kind, number, digests[number])
            found |= {number: problem} if problem else {}
    return found


def _refusal(connection: sa.Connection, site: str, kind: str, number: str, digest: str) -> str | None:
    taken = papers.taken_by(connection, site, number, but=kind)
    if taken is not None:
        return f"There is {taken} {number} already: give this document another number."
    d = documents.c
    query = sa.select(d.digest).where(d.site == site, d.kind == kind, d.number == number)
    same = set(connection.execute(query.where(d.event.isnot(None))).scalars())
    if not same or connection.execute(query.where(d.digest == digest)).first() is not None:
        return None
    return (
        f"There is {kind} {number} already, with other rows. What was imported stays as it is: "
        "give the new one a number of its own."
    )


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
        refused = refusals(connection, draft.site, draft.kind.name, digests)
    if refused:
        raise DocumentError(next(iter(refused.values())))
    taken = []
    run = _Run(operator=operator, now_ms=now_ms, pause=pause, progress=progress)
    for document in draft.documents.values():
        number = document.number or f"{draft.kind.name.upper()}-{document.digest[:_SHORT_DIGEST]}"
        known = transact(partial(_begin, draft=draft, document=document, number=number))
        while not known and _load_chunk(draft, document, progress):
            pause(PAUSE_S)
        taken.append(_finish(document.digest, run, party=document.party, known=known))
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
        What was finished, and a sentence for each document whose rows are not all here: its file is needed again.
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
        else:
            done.append(_finish(row.digest, run))
    return done, short


def unfinished(connection: sa.Connection, site: str) -> Sequence[sa.Row[Any]]:
    """Documents that an import has begun and not finished, with how many of their rows are `loaded`."""
    return connection.execute(
        sa.select(documents, sa.func.count(document_rows.c.row).label("loaded"))
        .join(document_rows, document_rows.c.document == documents.c.digest, isouter=True)
        .where(documents.c.site == site, documents.c.folded_rows < documents.c.rows)
        .group_by(*documents.c)
    ).all()


def _begin(connection: sa.Connection, *, draft: Draft, document: DocumentDraft, number: str) -> bool:
    """Make the document's row; True where it is complete already."""
    lock(connection, draft.site, [number])
    problem = _refusal(connection, draft.site, draft.kind.name, number, document.digest)
    if problem is not None:
        raise DocumentError(problem)
    same_number = connection.execute(
        sa.select(documents.c.digest, documents.c.event).where(
            documents.c.site == draft.site, documents.c.kind == draft.kind.name, documents.c.number == number
        )
    ).all()
    if any(row.digest == document.digest for row in same_number):
        return all(row.event is not None for row in same_number if row.digest == document.digest)
    connection.execute(
        documents.insert().values(
            digest=document.digest,
            site=draft.site,
            kind=draft.kind.name,
            number=number,
            rows=len(document.offsets),
            folded_rows=0,
        )
    )
    return False


def _load_chunk(draft: Draft, document: DocumentDraft, progress: Progress) -> bool:
    """Add the rows after the last that is here; True while more wait."""
    with writing() as connection:
        locked = _locked(connection, document.digest)
        last = sa.select(sa.func.max(document_rows.c.row)).where(document_rows.c.document == document.digest)
        start = connection.execute(last).scalar_one() or 0
        stop = min(start + LOAD_CHUNK, locked.rows)
        rows = [
            {"site": draft.site, "document": document.digest, "row": number, **_EMPTY, **line}
            for number, line in enumerate(draft.lines(document, start, stop), start=start + 1)
        ]
        if rows:
            connection.execute(document_rows.insert(), rows)
    progress("rows loaded", stop, locked.rows)
    return bool(stop < locked.rows)


_EMPTY: Final = dict.fromkeys(("location", "container", "quantity", "lot", "expiry", "attributes"))


def _finish(
    digest: str,
    run: _Run,
    *,
    party: tuple[str, str | None] | None = None,
    known: bool = False,
) -> Imported:
    """Let the document count, and fold what it is about."""
    with writing() as connection:
        row = _locked(connection, digest)
        event = row.event or _record(connection, row, run)
        if row.event is None:
            _offer(connection, row)
        if party is not None:
            parties.remember(connection, row.site, row.number, *party)
    after: str | None = "" if row.kind in OFFERED_KINDS and row.folded_rows == 0 else None
    while after is not None:
        after = _judge_again(row, after)
    fold_rest(digest, pause=run.pause, progress=run.progress)
    return Imported(kind=row.kind, number=row.number, digest=digest, rows=row.rows, event=event, known=known)


def fold_rest(digest: str, *, pause: Pause = time.sleep, progress: Progress = lambda *_: None) -> None:
    """Fold what a document that counts is about, in chunks, from where that is."""
    while _fold_chunk(digest, progress):
        pause(PAUSE_S)


def _locked(connection: sa.Connection, digest: str) -> Any:
    return connection.execute(sa.select(documents).where(documents.c.digest == digest).with_for_update()).one()


def _record(connection: sa.Connection, row: Any, run: _Run) -> str:
    """The one event that an import is; from here on its rows count."""
    fact = ledger.record(
        connection,
        site=row.site,
        action="import",
        operator=run.operator,
        now_ms=run.now_ms,
        document=row.number,
        reason=row.kind,
        evidence=row.digest,
    )
    event = format_name(fact.name)
    connection.execute(
        documents.update().where(documents.c.digest == row.digest).values(event=event, event_ms=fact.event_ms)
    )
    return event


def _offer(connection: sa.Connection, row: Any) -> None:
    """Let handhelds know of a document that counts from now on."""
    if row.kind in OFFERED_KINDS:
        catalogue.publish_document(connection, row.site, row, stamp(connection))
        notices.refresh(connection, row.site, stamp(connection))
    if row.kind == "order":
        surplus.refold(connection, row.site, [row.number], stamp(connection))


def _judge_again(row: Any, after: str) -> str | None:
    """Fold what was scanned under a document before it came: it may list it. Returns where to go on."""
    t = events.c
    query = (
        sa.select(t.subject)
        .distinct()
        .where(
            t.site == row.site,
            t.document == row.number,
            t.action.in_(JUDGED_BY_IT),
            t.subject > after,
        )
        .order_by(t.subject)
        .limit(FOLD_CHUNK)
    )

    def fold(connection: sa.Connection) -> str | None:
        units = list(connection.execute(query).scalars())
        if units:
            rebuild(connection, row.site, units, stamp(connection))
        return units[-1] if units else None

    return transact(fold)


def _fold_chunk(digest: str, progress: Progress) -> bool:
    """Fold the next rows of a document that counts; True while more wait."""

    def fold(connection: sa.Connection) -> tuple[int, int] | None:
        row = _locked(connection, digest)
        if row.folded_rows >= row.rows:
            return None
        stop = min(row.folded_rows + FOLD_CHUNK, row.rows)
        t = document_rows.c
        chunk = connection.execute(
            sa.select(t.subject, t.attributes, t.stated)
            .where(t.document == digest, t.row > row.folded_rows, t.row <= stop)
            .order_by(t.row)
        ).all()
        at = stamp(connection)
        if row.kind in _PUBLISH:
            before = quarantine_bins(connection, row.site).keys()
            _PUBLISH[row.kind](connection, row.site, chunk, at)
            if quarantine_bins(connection, row.site).keys() != before:  # what lies there left its order, or did not
                surplus.refold(connection, row.site, surplus.suspects(connection, row.site), at)
            bin_cases.named(connection, row.site, {r.subject for r in chunk}, at)
        else:
            about = {r.subject for r in chunk if r.stated}
            rebuild_stated(connection, row.site, about, at, row)
            published.tell_of_lots(connection, row.site, about, at)
        connection.execute(documents.update().where(documents.c.digest == digest).values(folded_rows=stop))
        return stop, row.rows

    done = transact(fold)
    if done is None:
        return False
    progress("rows folded", *done)
    return done[0] < done[1]


_PUBLISH: Final = {
    "products": catalogue.publish_items,
    "locations": catalogue.publish_locations,
    "warranty": publish_terms,
}


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
