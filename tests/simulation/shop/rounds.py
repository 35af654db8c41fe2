"""Every morning somebody looks over some bins with a handheld: sightings between the counts."""

from __future__ import annotations

from typing import Final

from tests.simulation.shop.scene import Scene
from tests.simulation.shop.staff import Shift
from tests.simulation.shop.stockroom import zone

BINS_A_DAY: Final = 5


def looks_over(scene: Scene, early: Shift) -> None:
    """The next bins in turn, each by who has charge of its zone."""
    bins = [where for each in scene.stock.all_bins().values() for where in each]
    first = scene.day * BINS_A_DAY
    for turn in range(first, first + BINS_A_DAY):
        where = bins[turn % len(bins)]
        walk = scene.walk("early", early.picks_in(zone(where)), 9.8)
        for unit in sorted(unit for unit, stands in scene.stock.real.items() if stands == where):
            walk.scan("inspect", unit, location=where)
