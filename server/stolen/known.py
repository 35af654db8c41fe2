"""What a site knows of reported things, name by name: the rows that its handhelds pull and its folds ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Final

import sqlalchemy as sa

from server import site_codes
from server.changes import publish
from server.ledger import in_chunks
from server.tables import reference
from sync.stolen import Theft, Thefts, names_asked, theft_of, thefts_in

KIND: Final = "stolen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What was reported of some names, with the domain under which serial numbers stand alone."""

    thefts: Thefts
    domain: str

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
    t = reference.c
    under = domain(connection, site)
    found: dict[str, tuple[Theft, ...]] = {}
    for chunk in in_chunks(names_asked(names, under)):
        query = sa.select(t.key, t.row).where(t.site == site, t.kind == KIND, t.key.in_(chunk), t.row.isnot(None))
        found.update((key, thefts_in(row)) for key, row in connection.execute(query))
    return Reported(thefts=found, domain=under)


def domain(connection: sa.Connection, site: str) -> str:
    """Under which serial numbers whose product nobody knows have their names."""
    return site_codes.load(connection, site).domain


def add(connection: sa.Connection, site: str, name: str, theft: Theft, at: int) -> None:
    """From the theft's own moment on this name is reported; `at` is the stamp of this transaction."""
    before = [one for one in _of(connection, site, name) if one.report != theft.report]
    _publish(connection, site, name, [*before, theft], at)


def end(connection: sa.Connection, site: str, name: str, report: str, now_ms: int, at: int) -> None:
    """From now on this name is reported no longer by this report."""
    told = [
        replace(one, until_ms=now_ms) if one.report == report and one.until_ms is None else one
        for one in _of(connection, site, name)
    ]
    if told:
        _publish(connection, site, name, told, at)


def offer_to(connection: sa.Connection, site: str, beside: str, at: int) -> None:
    """Tell a site that was just opened what its neighbour knows."""
    t = reference.c
    query = sa.select(t.key, t.row).where(t.site == beside, t.kind == KIND, t.row.isnot(None))
    for key, row in connection.execute(query).all():
        publish(connection, site, KIND, key, row, at)


def _of(connection: sa.Connection, site: str, name: str) -> tuple[Theft, ...]:
    t = reference.c
    query = sa.select(t.row).where(t.site == site, t.kind == KIND, t.key == name, t.row.isnot(None))
    row = connection.execute(query).scalar()
    return thefts_in(row) if row else ()


def _publish(connection: sa.Connection, site: str, name: str, thefts: list[Theft], at: int) -> None:
    told = [{key: value for key, value in asdict(theft).items() if key != "of"} for theft in thefts]
    publish(connection, site, KIND, name, {"of": thefts[-1].of, "thefts": told}, at)
