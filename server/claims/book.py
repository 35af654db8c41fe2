"""Claims as they are written down, followed and read, whatever they are about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from server import latest_first, papers
from server.claims import credit
from server.claims.claim import NEXT, Claim, ClaimError, ClaimLine, Fate, line_of, row_of, task_of
from server.claims.version import has_changed
from server.database import lock
from server.ledger import FOLDED, in_chunks, record
from server.roles import Task
from server.tables import document_rows, documents, events
from sync.event import format_name

CLAIMS_MAX: Final = 50
"""On one page of the list."""
RECEIPTS_AT_ONCE: Final = 100
"""Whose versions one question asks for."""


def put(
    connection: sa.Connection,
    *,
    site: str,
    receipt: str,
    version: int,
    supplier: str | None,
    lines: Iterable[ClaimLine],
    operator: str | None,
    now_ms: int,
    reason: str | None = None,
) -> str:
    """Write a claim down; returns its number. Whoever calls it holds the lock on "claims"."""
    number = f"CLAIM-{_count(connection, site) + 1}"
    head = {"receipt": receipt, "version": version, "supplier": supplier, "reason": reason}
    papers.write(
        connection,
        site=site,
        kind="claim",
        number=number,
        action="draft_claim",
        rows=[{"subject": receipt, "attributes": head}, *map(row_of, lines)],
        operator=operator,
        now_ms=now_ms,
    )
    return number


def follow(
    connection: sa.Connection,
    *,
    site: str,
    number: str,
    fate: str,
    operator: str | None,
    now_ms: int,
    note: str | None = None,
    credited: Mapping[str, int] | None = None,
    more_than_claimed: bool = False,
    admit: Callable[[Task], None] = lambda _: None,
) -> Claim:
    """Write down what became of a claim.

    Args:
        credited: currency -> its smallest units; needed for that fate alone.
        more_than_claimed: whether somebody says that it is more than was claimed, and right.
        admit: told which task this takes; raises where whoever writes it down has not got it.

    Raises:
        ClaimError: there is no such claim, or that cannot follow on what it is now.
    """
    lock(connection, site, [number])
    claim = read(connection, site, number, late=False)
    admit(task_of(claim, fate))
    if fate not in NEXT[claim.status]:
        after = " or ".join(NEXT[claim.status]) or "nothing more"
        raise ClaimError(f"{number} is {claim.status}: what follows is {after}, and not {fate}.")
    said: dict[str, Any] = {"site": site, "operator": operator, "now_ms": now_ms}
    if fate == "credited":
        credit.check(claim, credited or {}, more_than_claimed=more_than_claimed)
        credit.write(connection, claim=claim, credited=credited or {}, note=note or None, **said)
    elif credited:
        raise ClaimError(f"Only a credit takes amounts: {number} is to be {fate}.")
    else:
        record(connection, action="follow_claim", document=number, reason=fate, evidence=note or None, **said)
    return read(connection, site, number)


def read(connection: sa.Connection, site: str, number: str, *, late: bool = True) -> Claim:
    """One claim.

    Args:
        late: whether to look for what came after the receipt was closed, which takes its whole report.

    Raises:
        ClaimError: there is none of that number.
    """
    found = _read(connection, site, [number])
    if not found:
        raise ClaimError(f"There is no claim {number}.")
    claim = found[0]
    changed = late and claim.version > 0 and has_changed(connection, site, claim.receipt, claim.latest)
    return replace(claim, changed=changed)


def _read(connection: sa.Connection, site: str, numbers: Sequence[str]) -> list[Claim]:
    """These claims, in their order, as far as there are any; whether their receipts changed since is not looked up."""
    rows: dict[str, list[sa.RowMapping]] = defaultdict(list)
    for chunk in in_chunks(numbers):
        query = (
            sa.select(document_rows, documents.c.number)
            .join(documents, documents.c.digest == document_rows.c.document)
            .where(documents.c.site == site, documents.c.kind == "claim", documents.c.number.in_(chunk))
            .where(documents.c.event.isnot(None))
            .order_by(document_rows.c.row)
        )
        for row in connection.execute(query).mappings():
            rows[row["number"]].append(row)
    fates = _fates(connection, site, numbers)
    latest = _latest(connection, site, {found[0]["attributes"]["receipt"] for found in rows.values()})
    return [_claim(number, rows[number], latest, fates.get(number, [])) for number in numbers if number in rows]


def _claim(number: str, rows: Sequence[sa.RowMapping], latest: Mapping[str, int], fates: list[Fate]) -> Claim:
    head, *lines = rows
    said = head["attributes"]
    return Claim(
        number=number,
        receipt=said["receipt"],
        version=said["version"],
        latest=latest.get(said["receipt"], 0),
        changed=False,
        supplier=said["supplier"],
        reason=said["reason"],
        lines=[line_of(row) for row in lines],
        fates=fates,
    )


def _latest(connection: sa.Connection, site: str, receipts: Iterable[str]) -> dict[str, int]:
    """The latest frozen version of each of these receipts; one that was never closed is left out."""
    wanted, d = sorted(receipts), documents.c
    found: dict[str, int] = {}
    for at in range(0, len(wanted), RECEIPTS_AT_ONCE):
        some = wanted[at : at + RECEIPTS_AT_ONCE]
        named = sa.or_(*(d.number.startswith(f"{receipt}/", autoescape=True) for receipt in some))
        query = sa.select(d.number).where(d.site == site, d.kind == "receipt_result", named)
        for number in connection.execute(query).scalars():
            receipt, _, version = number.rpartition("/")  # a number may hold a stroke itself
            if version.isdigit():
                found[receipt] = max(found.get(receipt, 0), int(version))
    return found


def _fates(connection: sa.Connection, site: str, numbers: Sequence[str]) -> dict[str, list[Fate]]:
    found: dict[str, list[Fate]] = defaultdict(list)
    credits_ = credit.read(connection, site, numbers)
    for chunk in in_chunks(numbers):
        query = (
            sa.select(events)
            .where(events.c.site == site, events.c.document.in_(chunk), events.c.outcome.in_(FOLDED))
            .where(events.c.action.in_(("draft_claim", "follow_claim")))
        )
        # sorted here, for SQLite would rather read all of the site by time
        for row in sorted(connection.execute(query), key=lambda row: (row.event_ms, row.device_no, row.epoch, row.seq)):
            followed = row.action == "follow_claim"
            credited, note = credits_.get(
                format_name((row.device_no, row.epoch, row.seq)), (None, row.evidence if followed else None)
            )
            found[row.document].append(
                Fate(
                    word=row.reason if followed else "drafted",
                    at_ms=row.event_ms,
                    operator=row.operator,
                    note=note,
                    credited=credited,
                )
            )
    return found


def list_claims(
    connection: sa.Connection, site: str, *, limit: int = CLAIMS_MAX, after: latest_first.Key | None = None
) -> tuple[list[Claim], str | None]:
    """Claims, the latest first, and the `next` of their page; None on the last one.

    Args:
        after: of the last one that was seen.
    """
    d = documents.c
    found, more = latest_first.page(connection, d.site == site, d.kind == "claim", limit=limit, after=after)
    return _read(connection, site, [row.number for row in found]), more


def every(connection: sa.Connection, site: str) -> Iterator[Claim]:
    """All claims, the latest first."""
    return latest_first.every(partial(list_claims, connection, site))


def claims_of(connection: sa.Connection, site: str, receipt: str) -> list[Claim]:
    """The claims of one receipt, the latest first."""
    named = sa.select(document_rows.c.document).where(
        document_rows.c.site == site, document_rows.c.subject == receipt, document_rows.c.row == 1
    )
    query = (
        sa.select(documents.c.number)
        .where(documents.c.site == site, documents.c.kind == "claim", documents.c.digest.in_(named))
        .order_by(documents.c.event_ms.desc(), documents.c.number.desc())
    )
    return _read(connection, site, connection.execute(query).scalars().all())


def open_of(connection: sa.Connection, site: str, unit: str) -> str | None:
    """The claim for a defect that a unit is in and that was not rejected; None where it is in none.

    What was credited is paid, and not claimed twice.
    """
    named = sa.select(document_rows.c.document).where(document_rows.c.site == site, document_rows.c.subject == unit)
    query = sa.select(documents.c.number).where(
        documents.c.site == site, documents.c.kind == "claim", documents.c.digest.in_(named)
    )
    for number in sorted(connection.execute(query).scalars()):  # by number SQLite would read every document of the site
        claim = read(connection, site, number, late=False)
        if claim.is_of_defects and claim.status != "rejected":
            return claim.number
    return None


def _count(connection: sa.Connection, site: str) -> int:
    query = sa.select(sa.func.count()).where(documents.c.site == site, documents.c.kind == "claim")
    return int(connection.execute(query).scalar_one())
