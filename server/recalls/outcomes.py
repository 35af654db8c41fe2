"""What became of what a recall reached, where no scan says it: what customers answered, what was destroyed.

Each is a fact that names who wrote it down: one document for each answer, with a row for each unit that it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server import papers
from server.recalls.asked import RecallError
from server.recalls.reach import Reached, Where
from server.tables import document_rows, documents, events
from sync.event import format_name

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

    def text(self, where: Where) -> str:
        """In words."""
        return (CUSTOMER if where is Where.CUSTOMER else IN_HOUSE).get(self.word, self.word)


def write(connection: sa.Connection, *, site: str, number: str, said: Said, about: Iterable[Reached]) -> int:
    """Write down one answer, or what was done; returns about how many units and pieces.

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
        kind="recall_outcome",
        number=number,
        action="account_recall",
        rows=[
            {
                "subject": one.subject,
                "quantity": one.quantity,
                "attributes": {"word": said.word, "note": (said.note or "").strip()[:NOTE_MAX] or None, "key": one.key},
            }
            for one in things
        ],
        operator=said.operator,
        now_ms=said.now_ms,
        reason=said.word,
    )
    return sum(one.quantity for one in things)


def read(connection: sa.Connection, site: str, number: str) -> Mapping[tuple[str, str], Outcome]:
    """The latest outcome of each thing, by `Reached.key`."""
    d, t = documents.c, document_rows.c
    query = (
        sa.select(d.event, d.event_ms, t.attributes)
        .join(document_rows, t.document == d.digest)
        .where(d.site == site, d.kind == "recall_outcome", d.number == number, d.event.isnot(None))
        .order_by(d.event_ms, d.event, t.row)
    )
    rows = connection.execute(query).all()
    operators = _operators(connection, site, number)
    return {
        (row.attributes["key"][0], row.attributes["key"][1]): Outcome(
            word=row.attributes["word"],
            at_ms=row.event_ms,
            operator=operators[row.event],
            note=row.attributes["note"],
        )
        for row in rows
    }


def _operators(connection: sa.Connection, site: str, number: str) -> dict[str, str | None]:
    """Who wrote each word on this recall down, by the fact's name."""
    e = events.c
    query = sa.select(e.device_no, e.epoch, e.seq, e.operator).where(
        e.site == site, e.document == number, e.action == "account_recall"
    )
    return {format_name((row.device_no, row.epoch, row.seq)): row.operator for row in connection.execute(query)}
