"""Claims to a supplier: what a closed receipt lacks, has too much of, or found damaged, and what becomes of the claim.

A claim is a document that never changes, made from one version of a receipt. Its fate is facts of their own, each
naming the person: sent, accepted or rejected, credited with an amount.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server import papers, prices
from server.counts.compare import Line
from server.counts.plan import CountError
from server.ledger import FOLDED, record
from server.rebuild import lock
from server.receipts.lines import ReceiptLine
from server.receipts.receipt import ReceiptReport, report
from server.tables import document_rows, documents, events
from sync.actions import QUANTITY_MAX
from sync.identity import item_of

WRONGS: Final = {
    "short": "Announced, and did not come",
    "damaged": "Came damaged",
    "over": "Came, and was not announced",
    "wrong_carton": "Came in another carton than announced",
    "duplicate": "Its serial number is in stock already",
}
"""What a line of a claim complains of."""
VALUED: Final = ("short", "damaged")
"""What the supplier owes something for; the rest has to be explained or fetched."""
_WRONG_OF: Final = {
    Line.MISSING: "short",
    Line.UNEXPECTED: "over",
    Line.UNKNOWN: "over",
    Line.MISPLACED: "wrong_carton",
    Line.DUPLICATE: "duplicate",
}
NEXT: Final[Mapping[str, tuple[str, ...]]] = {
    "drafted": ("sent",),
    "sent": ("accepted", "rejected"),
    "accepted": ("credited",),
    "rejected": ("sent",),
    "credited": (),
}
"""What may follow on each fate."""
CLAIMS_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLine:
    """One thing that is wrong."""

    subject: str
    wrong: str
    """One of `WRONGS`."""
    carton: str | None
    quantity: int
    condition: str | None = None
    value: int | None = None
    """In the currency's smallest unit; None where no price is known, or nothing is owed."""
    currency: str | None = None
    events: tuple[str, ...] = ()
    """The scans that show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """One step of what became of a claim."""

    word: str
    at_ms: int
    operator: str | None
    note: str | None = None
    amount: int | None = None
    """Credited, in the currency's smallest unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim with all that became of it."""

    number: str
    receipt: str
    version: int
    """Of the receipt that it was made from."""
    latest: int
    """The receipt's latest version by now; a higher one re-opens the question."""
    changed: bool
    """Whether the receipt by now says something else than its latest version."""
    supplier: str | None
    lines: Sequence[ClaimLine]
    fates: Sequence[Fate]

    @property
    def status(self) -> str:
        """The latest fate."""
        return self.fates[-1].word

    @property
    def is_outdated(self) -> bool:
        """Whether its receipt says something newer."""
        return self.latest > self.version or self.changed

    @property
    def totals(self) -> Mapping[str, int]:
        """What is claimed, by currency, in its smallest unit."""
        found: dict[str, int] = {}
        for line in self.lines:
            if line.value is not None and line.currency is not None:
                found[line.currency] = found.get(line.currency, 0) + line.value
        return found

    @property
    def credited(self) -> int | None:
        """What the supplier gave back."""
        return next((f.amount for f in reversed(self.fates) if f.word == "credited"), None)


def draft(connection: sa.Connection, *, site: str, receipt: str, operator: str | None, now_ms: int) -> str:
    """Make a claim of a closed receipt's differences; returns its number.

    Raises:
        CountError: the receipt is not closed, was scanned since, has no differences, or is claimed already.
    """
    lock(connection, site, [receipt, "claims"])
    version = papers.versions(connection, site, "receipt_result", receipt)
    if not version:
        raise CountError(
            f"{receipt} is not closed yet: close it first, so that the claim rests on what will not change."
        )
    now = report(connection, site=site, number=receipt)
    if has_changed(connection, site, receipt, version, now):
        raise CountError(f"{receipt} was scanned since it was closed: close it again first.")
    lines = _claimed(connection, site, _frozen(connection, site, receipt, version)[1])
    if not lines:
        raise CountError(f"{receipt} came as announced: there is nothing to claim.")
    earlier = _of_version(connection, site, receipt, version)
    if earlier:
        raise CountError(f"{earlier} claims version {version} of {receipt} already.")
    number = f"CLAIM-{_count(connection, site) + 1}"
    head = {"receipt": receipt, "version": version, "supplier": now.supplier}
    papers.write(
        connection,
        site=site,
        kind="claim",
        number=number,
        action="draft_claim",
        rows=[{"subject": receipt, "attributes": head}, *map(_row, lines)],
        operator=operator,
        now_ms=now_ms,
    )
    return number


def _claimed(connection: sa.Connection, site: str, lines: Iterable[ReceiptLine]) -> list[ClaimLine]:
    found = [line for line in lines if _is_wrong(line)]
    worth = prices.read(connection, site, [item_of(line.subject) for line in found])
    return [_claim_line(line, worth.get(item_of(line.subject) or line.subject)) for line in found]


def _claim_line(line: ReceiptLine, price: tuple[int, str] | None) -> ClaimLine:
    wrong = _WRONG_OF.get(line.kind, "damaged")
    wrong = "damaged" if line.damaged and wrong not in VALUED else wrong
    quantity = abs(line.expected_quantity - line.quantity) or line.quantity
    owed = wrong in VALUED and price is not None
    return ClaimLine(
        subject=line.subject,
        wrong=wrong,
        carton=line.expected if wrong == "short" else next(iter(line.seen), line.expected),
        quantity=quantity,
        condition=line.condition,
        value=quantity * price[0] if price and owed else None,
        currency=price[1] if price and owed else None,
        events=line.events,
    )


def _row(line: ClaimLine) -> dict[str, Any]:
    said = {
        "wrong": line.wrong,
        "carton": line.carton,
        "condition": line.condition,
        "value": line.value,
        "currency": line.currency,
        "events": list(line.events),
    }
    return {"subject": line.subject, "quantity": line.quantity, "attributes": said}


def follow(
    connection: sa.Connection,
    *,
    site: str,
    number: str,
    fate: str,
    operator: str | None,
    now_ms: int,
    note: str | None = None,
    amount: int | None = None,
) -> Claim:
    """Write down what became of a claim.

    Args:
        amount: what was credited, in the currency's smallest unit; needed for that fate alone.

    Raises:
        CountError: there is no such claim, or that cannot follow on what it is now.
    """
    lock(connection, site, [number])
    claim = read(connection, site, number)
    if fate not in NEXT[claim.status]:
        after = " or ".join(NEXT[claim.status]) or "nothing more"
        raise CountError(f"{number} is {claim.status}: what follows is {after}, and not {fate}.")
    if (fate == "credited") != (amount is not None) or not 0 <= (amount or 0) <= QUANTITY_MAX:
        raise CountError(f"A credit takes its amount, from 0 to {QUANTITY_MAX:,}, and nothing else does.")
    record(
        connection,
        site=site,
        action="follow_claim",
        operator=operator,
        now_ms=now_ms,
        document=number,
        reason=fate,
        evidence=note or None,
        quantity=amount,
    )
    return read(connection, site, number)


def read(connection: sa.Connection, site: str, number: str, *, late: bool = True) -> Claim:
    """One claim.

    Args:
        late: whether to look for what came after the receipt was closed, which takes its whole report.

    Raises:
        CountError: there is none of that number.
    """
    rows = papers.rows_of(connection, site, "claim", number)
    if not rows:
        raise CountError(f"There is no claim {number}.")
    head, *lines = rows
    said = head["attributes"]
    latest = papers.versions(connection, site, "receipt_result", said["receipt"])
    return Claim(
        number=number,
        receipt=said["receipt"],
        version=said["version"],
        latest=latest,
        changed=late and has_changed(connection, site, said["receipt"], latest),
        supplier=said["supplier"],
        lines=[_line(row) for row in lines],
        fates=_fates(connection, site, number),
    )


def _line(row: sa.RowMapping) -> ClaimLine:
    said = row["attributes"]
    return ClaimLine(
        subject=row["subject"],
        wrong=said["wrong"],
        carton=said["carton"],
        quantity=row["quantity"],
        condition=said["condition"],
        value=said["value"],
        currency=said["currency"],
        events=tuple(said["events"]),
    )


def _fates(connection: sa.Connection, site: str, number: str) -> list[Fate]:
    query = (
        sa.select(events)
        .where(events.c.site == site, events.c.document == number, events.c.outcome.in_(FOLDED))
        .where(events.c.action.in_(("draft_claim", "follow_claim")))
        .order_by(events.c.event_ms, events.c.device_no, events.c.epoch, events.c.seq)
    )
    return [
        Fate(
            word="drafted" if row.action == "draft_claim" else row.reason,
            at_ms=row.event_ms,
            operator=row.operator,
            note=row.evidence if row.action == "follow_claim" else None,
            amount=row.quantity,
        )
        for row in connection.execute(query)
    ]


def list_claims(connection: sa.Connection, site: str, *, receipt: str | None = None) -> list[Claim]:
    """Claims, the latest first; those of one receipt, if it is named."""
    query = (
        sa.select(documents.c.number)
        .where(documents.c.site == site, documents.c.kind == "claim")
        .order_by(documents.c.event_ms.desc(), documents.c.number.desc())
        .limit(CLAIMS_MAX)
    )
    if receipt is not None:
        named = sa.select(document_rows.c.document).where(
            document_rows.c.site == site, document_rows.c.subject == receipt, document_rows.c.row == 1
        )
        query = query.where(documents.c.digest.in_(named))
    numbers = connection.execute(query).scalars().all()
    return [read(connection, site, number, late=False) for number in numbers]


def _count(connection: sa.Connection, site: str) -> int:
    query = sa.select(sa.func.count()).where(documents.c.site == site, documents.c.kind == "claim")
    return int(connection.execute(query).scalar_one())


def _of_version(connection: sa.Connection, site: str, receipt: str, version: int) -> str | None:
    return next((c.number for c in list_claims(connection, site, receipt=receipt) if c.version == version), None)


def has_changed(
    connection: sa.Connection, site: str, receipt: str, version: int, found: ReceiptReport | None = None
) -> bool:
    """Whether a receipt by now says something else than its latest version.

    A scan came, one that it rests on was undone, or what was wrong was put right under another number.

    Args:
        found: the report as it stands, where it is at hand.
    """
    if not version:
        return False
    scans, lines = _frozen(connection, site, receipt, version)
    now = found or report(connection, site=site, number=receipt)
    return set(now.scans) != set(scans) or _wrongs(now.lines) != _wrongs(lines)


def _frozen(connection: sa.Connection, site: str, receipt: str, version: int) -> tuple[list[str], list[ReceiptLine]]:
    """The scans that a version rests on, and its lines."""
    (head, *rows) = papers.rows_of(connection, site, "receipt_result", f"{receipt}/{version}")
    return head["attributes"]["scans"], [_frozen_line(row["attributes"]) for row in rows]


def _frozen_line(said: Mapping[str, Any]) -> ReceiptLine:
    lists = {name: tuple(said[name]) for name in ("seen", "events", "facts")}
    return ReceiptLine(**{**said, **lists, "kind": Line(said["kind"])})


def _wrongs(lines: Iterable[ReceiptLine]) -> set[tuple[object, ...]]:
    wrong = (line for line in lines if _is_wrong(line))
    return {(w.subject, w.kind, w.expected_quantity, w.quantity, w.condition) for w in wrong}


def _is_wrong(line: ReceiptLine) -> bool:
    return line.kind in _WRONG_OF or line.damaged
