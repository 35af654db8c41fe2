"""Cases about pieces: fewer came, were counted or arrived than were announced, on record or handed over.

No unit's history holds it: the frozen version of a receipt or count says it, or what another site told of a transfer.
Made anew for one number at a time. A later version that lacks nothing any more closes the case, and of a receipt so
does the scan that brings the last of it, before anybody closes it again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from server import apart_cases, papers
from server.case import Case
from server.counts import meanwhile
from server.counts.compare import Line
from server.counts.plan import Sort
from server.database import KEYS, SITE, lock
from server.identifiers import owners, relatives
from server.ledger import in_chunks, read_fact
from server.receipts import notice
from server.receipts.late import explained
from server.rules import Finding
from server.tables import document_rows, documents, events, unit_states
from server.undone import read_undone_documents
from sync.event import format_name
from sync.history import Fact
from sync.identity import is_stock

RULE: Final = "pieces_missing"
KINDS: Final = ("receipt_result", "count_result", "transfer_missing")


def refold(connection: sa.Connection, site: str, number: str, at: int) -> None:
    """Make the cases of one receipt, count or transfer anew; `at` is the stamp of this transaction."""
    hold(connection, site, [number])
    apart_cases.store(connection, site, RULE, number, _opened(connection, site, number), at)


def hold(connection: sa.Connection, site: str, numbers: Iterable[str]) -> None:
    """Let nobody else make the cases of these numbers anew before this transaction ends.

    Two that bring what a receipt lacks each see what the other one brought.
    """
    lock(connection, site, [f"{RULE} {number}" for number in numbers])


def numbers(connection: sa.Connection, site: str) -> list[str]:
    """Everything that may have such cases."""
    query = sa.select(documents.c.number).where(documents.c.site == site, documents.c.kind.in_(KINDS))
    return sorted({number.rpartition("/")[0] for number in connection.execute(query).scalars()})


def _opened(connection: sa.Connection, site: str, number: str) -> dict[str, Case]:
    """By product or lot: a case since the first version that lacks some, as the last says it."""
    found: dict[str, Case] = {}
    versions = _versions(connection, site, number)
    for paper in versions:
        told = read_fact(connection, paper.event)
        if told is None:
            raise LookupError(f"The event {paper.event} of {paper.number} is not here.")
        # of a count, what lies loose in a bin is stated whatever was found; a large one has a million other rows
        rows = papers.rows_in(connection, paper.digest, only_stated=paper.kind == "count_result")
        lacking = _lacking(paper.kind, number, rows)
        for subject, finding in lacking.items():
            found[subject] = _case(found.get(subject), subject, number, finding, told)
        for subject in found.keys() - lacking.keys():
            if found[subject].status == "open":
                name = format_name(told.name)
                found[subject] = replace(found[subject], status="explained", closed_by=name, closed_ms=told.event_ms)
    if versions and versions[-1].kind == "receipt_result" and any(case.status == "open" for case in found.values()):
        rests_on = papers.rows_in(connection, versions[-1].digest)[0]["attributes"]["scans"]
        for subject, late in explained(connection, site, number, set(rests_on)).items():
            if subject in found and found[subject].status == "open":
                found[subject] = _came(found[subject], late)
    return found


def _came(case: Case, late: Fact) -> Case:
    """All of it is here; the scan may have been made before the receipt was closed, and have arrived since."""
    closed_ms = max(late.event_ms, case.opened_ms)
    return replace(case, status="explained", closed_by=format_name(late.name), closed_ms=closed_ms)


_U: Final = unit_states.c
_WRITTEN: Final = (_U.site == SITE) & (_U.stamp == sa.bindparam("at"))
_WRITTEN_NOW: Final = sa.select(_U.unit, _U.came_under).where(_WRITTEN)
_ANNOUNCING: Final = (
    sa.select(documents.c.number, documents.c.kind)
    .join(document_rows, document_rows.c.document == documents.c.digest)
    .where(document_rows.c.site == SITE, document_rows.c.subject.in_(KEYS), documents.c.event.isnot(None))
    .distinct()
)


_RECEIVED_UNDER: Final = (
    sa.select(events.c.document)
    .where(events.c.site == SITE, events.c.subject.in_(KEYS), events.c.action == "receive")
    .distinct()
)
_NAMING: Final = frozenset({"link", "unlink", "void"})


def refold_after(connection: sa.Connection, site: str, facts: Sequence[Fact], at: int) -> None:
    """Make the cases anew that these facts decide, and of closed receipts those of which they bring what was missing.

    Or take back what had come late, or join and part numbers, each of which counts once. What they fold is stored
    already, under this stamp; and no receipt is closed any more before this transaction ends (`meanwhile.look`).
    """
    if not apart_cases.is_any_told(connection, site, RULE):
        return
    said = [f for f in facts if f.event.action in ("receive", "void")]
    under = {f.event.document for f in said if f.event.document} | read_undone_documents(connection, said)
    under |= _joined_under(connection, site, facts)
    for number in sorted(apart_cases.decided(connection, site, RULE, facts)):
        refold(connection, site, number, at)
    named = {str(f.event.subject) for f in facts if f.event.subject}
    refold_told(connection, site, under, at, named=named | set(owners(connection, site, named).values()))


def _joined_under(connection: sa.Connection, site: str, facts: Iterable[Fact]) -> set[str]:
    """The notices under which anything was received that these facts may join to another number, or part from it."""
    of_names = [f.event for f in facts if f.event.identifiers or f.event.action in _NAMING]
    named = {name for event in of_names for name in (event.subject, *(event.identifiers or ())) if name}
    found: set[str | None] = set()
    for chunk in in_chunks(named | relatives(connection, site, named) if named else ()):
        found.update(connection.execute(_RECEIVED_UNDER, {"site": site, "keys": chunk}).scalars())
    return {number for number in found if number is not None}


def refold_told(
    connection: sa.Connection,
    site: str,
    under: Collection[str],
    at: int,
    *,
    closed: Collection[str] = (),
    named: Collection[str] = (),
) -> None:
    """Make the cases anew of these notices, of those of what this transaction wrote, and of the orders they fulfil.

    Args:
        closed: notices or counts of which a version was just frozen, so that they may have their first case.
        named: what facts speak of that may tell of earlier than it was last announced, so that its row is the same.
    """
    (meanwhile.hold_off if closed else meanwhile.look)(connection, site)
    if not closed and not apart_cases.is_any_told(connection, site, RULE):
        return
    notices = {*under, *closed, *_announcing(connection, site, named, at)}
    told = apart_cases.told(connection, site, RULE, notices | notice.orders_of(connection, site, notices))
    for number in sorted({*closed, *told}):
        refold(connection, site, number, at)


def _announcing(connection: sa.Connection, site: str, named: Iterable[str], at: int) -> set[str]:
    """Notices that announce these or what was written under this stamp: a carton is here whatever was done with it.

    Not only the last that did: a tote comes under one after the other.
    """
    written = connection.execute(_WRITTEN_NOW, {"site": site, "at": at}).all()
    found = {came_under for _, came_under in written if came_under is not None}
    keys = {key for key in named if not is_stock(key)} | {unit for unit, _ in written}
    for chunk in in_chunks(keys):  # in two steps: SQLite would go through all of the notices
        rows = connection.execute(_ANNOUNCING, {"site": site, "keys": chunk})
        found.update(number for number, kind in rows if kind == "asn")
    return found


def _versions(connection: sa.Connection, site: str, number: str) -> list[Any]:
    d = documents.c
    query = sa.select(d.kind, d.number, d.digest, d.event).where(
        d.site == site, d.kind.in_(KINDS), d.number.startswith(f"{number}/", autoescape=True), d.event.isnot(None)
    )
    own = [row for row in connection.execute(query) if row.number.rpartition("/")[0] == number]
    return sorted(own, key=lambda row: int(row.number.rpartition("/")[2]))


def _case(before: Case | None, subject: str, number: str, finding: Finding, told: Fact) -> Case:
    evidence = hashlib.sha256(f"{number}\n{subject}\n{finding!r}".encode()).hexdigest()[:32]
    if before is not None:
        return replace(before, finding=finding, evidence=evidence, status="open", closed_by=None, closed_ms=None)
    return Case(
        rule=RULE,
        episode=format_name(told.name),
        opened_ms=told.event_ms,
        document=number,
        finding=finding,
        evidence=evidence,
        operator=told.event.operator,
        device_no=told.name[0],
    )


def _lacking(kind: str, number: str, said: Sequence[sa.RowMapping]) -> dict[str, Finding]:
    """What a version lacks of each product or lot; pieces that moved while they were counted lack nothing."""
    if kind == "transfer_missing":
        left = {row["subject"]: row["quantity"] for row in said if is_stock(row["subject"]) and row["quantity"]}
        words = f"Handed over under {number}, and the other site closed its receipt with "
        return {subject: Finding(detail=f"{words}{few} fewer.") for subject, few in left.items()}
    if kind == "count_result" and (said[0]["attributes"] or {}).get("sort") == Sort.TAKE_ON:
        return {}
    short: dict[str, list[sa.RowMapping]] = {}
    below: Counter[str] = Counter()
    for row in said[1:]:
        line = row["attributes"]
        if not is_stock(row["subject"]) or line["kind"] == Line.IN_MOTION:
            continue
        below[row["subject"]] += max(0, -line["expected_quantity"])
        if line["quantity"] < line["expected_quantity"]:
            short.setdefault(row["subject"], []).append(row)
    return {
        subject: _finding(kind, number, lines, below[subject])
        for subject, lines in short.items()
        if below[subject] < _sum(lines, "expected_quantity") - _sum(lines, "quantity")
    }


def _sum(rows: Iterable[sa.RowMapping], name: str) -> int:
    return sum(row["attributes"][name] for row in rows)


def _finding(kind: str, number: str, rows: list[sa.RowMapping], below: int) -> Finding:
    """`below`: so many fewer than none the records had of it in other bins, which are not missing here."""
    expected = _sum(rows, "expected_quantity") - below
    got = _sum(rows, "quantity")
    if kind == "receipt_result":
        return Finding(detail=f"{number} announced {expected}, and {got} came.")
    where = "" if len(rows) == 1 else f" in {len(rows)} bins"
    return Finding(detail=f"{number} found {got} of {expected}{where}.", expected=rows[0]["location"])
