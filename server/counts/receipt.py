"""Receipts: what an ASN announced against what was received under it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from server.changes import publish
from server.counts import paper
from server.counts.compare import Expected, Line, Quantity, ReportLine, Sighting, compare, totals
from server.counts.freeze import next_version, result_row
from server.counts.plan import CountError
from server.counts.scans import scans_of
from server.database import stamp
from server.identifiers import owners
from server.ledger import history
from server.rebuild import lock, rebuild
from server.tables import reference
from sync.event import format_name
from sync.history import Fact
from sync.identity import is_container, is_stock, item_of, lot_key


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptReport:
    """What came of a notice, and what that rests on."""

    number: str
    lines: list[ReportLine]
    totals: Mapping[str, int]
    unheard: list[str]
    heads: Mapping[str, int]
    scans: list[str]


def report(connection: sa.Connection, *, site: str, number: str) -> ReceiptReport:
    """What came of a notice so far, carton by carton.

    Raises:
        CountError: no notice of that number was imported.
    """
    rows = paper.rows_of(connection, site, "asn", number)
    if not rows:
        raise CountError(f"There is no ASN {number}.")
    everything = scans_of(connection, site, number)
    scans = [f for f in everything if f.event.action == "receive" and f.event.subject]
    units = [r for r in rows if not is_stock(r["subject"]) and not is_container(r["subject"])]
    by_unit = {r["subject"]: r["container"] or number for r in units}
    open_items = {r["subject"] for r in rows if is_stock(r["subject"])}
    received = [f for f in scans if not is_stock(str(f.event.subject)) and not is_container(str(f.event.subject))]
    owned = owners(connection, site, {str(f.event.subject) for f in received})
    known = _known(connection, site, received, number)
    sightings: list[Sighting] = []
    fillers: dict[str, tuple[str, Fact]] = {}
    for fact in received:
        unit = owned.get(str(fact.event.subject), str(fact.event.subject))
        line = None if unit in by_unit else _line_of(unit, fact.event.lot, open_items)
        if line is None:
            sightings.append(_sighting(unit, fact, number, by_unit, known))
        else:
            fillers.setdefault(unit, (line, fact))  # a serial that fills a line given by quantity, once
    pieces = [(str(f.event.subject), f) for f in scans if is_stock(str(f.event.subject))]
    pieces = [(_line_of(subject, f.event.lot, open_items) or subject, f) for subject, f in pieces]
    lines = compare(
        [Expected(unit=unit, place=place) for unit, place in by_unit.items()],
        sightings,
        _quantities(rows, [*pieces, *fillers.values()]),
    )
    last = max((f.event_ms for f in scans), default=0)
    return ReceiptReport(
        number=number,
        lines=lines,
        totals=totals(lines),
        unheard=paper.unheard(connection, site, last),
        heads=paper.heads(connection, site),
        scans=[paper.mark(f) for f in everything],
    )


def close_receipt(
    connection: sa.Connection, *, site: str, number: str, operator: str | None, now_ms: int
) -> ReceiptReport:
    """Freeze the next version of a receipt's report; no more of the notice is awaited.

    Raises:
        CountError: no notice of that number was imported, or it is closed and nothing changed since.
    """
    lock(connection, site, [number])
    found = report(connection, site=site, number=number)
    head = {"subject": number, "attributes": paper.basis(found)}
    rows = [
        result_row(replace(line, provisional=line.kind is Line.MISSING and bool(found.unheard))) for line in found.lines
    ]
    version = next_version(connection, site, "receipt_result", number, [head, *rows])
    paper.write(
        connection,
        site=site,
        kind="receipt_result",
        number=f"{number}/{version}",
        action="close_receipt",
        rows=[head, *rows],
        operator=operator,
        now_ms=now_ms,
    )
    at = stamp(connection)
    rebuild(connection, site, [str(r["subject"]) for r in rows if r["stated"]], at)
    offered = (reference.c.site == site) & (reference.c.kind == "document") & (reference.c.key == number)
    row = connection.execute(sa.select(reference.c.row).where(offered)).scalar()
    if row:
        publish(connection, site, "document", number, row | {"state": "closed"}, at)
    return found


def _line_of(subject: str, lot: str | None, lines: Collection[str]) -> str | None:
    """The line given by quantity that this belongs to: of its own name, of its lot, or of its product."""
    item = item_of(subject)
    names = [subject, lot_key(item, lot) if item and lot else None, item]
    return next((name for name in names if name in lines), None)


def _known(connection: sa.Connection, site: str, received: Iterable[Fact], number: str) -> set[str]:
    """Names of which something was known before they were received, beside what this notice says."""
    first: dict[str, int] = {}
    for fact in received:
        first.setdefault(str(fact.event.subject), fact.event_ms)
    found = history(connection, site, first)
    return {
        name
        for name, moment in first.items()
        if any(f.event_ms < moment and f.event.document != number for f in found.get(name, ()))
    }


def _sighting(unit: str, fact: Fact, number: str, by_unit: Mapping[str, str], known: Collection[str]) -> Sighting:
    belongs = by_unit.get(unit)
    place = fact.event.container or belongs or number  # who scans no carton says nothing against the announced one
    return Sighting(
        unit=unit, place=place, event=format_name(fact.name), known=str(fact.event.subject) in known, belongs=belongs
    )


def _quantities(rows: Sequence[sa.RowMapping], scans: Sequence[tuple[str, Fact]]) -> list[Quantity]:
    """Lines without unit serials, summed over the notice."""
    due: dict[str, int] = {}
    for row in rows:
        if is_stock(row["subject"]):
            due[row["subject"]] = due.get(row["subject"], 0) + (row["quantity"] or 0)
    got: dict[str, list[Fact]] = {}
    for subject, fact in scans:
        got.setdefault(subject, []).append(fact)
    return [
        Quantity(
            subject=s,
            place=None,
            expected=due.get(s, 0),
            counted=sum(1 if f.event.quantity is None else f.event.quantity for f in got.get(s, ())),
            events=tuple(format_name(f.name) for f in got.get(s, ())),
        )
        for s in sorted(due.keys() | got.keys())
    ]
