"""May the one who stands here with this unit claim under its warranty? One answer, with what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server.warranty.life import Life, read_life, read_repairs
from server.warranty.terms import Terms, read_terms
from sync.unit import Status
from sync.verdict import day
from sync.warranty import Answer, Claim, Dates, Starts, answer

CHAIN_MAX: Final = 20
"""How often a unit may have been given for another that was given for another, and so on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The answer about one unit."""

    unit: str
    answer: Answer
    life: Life
    terms: Terms | None
    stands_for: str | None
    """The unit that was first sold and that this one was given for: its days count."""
    owner: str | None
    """Number of the document that says whose it is."""

    @property
    def sentence(self) -> str:
        """The answer as one says it at the counter."""
        since, until = self.answer.since, self.answer.until
        starts = {Starts.SALE: "sold", Starts.RECEIPT: "received", Starts.MANUFACTURE: "made"}
        missing = starts[self.terms.term.starts] if self.terms else ""
        return {
            Claim.COVERED: f"Covered until {until}." + (f" It runs from {since}." if since else ""),
            Claim.EXPIRED: f"The warranty ended on {until}.",
            Claim.NOT_YET: f"The warranty begins on {since}.",
            Claim.NO_TERMS: "No warranty terms are known for it: import them (kind warranty).",
            Claim.NO_DATE: f"Nobody knows when it was {missing}, and its warranty runs from that day.",
            Claim.NOT_SOLD: "It is not sold by the records: either it never was, or it came back and is ours.",
            Claim.ANOTHER_OWNER: f"It belongs to whom {self.owner} names. Ask for that number, or enter the transfer.",
            Claim.REPLACED: "Another unit was given for this one: the warranty went along with that.",
            Claim.CANNOT_TELL: "Nothing is known of it here.",
        }[self.answer.claim]


def ask(
    connection: sa.Connection,
    site: str,
    unit: str,
    now_ms: int,
    *,
    claimant: str | None = None,
    before: str | None = None,
) -> Told:
    """Whether a claim may be made on this day.

    Args:
        unit: its canonical name.
        claimant: number of the order, or of the transfer, that the claimant shows; without it ownership is not asked.
        before: name of the fact that ended it, such as its coming back; `now_ms` is that fact's moment then.
    """
    life = read_life(connection, site, unit, now_ms, before=before)
    first = _first(connection, site, life, now_ms)
    sold_ms = first.sale.at_ms if first.sale else None
    terms = read_terms(connection, site, first.unit, lot=first.lot, sold_ms=sold_ms)
    dates = Dates(sale=first.sold, receipt=first.received, manufacture=first.made or (terms.made if terms else None))
    found = answer(terms.term if terms else None, dates, today=day(now_ms))
    against = _against(life, claimant)
    return Told(
        unit=unit,
        answer=Answer(claim=against) if against else found,
        life=life,
        terms=terms,
        stands_for=first.unit if first.unit != unit else None,
        owner=life.owner,
    )


def _against(life: Life, claimant: str | None) -> Claim | None:
    """What speaks against a claim, whatever the terms say."""
    if life.state is None or life.state.status is Status.SEEN:
        return Claim.CANNOT_TELL
    if life.replaced_by is not None:
        return Claim.REPLACED
    if life.sale is None:
        return Claim.NOT_SOLD
    if claimant is not None and life.owner is not None and claimant != life.owner:
        return Claim.ANOTHER_OWNER
    return None


def _first(connection: sa.Connection, site: str, life: Life, now_ms: int) -> Life:
    """The life whose days count: of the unit that this one was given for, and that one for, as far back as it goes."""
    for _ in range(CHAIN_MAX):
        given_for = life.sale.document if life.sale else None
        repairs = read_repairs(connection, site, [given_for]) if given_for else []
        if not repairs or repairs[0].replaced_by != life.unit:
            break
        life = read_life(connection, site, repairs[0].unit, now_ms, through=repairs[0].opened)
    return life
