"""Whether a claim under warranty may be made: the same answer at a handheld and at the server. Pure.

A term says how long a unit is covered and from when: from its sale, its receipt or its manufacture. Months are counted
by the calendar (Regulation (EEC, Euratom) No 1182/71, article 3: a period of months ends with the day that bears the
same number, or with the month's last day where there is none).

>>> answer(Term(months=24, starts=Starts.SALE), Dates(sale="2026-02-28"), today="2028-02-28")
Answer(claim=<Claim.COVERED: 'covered'>, since='2026-02-28', until='2028-02-28')
>>> answer(Term(months=12, starts=Starts.MANUFACTURE), Dates(sale="2026-02-28"), today="2026-03-01").claim
<Claim.NO_DATE: 'no_date'>
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

MONTHS_MAX: Final = 1_200


class Starts(StrEnum):
    """What a warranty runs from."""

    SALE = "sale"
    """The day on which it was handed to the carrier or the customer."""
    RECEIPT = "receipt"
    """The day on which it first came in from the supplier."""
    MANUFACTURE = "manufacture"
    """The day of production: AI (11) of its label, or the document's word."""


class Claim(StrEnum):
    """What the one who brings the unit is told."""

    COVERED = "covered"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    """The warranty begins later."""
    NO_TERMS = "no_terms"
    """Nobody has said how long it is covered."""
    NO_DATE = "no_date"
    """The day that the warranty runs from is not known."""
    NOT_SOLD = "not_sold"
    """We have not sold it, or it is ours again."""
    ANOTHER_OWNER = "another_owner"
    """It belongs to somebody else by the records: a transfer is missing, or it is not theirs."""
    REPLACED = "replaced"
    """Another unit was given for it, and the warranty went along with that one."""
    CANNOT_TELL = "cannot_tell"
    """The data at hand do not hold this unit."""


class WarrantyError(ValueError):
    """A warranty that cannot be: the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """How long a unit, a lot or a product is covered: so many months, or between two days.

    Raises:
        WarrantyError: neither is given, or it would end before it starts.
    """

    months: int | None = None
    starts: Starts = Starts.SALE
    since: str | None = None
    """ISO 8601 (YYYY-MM-DD), as the days below; instead of what it starts from."""
    until: str | None = None
    """The last day on which a claim may be made; instead of `months`."""

    def __post_init__(self) -> None:
        if self.months is None and self.until is None:
            raise WarrantyError("A warranty needs its months, or the day on which it ends.")
        if self.months is not None and not 0 < self.months <= MONTHS_MAX:
            raise WarrantyError(f"A warranty lasts 1 to {MONTHS_MAX:,} months, and not {self.months:,}.")
        if self.since is not None and self.until is not None and self.until < self.since:
            raise WarrantyError(f"The warranty would end ({self.until}) before it starts ({self.since}).")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a document said of a unit, a lot or a product, and when."""

    at_ms: int
    term: Term
    made: str | None = None
    """The day of manufacture, where the document says it."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Said:
        """What stands in a row: `at_ms`, and the columns of the document."""
        months, since, until = row.get("months"), row.get("since"), row.get("until")
        term = Term(months=months, starts=Starts(row["starts"]), since=since, until=until)
        return cls(at_ms=row["at_ms"], term=term, made=row.get("made"))


def holding(moments: Sequence[int], *, own: bool, sold_ms: int | None) -> int:
    """Which of several words about one subject holds, the oldest first.

    What is said of a lot or product is the word that was last given when the unit was sold (before the first word, that
    one): a product list of next year neither lengthens nor shortens what was promised. What is said of the unit itself
    was meant for it, so that the last word of all counts.

    Args:
        moments: when each was given, Unix milliseconds, ascending; at least one.
        own: whether they are about the unit itself.
    """
    before = [n for n, at_ms in enumerate(moments) if own or sold_ms is None or at_ms <= sold_ms]
    return before[-1] if before else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """The days that a warranty may run from, ISO 8601, as far as they are known."""

    sale: str | None = None
    receipt: str | None = None
    manufacture: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Whether the claimant may claim, and between which days: the first and the last of them count."""

    claim: Claim
    since: str | None = None
    until: str | None = None


def answer(term: Term | None, dates: Dates, *, today: str) -> Answer:
    """What the term says on a day, for whoever owns the unit.

    Args:
        term: the one that holds for this unit; None where there is none.
        today: ISO 8601, in the site's own days.
    """
    if term is None:
        return Answer(claim=Claim.NO_TERMS)
    since = term.since or getattr(dates, term.starts)
    if since is None and (term.months is not None or term.until is None):
        return Answer(claim=Claim.NO_DATE)
    until = term.until or add_months(since or "", term.months or 0)
    if today > until:
        return Answer(claim=Claim.EXPIRED, since=since, until=until)
    if since is not None and today < since:
        return Answer(claim=Claim.NOT_YET, since=since, until=until)
    return Answer(claim=Claim.COVERED, since=since, until=until)


def add_months(day: str, months: int) -> str:
    """The day so many months later, or the last of its month where that has no such day."""
    start = date.fromisoformat(day)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(start.day, last)).isoformat()
