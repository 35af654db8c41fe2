"""What supervisors do with counts on such a day: open, recount, close with some late scans or all, approve, reject."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

import sqlalchemy as sa

from server import papers
from server.counts import closing, standing
from server.counts.late import late_scans
from server.counts.limits import Limit, set_limit
from server.counts.opening import open_count
from server.counts.plan import Sort
from server.counts.recount import open_recount
from server.database import writing
from tests.handheld import BIN_A, BIN_B, BIN_C, DOCK
from tests.simulation.layout import SITE

COUNTS: Final = ("CC-1", "CC-1", "CC-2")
SCANNED: Final = (*COUNTS, "CC-1-R1")
"""Under what numbers people count."""
BINS: Final = {"CC-1": [BIN_A, BIN_B], "CC-2": [BIN_B, BIN_C, DOCK]}


def _open(rng: Random, who: dict[str, Any], number: str, c: sa.Connection) -> str:
    sort = rng.choice((Sort.CYCLE, Sort.CYCLE, Sort.TAKE_ON))
    open_count(c, site=SITE, number=number, bins=BINS[number], blind=rng.random() < 0.3, sort=sort, **who)
    return f"{number} {sort}"


def _recount(rng: Random, who: dict[str, Any], number: str, c: sa.Connection) -> str:
    bins = rng.choice(([], BINS[number][:1]))
    return open_recount(c, site=SITE, number=number, bins=bins, blind=rng.random() < 0.5, **who).number


def _close(rng: Random, who: dict[str, Any], number: str, c: sa.Connection) -> str:
    only, role = None, rng.choice((None, None, "supervisor"))
    if rng.random() < 0.4:
        late = late_scans(c, site=SITE, number=number)
        only = {papers.mark(fact) for fact in late if rng.random() < 0.5}
    version = closing.close_count(c, site=SITE, number=number, only=only, role=role, **who).version
    return f"{number} as {role}, with {len(only) if only is not None else 'all'} late scans: version {version}"


def _limit(rng: Random, who: dict[str, Any], _number: str, c: sa.Connection) -> str:
    limit = rng.choice((None, Limit(units=0)))
    set_limit(c, site=SITE, whose="role:supervisor", limit=limit, **who)
    return str(limit)


def _approve(_rng: Random, who: dict[str, Any], number: str, c: sa.Connection) -> str:
    return f"{number}: version {closing.approve(c, site=SITE, number=number, note=None, **who | {'operator': 'Olga'})}"


def _reject(_rng: Random, who: dict[str, Any], number: str, c: sa.Connection) -> str:
    closing.reject(c, site=SITE, number=number, note="count again", **who | {"operator": "Olga"})
    return number


def _cancel(_rng: Random, who: dict[str, Any], number: str, c: sa.Connection) -> str:
    closing.cancel(c, site=SITE, number=number, note="not now", **who)
    return number


_Act = Callable[[Random, dict[str, Any], str, sa.Connection], str]
_ACTS: Final[dict[_Act, float]] = {_close: 8, _recount: 2, _limit: 1, _cancel: 0.3}


def count(rng: Random, _site: str, who: dict[str, Any]) -> str:
    """The next thing to do about one of the counts."""
    number = rng.choice(COUNTS)
    with writing() as c:
        what: _Act = _open
        if papers.rows_of(c, SITE, "count", number):
            (what,) = rng.choices(tuple(_ACTS), tuple(_ACTS.values()))
        if standing.pending(c, SITE, number):
            what = rng.choice((_approve, _approve, _reject))
        return f"{what.__name__.strip('_')} {what(rng, who, number, c)}"
