"""Who works in the simulated shop, when, and where."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

ROLES: Final = {
    "Asha": "receiver",
    "Joao": "receiver",
    "Ravi": "picker",
    "Priya": "picker",
    "Viktor": "picker",
    "Rosa": "picker",
    "Tomas": "picker",
    "Meera": "returns",
    "Lena": "picker",
    "Sam": "supervisor",
    "Quinn": "quality",
    "Omar": "admin",
}
"""Name -> role. Lena counts; Omar owns the shop."""
EARLY: Final = ("Ravi", "Priya", "Tomas")
LATE: Final = ("Viktor", "Rosa", "Tomas")
COUNTER, CLERK, PORTER, SUPERVISOR = "Lena", "Meera", "Asha", "Sam"
HANDHELDS: Final = ("dock", "early", "late", "desk", "count")
THIEF: Final = "Viktor"
"""Steals small dear things on his late shifts, where he picks."""
DEAR: Final = ("V", "A", "X")
"""Zones of which one of the two pickers of a shift has charge."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One shift of one day: its two pickers, the first of whom has charge of the dear zones."""

    name: str
    pickers: tuple[str, str]

    def picks_in(self, zone: str) -> str:
        """Who picks there."""
        return self.pickers[0] if zone in DEAR else self.pickers[1]


def shifts(rng: Random) -> tuple[Shift, Shift]:
    """Who works on a day."""
    early = rng.sample(EARLY, 2)
    late = rng.sample([name for name in LATE if name not in early] if "Tomas" in early else LATE, 2)
    return Shift("early", (early[0], early[1])), Shift("late", (late[0], late[1]))
