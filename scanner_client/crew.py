"""Who may sign in at this handheld, as far as its map knows: the people with badges that the server told of.

And what the handheld itself is for, which counts while there are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scanner_client.site_map import SiteMap
from sync.actions import ACTIONS

KIND = "person"
HANDHELD = "handheld"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody with a badge."""

    badge: str
    name: str
    role: str
    """What they are now; empty where they may do nothing."""
    pin: str | None
    """Its hash (`sync/pin.py`)."""

    def may(self, action: str) -> bool:
        """Whether the registry of actions gives it to this role."""
        return includes(self.role, action)


def includes(role: str, action: str) -> bool:
    """Whether the registry of actions gives it to this role."""
    return action in ACTIONS and role in ACTIONS[action].roles


def role_of_handheld(site_map: SiteMap, device_no: int) -> str | None:
    """What this handheld is for; None where it has not heard yet, and takes what it is given."""
    spells = (site_map.entry(HANDHELD, str(device_no)) or {}).get("roles")
    return spells[-1][1] if spells else None


def is_known(site_map: SiteMap) -> bool:
    """Whether the site has people with badges: scanning needs one of them then."""
    return site_map.holds(KIND)


def find(site_map: SiteMap, badge: str) -> Member | None:
    """Who has this badge; None where this handheld knows of nobody."""
    row = site_map.entry(KIND, badge)
    if row is None:
        return None
    return Member(badge=badge, name=str(row.get("name")), role=_role(row), pin=row.get("pin"))


def _role(row: dict[str, Any]) -> str:
    """The last role of their history: what comes from the server is never of the future."""
    spells = row.get("roles") or []
    return str(spells[-1][1] or "") if spells and row.get("active") else ""
