"""Report things as stolen, at every site at once; and say that one was found.

A report is a paper at each site: what it names becomes a fact of its history there, so that the trail of each thing
shows it, and a thing that is found closes its cases wherever it was seen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa

from server import papers, sites
from server.changes import publish_all
from server.database import SITE, lock, stamp
from server.identifiers import owners, relatives
from server.rebuild import rebuild
from server.stolen import asked as asking
from server.stolen import known
from server.stolen.asked import Asked, ElsewhereError, StolenError
from server.stolen.known import FOUND
from server.stolen.read import THEFT, read, told
from server.tables import cases, documents, events, identifier_claims, unit_states
from server.unit_rows import states_of
from sync.identity import Kind, split_key
from sync.stolen import Theft, names_asked, serial_alone

AT_ONCE: Final = 5_000
"""Names of units that are read at a time."""


def report(connection: sa.Connection, *, site: str, asked: Asked, operator: str | None, now_ms: int) -> str:
    """Report things as stolen; returns the report's number.

    Raises:
        StolenError: it names nothing or too much, or one of them is reported already.
    """
    reason, reference = asking.words(asked)
    since_ms, names = asking.since_ms(asked, now_ms), asking.things(connection, site, asked)
    _alone(connection)
    _check_new(connection, site, names)
    number = _next_number(connection)
    theft = Theft(report=number, reason=reason, since_ms=since_ms)
    said = {"reference": reference, "since_ms": since_ms, "reported_at": site}
    for each in sites.list_sites(connection):
        rows = [{"subject": name, "stated": True, "attributes": said | {"site": each.code}} for name in names]
        _write(connection, each.code, THEFT, number, "report_stolen", rows, reason, operator, now_ms)
        at = stamp(connection)
        known.add(connection, each.code, names, theft, at)
        scanned = _read_on(connection, each.code, names, since_ms)  # a report may look back
        _fold(connection, each.code, names, scanned | _units_of(connection, each.code, names), at)
    return number


def find(
    connection: sa.Connection,
    *,
    number: str,
    names: Sequence[str],
    reason: str,
    operator: str | None,
    let_into: Collection[str] | None,
    now_ms: int,
) -> list[str]:
    """Say that things of a report were found; none named: all that are still missing. Returns their names.

    Args:
        let_into: the sites of whoever says so; None at the command line, whose owner has them all.

    Raises:
        ElsewhereError: it was reported at a site that they are not let into: a thief's friend elsewhere could end it.
        StolenError: no reason is given, or one of them is no missing one of this report.
        LookupError: there is no report of this number.
    """
    reason = " ".join(reason.split())[: asking.REASON_MAX]
    if not reason:
        raise StolenError("Say where it turned up, or why the report is withdrawn.")
    _alone(connection)
    reported = read(connection, number)
    if let_into is not None and reported.site not in let_into:
        raise ElsewhereError(
            f"{number:.60} was reported at the site {reported.site}, which you are not let into: tell somebody there. "
            "Nothing is changed."
        )
    missing = [thing.subject for thing in reported.missing]
    found = list(dict.fromkeys(names)) or missing
    wrong = [name for name in found if name not in missing]
    if wrong or not found:
        named = wrong[0] if wrong else number
        raise StolenError(f"{named:.80} is not, or no longer, missing by report {number}; nothing is changed.")
    for each in sites.list_sites(connection):
        at, code = stamp(connection), each.code
        units = _units_of(connection, code, found)
        rows = [{"subject": name, "stated": True, "attributes": {"site": code}} for name in sorted(found)]
        _write(connection, code, FOUND, number, "report_found", rows, reason, operator, now_ms)
        known.end(connection, code, found, number, now_ms, at)
        _fold(connection, code, found, units | _flagged(connection, code, reported.since_ms), at)
    return found


def tell_anew(connection: sa.Connection, site: str, at: int) -> None:
    """Bring what is told of each name in line with the reports; `at` is the stamp of this transaction."""
    said = told(connection, site)
    names = known.stored(connection, site).keys() | said.keys()
    publish_all(connection, site, known.KIND, {name: said.get(name) for name in names}, at)


def _write(
    connection: sa.Connection,
    site: str,
    kind: str,
    number: str,
    action: str,
    rows: Sequence[dict[str, Any]],
    reason: str,
    operator: str | None,
    now_ms: int,
) -> None:
    papers.write(
        connection, site=site, kind=kind, number=number, action=action, rows=rows, reason=reason, operator=operator,
        now_ms=now_ms,
    )  # fmt: skip


def _alone(connection: sa.Connection) -> None:
    """Two reports at one moment take their numbers and look for what is reported already one after the other."""
    lock(connection, "", ["thefts"])


def _check_new(connection: sa.Connection, site: str, names: Iterable[str]) -> None:
    wanted = list(names)
    reported = known.read(connection, site, wanted)
    for name in wanted:
        theft = reported.thefts.get(name, ()) if reported else ()
        standing = next((one for one in theft if one.until_ms is None and one.of is None), None)
        if standing is not None:
            number = split_key(name).elements[-1][1]
            raise StolenError(f"{number:.60} is reported already, by {standing.report}. Nothing was reported.")


def _next_number(connection: sa.Connection) -> str:
    """The first free one of ST-1, ST-2, ...; one series for all sites."""
    query = sa.select(documents.c.number).where(documents.c.kind == THEFT)
    taken = {number.partition("/")[0] for number in connection.execute(query).scalars()}
    return next(number for n in range(1, len(taken) + 2) if (number := f"ST-{n}") not in taken)


def _units_of(connection: sa.Connection, site: str, names: Sequence[str]) -> set[str]:
    """What these names may be of at a site: what folds under them, bears that serial, or was read as it alone."""
    domain = known.domain(connection, site)
    alone = states_of(connection, site, [key for name in names if (key := serial_alone(name, domain))])
    serials = {split_key(name).elements[-1][1] for name in names if split_key(name).kind is Kind.SERIAL}
    bearing = _bearing(connection, site, serials) if serials else set()
    return bearing | alone.keys() | set(owners(connection, site, {*names, *bearing}).values())


_NAMED: Final = sa.union_all(
    sa.select(unit_states.c.unit).where(unit_states.c.site == SITE, unit_states.c.item.isnot(None)),
    sa.select(identifier_claims.c.name).where(identifier_claims.c.site == SITE),
)
"""Units of products, and every further name of one."""
_READ_SINCE: Final = sa.select(events.c.subject, events.c.identifiers, events.c.numbers).where(
    events.c.site == SITE,
    events.c.event_ms >= sa.bindparam("since"),
    events.c.identifiers.isnot(None) | events.c.numbers.isnot(None),
)


def _bearing(connection: sa.Connection, site: str, serials: Collection[str]) -> set[str]:
    """Names with one of these serial numbers, of whichever product, be it in the list of products or not."""
    quoted = {quote(serial, safe="") for serial in serials}
    with connection.execute(_NAMED, {"site": site}, execution_options={"yield_per": AT_ONCE}) as names:
        return {name for name in names.scalars() if name.rpartition("/21/")[2] in quoted}


def _read_on(connection: sa.Connection, site: str, names: Iterable[str], since_ms: int) -> set[str]:
    """What one of these names was read on since, whether it bears that still or was parted from it."""
    domain = known.domain(connection, site)
    wanted = set(names_asked(names, domain))
    read_since = connection.execute(_READ_SINCE, {"site": site, "since": since_ms})
    return {
        row.subject
        for row in read_since
        if row.subject and not wanted.isdisjoint(names_asked((*(row.identifiers or ()), *(row.numbers or ())), domain))
    }


_FLAGGED: Final = sa.select(cases.c.unit).where(
    cases.c.site == SITE, cases.c.rule == "stolen", cases.c.opened_ms >= sa.bindparam("since")
)


def _flagged(connection: sa.Connection, site: str, since_ms: int) -> set[str]:
    """What was scanned as stolen since: of nothing else does the end of a report change what is known."""
    return set(connection.execute(_FLAGGED, {"site": site, "since": since_ms}).scalars())


def _fold(connection: sa.Connection, site: str, names: Collection[str], concerned: Collection[str], at: int) -> None:
    """Fold what is or was reported, what hangs together with it, and what else that concerns."""
    rebuild(connection, site, {*names, *concerned, *relatives(connection, site, names)}, at)
