"""What became of what a recall reached, where no scan says it: what customers answered, what was destroyed.

Each is a fact that names who wrote it down: one document for each answer, with a row for each unit that it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa

from server import papers
from server.database import stamp
from server.ledger import in_chunks
from server.rebuild import rebuild
from server.recalls.asked import RecallError
from server.recalls.reach import Reached, Where
from server.tables import document_rows, documents, events
from sync.event import format_name
from sync.identity import is_stock

CUSTOMER: Final = {
    "sends_back": "sends it back",
    "destroyed": "destroyed it",
    "keeps": "keeps it, knowing the risk",
    "passed_on": "has passed it on",
    "not_reached": "was not reached",
}
"""What a customer can answer."""
IN_HOUSE: Final = {
    "destroyed": "destroyed",
    "to_supplier": "sent back to the supplier",
    "written_off": "written off",
}
"""What can become of what is not at a customer."""
NOTE_MAX: Final = 200
SAID: Final = "recall_outcome"
RETRACTED: Final = "recall_retraction"
"""Kinds of the documents that write a word down, and that take words back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer as somebody writes it down."""

    word: str
    operator: str | None
    now_ms: int
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The latest word on one unit, or on pieces of one order or place."""

    word: str
    at_ms: int
    operator: str | None
    note: str | None = None
    quantity: int = 1
    """How many pieces it was said of."""
    event: str = ""
    """Name of the fact that says it."""

    def text(self, where: Where) -> str:
        """In words."""
        return (CUSTOMER if where is Where.CUSTOMER else IN_HOUSE).get(self.word, self.word)


def write(connection: sa.Connection, *, site: str, number: str, said: Said, about: Iterable[Reached]) -> int:
    """Write down one answer, or what was done; returns about how many units and pieces.

    What was done with something that is here takes it out of the stock.

    Raises:
        RecallError: the word is none, or it is about nothing.
    """
    things = list(about)
    if not things:
        raise RecallError(f"Nothing that {number} reaches is meant by that.")
    words = [CUSTOMER if one.where is Where.CUSTOMER else IN_HOUSE for one in things]
    if any(said.word not in known for known in words):
        raise RecallError(f"{said.word!r:.40} is no answer here: it is one of {', '.join(words[0])}.")
    papers.write(
        connection,
        site=site,
        kind=SAID,
        number=number,
        action="account_recall",
        rows=[_row(one, said) for one in things],
        operator=said.operator,
        now_ms=said.now_ms,
        reason=said.word,
    )
    gone = {one.subject for one in things if one.where is not Where.CUSTOMER}
    rebuild(connection, site, gone, stamp(connection))
    return sum(one.quantity for one in things)


def _row(one: Reached, said: Said) -> dict[str, Any]:
    here = one.where is not Where.CUSTOMER
    pieces = here and is_stock(one.subject)
    attributes = {
        "word": said.word,
        "note": (said.note or "").strip()[:NOTE_MAX] or None,
        "key": one.key,
        "reason": said.word,
        "sure": one.sure,
    }
    return {
        "subject": one.subject,
        "quantity": one.quantity,
        "location": one.place if pieces else None,
        "container": one.container if pieces else None,
        "attributes": attributes,
        "stated": here,
    }


def read(connection: sa.Connection, site: str, number: str) -> Mapping[tuple[str, str], Outcome]:
    """The latest outcome of each thing, by `Reached.key`; of pieces it is the word on those that were there then."""
    found: dict[tuple[str, str], tuple[str, Outcome]] = {}
    for row, outcome in _said(connection, site, number):
        key = (row["attributes"]["key"][0], row["attributes"]["key"][1])
        event, before = found.get(key, (None, outcome))
        more = before.quantity if event == row["event"] else 0  # pieces of one order, in several cartons
        found[key] = row["event"], replace(outcome, quantity=outcome.quantity + more)
    return {key: outcome for key, (_, outcome) in found.items()}


def read_pieces(connection: sa.Connection, site: str, number: str) -> list[tuple[Reached, Outcome]]:
    """Pieces without units that were destroyed, sent back or written off, each time that it was written down."""
    return [
        (
            Reached(
                subject=row["subject"],
                sure=row["attributes"]["sure"],
                where=Where.MISSING if outcome.word == "written_off" else Where.DISPOSED,
                quantity=row["quantity"],
                place=row["location"],
                container=row["container"],
            ),
            outcome,
        )
        for row, outcome in _said(connection, site, number)
        if row["stated"] and is_stock(row["subject"])
    ]


def retracted(connection: sa.Connection, site: str, number: str) -> set[tuple[str, str]]:
    """The words that were taken back: the fact that said each, and what it was said of."""
    rows = papers.rows_of(connection, site, RETRACTED, number)
    return {(row["attributes"]["voids"], row["subject"]) for row in rows}


def _said(connection: sa.Connection, site: str, number: str) -> list[tuple[sa.RowMapping, Outcome]]:
    """Every row of what was written down and not taken back, oldest first."""
    d, t = documents.c, document_rows.c
    query = (
        sa.select(d.event, d.event_ms, t.subject, t.quantity, t.location, t.container, t.stated, t.attributes)
        .join(document_rows, t.document == d.digest)
        .where(d.site == site, d.kind == SAID, d.number == number, d.event.isnot(None))
        .order_by(d.event_ms, d.event, t.row)
    )
    operators, gone = _operators(connection, site, number), retracted(connection, site, number)
    return [
        (
            row,
            Outcome(
                word=row["attributes"]["word"],
                at_ms=row["event_ms"],
                operator=operators[row["event"]],
                note=row["attributes"]["note"],
                quantity=row["quantity"],
                event=row["event"],
            ),
        )
        for row in connection.execute(query).mappings()
        if (row["event"], row["subject"]) not in gone
    ]


def last_said(connection: sa.Connection, site: str, numbers: Iterable[str]) -> Mapping[str, int]:
    """When something was written down or taken back last of each of these recalls; one without a word is left out."""
    d = documents.c
    found: dict[str, int] = {}
    for chunk in in_chunks(numbers):
        query = (
            sa.select(d.number, sa.func.max(d.event_ms))
            .where(d.site == site, d.kind.in_((SAID, RETRACTED)), d.number.in_(chunk), d.event.isnot(None))
            .group_by(d.number)
        )
        found.update((number, at_ms) for number, at_ms in connection.execute(query))
    return found


def _operators(connection: sa.Connection, site: str, number: str) -> dict[str, str | None]:
    """Who wrote each word on this recall down, by the fact's name."""
    e = events.c
    query = sa.select(e.device_no, e.epoch, e.seq, e.operator).where(
        e.site == site, e.document == number, e.action == "account_recall"
    )
    return {format_name((row.device_no, row.epoch, row.seq)): row.operator for row in connection.execute(query)}
