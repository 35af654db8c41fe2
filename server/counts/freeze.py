"""Freeze a report: the rows of a version that never changes, and whether there is anything new to freeze."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from server import papers
from server.counts import still
from server.counts.compare import Line, ReportLine
from server.counts.plan import CountError
from server.counts.still import Quiet, Still
from sync.identity import is_stock

if TYPE_CHECKING:
    from server.counts.report import BinReport, Reckoned


def freeze(found: Reckoned) -> dict[str, Any]:
    """First row of a frozen count: its totals bin by bin, and exactly what they rest on."""
    return papers.basis(found) | {
        "sort": found.plan.sort.value,
        "bins": {b.share.place: _bin(b, found.quiet.get(b.share.place)) for b in found.bins},
        "moves": [asdict(move) for move in found.moves],
        "variance": asdict(found.variance),
        "recounts": found.recounts,
        "refused": found.refused,
        "counters": list(found.counters),
    }


def _bin(found: BinReport, quiet: Still | None) -> dict[str, Any]:
    interval = found.interval
    return asdict(found.tally) | {
        "counted": found.counted,
        "opened_ms": interval.opened_ms if interval else None,
        "finished_ms": interval.finished_ms if interval else None,
        "last_ms": interval.last_ms if interval else None,
        "people": list(interval.people) if interval else [],
        "devices": list(interval.devices) if interval else [],
        "unheard": list(found.unheard),
        "recounted": found.recounted,
        "quiet": quiet.units if quiet else 0,
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


def line_of(said: Mapping[str, Any]) -> ReportLine:
    """The line that such a row says, of its attributes."""
    lists = {name: tuple(value) for name, value in said.items() if isinstance(value, list)}
    return ReportLine(**{**said, **lists, "kind": Line(said["kind"])})


def rows(found: Reckoned, head: Mapping[str, Any]) -> list[papers.Row]:
    """The rows of a frozen result in their order, the first one with this; units of which all is quiet bin by bin."""
    return [{"subject": found.number, "attributes": head}, *map(result_row, found.looked_at), *still.rows(found.quiet)]


def is_stated(subject: str, kind: str, place: str | None) -> bool:
    """Whether a line of a frozen result is a fact of its subject's history; pieces that a receipt lacks are none."""
    return place is not None if is_stock(subject) else kind == Line.MISSING


def next_version(connection: sa.Connection, site: str, kind: str, number: str, rows: Sequence[papers.Row]) -> int:
    """The version that these rows of a result will be.

    Raises:
        CountError: the latest one says the same, and rests on the same scans.
    """
    version = papers.versions(connection, site, kind, number)
    if version and _says_the_same(papers.rows_of(connection, site, kind, f"{number}/{version}"), rows):
        raise CountError(f"{number} is closed; nothing has changed since version {version}.")
    return version + 1


def _says_the_same(old: Iterable[still.Row], new: Iterable[papers.Row]) -> bool:
    """Whether two results rest on the same scans and have the same lines, whether or not a unit was quiet for them."""
    (one, once), (other, then) = _said(old), _said(new)
    both = once & then
    return all(
        x(one, once - both) == x(other, then - both) for x in (_scans, _lines)
    )  # fmt: skip


def _said(rows: Iterable[still.Row | papers.Row]) -> tuple[list[Mapping[str, Any]], set[Quiet]]:
    """Attributes of the rows, and the quiet units."""
    spelt_out: list[Mapping[str, Any]] = []
    quiet: set[Quiet] = set()
    for row in rows:
        if isinstance(row, papers.Packed):
            quiet.update(still.frozen({"subject": row.place, "attributes": json.loads(row.attributes)}))
        elif still.is_packed(row):
            quiet.update(still.frozen(row))
        else:
            spelt_out.append(row["attributes"])
    return spelt_out, quiet


def _scans(said: Sequence[Mapping[str, Any]], quiet: Iterable[Quiet]) -> set[str]:
    return {*said[0]["scans"], *(unit.mark for unit in quiet)}


def _lines(said: Sequence[Mapping[str, Any]], quiet: Iterable[Quiet]) -> Counter[str]:
    lines = [*said[1:], *(asdict(unit.line) for unit in quiet)]
    return Counter(json.dumps(line, sort_keys=True) for line in lines)
