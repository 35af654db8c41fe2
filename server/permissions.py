"""Who was permitted to scan what at a moment: the people with badges, and what they were when.

Read from the rows that travel to the handhelds (`server/badges.py`), whose role histories only ever grow at their end:
a fact is judged alike when it arrives and in every rebuild.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from server.tables import reference
from sync.actions import ACTIONS
from sync.event import ScanEvent
from sync.history import Fact

KIND: Final = "person"
Spells = tuple[tuple[int, str | None], ...]
"""Since when, and what somebody was from then on; ascending. None: they might do nothing."""


@dataclass(frozen=True, slots=True)
class Crew:
    """The site's people with badges, also those who have left."""

    since_ms: int | None = None
    """Since when the site has any: what was scanned before is nobody's fault."""
    spells: Mapping[str, Spells] = field(default_factory=dict)
    """By the name that scans bear."""

    def barred(self, fact: Fact) -> str | None:
        """Why this scan should not have been made, in a sentence; None where it was in order, or is no scan."""
        event = fact.event
        if (event.device_no == 0 and fact.stands_for is None) or self.since_ms is None or fact.event_ms < self.since_ms:
            return None
        if event.operator is None:
            return "Nobody had signed in."
        roles = _roles_around(self.spells.get(event.operator, ()), fact)
        if not roles:  # also where they got one later: it was judged so before
            return f"Nobody named {event.operator} had a badge here at that moment."
        if roles & ACTIONS[event.action].roles:
            return None
        return _why(event, sorted(role for role in roles if role))


def _roles_around(spells: Spells, fact: Fact) -> set[str | None]:
    """What somebody may have been when they made a scan whose moment is known only so well.

    It happened before it came: what they became since is no answer, and was none when it came.
    """
    first, last = fact.event_ms - fact.uncertainty_ms, fact.event_ms + fact.uncertainty_ms
    if fact.received_ms is not None:
        last = min(last, fact.received_ms)
    before = [role for since, role in spells if since <= first]
    return {*before[-1:], *(role for since, role in spells if first < since <= last)}


def _why(event: ScanEvent, roles: list[str]) -> str:
    if not roles:
        return f"{event.operator} was not permitted to sign in at that moment."
    action = ACTIONS[event.action].word
    return f"{event.operator} was {' or '.join(roles)} at that moment, which does not include: {action}."


_BADGES: Final = sa.select(reference.c.row).where(
    reference.c.site == sa.bindparam("site"), reference.c.kind == KIND, reference.c.row.isnot(None)
)


def read_crew(connection: sa.Connection, site: str) -> Crew:
    """The people with badges of a site."""
    return crew_of(connection.execute(_BADGES, {"site": site}).scalars().all())


def crew_of(rows: Sequence[Mapping[str, Any]]) -> Crew:
    """The people with badges, by the rows that travel to the handhelds."""
    if not rows:
        return Crew()
    # Every badge of somebody carries all of their history, so that any of their rows will do.
    spells = {row["name"]: tuple((since, role) for since, role in row["roles"]) for row in rows}
    return Crew(min(row["since_ms"] for row in rows), spells)
