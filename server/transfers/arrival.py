"""What came of a transfer, told to the site that sent it: what did not arrive, and what arrived though never sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from server import contents, papers, piece_cases
from server.counts.compare import Line, ReportLine
from server.counts.scans import scans_of
from server.database import stamp
from server.ledger import in_chunks
from server.nearby import carried_states
from server.rebuild import rebuild
from server.surroundings import containers_at
from server.tables import document_rows, documents
from server.transfers.hand_overs import handed_over
from server.transfers.notices import last_told
from sync.identity import is_container, is_stock
from sync.unit import IN_STOCK, Status

MISSING: Final = "transfer_missing"
ARRIVED: Final = "transfer_arrived"
_ACTION: Final = {MISSING: "report_missing", ARRIVED: "report_arrived"}


def sender(connection: sa.Connection, site: str, number: str) -> tuple[str, str] | None:
    """The site that a notice came from, and the transfer's number there; None where it is no transfer's."""
    query = (
        sa.select(document_rows.c.attributes)
        .join(documents, documents.c.digest == document_rows.c.document)
        .where(documents.c.site == site, documents.c.kind == "asn", documents.c.number == number)
        .where(document_rows.c.row == 1)
    )
    said = connection.execute(query).scalar() or {}
    return (said["from_site"], said["transfer"]) if said.get("from_site") else None


def report_back(
    connection: sa.Connection,
    *,
    site: str,
    number: str,
    version: int,
    lines: Iterable[ReportLine],
    operator: str | None,
    now_ms: int,
) -> None:
    """Tell the sender what the receipt of its transfer came to: facts of its own units, from which its cases follow."""
    origin = sender(connection, site, number)
    if origin is None:
        return
    home, transfer = origin
    lines = list(lines)
    pieces = _pieces_missing(connection, home, number, lines)
    units = [line for line in lines if not is_stock(line.subject) and not is_container(line.subject)]
    missing = {line.subject for line in units if line.kind is Line.MISSING}
    if missing or pieces:
        rows = [{"subject": unit, "attributes": {"to_site": site}, "stated": True} for unit in sorted(missing)]
        rows += [{"subject": s, "quantity": n, "attributes": {"to_site": site}} for s, n in sorted(pieces.items())]
        _write(connection, home, site, MISSING, f"{number}/{version}", rows, operator=operator, now_ms=now_ms)
        rebuild(connection, home, missing, stamp(connection))
    here = {line.subject for line in units if line.kind is not Line.MISSING}
    left = handed_over(connection, home, transfer)
    unsent = {line.subject for line in units if not {line.subject, line.expected} & left} & here
    scanned, cartons = _cartons_received(connection, site, number)
    unsent |= scanned - left
    known = _told(connection, home, number, MISSING) & here
    cartons |= {line.expected for line in units if line.subject in here and line.expected}
    arrived_there = dict.fromkeys(known | _unnoticed(connection, home, unsent))
    arrived_there |= _emptied(connection, home, cartons, (site, number))
    _tell(connection, home, site, f"{number}/{version}", arrived_there, operator=operator, now_ms=now_ms)
    if pieces:
        piece_cases.refold(connection, home, number, stamp(connection))


def tell_arrived(
    connection: sa.Connection, *, home: str, to: str, number: str, things: set[str], operator: str | None, now_ms: int
) -> None:
    """Tell the sender that these are at the other site, though it has taken their hand-over back; of each once."""
    new = _unnoticed(connection, home, things) - _told(connection, home, number, ARRIVED)
    version = papers.versions(connection, to, "receipt_result", number)
    _tell(connection, home, to, f"{number}/{version}", dict.fromkeys(new), operator=operator, now_ms=now_ms)


def _unnoticed(connection: sa.Connection, home: str, things: Iterable[str]) -> set[str]:
    """Of what arrived and did not leave by the sender's records, what these have in stock; of a carton that alone."""
    states = carried_states(connection, home, things)
    still = {thing for thing, state in states.items() if state.status in IN_STOCK}
    return {thing for thing in still if states[thing].place not in still}


def _emptied(
    connection: sa.Connection, home: str, cartons: Iterable[str], notice: tuple[str, str]
) -> dict[str, int | None]:
    """Containers that left by the sender's records, which do not say yet that they arrived.

    Where one comes back to it, what had left in it stayed there.

    Args:
        notice: the site, and the number, under which they arrived.

    Returns:
        Of one that left once more since, a moment before that, Unix milliseconds: by then it had arrived, and what it
        left with then may not have. Of the others None.
    """
    states = carried_states(connection, home, filter(is_container, cartons))
    left_ms = {carton: state.left_ms for carton, state in states.items() if state.left_ms > state.emptied_ms}
    found: dict[str, int | None] = dict.fromkeys(left_ms)
    again = {carton for carton, told in last_told(connection, home, left_ms).items() if told[1:] != notice}
    around = containers_at(connection, home, again)
    for carton in again:
        by_ms = left_ms[carton] - 1
        then = around.carried(around.timelines[carton].at(by_ms), by_ms)
        if then is not None and then.left_ms > then.emptied_ms:  # else it was told of once more, and left once
            found[carton] = by_ms
    return found


def _tell(
    connection: sa.Connection,
    home: str,
    site: str,
    number: str,
    things: Mapping[str, int | None],
    *,
    operator: str | None,
    now_ms: int,
) -> None:
    """Write down at the sender that these arrived, and by when, where it matters."""
    rows = [
        {"subject": thing, "attributes": {"to_site": site} | ({"by_ms": ms} if ms else {}), "stated": True}
        for thing, ms in sorted(things.items())
    ]
    if rows:
        _write(connection, home, site, ARRIVED, number, rows, operator=operator, now_ms=now_ms)
        at = stamp(connection)
        rebuild(connection, home, things, at)
        earlier = {thing: ms for thing, ms in things.items() if ms is not None}
        rebuild(connection, home, contents.children(connection, home, earlier)[0] - things.keys(), at)


def _write(
    connection: sa.Connection,
    home: str,
    site: str,
    kind: str,
    number: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    operator: str | None,
    now_ms: int,
) -> None:
    papers.write(
        connection,
        site=home,
        kind=kind,
        number=number,
        action=_ACTION[kind],
        reason=f"{site} received it" if kind == ARRIVED else f"{site} closed its receipt",
        rows=rows,
        operator=operator,
        now_ms=now_ms,
    )


def arrived(connection: sa.Connection, site: str, things: Iterable[str]) -> set[str]:
    """Which of these units and cartons are at this site, or were since they were last announced to it."""
    states = carried_states(connection, site, things)
    return {thing for thing, state in states.items() if state.status not in (Status.SEEN, Status.ANNOUNCED)}


def _cartons_received(connection: sa.Connection, site: str, number: str) -> tuple[set[str], set[str]]:
    """The containers whose labels were scanned for a notice; and all that came by its scans.

    So did those in which something was, and what the notice says stood on the first.
    """
    came = [f.event for f in scans_of(connection, site, number, actions=["receive"])]
    scanned = {event.subject for event in came if event.subject and is_container(event.subject)}
    opened = {event.container for event in came if event.container}
    r, d = document_rows.c, documents.c
    stood: set[str] = set()
    for chunk in in_chunks(scanned):
        query = (
            sa.select(r.subject)
            .join(documents, d.digest == r.document)
            .where(r.site == site, r.container.in_(chunk), d.kind == "asn", d.number == number)
        )
        stood.update(filter(is_container, connection.execute(query).scalars()))
    return scanned, scanned | opened | stood


def _pieces_missing(connection: sa.Connection, home: str, number: str, lines: Iterable[ReportLine]) -> dict[str, int]:
    """How many of each product or lot did not arrive; nought of what was told before and is here by now."""
    lacking = {
        line.subject: line.expected_quantity - line.quantity
        for line in lines
        if is_stock(line.subject) and line.quantity < line.expected_quantity
    }
    return dict.fromkeys(filter(is_stock, _told(connection, home, number, MISSING)), 0) | lacking


def _told(connection: sa.Connection, home: str, number: str, kind: str) -> set[str]:
    """Units and pieces of which it was said before that they had arrived, or had not."""
    query = (
        sa.select(document_rows.c.subject)
        .join(documents, documents.c.digest == document_rows.c.document)
        .where(documents.c.site == home, documents.c.kind == kind)
        .where(documents.c.number.startswith(f"{number}/", autoescape=True))
    )
    return set(connection.execute(query).scalars())
