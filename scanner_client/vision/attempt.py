"""One frame while it is being read: what has been read, and where something still stands unread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from scanner_client.vision import doubt
from scanner_client.vision.conflicts import without_conflicts
from scanner_client.vision.engine import (
    AS_IT_STANDS,
    BARRED_FORMATS,
    LINEAR_FORMATS,
    MATRIX_FORMATS,
    ROWED_FORMATS,
    Effort,
    Failed,
    Found,
    read,
)
from scanner_client.vision.frame import Grey
from scanner_client.vision.places import Places
from scanner_client.vision.reading import Quad, Reading, may_be_a_part, scaled, share_a_place, stand_at_one_place
from scanner_client.vision.region import Crop, Region
from scanner_client.vision.wanted import Wanted

TILE_PX, TILE_OVERLAP_PX = 1000, 250


@dataclass(kw_only=True, eq=False)
class Attempt:
    """The stages read through it, and it keeps what they found."""

    grey: Grey
    wanted: Wanted
    number: int
    """Counts the frames of a film, so that frames are not all read in one way; 0 for a still."""

    still: bool
    """Whether there is no next frame that another step could be left to."""

    regions_max: int
    in_time: Callable[[], bool]
    """Whether there is time for another step."""

    readings: list[Reading] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)

    @cached_property
    def linear_formats(self) -> tuple[str, ...]:
        """Those of the task's formats that have bars only."""
        return tuple(name for name in self.wanted.formats if name in LINEAR_FORMATS)

    @cached_property
    def matrix_formats(self) -> tuple[str, ...]:
        """The others."""
        return tuple(name for name in self.wanted.formats if name in MATRIX_FORMATS)

    @cached_property
    def barred_formats(self) -> tuple[str, ...]:
        """Those that have to stand upright to be read."""
        return tuple(name for name in self.wanted.formats if name in BARRED_FORMATS)

    @cached_property
    def rowed_formats(self) -> tuple[str, ...]:
        """Those in rows, of bars that end at every row."""
        return tuple(name for name in self.wanted.formats if name in ROWED_FORMATS)

    @cached_property
    def _places(self) -> Places:
        return Places(self.grey, still=self.still, most=self.regions_max, is_read=self._is_read)

    def upright(self, region: Region, scale: float) -> Crop:
        """A region cut out and turned upright."""
        return self._places.upright(region, scale)

    @property
    def sees_matrix(self) -> bool:
        """Whether a matrix symbol was read, or found and not read."""
        return bool(self.failed) or any(not reading.linear for reading in self.readings)

    def unread_regions(self) -> Iterable[Region]:
        """Where bars stand and nothing has been read, while there is time."""
        for region in self._barred():
            if not self.in_time():
                return
            if not self._is_read(region):
                yield region

    def unread_rows(self, coherence_min: float) -> Iterator[Region]:
        """Where rows of bars may stand and nothing has been read, while there is time."""
        for region in self._places.rowed(coherence_min):
            if not self.in_time():
                return
            yield region

    def on_side(self, turns: int) -> Crop:
        """The whole frame turned by so many quarters, anticlockwise."""
        height, width = self.grey.shape
        to_frame = (
            ((1, 0, 0), (0, 1, 0)),
            ((0, -1, width - 1), (1, 0, 0)),
            ((-1, 0, width - 1), (0, -1, height - 1)),
            ((0, 1, 0), (-1, 0, height - 1)),
        )[turns % 4]
        return Crop(grey=np.ascontiguousarray(np.rot90(self.grey, turns)), to_frame=np.array(to_frame, np.float64))

    def read_whole(
        self, formats: Sequence[str], effort: Effort, *, grey: Grey | None = None, scale: float = 1.0
    ) -> None:
        """Read the whole frame, or a version of it that is `scale` times as large."""
        found = read(self.grey if grey is None else grey, formats=formats, effort=effort)
        self._take(found, lambda quad: scaled(quad, 1 / scale))

    def read_tiles(self, formats: Sequence[str], effort: Effort, *, angle: float = 0.0) -> None:
        """Read the whole frame in parts that overlap, turned by so many radians.

        Of a large picture the engine only looks at some lines.
        """
        height, width = self.grey.shape
        for y in range(0, max(1, height - TILE_OVERLAP_PX), TILE_PX - TILE_OVERLAP_PX):
            for x in range(0, max(1, width - TILE_OVERLAP_PX), TILE_PX - TILE_OVERLAP_PX):
                if not self.in_time():
                    return
                tile = Region(
                    x=x + TILE_PX / 2, y=y + TILE_PX / 2, angle=angle, across_px=TILE_PX, along_px=TILE_PX
                ).crop(self.grey, 1.0, quiet_share=0)
                self._take(read(tile.grey, formats=formats, effort=effort), tile.in_frame)

    def read_crop(
        self, crop: Crop, grey: Grey | None = None, *, formats: Sequence[str] | None = None, bent: bool = False
    ) -> None:
        """Read barred symbols in an upright part of the frame, or in a version of that part of the same size.

        `bent`: whether that version's bars may have other widths.
        """
        wanted = self.barred_formats if formats is None else formats
        found = read(crop.grey if grey is None else grey, formats=wanted, effort=AS_IT_STANDS)
        self._take(found, crop.in_frame, bent=bent)

    def take(self, reading: Reading) -> None:
        """Keep what a stage read by itself in a part of the frame, where the task can meet it."""
        if reading.format in self.wanted.formats and self.wanted.admits(reading):
            self.readings.append(reading)

    def read_drawn(self, drawn: Grey, failed: Failed) -> None:
        """Read a symbol that was drawn anew from what stands at this place of the frame."""
        found = read(drawn, formats=(failed.format,), effort=AS_IT_STANDS)
        self._take(Found(readings=found.readings, failed=()), lambda _: failed.quad)

    def unread_failed(self) -> list[Failed]:
        """The matrix symbols that were found and have not been read since, each once."""
        left: list[Failed] = []
        for failed in self.failed:
            taken = [reading.quad for reading in self.readings] + [other.quad for other in left]
            if not any(share_a_place(failed.quad, quad) for quad in taken):
                left.append(failed)
        return left

    def believed(self) -> tuple[Reading, ...]:
        """What has been read, with no contradictions."""
        return without_conflicts(self.readings)

    def unread(self) -> tuple[Quad, ...]:
        """Where something seems to stand that no reading covers."""
        left: list[Quad] = []
        for region in self._barred():  # Of a large frame the same bars are found in coarse and in fine cells.
            if not self._is_read(region) and not any(stand_at_one_place(region.quad, other) for other in left):
                left.append(region.quad)
        return tuple(left + [failed.quad for failed in self.unread_failed()])

    def _barred(self) -> Iterator[Region]:
        return self._places.barred() if self.barred_formats else iter(())

    def _is_read(self, region: Region) -> bool:
        return any(region.holds(reading.quad) for reading in self.readings)

    def _take(self, found: Found, in_frame: Callable[[Quad], Quad], *, bent: bool = False) -> None:
        self.failed += [replace(failed, quad=in_frame(failed.quad)) for failed in found.failed]
        for reading in found.readings:
            placed = replace(reading, quad=in_frame(reading.quad))
            if not self.wanted.admits(reading) or not self._is_believable(reading, placed, bent=bent):
                continue
            if reading.format not in doubt.HALVED_FORMATS or self._is_of_one_label(placed, found):
                self.readings.append(placed)

    def _is_believable(self, reading: Reading, placed: Reading, *, bent: bool) -> bool:
        """Whether what an engine read is what stands there: as it read it, and `placed` in the frame."""
        if doubt.is_joined(reading) or (reading.format == "UPCE" and doubt.may_be_half_an_ean(self.grey, placed)):
            return False
        if not self.still and doubt.is_no_gs1(reading):
            return False
        if may_be_a_part(reading):
            if not self.still and doubt.is_cut_by_the_picture(self.grey, placed):
                return False
            place = next((region for region in self._barred() if region.holds(placed.quad)), None)
            if doubt.is_cut_short(self.grey, placed, place, still=self.still):
                return False
        if reading.format == "UPCE" and not self.still:
            return doubt.has_its_shades(self.grey, placed)
        by_width = bent and doubt.is_by_bent_widths(reading, still=self.still)
        if by_width or doubt.is_thin(reading, bent=bent) or doubt.is_thin(placed, bent=bent):
            return doubt.stands_a_second_look(self.grey, placed, self.linear_formats)
        return True

    def _is_of_one_label(self, placed: Reading, found: Found) -> bool:
        """Whether both halves of a DataBar stand at its place; not asked of a still that shows but one DataBar."""
        halved = [other for other in self.readings if other.format in doubt.HALVED_FORMATS]
        if any(other.data == placed.data and stand_at_one_place(other.quad, placed.quad) for other in halved):
            return True
        shown = {other.data for other in (*halved, *found.readings) if other.format in doubt.HALVED_FORMATS}
        alone = self.still and len(shown) == 1
        return alone or doubt.stands_alone(self.grey, placed)
