"""What a site knows of reported things, name by name: the rows that its handhelds pull and its folds ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import sqlalchemy as sa

from server import site_codes
from server.changes import publish
from server.ledger import in_chunks
from server.tables import documents, reference
from sync.stolen import Theft, Thefts, names_asked, serial_alone, theft_of, thefts_in

KIND: Final = "stolen"
FOUND: Final = "theft_found"
"""Papers that say of things of a report that they were found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What was reported of some names, with the domain under which serial numbers stand alone."""

    thefts: Thefts
    domain: str
    ends: Mapping[tuple[str, int], str] = field(default_factory=dict)
    """Report, and when something of it was found -> the fact that says so."""

    def theft(self, names: Iterable[str], at_ms: int | None = None) -> Theft | None:
        """The report that a thing of these names stood under at a moment, or stands under now."""
        return theft_of(names, self.thefts, self.domain, at_ms)


_ANY: Final = (
    sa.select(reference.c.key).where(reference.c.site == sa.bindparam("site"), reference.c.kind == KIND).limit(1)
)


def read(connection: sa.Connection, site: str, names: Iterable[str]) -> Reported | None:
    """What was reported of these names; None where nothing ever was at all, which is asked first."""
    if connection.execute(_ANY, {"site": site}).first() is None:
        return None
    return told_of(connection, site, names, domain(connection, site))


def told_of(connection: sa.Connection, site: str, names: Iterable[str], under: str) -> Reported:
    """What was reported of these names; `under` is the domain of serial numbers that stand alone."""
    t = reference.c
    found: dict[str, tuple[Theft, ...]] = {}
    for chunk in in_chunks(names_asked(names, under)):
        query = sa.select(t.key, t.row).where(t.site == site, t.kind == KIND, t.key.in_(chunk), t.row.isnot(None))
        found.update((key, thefts_in(row)) for key, row in connection.execute(query))
    ended = {theft.report for thefts in found.values() for theft in thefts if theft.until_ms is not None}
    return Reported(thefts=found, domain=under, ends=_ends(connection, site, ended) if ended else {})


def _ends(connection: sa.Connection, site: str, reports: Iterable[str]) -> dict[tuple[str, int], str]:
    d = documents.c
    found: dict[tuple[str, int], str] = {}
    for chunk in in_chunks(reports):
        query = sa.select(d.number, d.event_ms, d.event).where(d.site == site, d.number.in_(chunk), d.kind == FOUND)
        found.update(((number, ms), event) for number, ms, event in connection.execute(query))
    return found


def domain(connection: sa.Connection, site: str) -> str:
    """Under which serial numbers whose product nobody knows have their names."""
    return site_codes.load(connection, site).domain


def under_each_name(names: Iterable[str], theft: Theft, domain: str) -> list[tuple[str, Theft]]:
    """The theft under each name itself, and under a unit's serial number alone for who reads no more than that."""
    return [(key, replace(theft, of=of)) for key, of in names_under(names, domain)]


def names_under(names: Iterable[str], domain: str) -> list[tuple[str, str | None]]:
    """The names under which these are told of; with the unit that is meant, where it is its serial number alone."""
    told: list[tuple[str, str | None]] = []
    for name in names:
        told.append((name, None))
        alone = serial_alone(name, domain)
        if alone is not None:
            told.append((alone, name))
    return told


def with_theft(before: Iterable[Theft], theft: Theft) -> list[Theft]:
    """What is told of a name once it is reported, from the theft's own moment on."""
    return [*(one for one in before if (one.report, one.of) != (theft.report, theft.of)), theft]


def ended(before: Iterable[Theft], report: str, of: str | None, at_ms: int) -> list[Theft]:
    """What is told of a name that from a moment on is reported no longer by this report, or of this unit."""

    def ends(one: Theft) -> bool:
        return (one.report, one.of, one.until_ms) == (report, of, None)

    return [replace(one, until_ms=at_ms) if ends(one) else one for one in before]


def row_of(thefts: Sequence[Theft]) -> dict[str, Any]:
    """The row of reference data that tells of a name."""
    return {"thefts": [asdict(theft) for theft in thefts]}


def add(connection: sa.Connection, site: str, names: Iterable[str], theft: Theft, at: int) -> None:
    """These names are reported; `at` is the stamp of this transaction."""
    for name, told in under_each_name(names, theft, domain(connection, site)):
        publish(connection, site, KIND, name, row_of(with_theft(_of(connection, site, name), told)), at)


def end(connection: sa.Connection, site: str, names: Iterable[str], report: str, now_ms: int, at: int) -> None:
    """From now on these names are reported no longer by this report."""
    for name, of in names_under(names, domain(connection, site)):
        before = _of(connection, site, name)
        if before:
            publish(connection, site, KIND, name, row_of(ended(before, report, of, now_ms)), at)


def offer_to(connection: sa.Connection, site: str, beside: str, at: int) -> None:
    """Tell a site that was just opened what its neighbour knows."""
    for name, row in stored(connection, beside).items():
        publish(connection, site, KIND, name, row, at)


def stored(connection: sa.Connection, site: str) -> dict[str, dict[str, Any]]:
    """Every name that a site is told of, with its row."""
    t = reference.c
    query = sa.select(t.key, t.row).where(t.site == site, t.kind == KIND, t.row.isnot(None))
    return dict(connection.execute(query).all())


def _of(connection: sa.Connection, site: str, name: str) -> tuple[Theft, ...]:
    t = reference.c
    query = sa.select(t.row).where(t.site == site, t.kind == KIND, t.key == name, t.row.isnot(None))
    row = connection.execute(query).scalar()
    return thefts_in(row) if row else ()
