"""Who was permitted to scan what at a moment: the people with badges, and what they were when.

While the site has none, what their handhelds were for. Read from the rows that travel to the handhelds
(`server/badges.py`, `handheld_roles.py`), whose role histories only ever grow at their end: a fact is judged alike when
it arrives and in every rebuild.
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
HANDHELD: Final = "handheld"
Spells = tuple[tuple[int, str | None], ...]
"""Since when, and what somebody was from then on; ascending. None: they might do nothing."""


@dataclass(frozen=True, slots=True)
class Crew:
    """The site's people with badges, also those who have left."""

    since_ms: int | None = None
    """Since when the site has any: what was scanned before is nobody's fault."""
    spells: Mapping[str, Spells] = field(default_factory=dict)
    """By the name that scans bear."""
    handhelds: Mapping[int, Spells] = field(default_factory=dict)
    """By their number: what each was for."""

    def barred(self, fact: Fact) -> str | None:
        """Why this scan should not have been made, in a sentence; None where it was in order, or is no scan."""
        event = fact.event
        if event.device_no == 0 and fact.stands_for is None:
            return None
        if self.since_ms is None or fact.event_ms < self.since_ms:
            return self._out_of_place(fact)
        if event.operator is None:
            return "Nobody had signed in."
        roles = _roles_around(self.spells.get(event.operator, ()), fact)
        if not roles:  # also where they got one later: it was judged so before
            return f"Nobody named {event.operator} had a badge here at that moment."
        if roles & ACTIONS[event.action].roles:
            return None
        held = sorted(role for role in roles if role)
        if not held:
            return f"{event.operator} was not permitted to sign in at that moment."
        return _why(event, event.operator, held)

    def _out_of_place(self, fact: Fact) -> str | None:
        """Why this should not have been scanned with that handheld, where nobody needs a badge yet."""
        spells = self.handhelds.get(fact.event.device_no, ())
        roles = _roles_around(spells, fact) or {role for _, role in spells[:1]}  # what waited while it enrolled
        if not roles or roles & ACTIONS[fact.event.action].roles:
            return None
        held = sorted(role for role in roles if role)
        return _why(fact.event, "This handheld", held) if held else "This handheld was another site's at that moment."


def _roles_around(spells: Spells, fact: Fact) -> set[str | None]:
    """What somebody may have been when they made a scan whose moment is known only so well.

    It happened before it came: what they became since is no answer, and was none when it came.
    """
    first, last = fact.event_ms - fact.uncertainty_ms, fact.event_ms + fact.uncertainty_ms
    if fact.received_ms is not None:
        last = min(last, fact.received_ms)
    before = [role for since, role in spells if since <= first]
    return {*before[-1:], *(role for since, role in spells if first < since <= last)}


def _why(event: ScanEvent, who: str, roles: list[str]) -> str:
    action = ACTIONS[event.action].word
    return f"{who} was {' or '.join(roles)} at that moment, which does not include: {action}."


_ROLES: Final = sa.select(reference.c.kind, reference.c.row).where(
    reference.c.site == sa.bindparam("site"), reference.c.kind.in_((KIND, HANDHELD)), reference.c.row.isnot(None)
)


def read_crew(connection: sa.Connection, site: str) -> Crew:
    """The people with badges of a site, and its handhelds."""
    return crew_of([(kind, row) for kind, row in connection.execute(_ROLES, {"site": site})])


def crew_of(rows: Sequence[tuple[str, Mapping[str, Any]]]) -> Crew:
    """The people with badges and the handhelds, by the rows that travel to the handhelds; each row after its kind."""
    badges = [row for kind, row in rows if kind == KIND]
    return Crew(
        since_ms=min((row["since_ms"] for row in badges), default=None),
        # Every badge of somebody carries all of their history, so that any of their rows will do.
        spells={row["name"]: _spells(row) for row in badges},
        handhelds={row["device_no"]: _spells(row) for kind, row in rows if kind == HANDHELD},
    )


def _spells(row: Mapping[str, Any]) -> Spells:
    return tuple((since, role) for since, role in row["roles"])
