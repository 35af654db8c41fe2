"""Recalls: from its start a recalled unit must not move; handhelds learn the predicate at their next sync.

The recall is an event that names its predicate's document. What handhelds hold is the published row; a released one is
withdrawn from them by name, and stays here with its interval, for the past is judged by what was in force then.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from server import papers
from server.changes import publish
from server.database import stamp
from server.ledger import record
from server.tables import reference


class RecallError(ValueError):
    """The recall cannot be made or released; the message says why."""


def recall(
    connection: sa.Connection,
    *,
    site: str,
    number: str,
    reason: str,
    item: str | None,
    lots: Sequence[str] = (),
    units: Sequence[str] = (),
    operator: str | None,
    now_ms: int,
) -> None:
    """Recall a product, some of its lots, or single units, from now on.

    Args:
        item: canonical name of the product; every part that is given has to match (`sync/recall.py`).
        units: canonical names.

    Raises:
        RecallError: there is a recall of this number, or it names nothing.
    """
    if item is None and not units:
        raise RecallError(f"Recall {number} names neither a product nor a unit.")
    if _row(connection, site, number) is not None:
        raise RecallError(f"There is a recall {number} already.")
    row = {"number": number, "reason": reason, "item": item, "lots": list(lots), "units": list(units)}
    papers.write(
        connection,
        site=site,
        kind="recall",
        number=number,
        action="recall",
        rows=[{"subject": item or units[0], "attributes": row}],
        operator=operator,
        now_ms=now_ms,
        reason=reason,
    )
    publish(connection, site, "recall", number, row | {"since_ms": now_ms, "until_ms": None}, stamp(connection))


def release(
    connection: sa.Connection, *, site: str, number: str, reason: str, operator: str | None, now_ms: int
) -> None:
    """End a recall from now on.

    Raises:
        RecallError: there is no such recall in force.
    """
    row = _row(connection, site, number)
    if row is None or row["until_ms"] is not None:
        raise RecallError(f"There is no recall {number} in force.")
    record(connection, site=site, action="release", operator=operator, now_ms=now_ms, document=number, reason=reason)
    publish(connection, site, "recall", number, row | {"until_ms": now_ms}, stamp(connection))


def _row(connection: sa.Connection, site: str, number: str) -> dict[str, object] | None:
    t = reference.c
    return connection.execute(sa.select(t.row).where(t.site == site, t.kind == "recall", t.key == number)).scalar()
