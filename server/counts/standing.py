"""How a count stands by the ledger: open, waiting for approval, closed or given up; and that handhelds are told so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server import papers
from server.changes import publish_all
from server.counts import plan
from server.counts.plan import Plan
from server.counts.progress import done_bins, hold
from server.database import SITE
from server.tables import documents, events
from sync.event import parse_name

Moment = tuple[int, ...]
"""When a fact of the server's happened, and its name, which orders those of one millisecond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A version that is above the limit of who closed it, and waits."""

    digest: str
    version: int
    operator: str | None
    event_ms: int
    reasons: list[str]
    """Why it has to be approved."""
    counters: list[str]


def pending(connection: sa.Connection, site: str, number: str) -> Proposal | None:
    """The version that waits for approval, if one does."""
    d = documents.c
    query = (
        sa.select(documents, events.c.operator)
        .join(events, sa.and_(events.c.evidence == d.digest, events.c.action == "propose_count"))
        .where(d.site == site, d.kind == "count_proposal", d.number.startswith(f"{number}/", autoescape=True))
        .order_by(d.event_ms.desc(), d.event.desc())
    )
    found = next((r for r in connection.execute(query).all() if r.number.rpartition("/")[0] == number), None)
    if found is None or _is_decided(connection, site, number, found.digest):
        return None
    head = papers.head_in(connection, found.digest)
    return Proposal(
        digest=found.digest,
        version=int(found.number.rpartition("/")[2]),
        operator=found.operator,
        event_ms=found.event_ms,
        reasons=head["reasons"],
        counters=head["counters"],
    )


def _is_decided(connection: sa.Connection, site: str, number: str, digest: str) -> bool:
    rejected = sa.select(events.c.seq).where(
        events.c.site == site, events.c.document == number, events.c.action == "reject_count",
        events.c.evidence == digest,
    )  # fmt: skip
    if connection.execute(rejected.limit(1)).first() is not None:
        return True
    last = papers.versions(connection, site, "count_result", number)
    numbers = [f"{number}/{version}" for version in range(1, last + 1)]  # it was closed again since, maybe
    frozen = (papers.digest_of(connection, site, "count_result", each) for each in numbers)
    return any(papers.head_in(connection, each).get("proposal") == digest for each in frozen)


def cancelled(connection: sa.Connection, site: str, number: str) -> bool:
    """Whether the count was given up."""
    return connection.execute(_GIVEN_UP, {"site": site, "number": number}).first() is not None


def tell(connection: sa.Connection, site: str, numbers: Iterable[str], at: int) -> None:
    """Offer these counts to handhelds as they stand.

    Args:
        at: stamp of this transaction.
    """
    wanted = list(numbers)
    hold(connection, site, wanted)
    offered = {}
    for number in wanted:
        planned = plan.read(connection, site, number)
        state = state_of(connection, site, planned)
        done = done_bins(connection, site, planned) if state == "open" else planned.bins
        offered[number] = plan.offered(planned, state, done)
    publish_all(connection, site, "document", offered, at)


def state_of(connection: sa.Connection, site: str, planned: Plan) -> str:
    """One of `listing.STATES`. A recount ends with the count that it is of, or is given up by itself."""
    if pending(connection, site, planned.number) is not None:
        return "proposed"
    opened = connection.execute(_OPENED, {"site": site, "number": planned.number}).one()
    begun = (opened.event_ms, *parse_name(opened.event))
    ends = [end for number in {planned.number, planned.of} - {None} for end in _ends(connection, site, str(number))]
    return max((end for end in ends if _follows(end[0], begun)), default=(begun, "open"))[1]


def _follows(one: Moment, other: Moment) -> bool:
    """Whether a fact came after another: by its process's chain where both are of one, whose clock may be set back."""
    return one[-1] > other[-1] if one[1:-1] == other[1:-1] else one > other


_NUMBER: Final = sa.bindparam("number", type_=sa.Text)
_OPENED: Final = sa.select(documents.c.event_ms, documents.c.event).where(
    documents.c.site == SITE, documents.c.kind == "count", documents.c.number == _NUMBER
)
_RESULTS: Final = sa.select(documents.c.number, documents.c.event_ms, documents.c.event).where(
    documents.c.site == SITE,
    documents.c.kind == "count_result",
    documents.c.number.startswith(sa.bindparam("before", type_=sa.Text), escape="/"),
)
_GIVEN_UP: Final = (
    sa.select(events.c.event_ms, events.c.device_no, events.c.epoch, events.c.seq)
    .join(documents, (documents.c.digest == events.c.evidence) & (documents.c.kind == "count"))
    .where(events.c.site == SITE, events.c.document == _NUMBER, events.c.action == "close_count")
)


def _ends(connection: sa.Connection, site: str, number: str) -> Iterator[tuple[Moment, str]]:
    """When a count was closed, each time, or given up."""
    for given_up in connection.execute(_GIVEN_UP, {"site": site, "number": number}):
        yield tuple(given_up), "cancelled"
    for result in connection.execute(_RESULTS, {"site": site, "before": papers.beginning(f"{number}/")}):
        if result.number.removeprefix(f"{number}/").isdigit():  # a number may hold a stroke itself
            yield (result.event_ms, *parse_name(result.event)), "closed"
