"""The registry of bugs that are planted, and an afternoon in which each does harm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

import pytest

from tests.simulation.faults.plan import HANDHELDS, Fault, Plan, Trouble

Patch = pytest.MonkeyPatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A bug, what has to go wrong before it does harm, and who has to notice."""

    plant: Callable[[Patch], None]
    faults: tuple[Fault, ...]
    promises: frozenset[int]
    slow: bool = False
    """Only `make teeth` plants it."""

    @property
    def name(self) -> str:
        return self.plant.__name__


PLANTED: Final[list[Planted]] = []


def caught_by(
    *promises: int, faults: tuple[Fault, ...] = (), slow: bool = False
) -> Callable[[Callable[[Patch], None]], None]:
    """Enter a bug."""

    def enter(plant: Callable[[Patch], None]) -> None:
        PLANTED.append(Planted(plant=plant, faults=faults, promises=frozenset(promises), slow=slow))

    return enter


def scene(bug: Planted, seed: int, *, scans: int = 40) -> Plan:
    """A short afternoon with the troubles in which this bug shows, each three times."""
    chance = Random(f"{bug.name} {seed}")
    troubles = [
        Trouble(
            fault=fault, at_s=(0.1 + 0.7 * (n + chance.random()) / max(1, len(bug.faults))) * scans,
            device=chance.randrange(HANDHELDS), draw=chance.randrange(2**32),
        )
        for _ in range(3)
        for n, fault in enumerate(bug.faults)
    ]  # fmt: skip
    in_order = tuple(sorted(troubles, key=lambda t: (t.at_s, t.fault)))
    return Plan(seed=seed, scans=scans, gap_s=1.0, idle_s=scans / 6, troubles=in_order)
