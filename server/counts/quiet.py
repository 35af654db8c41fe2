"""Quiet units of a count: nothing is to be found out of them.

They lay in their bin before it was opened and were seen there once, and that is all that happened to them since.
Most units of a count are such. They are told by the stored rows, all of them together, so that only the others have
their histories replayed (`due`). What is told here is nothing but that: a unit of which it cannot be shown for certain
goes the long way, and comes to the same line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any, Final, NamedTuple, cast

import sqlalchemy as sa

from server import papers
from server.counts.compare import Alike, Expected, ReportLine, Sighting, compare
from server.counts.scans import Evidence
from server.database import SITE
from server.ledger import SERVER_DEVICE
from server.stated import ROW_ACTION
from server.tables import document_rows, documents, events, identifier_claims, unit_states
from sync.actions import ACTIONS
from sync.event import INT_MAX, ScanEvent
from sync.identity import is_container, is_stock
from sync.protocol import Outcome
from sync.unit import IN_STOCK, Status, UnitState


class Quiet(NamedTuple):
    """One such unit, and the one scan of the count that saw it."""

    subject: str
    place: str
    event: str
    """Name of the scan."""
    facts: tuple[str, ...]
    """Marks of the scans outside the count that brought it there."""


def line(still: Quiet) -> ReportLine:
    """What the report says of it."""
    seen = Sighting(unit=still.subject, place=still.place, event=still.event, known=True, belongs=still.place)
    (line,) = compare([Expected(unit=still.subject, place=still.place)], [seen])
    return replace(line, facts=still.facts)


BLANK: Final = Quiet("\0subject", "\0place", "\0event", cast("tuple[str, ...]", "\0facts"))
"""Stands for any of them in a stencil (`papers`)."""


def lines(found: Iterable[Quiet]) -> list[ReportLine]:
    """The line of each of these units."""
    return list(map(line, found))


def alike(found: Iterable[Quiet]) -> Alike:
    """The line of one unit in each bin, and how many there are."""
    samples: dict[str, Quiet] = {}
    counted = Counter(samples.setdefault(still.place, still).place for still in found)
    return [(line(samples[place]), times) for place, times in counted.items()]


_UNSETTLING: Final = frozenset({"void", "settle", "reopen", "link", "unlink"})
"""Actions that change what other facts of a history mean."""
_PLAIN: Final = ("stock", "asn", "count_result", "take_on")
"""Kinds of documents whose rows change nothing but what is known of the unit itself."""

_scan, _other, _row, _paper, _claim = (
    events.alias("scan"),
    events.alias("other"),
    document_rows.alias("said"),
    documents.alias("paper"),
    identifier_claims.alias("claimed"),
)
_UNSURE_UNTIL: Final = (
    sa.select(
        sa.func.max(
            sa.case(
                (_paper.c.kind.notin_(_PLAIN) | (_paper.c.event_ms >= sa.bindparam("opened")), INT_MAX),
                (_row.c.container.isnot(None), _paper.c.event_ms),
            )
        )
    )
    .join(_paper, _paper.c.digest == _row.c.document)
    .where(_row.c.site == SITE, _row.c.subject == _scan.c.subject, _row.c.stated, _paper.c.event.isnot(None))
    .scalar_subquery()
)
"""Until when documents leave it open where a unit is: since they put it into a container, or for ever."""
_QUIET: Final = (
    sa.select(
        _scan.c.subject,
        _UNSURE_UNTIL.label("unsure_ms"),
        *(_other.c[name] for name in ("event_ms", "device_no", "epoch", "seq", "digest", "uncertainty_ms", "action")),
        *(_other.c[name] for name in ("outcome", "location", "container", "document", "voids")),
        _other.c.identifiers.isnot(None).label("named"),
    )
    .select_from(_scan)
    .join(
        unit_states,
        (unit_states.c.site == SITE)
        & (unit_states.c.unit == _scan.c.subject)
        & (unit_states.c.place == _scan.c.location)
        & (unit_states.c.expected == _scan.c.location)
        & unit_states.c.status.in_(IN_STOCK),
    )
    .outerjoin(
        _other,
        (_other.c.site == SITE) & (_other.c.subject == _scan.c.subject) & (_other.c.digest != _scan.c.digest),
    )
    .where(
        _scan.c.site == SITE,
        _scan.c.document == sa.bindparam("number"),
        _scan.c.action == "count",
        _scan.c.outcome == Outcome.ACCEPTED,
        ~sa.exists().where(_claim.c.site == SITE, _claim.c.name == _scan.c.subject),
        ~sa.exists().where(_claim.c.site == SITE, _claim.c.unit == _scan.c.subject),
    )
)
"""Each unit that a scan of the count saw where it belongs, with every other scan of it, a row for each."""
_FOLDING: Final = (
    sa.select(documents.c.digest)
    .where(documents.c.site == SITE, documents.c.kind.in_(ROW_ACTION), documents.c.event.isnot(None))
    .where(documents.c.folded_rows < documents.c.rows)
    .limit(1)
)


def quiet_of(connection: sa.Connection, site: str, number: str, evidence: Evidence) -> dict[str, Quiet]:
    """The quiet units of a count that has no version yet, by name."""
    first_ms = min((i.opened_ms for i in evidence.intervals.values()), default=0)
    if not evidence.intervals or connection.execute(_FOLDING, {"site": site}).first():
        return {}  # what is stored of some units is older than what the ledger says
    unsure: dict[str, int | None] = {}
    others: dict[str, list[Any]] = {}
    for row in connection.execute(_QUIET, {"site": site, "number": number, "opened": first_ms}):
        unsure[row.subject] = row.unsure_ms
        if row.event_ms is not None:
            others.setdefault(row.subject, []).append(row)
    found: dict[str, Quiet] = {}
    for scan in evidence.standing:
        unit, place = scan.subject, scan.location
        if scan.action != "count" or unit not in unsure or place is None or place in evidence.recounted:
            continue
        before = others.get(unit, ())
        opened_ms = evidence.intervals[place].opened_ms
        if (before or unsure[unit]) and not _is_settled(before, unsure[unit] or 0, opened_ms, evidence.family):
            continue
        if not is_stock(unit) and not is_container(unit):
            found[unit] = Quiet(unit, place, scan.name, _marks(before))
    return found


def _is_settled(before: Iterable[Any], unsure_ms: int, opened_ms: int, family: frozenset[str]) -> bool:
    """Whether these scans were all made before the bin was opened, and the unit lay in no container after them."""
    put_ms = 0
    for row in before:
        if (
            row.event_ms + row.uncertainty_ms >= opened_ms
            or row.outcome != Outcome.ACCEPTED
            or row.action in _UNSETTLING
            or row.voids is not None
            or row.named
            or row.document in family
        ):
            return False
        if row.container is not None:
            unsure_ms = max(unsure_ms, row.event_ms)
        elif row.location is not None and row.action in _putting():
            put_ms = max(put_ms, row.event_ms)
    return put_ms > unsure_ms or unsure_ms == 0


def _marks(before: Iterable[Any]) -> tuple[str, ...]:
    scans = [row for row in before if row.device_no != SERVER_DEVICE]
    return tuple(papers.mark(row) for row in sorted(scans, key=lambda r: (r.event_ms, r.device_no, r.epoch, r.seq)))


@cache
def _putting() -> frozenset[str]:
    """Actions after which a unit is in the place that they name, whatever was known of it."""
    found = set()
    for name, what in ACTIONS.items():
        event = ScanEvent(
            device_no=1, epoch=1, seq=1, action=name, subject="unit", location="bin", wall_ms=0, boot="", boot_ms=0
        )
        if all(what.apply(UnitState(status=status, place="box"), event).place == "bin" for status in Status):
            found.add(name)
    return frozenset(found)
