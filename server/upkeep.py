"""Prove that what is stored is what the ledger says.

`verify` changes nothing. Across versions of the fold it finds differences, which are no corruption: `rebuild --all`
(`server/refolding.py`) brings the rows up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import sqlalchemy as sa

from server import apart_cases, changes, offered, papers, piece_cases, told_anew
from server import documents as imports
from server.chain_mark import ALTERED, NOBODYS, OF_CHAIN, gaps
from server.counts import exceptions
from server.database import KEYS, SITE, lock, reading, stamp, writing
from server.document_kinds import KINDS
from server.ledger import FOLDED, event_of
from server.orders import surplus
from server.pushed_lines import APART, COPIED, OVERTAKEN
from server.rebuild import rebuild
from server.refolding import Progress, subjects
from server.setup import FOLD_VERSION
from server.tables import (
    cases,
    chains,
    documents,
    events,
    identifier_claims,
    server_state,
    stock_levels,
    unit_states,
)
from sync.event import GENESIS, EventError, decode, digest, parse_name

EVENTS_AT_ONCE: Final = 2_000
_FOLDED_ROWS: Final = {
    table: sa.select(*(c for c in table.c if c.name not in ("stamp", "site"))).where(
        table.c.site == SITE, table.c[subject].in_(KEYS)
    )
    for table, subject in (
        (unit_states, "unit"),
        (stock_levels, "subject"),
        (cases, "unit"),
        (identifier_claims, "unit"),
    )
}
"""What verifying compares: the folded rows of some subjects."""


def verify(site: str, progress: Progress) -> Iterator[str]:
    """Everything that does not fit, a sentence each."""
    with reading() as connection:
        version = connection.execute(sa.select(server_state.c.fold_version)).scalar_one()
        if version != FOLD_VERSION:
            yield f"The rows were folded by version {version}, this is {FOLD_VERSION}: run rebuild --all first."
        yield from _chains(connection, site)
        yield from _lines(connection, site)
        yield from _documents(connection, site)
        yield from offered.differences(connection, site)
    yield from _folded(site, progress)
    yield from _exceptions(site)
    with reading() as connection:
        told, orders = piece_cases.numbers(connection, site), surplus.suspects(connection, site)
    yield from _apart(site, piece_cases.RULE, told, piece_cases.hold, piece_cases.refold)
    yield from _apart(
        site, surplus.RULE, orders, lock, lambda c, site, number, at: surplus.refold(c, site, [number], at)
    )
    yield from _told(site)


def _chains(connection: sa.Connection, site: str) -> Iterator[str]:
    for chain in connection.execute(sa.select(chains).where(chains.c.site == site)).all():
        yield from _chain(connection, chain)
        if gaps(connection, chain.device_no, chain.epoch, chain.acked_through) != (chain.missing or []):
            yield f"Chain {chain.device_no}.{chain.epoch} is said to lack other events than those which are not here."


_LINKS: Final = (
    sa.select(events.c.seq, events.c.digest, events.c.line, events.c.outcome, events.c.note)
    .where(OF_CHAIN)
    .order_by(events.c.seq)
)


def _chain(connection: sa.Connection, chain: Any) -> Iterator[str]:
    """Recompute a chain over the stored bytes."""
    name = f"{chain.device_no}.{chain.epoch}"
    asked = {"device": chain.device_no, "of_epoch": chain.epoch}
    here: dict[int, set[bytes]] = {0: {GENESIS}}
    sure = {0}  # numbers whose events are not all known to be another branch's than what follows them
    ends: set[bytes] = set()
    is_torn = False  # by numbers alone two queues' events look like one's
    reached = last = 0
    for row in connection.execution_options(yield_per=EVENTS_AT_ONCE).execute(_LINKS, asked):
        before, note = here.get(row.seq - 1), row.note or ""
        follows = note.startswith(ALTERED) or any(digest(d, row.line) == row.digest for d in before or ())
        apart = (row.outcome == "forked" and note != COPIED) or APART in note  # it may continue what never came here
        if not (follows or apart or before is None or row.seq - 1 not in sure):
            yield f"Event {name}.{row.seq} does not fit the one before it: its bytes or its digest were changed."
        here = {s: d for s, d in here.items() if s >= row.seq - 1}
        here.setdefault(row.seq, set()).add(row.digest)
        is_torn |= not follows or len(here[row.seq]) > 1
        if OVERTAKEN not in note:
            sure.add(row.seq)
        last = row.seq
        if row.seq == reached + 1:
            reached = row.seq
        if row.seq == chain.acked_through:
            ends = here[row.seq] | ({NOBODYS} if is_torn else set())
    if chain.last_seq != last:
        yield f"Chain {name} is said to reach to {chain.last_seq}, and its last event here is {last}."
    if chain.acked_through and chain.head not in ends:
        yield f"Chain {name} is said to end in {chain.head.hex()[:12]}, which is not the digest of its last event."
    if reached < chain.acked_through:
        yield f"Chain {name} is acknowledged through {chain.acked_through}, and event {reached + 1} is not here."


def _lines(connection: sa.Connection, site: str) -> Iterator[str]:
    """Read every folded line again, and compare it with its columns."""
    query = sa.select(events).where(events.c.site == site, events.c.outcome.in_(FOLDED))
    for row in connection.execution_options(yield_per=EVENTS_AT_ONCE).execute(query).mappings():
        name = f"{row['device_no']}.{row['epoch']}.{row['seq']}"
        try:
            if decode(row["line"]) != event_of(row):
                yield f"The columns of event {name} say something else than its line."
        except EventError as wrong:
            yield f"The line of event {name} cannot be read: {wrong}"


def _documents(connection: sa.Connection, site: str) -> Iterator[str]:
    """Hash the rows of imported documents again, and look whether each document's event names it."""
    query = sa.select(documents).where(documents.c.site == site, documents.c.event.isnot(None))
    for row in connection.execute(query).all():
        device_no, epoch, seq = parse_name(row.event)
        named = sa.select(events.c.evidence).where(
            events.c.device_no == device_no, events.c.epoch == epoch, events.c.seq == seq
        )
        if connection.execute(named).scalar() != row.digest:
            yield f"The event {row.event} does not name {row.kind} {row.number}."
        check = imports.check_digest if row.kind in KINDS else papers.check_digest
        if not check(connection, row.digest):
            yield f"The rows of {row.kind} {row.number} are not those that its event named."


def _folded(site: str, progress: Progress) -> Iterator[str]:
    """Fold everything again beside what is stored, and take it back."""
    done, after = 0, ""
    while True:
        with writing() as connection:
            names = subjects(connection, site, after)
            lock(connection, site, names)  # nobody else may fold them between the two looks
            stored = _rows(connection, site, names)
            trial = connection.begin_nested()
            rebuild(connection, site, names, stamp(connection))
            folded = _rows(connection, site, names)
            trial.rollback()
        yield from _differences(stored, folded)
        if not names:
            return
        done, after = done + len(names), names[-1]
        progress(done)


def _exceptions(site: str) -> Iterator[str]:
    """Make the exceptions of closed counts again beside what is stored, and take it back."""
    with reading() as connection:
        numbers = papers.closed_counts(connection, site)
    for number in numbers:
        with writing() as connection:
            exceptions.hold(connection, site, number)
            units = exceptions.subjects(connection, site, number)
            trial = connection.begin_nested()
            exceptions.refold(connection, site, number, stamp(connection))
            units |= exceptions.subjects(connection, site, number)
            folded = _rows(connection, site, units)
            trial.rollback()
            stored = _rows(connection, site, units)
        yield from _differences(stored, folded)


def _apart(
    site: str,
    rule: str,
    numbers: Iterable[str],
    hold: Callable[[sa.Connection, str, list[str]], None],
    refold: Callable[[sa.Connection, str, str, int], None],
) -> Iterator[str]:
    """Make the cases that no unit's history holds again beside what is stored, and take it back."""
    for number in numbers:
        with writing() as connection:
            hold(connection, site, [number])
            about = apart_cases.subjects(connection, site, rule, number)
            trial = connection.begin_nested()
            refold(connection, site, number, stamp(connection))
            about |= apart_cases.subjects(connection, site, rule, number)
            folded = _rows(connection, site, about)
            trial.rollback()
            stored = _rows(connection, site, about)
        yield from _differences(stored, folded)


def _told(site: str) -> Iterator[str]:
    """Tell handhelds everything again beside what they are told, and take it back."""
    with reading() as connection:
        parts = list(told_anew.parts(connection, site))
    for part in parts:
        kind = part.told.kind
        with writing() as connection:
            lock(connection, site, part.keys)
            told = changes.offered(connection, site, kind, part.keys)
            trial = connection.begin_nested()
            part.tell(connection, site, stamp(connection))
            said = changes.offered(connection, site, kind, part.keys)
            trial.rollback()
        yield from _differences(_with_rows(kind, told), _with_rows(kind, said))


def _with_rows(kind: str, offered: Mapping[str, Any]) -> _Rows:
    return {(kind, key): row for key, row in offered.items() if row is not None}


_Rows = Mapping[tuple[str, ...], Mapping[Any, Any]]


def _rows(connection: sa.Connection, site: str, names: Iterable[str]) -> _Rows:
    found: dict[tuple[str, ...], Mapping[Any, Any]] = {}
    for table, query in _FOLDED_ROWS.items():
        keys = [c.name for c in table.primary_key if c.name != "site"]
        for row in connection.execute(query, {"site": site, "keys": list(names)}).mappings():
            found[(table.name, *(str(row[k]) for k in keys))] = row
    return found


def _differences(stored: _Rows, folded: _Rows) -> Iterator[str]:
    for key in sorted(stored.keys() | folded.keys()):
        table, *names = key
        what = f"{table} {' '.join(names)}"
        old, new = stored.get(key), folded.get(key)
        if new is None:
            yield f"{what} is stored, and the ledger does not bear it out."
        elif old is None:
            yield f"{what} is not stored, and the ledger says that it should be."
        else:
            for name in {**old, **new}:
                if old.get(name) != new.get(name):
                    yield f"{what}: {name} is {old.get(name)!r}, and the ledger says {new.get(name)!r}."
