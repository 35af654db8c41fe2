"""How many of the server's records say what is physically so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sync.unit import IN_STOCK
from tests.simulation.layout import Layout
from tests.simulation.office import Record
from tests.simulation.truth import World


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Records that are right, of all that concern some bins."""

    right: int
    records: int

    @property
    def share(self) -> float:
        return self.right / self.records if self.records else 1.0


def accuracy(world: World, records: Mapping[str, Record], places: Sequence[str]) -> Accuracy:
    """Units that the server puts into these bins, and units that stand there: the same ones?"""
    said: dict[str, set[str]] = {place: set() for place in places}
    for unit, record in records.items():
        if record.belongs in said and record.status in IN_STOCK:
            said[record.belongs].add(unit)
    right = total = 0
    for place in places:
        there = {box.label for box in world.at(place)}
        right += len(there & said[place])
        total += len(there | said[place])
    return Accuracy(right=right, records=total)


def wrong_records(world: World, records: Mapping[str, Record], layout: Layout) -> float:
    """Share of (product, bin) records whose quantity differs: the measure of DeHoratius and Raman."""
    places = {layout.key(code) for code in layout.bins}
    said = Counter(
        (unit.partition("/21/")[0], record.belongs)
        for unit, record in records.items()
        if record.belongs in places and record.status in IN_STOCK
    )
    there = Counter((box.item, place) for place in places for box in world.at(place))
    keys = said.keys() | there.keys()
    return sum(said[key] != there[key] for key in keys) / len(keys) if keys else 0.0
