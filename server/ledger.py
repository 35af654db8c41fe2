"""The ledger: the only writer of events, and the reader of a unit's history.

Events are appended and never changed. What the server itself says (an import, a decision, an enrolment) is an event
like any other, on a chain of the process that made it.
"""

from __future__ import annotations

import os
import secrets
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, Final

import sqlalchemy as sa

from server.chain_mark import CHAIN, CHAIN_ROW, OF_CHAIN
from server.stated import ROW_ACTION, last_words, stated
from server.tables import chains, document_rows, documents, events
from server.upsert import insert, insert_missing
from sync.actions import refuse
from sync.event import FIELDS, GENESIS, INT_MAX, EventName, ScanEvent, decode, digest, encode, parse_name
from sync.history import Fact
from sync.protocol import Outcome
from sync.unchanging import unchanging

SERVER_DEVICE: Final = 0
KEYS_PER_QUERY: Final = 500
"""Bound of an IN list; SQLite and PostgreSQL both plan it by index."""
SPEAKING_MAX: Final = 1_000
"""Events about one case that are read: more than people decide and write."""
FOLDED: Final = (Outcome.ACCEPTED, Outcome.FORKED)
_FIELD_NAMES: Final = tuple(f.name for f in FIELDS)
_FIELD_VALUES: Final = attrgetter(*_FIELD_NAMES)
_NOTHING: Final = (None,) * len(_FIELD_NAMES)


@unchanging(kw_only=True)
class Entry:
    """One line for the ledger, with what the server found out about it."""

    device_no: int
    epoch: int
    seq: int
    digest: bytes
    line: bytes
    outcome: Outcome
    event: ScanEvent | None
    note: str | None
    event_ms: int
    uncertainty_ms: int

    def fact(self, received_ms: int) -> Fact:
        """The entry, which came at this moment, as a fact of its unit's history.

        Raises:
            ValueError: it could not be read, so that it states nothing.
        """
        if self.event is None:
            raise ValueError(f"Entry {self.seq} was not read.")
        return Fact(
            event_ms=self.event_ms,
            name=(self.device_no, self.epoch, self.seq),
            row=0,
            digest=self.digest,
            uncertainty_ms=self.uncertainty_ms,
            event=self.event,
            forked=self.outcome is Outcome.FORKED,
            received_ms=received_ms,
        )


def append(connection: sa.Connection, site: str, received_ms: int, entries: Sequence[Entry]) -> None:
    """Add entries to the ledger. Entries of one chain come in order of `seq`.

    Raises:
        sqlalchemy.exc.IntegrityError: an entry is there already; nothing was added.
    """
    insert(connection, events, [_row(site, received_ms, e) for e in entries])


def _row(site: str, received_ms: int, entry: Entry) -> tuple[Any, ...]:
    """Its values in the order of the table's columns; an event's own name stands second."""
    schema, _, _, _, *said = _NOTHING if entry.event is None else _FIELD_VALUES(entry.event)
    name = (entry.device_no, entry.epoch, entry.seq)
    found_out = (entry.digest, entry.line, entry.outcome.value, entry.note)
    return (site, schema, *name, *said, *found_out, received_ms, None, entry.event_ms, entry.uncertainty_ms)


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """This process as a maker of facts: an epoch of its own under device number 0."""

    epoch: int
    boot: str
    started: float


@cache
def _process(_pid: int) -> ServerProcess:
    return ServerProcess(secrets.randbelow(INT_MAX) + 1, secrets.token_hex(4), time.monotonic())


_MOVE_HEAD: Final = chains.update().where(CHAIN)


def record(
    connection: sa.Connection,
    *,
    site: str,
    action: str,
    operator: str | None,
    now_ms: int,
    uncertainty_ms: int = 0,
    received_ms: int | None = None,
    **fields: Any,
) -> Fact:
    """Append one fact that the server makes, naming the signed-in person; returns it.

    Args:
        now_ms: when it happened.
        received_ms: when it is said, where that is later: a scan is stated again.

    Raises:
        ValueError: the fact lacks what its action takes, or no server could read its line again.
    """
    process = _process(os.getpid())  # a forked worker is a process of its own
    mine = {"device": SERVER_DEVICE, "of_epoch": process.epoch}
    row = connection.execute(CHAIN_ROW, mine).first()
    if row is None:
        begin_chain(connection, site, SERVER_DEVICE, process.epoch)
        row = connection.execute(CHAIN_ROW, mine).one()
    seq, before = row.acked_through + 1, row.head
    event = ScanEvent(
        device_no=SERVER_DEVICE,
        epoch=process.epoch,
        seq=seq,
        action=action,
        operator=operator,
        wall_ms=now_ms,
        boot=process.boot,
        boot_ms=int((time.monotonic() - process.started) * 1000),
        **fields,
    )
    reason = refuse(event, by_server=True)
    if reason:
        raise ValueError(reason)
    line = encode(event)
    decode(line)  # the pair assertion: kept for ever, and never to be read again?
    entry = Entry(
        device_no=SERVER_DEVICE,
        epoch=process.epoch,
        seq=seq,
        digest=digest(before, line),
        line=line,
        outcome=Outcome.ACCEPTED,
        event=event,
        note=None,
        event_ms=now_ms,
        uncertainty_ms=uncertainty_ms,
    )
    said_ms = now_ms if received_ms is None else received_ms
    append(connection, site, said_ms, [entry])
    connection.execute(_MOVE_HEAD, mine | {"acked_through": seq, "last_seq": seq, "head": entry.digest})
    return entry.fact(said_ms)


def new_chain(site: str, device_no: int, epoch: int, predecessor: int | None = None) -> dict[str, Any]:
    """The row of a chain that nothing has arrived on yet."""
    return {
        "device_no": device_no,
        "epoch": epoch,
        "site": site,
        "predecessor": predecessor,
        "acked_through": 0,
        "head": GENESIS,
        "last_seq": 0,
        "safe_through": 0,
    }


def begin_chain(
    connection: sa.Connection, site: str, device_no: int, epoch: int, predecessor: int | None = None
) -> None:
    """Make the row of a new chain, unless another transaction was faster."""
    insert_missing(connection, chains, new_chain(site, device_no, epoch, predecessor))


def name_in(table: sa.FromClause) -> sa.ColumnElement[str]:
    """The name of the event in a row of `events`, or of an alias of it, as part of a query."""
    numbers = (sa.cast(table.c[part], sa.Text) for part in ("device_no", "epoch", "seq"))
    device_no, epoch, seq = numbers
    return device_no + "." + epoch + "." + seq


def in_chunks(keys: Iterable[str], size: int = KEYS_PER_QUERY) -> Iterator[list[str]]:
    """The keys, sorted, in lists short enough for one query."""
    ordered = sorted(set(keys))
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


_EVENT_COLUMNS: Final = [events.c[name] for name in _FIELD_NAMES]
_FACT_COLUMNS: Final = [events.c[name] for name in ("digest", "outcome", "event_ms", "uncertainty_ms", "received_ms")]


def event_of(row: sa.RowMapping) -> ScanEvent:
    """The event that stands in a row of `events`."""
    return ScanEvent(**{name: row[name] for name in _FIELD_NAMES})


_KEYS: Final[sa.BindParameter[Any]] = sa.bindparam("keys", expanding=True)
_UNTIL: Final[sa.BindParameter[Any]] = sa.bindparam("until")
_SCANS: Final = sa.select(*_EVENT_COLUMNS, *_FACT_COLUMNS).where(
    events.c.site == sa.bindparam("site"), events.c.subject.in_(_KEYS), events.c.outcome.in_(FOLDED)
)
_SCANS_UNTIL: Final = _SCANS.where(events.c.event_ms <= _UNTIL)
_STATED: Final = (
    sa.select(document_rows, documents.c.kind, documents.c.number, documents.c.event, documents.c.event_ms)
    .join(documents, documents.c.digest == document_rows.c.document)
    .where(
        document_rows.c.site == sa.bindparam("site"),
        document_rows.c.subject.in_(_KEYS),
        documents.c.event.isnot(None),
        documents.c.event_ms <= _UNTIL,
        documents.c.kind.in_(ROW_ACTION),
        document_rows.c.stated,
    )
)
"""Built once: every fold asks them."""


def history(
    connection: sa.Connection, site: str, subjects: Iterable[str], *, until_ms: int | None = None
) -> dict[str, list[Fact]]:
    """Every fact about each subject at this site, scans and rows of imported documents, in no order.

    Args:
        until_ms: leave out what happened, or was said by a document, after this moment.
    """
    scans = _SCANS if until_ms is None else _SCANS_UNTIL
    until = INT_MAX if until_ms is None else until_ms
    found: dict[str, list[Fact]] = defaultdict(list)
    for keys in in_chunks(subjects):
        asked = {"site": site, "keys": keys, "until": until}
        for row in connection.execute(scans, asked).mappings():
            found[row["subject"]].append(fact_of(row))
        for row in last_words(connection.execute(_STATED, asked).mappings().all()):
            found[row["subject"]].append(stated(row))
    return found


def fact_of(row: sa.RowMapping) -> Fact:
    """The fact that stands in a row of `events`."""
    return Fact(
        event_ms=row["event_ms"],
        name=(row["device_no"], row["epoch"], row["seq"]),
        row=0,
        digest=row["digest"],
        uncertainty_ms=row["uncertainty_ms"],
        event=event_of(row),
        forked=row["outcome"] == Outcome.FORKED,
        received_ms=row["received_ms"],
    )


def read_fact(connection: sa.Connection, name: str) -> Fact | None:
    """The folded event of this name as a fact; of two that bear it, the one that came first. None where there is none.

    Raises:
        EventError: it is no name of an event.
    """
    device_no, epoch, seq = parse_name(name)
    found = neighbours(connection, (device_no, epoch, seq), 0)
    return found[0] if found else None


_NEIGHBOURS: Final = (
    sa.select(events)
    .where(OF_CHAIN)
    .where(events.c.seq.between(sa.bindparam("first"), sa.bindparam("last")), events.c.outcome.in_(FOLDED))
    .order_by(events.c.seq, events.c.received_ms)
)


def neighbours(connection: sa.Connection, name: EventName, around: int) -> list[Fact]:
    """What one handheld said just before and after an event, that event among it, by number."""
    device_no, epoch, seq = name
    asked = {"device": device_no, "of_epoch": epoch, "first": seq - around, "last": seq + around}
    return [fact_of(row) for row in connection.execute(_NEIGHBOURS, asked).mappings()]


def speaking_of(connection: sa.Connection, site: str, document: str, actions: Iterable[str]) -> list[Fact]:
    """The events of these actions about one document or case, in order; the last ones where there are very many."""
    e = events.c
    rows = connection.execute(
        sa.select(events)
        .where(events.c.site == site, events.c.document == document, events.c.action.in_(list(actions)))
        .where(events.c.outcome.in_(FOLDED))
        .order_by(e.event_ms.desc(), e.device_no.desc(), e.epoch.desc(), e.seq.desc())
        .limit(SPEAKING_MAX)
    ).mappings()
    return sorted((fact_of(row) for row in rows), key=lambda fact: fact.order)
