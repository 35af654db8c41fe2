"""What everyone in the simulated shop works with: the stockroom, the handhelds, the papers, the calendar."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

from tests.simulation.shop.hand import Hand
from tests.simulation.shop.inbound import Delivery, Purchasing
from tests.simulation.shop.papers import Papers
from tests.simulation.shop.stockroom import Stockroom
from tests.simulation.shop.truth import Truth

Task = Callable[[], None]
DAY_MS: Final = 86_400_000
START_MS: Final = 1_748_736_000_000
"""1 June 2025, 00:00 UTC, a Sunday."""
DAYS: Final = 365
STEP_MS: Final = 3_000
"""Between two scans of one person."""


@dataclass(kw_only=True)
class Scene:
    """One shop."""

    truth: Truth
    stock: Stockroom
    hands: dict[str, Hand]
    papers: Papers
    purchasing: Purchasing
    rng: Random
    scale: float
    day: int = 0
    to_close: list[Delivery] = field(default_factory=list)
    """Whose receipt is still open."""
    counted: int = 0
    """Months whose count has been made."""
    mornings: dict[int, list[Task]] = field(default_factory=lambda: defaultdict(list))
    """Day -> what was put off until its morning."""
    noons: dict[int, list[Task]] = field(default_factory=lambda: defaultdict(list))
    """Day -> what comes to the returns desk at noon."""

    def at(self, hours: float) -> int:
        """A moment of today, Unix milliseconds."""
        return self.truth.start_ms + self.day * DAY_MS + round(hours * 3_600_000)

    @property
    def today(self) -> str:
        """The date, ISO 8601."""
        return datetime.fromtimestamp(self.at(0) / 1000, UTC).date().isoformat()

    def later(self, days: int, task: Task, *, noon: bool = False) -> None:
        """Do it on the first open day after so many days; at noon it is for the returns desk."""
        due = self.day + max(1, days)
        (self.noons if noon else self.mornings)[due + (due % 7 == 0)].append(task)

    def walk(self, hand: str, operator: str, hours: float) -> Walk:
        """Someone with a handheld, as soon as it is free."""
        return Walk(self.hands[hand], operator, max(self.at(hours), self.hands[hand].busy_until_ms))

    def poisson(self, mean: float) -> int:
        """How often something happens that does so independently."""
        count, spent = 0, self.rng.expovariate(1.0)
        while spent < mean:
            count, spent = count + 1, spent + self.rng.expovariate(1.0)
        return count


@dataclass
class Walk:
    """One person with one handheld, a scan every few seconds."""

    hand: Hand
    operator: str
    now_ms: int

    def scan(self, action: str, subject: str | None, **fields: Any) -> str:
        """The next scan; returns its name."""
        self.now_ms += STEP_MS
        return self.hand.scan(self.now_ms, action, subject, self.operator, **fields)


def syncs(scene: Scene, now_ms: int) -> None:
    """Every handheld sends what it has."""
    for hand in scene.hands.values():
        hand.send(now_ms)
