"""A recall ends: the account is frozen as it stands, and handhelds let go at their next sync.

Whoever ends it while something is unaccounted for says how many: that nobody ends one by not having looked. What
customers answer later still stands in the account.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from server import papers
from server.database import lock
from server.recalls import book
from server.recalls.account import RESULT, Entry, Progress, progress
from server.recalls.asked import RecallError


def release(
    connection: sa.Connection, *, site: str, number: str, reason: str, leaving: int, operator: str | None, now_ms: int
) -> Progress:
    """End a recall or a drill from now on; another recall of the same units holds them still.

    Args:
        leaving: so many units and pieces, at most, are knowingly left unaccounted for.

    Raises:
        RecallError: it was released already, no reason is given, or more than that are unaccounted for.
        LookupError: there is none of this number.
    """
    lock(connection, site, ["recalls"])
    standing = book.read(connection, site, number)
    if standing.until_ms is not None:
        raise RecallError(f"Recall {number} was released already; nothing is changed.")
    if not reason.strip():
        raise RecallError("Say why it may move again.")
    found = progress(connection, standing, site=site, now_ms=now_ms)
    if found.open > leaving:
        raise RecallError(
            f"{found.open:,} of {found.pieces:,} are not accounted for, so {number} goes on. "
            f"To end it all the same, say that you leave {found.open}."
        )
    head = {"pieces": found.pieces, "open": found.open, "took_ms": found.took_ms}
    papers.write(
        connection,
        site=site,
        kind=RESULT,
        number=number,
        action="release",
        rows=[{"subject": number, "attributes": head}, *map(_row, found.entries)],
        operator=operator,
        now_ms=now_ms,
        reason=reason.strip(),
    )
    book.end(connection, site, number, now_ms)
    return found


def _row(entry: Entry) -> dict[str, Any]:
    one = entry.thing
    said = {
        "sure": one.sure,
        "where": one.where,
        "order": one.order,
        "account": entry.account,
        "since_ms": entry.since_ms,
        "handed_over_ms": entry.handed_over_ms,
        "outcome": asdict(entry.outcome) if entry.outcome else None,
    }
    return {
        "subject": one.subject,
        "location": one.place,
        "container": one.container,
        "quantity": one.quantity,
        "lot": one.lot,
        "attributes": said,
    }
