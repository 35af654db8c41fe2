"""Quiet units of a count: nothing is to be found out of them.

They lay in their bin before it was opened and were seen there once, and that is all that happened to them since.
Most units of a count are such. One statement tells them by the stored rows and streams them; they are packed bin by
bin, for a large count has a million, and only the others' histories are replayed (`due`). What is told here is nothing
but that: a unit of which it cannot be shown for certain goes the long way, and comes to the same line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from itertools import chain, groupby
from json.encoder import encode_basestring_ascii
from operator import itemgetter
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from server.counts import scans
from server.counts.plan import Plan
from server.counts.scans import Evidence, Scan
from server.counts.still import Moment, Still
from server.database import SITE
from server.ledger import FOLDED, SERVER_DEVICE, name_in
from server.stated import ROW_ACTION
from server.tables import document_rows, documents, events, identifier_claims, unit_states
from sync.actions import ACTIONS
from sync.event import INT_MAX, ScanEvent
from sync.identity import is_container
from sync.protocol import Outcome
from sync.unit import IN_STOCK, Status, UnitState

_UNSETTLING: Final = frozenset({"void", "settle", "reopen", "link", "unlink"})
"""Actions that change what other facts of a history mean."""
_PLAIN: Final = ("stock", "asn", "count_result", "take_on")
"""Kinds of documents whose rows change nothing but what is known of the unit itself."""
_FRAME: Final = tuple(name for name in scans.SCANS if name != "count")
ROWS_AT_ONCE: Final = 5_000


@cache
def _putting() -> tuple[str, ...]:
    """Actions after which a unit is in the place that they name, whatever was known of it."""
    return tuple(sorted(name for name in ACTIONS if all(_puts(name, status) for status in Status)))


def _puts(action: str, status: Status) -> bool:
    """Whether a unit of this status that was in a box is then in the bin that the action names."""
    event = ScanEvent(
        device_no=1, epoch=1, seq=1, action=action, subject="unit", location="bin", wall_ms=0, boot="", boot_ms=0
    )
    return ACTIONS[action].apply(UnitState(status=status, place="box"), event).place == "bin"


_scan, _other, _row, _paper, _claim, _undo = (
    events.alias("scan"),
    events.alias("other"),
    document_rows.alias("said"),
    documents.alias("paper"),
    identifier_claims.alias("claimed"),
    events.alias("undo"),
)
_UNDONE: Final = (
    sa.exists()
    .where(_undo.c.voids == name_in(_scan), _undo.c.site == SITE, _undo.c.outcome.in_(FOLDED))
    .correlate(_scan)
)  # fmt: skip
_SETTLED: Final = sa.case(
    (
        unit_states.c.unit.isnot(None)
        & (_scan.c.outcome == Outcome.ACCEPTED)
        & ~sa.exists().where(_claim.c.site == SITE, _claim.c.name == _scan.c.subject)
        & ~sa.exists().where(_claim.c.site == SITE, _claim.c.unit == _scan.c.subject),
        1,
    ),
    else_=0,
)
"""Whether the stored rows put it where it was seen, and it bears no other name."""
_SAID_MS: Final = sa.case((_paper.c.kind.notin_(_PLAIN), INT_MAX), else_=_paper.c.event_ms)
_OTHER_MS: Final = sa.case(
    (
        (_other.c.outcome != Outcome.ACCEPTED)
        | _other.c.action.in_(_UNSETTLING)
        | _other.c.voids.isnot(None)
        | _other.c.identifiers.isnot(None)
        | _other.c.document.in_(sa.bindparam("family", expanding=True)),
        INT_MAX,
    ),
    else_=_other.c.event_ms + _other.c.uncertainty_ms,
)
"""Until when something else may have happened to it; for ever, where that may mean anything."""


def _raw(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """As the driver gives it: of a million rows SQLAlchemy looks at no value."""
    return sa.type_coerce(value, sa.types.NULLTYPE)


_STREAM: Final = (
    sa.select(
        *(
            _raw(_scan.c[name])
            for name in ("digest", "event_ms", "device_no", "epoch", "seq", "uncertainty_ms", "subject")
        ),
        *(_scan.c[name] for name in ("location", "quantity", "opening", "operator")),
        _SETTLED.label("settled"),
        sa.case((_UNDONE, 1), else_=0).label("undone"),
        _SAID_MS.label("said_ms"),
        _row.c.container.label("said_in"),
        _raw(_other.c.digest),
        _OTHER_MS.label("until_ms"),
        *(_other.c[name] for name in ("event_ms", "device_no", "epoch", "seq")),
        _raw(_other.c.container.isnot(None)),
        _raw(_other.c.location.isnot(None) & _other.c.action.in_(sa.bindparam("putting", expanding=True))),
        _raw(_other.c.about.isnot(None)),
    )
    .select_from(_scan)
    .outerjoin(
        unit_states,
        (unit_states.c.site == SITE)
        & (unit_states.c.unit == _scan.c.subject)
        & (unit_states.c.place == _scan.c.location)
        & (unit_states.c.expected == _scan.c.location)
        & unit_states.c.status.in_(IN_STOCK),
    )
    .outerjoin(_row, (_row.c.site == SITE) & (_row.c.subject == _scan.c.subject) & _row.c.stated)
    .outerjoin(_paper, (_paper.c.digest == _row.c.document) & _paper.c.event.isnot(None))
    .outerjoin(
        _other,
        (_other.c.site == SITE) & (_other.c.subject == _scan.c.subject) & (_other.c.digest != _scan.c.digest),
    )
    .where(
        _scan.c.site == SITE,
        _scan.c.document == sa.bindparam("number"),
        _scan.c.action == "count",
        _scan.c.outcome.in_(FOLDED),
    )
)
"""Each scan of the count, with what else is known of what it saw: a row for each pair of a stated row and a scan."""
_IN_ORDER: Final = {
    "sqlite": _STREAM.order_by(_scan.c.event_ms),  # it goes from scan to scan, and so keeps a scan's rows together
    "postgresql": _STREAM.order_by(*(_scan.c[name] for name in ("event_ms", "device_no", "epoch", "seq", "digest"))),
}
_FOLDING: Final = (
    sa.select(documents.c.digest)
    .where(documents.c.site == SITE, documents.c.kind.in_(ROW_ACTION), documents.c.event.isnot(None))
    .where(documents.c.folded_rows < documents.c.rows)
    .limit(1)
)


class Gathered(NamedTuple):
    """The scans of a count as they came, without those of quiet units."""

    scans: list[Scan]
    undone: list[str]
    """Names of those that somebody undid."""
    still: dict[str, Still]


def gather(
    connection: sa.Connection,
    site: str,
    planned: Plan,
    recounts: Sequence[Plan],
    *,
    speaking: Collection[str] | None = None,
) -> Evidence:
    """What was scanned for a count (`scans.gather`), the quiet units packed by bin."""
    again = scans.counted_again(connection, site, recounts, speaking=speaking)
    frame = scans.said(connection, site, planned.number, actions=_FRAME)
    frame += scans.undos_of(connection, site, [scan.name for scan in frame])
    openings = _openings(planned, frame, again.speaks)
    if not openings or connection.execute(_FOLDING, {"site": site}).first():
        # what is stored may be older than the ledger
        return scans.gather(connection, site, planned, recounts, speaking=speaking)
    family = again.family | {planned.number}
    found = _stream(connection, site, planned.number, openings, family)
    while True:
        undos = scans.undos_of(connection, site, found.undone)
        own = scans.effective_of([*frame, *found.scans, *undos])
        seen = frozenset(str(scan.subject) for scan in found.scans)
        evidence = scans.evidence(planned, again, own, still=found.still, looked_at=seen)
        unsure = {
            place for place, still in found.still.items() if still.settled_ms >= evidence.intervals[place].opened_ms
        }
        if not unsure:
            return evidence
        openings = {place: scan for place, scan in openings.items() if place not in unsure}
        found = _stream(connection, site, planned.number, openings, family)


def _openings(planned: Plan, frame: Iterable[Scan], recounted: Collection[str]) -> dict[str, Scan]:
    """The bins that were opened once, by somebody who may, with the opening; a unit in another bin is never quiet."""
    free = {share.place for share in planned.shares if not share.refused} - set(recounted)
    targets = {scan.voids for scan in frame if scan.voids is not None}
    opened: dict[str, list[Scan]] = {}
    for scan in frame:
        if scan.action == "open_bin" and scan.location in free:
            opened.setdefault(str(scan.location), []).append(scan)
    return {place: one[0] for place, one in opened.items() if len(one) == 1 and one[0].name not in targets}


def _stream(
    connection: sa.Connection, site: str, number: str, openings: Mapping[str, Scan], family: Collection[str]
) -> Gathered:
    """Every scan of the count, and of the quiet units only what is kept of them."""
    asked = {"site": site, "number": number, "family": sorted(family), "putting": _putting()}
    bins = {scan.name: (scan.event_ms - scan.uncertainty_ms, Still(place)) for place, scan in openings.items()}
    loud: list[Scan] = []
    undone: list[str] = []
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL cursor_tuple_fraction = 1")  # every row is wanted, not the first soon
    found = connection.execute(_IN_ORDER[connection.dialect.name].execution_options(yield_per=ROWS_AT_ONCE), asked)
    for _, alike in groupby(chain.from_iterable(found.partitions()), itemgetter(0)):
        rows = list(alike)  # a loop of a million turns: what it calls is dearer than what it does
        (
            digest, event_ms, device_no, epoch, seq, uncertainty_ms, subject, place, quantity, opening, operator,
            is_settled, is_undone, said_ms, said_in, other, *_,
        ) = rows[0]  # fmt: skip
        if is_settled and not is_undone and opening in bins:
            opened_ms, still = bins[opening]
            settled_ms, marks = said_ms or 0, ""
            if other is not None or said_in is not None or len(rows) > 1:
                settled_ms, marks = _before(rows)
            if settled_ms < opened_ms and still.place == place and not ("/00/" in subject and is_container(subject)):
                still.packed.append(
                    f'[{encode_basestring_ascii(subject)},"{device_no}.{epoch}.{seq}","{digest[:8].hex()}"{marks}]'
                )
                still.settled_ms = max(still.settled_ms, settled_ms)
                still.opened_ms = min(still.opened_ms, event_ms - min(uncertainty_ms, scans.CLOCK_MS_MAX))
                still.finished_ms = max(still.finished_ms, event_ms + min(uncertainty_ms, scans.CLOCK_MS_MAX))
                still.last_ms = max(still.last_ms, event_ms)
                if operator is not None and operator not in still.people:
                    still.people[operator] = (event_ms, device_no, epoch, seq)
                continue
        scan = Scan(
            event_ms, device_no, epoch, seq, digest, uncertainty_ms, "count", subject, place, quantity, number,
            opening, operator, None,
        )  # fmt: skip
        loud.append(scan)
        undone += [scan.name] if is_undone else []
    return Gathered(loud, undone, {still.place: still for _, still in bins.values() if still.packed})


_SAID_AT: Final = 13
"""Where in a row of `_STREAM` it begins to say what else is known of the unit."""


def _before(rows: Sequence[Any]) -> tuple[int, str]:
    """When all was settled that happened to a unit before, and the marks of those scans as JSON.

    Never, where it is not for certain in its bin: it may lie in a container since.

    Args:
        rows: of `_STREAM`, those of its one scan.
    """
    settled_ms = put_ms = boxed_ms = 0
    others: dict[bytes, tuple[Moment, bytes]] = {}
    for each in rows:
        said_ms, said_in, other, until_ms, *moment, boxed, put, stated_again = each[_SAID_AT:]
        settled_ms = max(settled_ms, said_ms or 0, until_ms if other is not None else 0)
        if said_in is not None:
            boxed_ms = max(boxed_ms, said_ms or 0)
        if other is None:
            continue
        if moment[1] != SERVER_DEVICE or stated_again:
            others[other] = (tuple(moment), other)
        if boxed:
            boxed_ms = max(boxed_ms, moment[0])
        elif put:
            put_ms = max(put_ms, moment[0])
    if boxed_ms and put_ms <= boxed_ms:
        return INT_MAX, ""
    marks = [digest[:8].hex() for _, digest in sorted(others.values())]
    return settled_ms, "".join(f',"{mark}"' for mark in marks)
