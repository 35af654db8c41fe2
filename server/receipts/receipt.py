"""Receipts: what an ASN or a purchase order announced against what was received under it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from server import catalogue, papers, piece_cases
from server.counts.compare import RECEIPT_KINDS, Line, ReportLine, totals
from server.counts.freeze import next_version, result_row
from server.database import lock, stamp
from server.ledger import history
from server.rebuild import rebuild
from server.receipts import evidence, notice, sampling
from server.receipts.cartons import CartonProgress, cartons_of, with_pieces
from server.receipts.evidence import Received
from server.receipts.lines import CartonPieces, ReceiptLine, piece_lines, pieces_by_carton, unit_lines
from server.receipts.notice import Notice
from server.transfers import arrival
from sync.sampling import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptReport:
    """What came of a notice, and what that rests on."""

    number: str
    kind: str
    """`asn` or `purchase_order`."""
    supplier: str | None
    asns: tuple[str, ...]
    """Notices that fulfil the purchase order; their scans are in this report."""
    lines: list[ReceiptLine]
    totals: Mapping[str, int]
    cartons: list[CartonProgress]
    pieces: list[CartonPieces]
    """What has no serial numbers, in each carton that it was announced in."""
    people: list[tuple[str | None, int, int, int]]
    """Who receives: name, handheld, scans, moment of the last."""
    unheard: list[str]
    heads: Mapping[str, int]
    scans: list[str]

    @property
    def differences(self) -> list[ReceiptLine]:
        """Lines that are not as announced: what a claim to the supplier can be about."""
        return [line for line in self.lines if line.kind is not Line.MATCHED or line.damaged]

    @property
    def strangers(self) -> list[CartonProgress]:
        """Cartons whose labels were scanned for it, and that it does not announce."""
        return [carton for carton in self.cartons if carton.here and not carton.announced]


def report(connection: sa.Connection, *, site: str, number: str) -> ReceiptReport:
    """What came of a notice so far, carton by carton.

    Raises:
        CountError: no notice of that number was imported.
    """
    due = notice.read(connection, site, number)
    came = evidence.read(connection, site, due, None)
    rule = sampling.rules(connection, site).of(due.supplier)
    cartons = cartons_of(due, came, rule)
    opened = {c.key for c in cartons if rule.mode is Mode.ALL and c.read}
    lines = _lines(connection, site, due, came, cartons, opened)
    pieces = pieces_by_carton(due, came, lines)
    return ReceiptReport(
        number=number,
        kind=due.kind,
        supplier=due.supplier,
        asns=due.asns,
        lines=lines,
        totals=totals(lines, RECEIPT_KINDS),
        cartons=with_pieces(cartons, pieces),
        pieces=pieces,
        people=_people(came),
        unheard=papers.unheard(connection, site, came.last_ms),
        heads=papers.heads(connection, site),
        scans=[papers.mark(f) for f in came.scans],
    )


def _lines(
    connection: sa.Connection,
    site: str,
    due: Notice,
    came: Received,
    cartons: Sequence[CartonProgress],
    opened: Collection[str],
) -> list[ReceiptLine]:
    short_of_sample = {c.key for c in cartons if not c.is_sampled}
    fillers, strangers = piece_lines(due, came)
    known = _known(connection, site, came, due.numbers)
    lines = unit_lines(due, came, strangers, known, held=short_of_sample, opened=opened)
    order = list(Line)
    return sorted([*lines, *fillers], key=lambda line: (order.index(line.kind), line.subject, line.expected or ""))


def _people(came: Received) -> list[tuple[str | None, int, int, int]]:
    seen: dict[tuple[str | None, int], list[int]] = {}
    for fact in came.scans:
        seen.setdefault((fact.event.operator, fact.name[0]), []).append(fact.event_ms)
    people = [(name, device, len(moments), max(moments)) for (name, device), moments in seen.items()]
    return sorted(people, key=lambda p: (-p[3], p[0] or "", p[1]))


def _known(connection: sa.Connection, site: str, came: Received, numbers: Collection[str]) -> set[str]:
    """Units of which something was known before they were received, beside what this notice says."""
    first: dict[str, int] = {}
    for unit, fact in came.units:
        first.setdefault(unit, fact.event_ms)
    found = history(connection, site, first)
    return {
        name
        for name, moment in first.items()
        if any(f.event_ms < moment and f.event.document not in numbers for f in found.get(name, ()))
    }


def close_receipt(
    connection: sa.Connection, *, site: str, number: str, operator: str | None, now_ms: int
) -> ReceiptReport:
    """Freeze the next version of a receipt's report; no more of the notice is awaited.

    Raises:
        CountError: no notice of that number was imported, or it is closed and nothing changed since.
    """
    lock(connection, site, [number])
    found = report(connection, site=site, number=number)
    head = {"subject": number, "attributes": papers.basis(found)}
    rows = [
        result_row(replace(line, provisional=line.kind is Line.MISSING and bool(found.unheard))) for line in found.lines
    ]
    version = next_version(connection, site, "receipt_result", number, [head, *rows])
    papers.write(
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
    piece_cases.refold_told(connection, site, (), at, closed=[number])
    catalogue.publish_notice(connection, site, number, at)
    arrival.report_back(
        connection,
        site=site,
        number=number,
        version=version,
        lines=found.lines,
        operator=operator,
        now_ms=now_ms,
    )
    return found


__all__ = ["ReceiptReport", "ReportLine", "close_receipt", "report"]
