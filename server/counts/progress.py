"""Tell the handhelds of a count which of its bins are done, as soon as somebody finishes one."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from server.changes import publish
from server.counts import plan, scans
from server.counts.plan import Plan
from server.database import lock
from server.tables import reference
from server.undone import read_undone_documents
from sync.history import Fact

_MOVING_ON = frozenset({"open_bin", "finish_bin", "void"})


def publish_progress(connection: sa.Connection, site: str, facts: Iterable[Fact], at: int) -> None:
    """Publish anew the counts whose bins these facts open or finish, or may have undone.

    Args:
        at: stamp of this transaction.
    """
    moving = [f for f in facts if f.event.action in _MOVING_ON]
    numbers = {f.event.document for f in moving if f.event.document} | read_undone_documents(connection, moving)
    hold(connection, site, numbers)
    t = reference.c
    for number in sorted(numbers):
        query = sa.select(t.row).where(t.site == site, t.kind == "document", t.key == number)
        row = connection.execute(query).scalar()
        if not row or row.get("kind") != "count" or row.get("state") != "open":
            continue
        planned = plan.read(connection, site, number)
        offered = plan.offered(planned, "open", done_bins(connection, site, planned))
        publish(connection, site, "document", number, offered, at)


def hold(connection: sa.Connection, site: str, numbers: Iterable[str]) -> None:
    """Let nobody else tell of these counts before this transaction ends: it would not know what is told here."""
    lock(connection, site, [f"told of {number}" for number in numbers])


def done_bins(connection: sa.Connection, site: str, planned: Plan) -> list[str]:
    """The bins of a count that somebody has finished, in walking order."""
    said = scans.read(connection, site, planned.number, actions=tuple(_MOVING_ON))  # an undo may be undone too
    found = scans.by_bin(planned.bins, scans.allowed(planned, scans.latest(said))[0])
    return [place for place in planned.bins if place in found and scans.is_finished(found[place])]
