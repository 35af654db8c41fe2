"""Where bars, or rows of bars, seem to stand in one frame, found one after the other as they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import islice

from scanner_client.vision.frame import Grey
from scanner_client.vision.lean import rows_level
from scanner_client.vision.region import Crop, Region
from scanner_client.vision.region_search import EDGES_MIN, EDGES_MIN_OF_STILL, bar_regions, rowed_regions
from scanner_client.vision.structure import Structure, structures

SIDE_PX_MIN = 16
"""No symbol is read in less."""

LINES_MAX = 200
"""A crop has at most so many lines, however long its bars: an engine that reads line by line takes as much longer."""


class Places:
    """Most frames give what they hold to the first step, and then no more than a few are looked for."""

    def __init__(self, grey: Grey, *, still: bool, most: int, is_read: Callable[[Region], bool]) -> None:
        self._grey = grey
        self._edges_min = EDGES_MIN_OF_STILL if still else EDGES_MIN
        self._most = most
        self._is_read = is_read
        self._known: list[Region] = []
        self._search = self._found()
        self._crops: dict[tuple[int, float], Crop] = {}

    def barred(self) -> Iterator[Region]:
        """Where bars stand that were not read when the place was found, the strongest first."""
        looked_at = 0
        while looked_at < len(self._known) or self._finds_another():
            yield self._known[looked_at]
            looked_at += 1

    def rowed(self, coherence_min: float) -> Iterator[Region]:
        """Where rows of bars may stand and nothing was read, turned until the rows lie level."""
        for tensor in self._structures:
            for region in rowed_regions(self._grey, tensor, coherence_min):
                if not self._is_read(region):
                    yield rows_level(self._grey, region)

    def upright(self, region: Region, scale: float) -> Crop:
        """A place with bars cut out, once for all the steps that read it; along the bars it is not enlarged."""
        key = id(region), scale
        if key not in self._crops:
            self._crops[key] = region.crop(self._grey, scale, lines_max=LINES_MAX)
        return self._crops[key]

    @cached_property
    def _structures(self) -> list[Structure]:
        return structures(self._grey) if min(self._grey.shape) >= SIDE_PX_MIN else []

    def _finds_another(self) -> bool:
        found = next(self._search, None)
        if found is not None:
            self._known.append(found)
        return found is not None

    def _found(self) -> Iterator[Region]:
        for tensor in self._structures:
            regions = bar_regions(self._grey, tensor, passed=self._is_read, edges_min=self._edges_min)
            yield from islice(regions, self._most)
