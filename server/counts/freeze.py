"""Freeze a report: the rows of a version that never changes, and whether there is anything new to freeze."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from server import papers
from server.counts import quiet
from server.counts.compare import Line, ReportLine
from server.counts.plan import CountError
from sync.identity import is_stock

if TYPE_CHECKING:
    from server.counts.reports import BinReport, CountReport


def freeze(found: CountReport) -> dict[str, Any]:
    """First row of a frozen count: its totals bin by bin, and exactly what they rest on."""
    return papers.basis(found) | {
        "sort": found.plan.sort.value,
        "bins": {b.share.place: _bin(b) for b in found.bins},
        "moves": [asdict(move) for move in found.moves],
        "variance": asdict(found.variance),
        "recounts": found.recounts,
        "counters": list(found.counters),
    }


def _bin(found: BinReport) -> dict[str, Any]:
    interval = found.interval
    return asdict(found.tally) | {
        "counted": found.counted,
        "opened_ms": interval.opened_ms if interval else None,
        "finished_ms": interval.finished_ms if interval else None,
        "people": list(interval.people) if interval else [],
        "unheard": list(found.unheard),
        "recounted": found.recounted,
    }


def result_row(line: ReportLine) -> dict[str, Any]:
    """One line of a frozen result.

    A unit that is missing becomes a fact of its history, and so does how many pieces lie loose in a bin. Where some
    moved while it was counted nobody can say how many: the line then only takes back what an earlier version said.
    """
    stated = is_stated(line.subject, line.kind, line.expected)
    says = stated and is_stock(line.subject) and line.kind is not Line.IN_MOTION
    return {
        "subject": line.subject,
        "location": line.expected,
        "quantity": line.quantity - line.boxed if says else None,
        "stated": stated,
        "attributes": asdict(line),
    }


def rows(found: CountReport, head: Mapping[str, Any]) -> list[papers.Row]:
    """The rows of a frozen result in their order, the first one with this."""
    stencil = papers.Stencil(result_row(quiet.line(quiet.BLANK)), quiet.BLANK)
    matched = [line for line in found.looked_at if line.kind is Line.MATCHED]
    last = [line for line in found.looked_at if line.kind is not Line.MATCHED]
    every: list[ReportLine | quiet.Quiet] = [*matched, *found.quiet.values()]
    every.sort(key=attrgetter("subject"))
    every += last
    said = (papers.Alike(stencil, each) if isinstance(each, quiet.Quiet) else result_row(each) for each in every)
    return [{"subject": found.number, "attributes": head}, *said]


def is_stated(subject: str, kind: str, place: str | None) -> bool:
    """Whether a line of a frozen result is a fact of its subject's history; pieces that a receipt lacks are none."""
    return place is not None if is_stock(subject) else kind == Line.MISSING


def next_version(
    connection: sa.Connection, site: str, kind: str, number: str, rows: Sequence[Mapping[str, Any]]
) -> int:
    """The version that these rows of a result will be.

    Raises:
        CountError: the latest one says the same, and rests on the same scans.
    """
    version = papers.versions(connection, site, kind, number)
    if version:
        (old_head, *old_rows) = papers.rows_of(connection, site, kind, f"{number}/{version}")
        (head, *new_rows) = rows
        before = [old_head["attributes"]["scans"], *(row["attributes"] for row in old_rows)]
        after = [head["attributes"]["scans"], *(row["attributes"] for row in new_rows)]
        if before == json.loads(json.dumps(after)):  # as a column keeps them: lists for tuples
            raise CountError(f"{number} is closed; nothing has changed since version {version}.")
    return version + 1
