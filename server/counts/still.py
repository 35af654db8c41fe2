"""The quiet units of a count (`quiet`), packed bin by bin: of a large count they are nearly all there is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from server import papers
from server.counts.compare import Alike, Line, ReportLine, in_order
from sync.event import INT_MAX

Row = Mapping[str, Any] | sa.RowMapping
LINES_MAX: Final = 10_000
"""Lines of one report in an answer of the API; the lists `count_lines` and `count_version_lines` have them all."""


class Quiet(NamedTuple):
    """One such unit, and the one scan of the count that saw it."""

    subject: str
    place: str
    event: str
    """Name of the scan."""
    mark: str
    facts: tuple[str, ...]
    """Marks of the scans outside the count that brought it there."""

    @property
    def line(self) -> ReportLine:
        """What the report says of it."""
        return _line(self.place, self.subject, (self.event,), self.facts)


def _line(place: str, subject: str = "", seen: tuple[str, ...] = (), facts: tuple[str, ...] = ()) -> ReportLine:
    return ReportLine(
        kind=Line.MATCHED, subject=subject, expected=place, seen=(place,), events=seen, facts=facts
    )  # fmt: skip


Moment = tuple[int, int, int, int]
"""When a scan was made, and its name."""


@dataclass(slots=True)
class Still:
    """Those of one bin."""

    place: str
    packed: list[str] = field(default_factory=list)
    """Of each unit JSON: its name, the scan's name and mark, and the marks of the scans before."""
    settled_ms: int = 0
    """When all was over that had happened to any of them before."""
    opened_ms: int = INT_MAX
    """As in an `Interval`, of the scans that saw them; so are the next two."""
    finished_ms: int = 0
    last_ms: int = 0
    people: dict[str, Moment] = field(default_factory=dict)
    """Who scanned them, each with when and by which scan first."""

    @property
    def units(self) -> int:
        return len(self.packed)

    @property
    def text(self) -> str:
        """All of them as JSON."""
        return f"[{','.join(self.packed)}]"


def units_in(found: Iterable[Still]) -> Iterator[Quiet]:
    """Each of these units, bin by bin."""
    for still in found:
        yield from _unpacked(still.place, json.loads(still.text))


def _unpacked(place: str, entries: Iterable[Sequence[str]]) -> Iterator[Quiet]:
    for subject, event, mark, *facts in entries:
        yield Quiet(subject, place, event, mark, tuple(facts))


def first_lines(looked_at: Iterable[ReportLine], units: Iterable[Quiet], most: int = LINES_MAX) -> list[ReportLine]:
    """So many lines by kind and subject; where there are more, what differs is not left out for what matched."""
    differing_first = sorted(looked_at, key=lambda line: line.kind is Line.MATCHED)
    return in_order(islice(chain(differing_first, (unit.line for unit in units)), most))


def alike(found: Iterable[Still]) -> Alike:
    """The line of a unit in each bin, and how many there are."""
    return [(_line(still.place), still.units) for still in found]


PACKED: Final = "quiet"
"""Attribute of a frozen row that holds the quiet units of a bin."""


def rows(found: Mapping[str, Still]) -> list[papers.Packed]:
    """The rows of a frozen result that say it, one a bin."""
    return [papers.Packed(place, f'{{"{PACKED}":{found[place].text}}}') for place in sorted(found)]


def is_packed(row: Row) -> bool:
    """Whether a row of a frozen result holds the quiet units of a bin."""
    return PACKED in (row["attributes"] or {})


def frozen(row: Row) -> Iterator[Quiet]:
    """The units in such a row."""
    return _unpacked(row["subject"], row["attributes"][PACKED])
