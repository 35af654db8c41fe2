"""What every scan at a site is read and judged by: its codes, its recalls, and whether anything is reported stolen.

One question, for each fold and each check asks it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import sqlalchemy as sa

from server import permissions, site_codes
from server.database import SITE
from server.permissions import Crew
from server.stolen import known as thefts
from server.tables import reference, sites
from sync.labels import SiteCodes
from sync.recall import Recall

_CODES: Final = "codes"
_RECALL: Final = "recall"
_ROLES: Final = (permissions.KIND, permissions.HANDHELD)
_OFFERED: Final = sa.select(reference.c.kind, reference.c.row).where(reference.c.site == SITE)
_PARTS: Final = (
    sa.select(sa.literal(_CODES).label("kind"), sites.c.codes.label("row")).where(sites.c.site == SITE),
    _OFFERED.where(reference.c.kind == _RECALL),
    sa.select(sa.literal(thefts.KIND), sa.null()).where(
        sa.exists().where(reference.c.site == SITE, reference.c.kind == thefts.KIND)
    ),
)
_TO_CHECK: Final = sa.union_all(*_PARTS)
_TO_FOLD: Final = sa.union_all(*_PARTS, _OFFERED.where(reference.c.kind.in_(_ROLES)))


@dataclass(frozen=True)
class SiteWide:
    """What holds at a site just now."""

    rows: list[tuple[str, Any]]
    """`codes`, each `recall`, `stolen` where anything ever was, to fold each `person` and `handheld`; what is stored of
    it."""

    @cached_property
    def codes(self) -> SiteCodes:
        """How its labels look."""
        return next(site_codes.from_row(row) for kind, row in self.rows if kind == _CODES)

    @property
    def recalls(self) -> list[tuple[int, int | None, Recall]]:
        """Since when, until when, and what; drills stop nothing and are left out."""
        said = [row for kind, row in self.rows if kind == _RECALL and row and not row.get("drill")]
        return [(row["since_ms"], row["until_ms"], Recall.from_row(row)) for row in said]

    @property
    def recalls_said(self) -> bool:
        """Whether anything was ever recalled."""
        return any(kind == _RECALL for kind, _ in self.rows)

    @property
    def crew(self) -> Crew:
        """The people with badges, and the handhelds; only where it was read to fold."""
        return permissions.crew_of([(kind, row) for kind, row in self.rows if kind in _ROLES and row])

    @property
    def thefts_reported(self) -> bool:
        """Whether anything ever was."""
        return any(kind == thefts.KIND for kind, _ in self.rows)


def read(connection: sa.Connection, site: str, *, folding: bool = False) -> SiteWide:
    """What holds at a site; `folding`: with its people and handhelds, whom only rules look at."""
    question = _TO_FOLD if folding else _TO_CHECK
    return SiteWide([(kind, row) for kind, row in connection.execute(question, {"site": site})])
