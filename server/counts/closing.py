"""Close a count: freeze a version, or propose one that somebody else approves; or give the count up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from server import papers, piece_cases
from server.counts import blind, exceptions, freeze, late, meanwhile, plan, standing, still
from server.counts.compare import Line
from server.counts.concerned import concerned, speaking_since
from server.counts.limits import exceeded, limit_of, limits
from server.counts.plan import CountError, Plan, Sort
from server.counts.reckoning import reckon
from server.counts.report import Reckoned
from server.counts.standing import Proposal, cancelled, pending
from server.database import lock, stamp
from server.ledger import record
from server.rebuild import rebuild
from sync.event import format_name
from sync.identity import is_stock

Row = Mapping[str, Any]
TAKEN_ON: Final = (Line.UNKNOWN, Line.UNEXPECTED, Line.MISPLACED)


def close_count(
    connection: sa.Connection,
    *,
    site: str,
    number: str,
    operator: str | None,
    now_ms: int,
    role: str | None = None,
    only: Collection[str] | None = None,
) -> Reckoned:
    """Freeze the next version of a count; what it did not see becomes a case.

    Above the person's limit it is only proposed: the report then has no `version`.

    Args:
        only: marks of the late scans that it takes over; None: all that nobody dismissed.
        role: of the person; None for whoever is at the server itself, who has no limit.

    Raises:
        CountError: there is no such count, it waits for approval, a bin is not finished, or nothing changed since.
    """
    lock(connection, site, [number])  # two supervisors may close it at once
    _check_open(connection, site, plan.read(connection, site, number))  # before the long part
    known = meanwhile.arrived(connection, site, now_ms)
    found = reckon(connection, site=site, number=number)
    scans = late.late_scans(connection, site=site, number=number, found=found)
    left = exceptions.dismissed(connection, site, number)
    taken = [f for f in scans if (papers.mark(f) not in left if only is None else papers.mark(f) in only)]
    without = frozenset(map(papers.mark, scans)) - frozenset(map(papers.mark, taken))
    if without:
        found = reckon(connection, site=site, number=number, without=without)
    if found.unfinished:
        raise CountError(f"Count {number} cannot be closed: {len(found.unfinished)} of its bins are not finished.")
    attributes = freeze.freeze(found) | {"closed_by": operator, "late": sorted(format_name(f.name) for f in taken)}
    rows = freeze.rows(found, attributes)
    version = freeze.next_version(connection, site, "count_result", number, rows)
    limit = limit_of(limits(connection, site), operator, role) if role else None
    reasons = exceeded(limit, found.variance) if limit else []
    if reasons:
        attributes["reasons"] = reasons
        _propose(connection, site, found.plan, version, rows, operator, now_ms)
        return found
    again = _seal(connection, site, found.plan, version, rows, operator=operator, now_ms=now_ms)
    came = meanwhile.came(connection, site, now_ms, known)
    # the first version rests on every scan that was here, so that only what came meanwhile can be late for it
    if version > 1 or number in concerned(connection, site, came):
        again.add(number)
    for each in sorted(again):
        exceptions.refold(connection, site, each, stamp(connection))
    return replace(found, version=version)


def _check_open(connection: sa.Connection, site: str, planned: Plan) -> None:
    number = planned.number
    if planned.of:
        raise CountError(f"{number} is a recount: close {planned.of}, which takes its result over.")
    if cancelled(connection, site, number):
        raise CountError(f"Count {number} was given up: open another one.")
    if pending(connection, site, number):
        raise CountError(f"Count {number} waits for approval already.")


def _propose(
    connection: sa.Connection,
    site: str,
    planned: Plan,
    version: int,
    rows: Sequence[papers.Row],
    operator: str | None,
    now_ms: int,
) -> None:
    papers.write(
        connection,
        site=site,
        kind="count_proposal",
        number=f"{planned.number}/{version}",
        action="propose_count",
        rows=[row if isinstance(row, papers.Packed) else {**row, "stated": False} for row in rows],
        operator=operator,
        now_ms=now_ms,
    )
    standing.tell(connection, site, [planned.number], stamp(connection))


def _seal(
    connection: sa.Connection,
    site: str,
    planned: Plan,
    version: int,
    rows: Sequence[papers.Row],
    *,
    operator: str | None,
    now_ms: int,
    note: str | None = None,
) -> set[str]:
    """Write the version; from here on it never changes.

    Returns:
        Other closed counts whose exceptions are to be made anew: the pieces that this one found were there by then.
    """
    number = planned.number
    papers.write(
        connection,
        site=site,
        kind="count_result",
        number=f"{number}/{version}",
        action="close_count",
        rows=rows,
        operator=operator,
        now_ms=now_ms,
        reason=note,
    )
    said = papers.spelt_out(rows)
    touched = [str(row["subject"]) for row in said if row.get("stated")]
    if planned.sort is Sort.TAKE_ON:
        touched += _take_on(connection, site, f"{number}/{version}", said, operator=operator, now_ms=now_ms)
    at = stamp(connection)
    rebuild(connection, site, touched, at)
    _end(connection, site, planned, at)
    piece_cases.refold_told(connection, site, (), at, closed=[number])  # of a notice too whose units it found here
    return speaking_since(connection, site, _pieces_since(said)) - {number}


def _pieces_since(rows: Iterable[Row]) -> dict[str, int]:
    """Of each product and lot whose pieces a version states, when the first of its bins was opened."""
    since: dict[str, int] = {}
    for row in rows:
        if row.get("stated") and is_stock(row["subject"]):
            opened_ms, _ = row["attributes"]["counted_ms"]
            since[row["subject"]] = min(opened_ms, since.get(row["subject"], opened_ms))
    return since


def _end(connection: sa.Connection, site: str, planned: Plan, at: int) -> None:
    """Tell the handhelds that the count and its recounts are over, and what lies in bins that were blind."""
    over = [planned.number, *(each.number for each in plan.recounts(connection, site, planned.number))]
    for number in over:
        blind.reveal(connection, site, number, at)
    standing.tell(connection, site, over, at)


def _take_on(
    connection: sa.Connection, site: str, version: str, rows: Sequence[Row], *, operator: str | None, now_ms: int
) -> list[str]:
    """Going live: what was seen belongs from now on where it was seen; returns the units."""
    seen = [row["attributes"] for row in rows[1:] if row["attributes"].get("kind") in TAKEN_ON]
    taken = [
        {"subject": line["subject"], "location": line["seen"][-1], "stated": True}
        for line in seen
        if line["seen"] and not line["found_under"] and not is_stock(line["subject"])
    ]
    if taken:
        papers.write(
            connection,
            site=site,
            kind="take_on",
            number=version,
            action="import",
            reason="take_on",
            rows=taken,
            operator=operator,
            now_ms=now_ms,
        )
    return [str(row["subject"]) for row in taken]


def approve(
    connection: sa.Connection, *, site: str, number: str, operator: str | None, note: str | None, now_ms: int
) -> int:
    """Freeze the version that was proposed, exactly as it was; returns which it is.

    Raises:
        CountError: none waits, the count was given up, or the person counted or proposed it.
    """
    lock(connection, site, [number])
    found = _decidable(connection, site, number, operator)
    (first, *others) = map(dict, papers.rows_in(connection, found.digest))
    first["attributes"] = first["attributes"] | {
        "proposal": found.digest,
        "proposed_by": found.operator,
        "closed_by": operator,
        "note": note,
    }
    rows = [first, *(row | {"stated": _is_stated(row)} for row in others)]
    planned = plan.read(connection, site, number)
    again = _seal(connection, site, planned, found.version, rows, operator=operator, now_ms=now_ms, note=note)
    meanwhile.hold_off(connection, site)
    for each in sorted({number, *again}):  # scans may have come while it waited
        exceptions.refold(connection, site, each, stamp(connection))
    return found.version


def _is_stated(row: Row) -> bool:
    return not still.is_packed(row) and freeze.is_stated(row["subject"], row["attributes"]["kind"], row["location"])


def reject(connection: sa.Connection, *, site: str, number: str, operator: str | None, note: str, now_ms: int) -> None:
    """Send a proposed version back: the count is open again, and can be recounted.

    Raises:
        CountError: none waits, the person counted or proposed it, or says no reason.
    """
    if not note.strip():
        raise CountError("Say why it is rejected: whoever counts again has to know.")
    lock(connection, site, [number])
    found = _decidable(connection, site, number, operator)
    record(
        connection,
        site=site,
        action="reject_count",
        operator=operator,
        now_ms=now_ms,
        document=number,
        reason=note,
        evidence=found.digest,
    )
    standing.tell(connection, site, [number], stamp(connection))


def _decidable(connection: sa.Connection, site: str, number: str, operator: str | None) -> Proposal:
    if cancelled(connection, site, number):
        raise CountError(f"Count {number} was given up: there is nothing to decide.")
    found = pending(connection, site, number)
    if found is None:
        raise CountError(f"Nothing of count {number} waits for approval.")
    name = (operator or "").casefold()
    if name in {counter.casefold() for counter in found.counters}:
        raise CountError(f"{operator} counted for {number}: somebody else has to decide.")
    if name == (found.operator or "").casefold():
        raise CountError(f"{operator} closed {number} above their own limit: somebody else has to decide.")
    return found


def cancel(connection: sa.Connection, *, site: str, number: str, operator: str | None, note: str, now_ms: int) -> None:
    """Give up a count that was never closed; its scans stay facts.

    Raises:
        CountError: there is no such count, it is over already or waits for approval, or no reason is said.
    """
    if not note.strip():
        raise CountError("Say why the count is given up.")
    lock(connection, site, [number])
    planned = plan.read(connection, site, number)
    if papers.versions(connection, site, "count_result", number) or cancelled(connection, site, number):
        raise CountError(f"Count {number} is over already.")
    if pending(connection, site, number):
        raise CountError(f"Count {number} waits for approval: reject it first.")
    digest = papers.digest_of(connection, site, "count", number)
    record(
        connection,
        site=site,
        action="close_count",
        operator=operator,
        now_ms=now_ms,
        document=number,
        reason=note,
        evidence=digest,
    )
    _end(connection, site, planned, stamp(connection))
