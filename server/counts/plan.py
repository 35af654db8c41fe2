"""What a count is to do: its bins in walking order, who counts which, and what each counter is told.

A plan is a document (`papers.py`): its first row says what kind of count it is and how its bins were chosen, each
further row is one bin's share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from server import papers
from server.database import SITE
from server.tables import documents

SHARED: Final = "count_shares"
"""Kind of the paper that shares the bins of an open count out anew."""


class CountError(ValueError):
    """What was asked of a count or receipt does not fit; the message says why."""


class Sort(StrEnum):
    """What a count is for."""

    CYCLE = "cycle"
    SPOT = "spot"
    """A few bins by chance."""
    RECOUNT = "recount"
    """Bins of another count, counted again by somebody else."""
    TAKE_ON = "take_on"
    """Going live: what is seen becomes stock where it was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One bin of a count: who counts it, and what they are told."""

    place: str
    blind: bool = False
    person: str | None = None
    """Whose it is, by name; anyone's where neither person nor handheld is named."""
    device_no: int | None = None
    """The handheld whose it is."""
    refused: tuple[str, ...] = ()
    """Who counted it before, and so may not count it again."""

    def is_refused(self, operator: str | None) -> bool:
        """Whether this person counted it before."""
        return (operator or "").casefold() in {name.casefold() for name in self.refused}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One count."""

    number: str
    sort: Sort = Sort.CYCLE
    shares: tuple[Share, ...]
    """In walking order."""
    chosen: Mapping[str, Any] = field(default_factory=dict)
    """How the bins were chosen, so that it can be done again: the rule, and the seed of a choice by chance."""
    of: str | None = None
    """The count whose bins a recount counts again."""
    opened_ms: int = 0

    @property
    def bins(self) -> list[str]:
        return [share.place for share in self.shares]

    @property
    def blind(self) -> bool:
        """Whether every bin is counted blind."""
        return all(share.blind for share in self.shares)

    def share(self, place: str) -> Share | None:
        return next((share for share in self.shares if share.place == place), None)


def rows(plan: Plan) -> list[dict[str, Any]]:
    """The plan as rows of its document."""
    head = {"sort": plan.sort.value, "chosen": dict(plan.chosen), "of": plan.of}
    shares = [
        {"subject": s.place, "location": s.place, "attributes": {k: v for k, v in asdict(s).items() if k != "place"}}
        for s in plan.shares
    ]
    return [{"subject": plan.number, "attributes": head}, *shares]


def read(connection: sa.Connection, site: str, number: str) -> Plan:
    """The plan of a count.

    Raises:
        CountError: there is no such count.
    """
    found = papers.rows_of(connection, site, "count", number)
    if not found:
        raise CountError(f"There is no count {number}.")
    (head, *bins) = found
    bins = papers.rows_in(connection, shared) if (shared := _shared(connection, site, number)) else bins
    return Plan(
        number=number,
        sort=Sort(head["attributes"]["sort"]),
        chosen=head["attributes"]["chosen"],
        of=head["attributes"]["of"],
        shares=tuple(_share(row["subject"], row["attributes"]) for row in bins),
        opened_ms=connection.execute(_OPENED, {"digest": head["document"]}).scalar_one(),
    )


_LAST_SHARED: Final = (
    sa.select(documents.c.digest)
    .where(documents.c.site == SITE, documents.c.kind == SHARED, documents.c.number == sa.bindparam("number"))
    .order_by(documents.c.event_ms.desc(), documents.c.event.desc())
    .limit(1)
)
_RECOUNTS: Final = sa.select(documents.c.number).where(
    documents.c.site == SITE,
    documents.c.kind == "count",
    documents.c.number.startswith(sa.bindparam("before", type_=sa.Text), escape="/"),
    documents.c.event.isnot(None),
)
_OPENED: Final = sa.select(documents.c.event_ms).where(documents.c.digest == sa.bindparam("digest"))


def _shared(connection: sa.Connection, site: str, number: str) -> str | None:
    """The paper that last shared its bins out anew, by its digest."""
    return connection.execute(_LAST_SHARED, {"site": site, "number": number}).scalar()


def _share(place: str, said: Mapping[str, Any]) -> Share:
    return Share(**{**said, "place": place, "refused": tuple(said["refused"])})


def recounts(connection: sa.Connection, site: str, number: str) -> list[Plan]:
    """The recounts of a count, the first one first."""
    numbers = connection.execute(_RECOUNTS, {"site": site, "before": papers.beginning(f"{number}-R")}).scalars().all()
    plans = [read(connection, site, found) for found in numbers]
    return sorted((plan for plan in plans if plan.of == number), key=lambda plan: (plan.opened_ms, plan.number))


def offered(plan: Plan, state: str, done: Sequence[str]) -> dict[str, Any]:
    """What handhelds are told of a count: the bins in walking order, whose they are, which are done."""
    return {
        "kind": "count",
        "sort": plan.sort.value,
        "state": state,
        "lines": [],
        "bins": plan.bins,
        "blind": plan.blind,
        "blind_bins": [s.place for s in plan.shares if s.blind],
        "shares": [[s.person, s.device_no, list(s.refused)] for s in plan.shares],
        "done": list(done),
    }
