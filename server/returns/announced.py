"""What customers announce to send back (RMA documents), and the verdict on a return in a unit's history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server.database import KEYS, SITE
from server.ledger import FOLDED, in_chunks
from server.parties import name_of
from server.tables import document_rows, documents, events
from server.undone import read_undone
from sync.event import format_name
from sync.history import Fact
from sync.identity import is_container, is_stock
from sync.returning import Claim, Inspected, ReturnFacts, ReturnVerdict, verdict
from sync.unit import UnitState

JUDGED: Final = frozenset({"take_back", "examine", "restock"})
"""Actions about something that came back."""
_NO_LIMITS: Final = Inspected(unit_max=2**31)
"""A history is judged by what is its own; what the site makes of many of them is looked up when it is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """One return as it was announced, and what came back under it."""

    number: str
    order: str | None
    reason: str | None
    customer: str | None
    """Their name, where it is kept and was not erased."""
    lines: Mapping[str, int]
    """Units and products, and how many of each."""
    came: Mapping[str, int]
    """What was taken back under it, and when first."""


def read(connection: sa.Connection, site: str, number: str) -> Announced | None:
    """A return by its number; None where none was announced."""
    claim = read_claims(connection, site, [number]).get(number)
    if claim is None or claim.order == number:
        return None
    t, e = document_rows.c, events.c
    lines = connection.execute(
        sa.select(t.subject, t.quantity)
        .join(documents, documents.c.digest == t.document)
        .where(documents.c.site == site, documents.c.number == number, documents.c.kind == "rma")
        .order_by(t.row)
    ).all()
    scans = connection.execute(
        sa.select(e.device_no, e.epoch, e.seq, e.subject, e.event_ms)
        .where(e.site == site, e.document == number, e.action == "take_back", e.outcome.in_(FOLDED))
        .order_by(e.event_ms)
    ).all()
    undone = read_undone(connection, site, [format_name(tuple(row)[:3]) for row in scans])
    came: dict[str, int] = {}
    for row in scans:
        if row.subject is not None and format_name(tuple(row)[:3]) not in undone:
            came.setdefault(row.subject, row.event_ms)
    return Announced(
        number=number,
        order=claim.order,
        reason=claim.reason,
        customer=name_of(connection, site, number),
        lines={row.subject: row.quantity or 1 for row in lines},
        came=came,
    )


def judged(
    unit: str,
    after: UnitState,
    fact: Fact,
    *,
    claims: Mapping[str, Claim],
    buyers: Mapping[str, str],
) -> ReturnVerdict | None:
    """What a return comes to by its own history and its documents, after one fact; None where that is about none.

    What stands against a return beside that, a recall say, has rules of its own.
    """
    if fact.event.action not in JUDGED or is_stock(unit) or is_container(unit):
        return None
    document = fact.event.document or after.document
    facts = ReturnFacts(
        unit=unit,
        state=after,
        whole=True,
        document=document,
        claim=claims.get(document or ""),
        sold_to=buyers.get(after.sold_on or ""),
        rules=_NO_LIMITS,
    )
    return verdict(facts)


_T: Final = document_rows.c
_CLAIMS: Final = (
    sa.select(documents.c.number, documents.c.kind, _T.subject, _T.quantity, _T.attributes)
    .join(documents, documents.c.digest == _T.document)
    .where(documents.c.site == SITE, documents.c.number.in_(KEYS), documents.c.event.isnot(None))
    .where(documents.c.kind.in_(("rma", "order")))
    .order_by(documents.c.number, _T.row)
)


def read_claims(connection: sa.Connection, site: str, numbers: Iterable[str]) -> dict[str, Claim]:
    """What each of these returns or orders says; a number that is neither is left out."""
    rows: dict[str, list[Any]] = defaultdict(list)
    for chunk in in_chunks(numbers):
        for row in connection.execute(_CLAIMS, {"site": site, "keys": chunk}):
            rows[row.number].append(row)
    return {number: claim_of(found) for number, found in rows.items()}


def claim_of(rows: Iterable[Any]) -> Claim:
    """The claim that the rows (`number`, `kind`, `subject`, `quantity`, `attributes`) of one return or order make."""
    found = list(rows)
    said = [row.attributes or {} for row in found]
    customer = next((one["customer"] for one in said if one.get("customer")), None)
    pieces = sum(row.quantity or 1 for row in found)
    if found[0].kind == "order":
        return Claim(order=found[0].number, customer=customer, pieces=pieces)
    units = tuple(row.subject for row in found if not is_stock(row.subject))
    order = next((one["order"] for one in said if one.get("order")), None)
    reasons = {one["reason"] for one in said if one.get("reason")}
    return Claim(
        order=order,
        customer=customer,
        units=units if len(units) == len(found) else (),
        reason=reasons.pop() if len(reasons) == 1 else None,
        pieces=pieces,
    )


def read_buyers(connection: sa.Connection, site: str, orders: Iterable[str]) -> dict[str, str]:
    """Hash of the customer's key of each of these orders that has one."""
    claims = read_claims(connection, site, orders)
    return {number: claim.customer for number, claim in claims.items() if claim.customer and claim.order == number}
