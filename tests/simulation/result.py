"""How large a simulated warehouse is, and what a run of it found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.accuracy import Accuracy
from tests.simulation.scoring import Score


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a warehouse, and for how long."""

    units: int = 20_000
    handhelds: int = 12
    days: int = 7
    deliveries_a_day: int = 10
    cartons: int = 4
    units_a_carton: int = 8
    orders_a_day: int = 100
    units_an_order: int = 3
    counts_a_day: int = 4
    sync_minutes: float = 10.0
    """Between two syncs of a handheld that has a network."""


@dataclass(kw_only=True)
class Counted:
    """One count in the picture: how many records of its bins were right before and after."""

    number: str
    before: Accuracy
    after: Accuracy | None = None
    """Once its cases are settled: the evening after it was closed, when what is missing has been written off."""
    closed_ms: int | None = None
    bins: list[str] = field(default_factory=list)


@dataclass(kw_only=True)
class Result:
    """What a run found."""

    seed: str
    score: Score
    counted: list[Counted]
    wrong_records: tuple[float, float]
    """Share of (product, bin) records whose quantity was wrong, when the week began and when it ended."""
    events: int
    recounts: int
    """Counts of which bins were counted again, by somebody else."""
    outcomes: dict[str, int]
    disturbances: Counter[str]
    seconds: float
