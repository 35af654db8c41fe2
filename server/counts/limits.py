"""How large a variance one person may close alone: by person, else by role. Above it a supervisor approves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Final

import sqlalchemy as sa

from server.changes import publish
from server.counts.plan import CountError
from server.counts.tally import Variance
from server.currencies import MINOR_DIGITS
from server.database import stamp
from server.ledger import record
from server.members import list_members
from server.roles import ROLES
from server.tables import reference

KIND: Final = "count_limit"
NEAREST_NAMES_MAX: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Up to here a person closes a count alone; None is no limit."""

    units: int | None = None
    """Written off and on together."""
    value: int | None = None
    """Minor units, in each currency."""
    percent: float | None = None
    """Of what was expected in any one bin."""


def limits(connection: sa.Connection, site: str) -> dict[str, Limit]:
    """Every limit, by `role:supervisor` or `person:Sam`."""
    t = reference.c
    query = sa.select(t.key, t.row).where(t.site == site, t.kind == KIND, t.row.isnot(None)).order_by(t.key)
    return {key: Limit(**row) for key, row in connection.execute(query)}


def limit_of(found: Mapping[str, Limit], operator: str | None, role: str) -> Limit:
    """A person's own limit, else that of their role, else none."""
    return found.get(f"person:{operator}") or found.get(f"role:{role}") or Limit()


def set_limit(
    connection: sa.Connection, *, site: str, whose: str, limit: Limit | None, operator: str | None, now_ms: int
) -> None:
    """Change a limit, or lift it.

    Args:
        whose: `role:` and a role, or `person:` and a name. The limit of somebody who left can still be lifted.

    Raises:
        CountError: that is nobody's, or the limit is below nought.
    """
    kind, _, name = whose.partition(":")
    if not (kind == "person" and name.strip()) and not (kind == "role" and name in ROLES):
        raise CountError(f"{whose!r:.80} has no limit: it takes person:NAME, or role: and one of {', '.join(ROLES)}.")
    row = None if limit is None or limit == Limit() else asdict(limit)
    if row and any(value is not None and value < 0 for value in row.values()):
        raise CountError("A limit cannot be below nought.")
    if row and kind == "person":
        _check_works_here(connection, site, name)
    told = ", ".join(f"{value} {word}" for word, value in (row or {}).items() if value is not None) or "none"
    record(
        connection,
        site=site,
        action="administer",
        operator=operator,
        now_ms=now_ms,
        reason=f"count limit of {kind} {name}: {told}",
    )
    publish(connection, site, KIND, whose, row, stamp(connection))


def _check_works_here(connection: sa.Connection, site: str, name: str) -> None:
    """A misspelt name would leave the one who is meant without a limit.

    Raises:
        CountError: nobody who works at the site has this name.
    """
    names = [one.name for one in list_members(connection, site) if one.active]
    if name not in names:
        nearest = get_close_matches(name, names, n=NEAREST_NAMES_MAX, cutoff=0)
        instead = f" The nearest names: {', '.join(nearest)}." if nearest else ""
        raise CountError(f"Nobody named {name!r:.80} works here.{instead}")


def exceeded(limit: Limit, found: Variance) -> list[str]:
    """Why somebody has to approve, a sentence for each limit that is passed."""
    reasons = []
    if limit.units is not None and found.units > limit.units:
        what = "unit or piece is" if found.units == 1 else "units and pieces are"
        reasons.append(f"{found.units} {what} written off or on; the limit is {limit.units}.")
    for currency, value in sorted(found.value.items()):
        if limit.value is not None and value > limit.value:
            worth, most = _amount(value, currency), _amount(limit.value, currency)
            reasons.append(f"{worth} are written off or on; the limit is {most}.")
    if limit.percent is not None and found.percent > limit.percent:
        reasons.append(f"A bin is out by {found.percent:g} %; the limit is {limit.percent:g} %.")
    return reasons


def _amount(minor: int, currency: str) -> str:
    digits = MINOR_DIGITS.get(currency, 2)
    return f"{minor / 10**digits:,.{digits}f} {currency}".strip()
