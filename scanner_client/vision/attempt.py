"""One frame while it is being read: what has been read, and where something still stands unread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from math import cos, sin

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
from scanner_client.vision.reading import (
    Quad,
    Reading,
    height_share,
    is_itf14,
    scaled,
    share_a_place,
    stand_at_one_place,
)
from scanner_client.vision.region import Crop, Region
from scanner_client.vision.region_search import (
    EDGES_MIN,
    EDGES_MIN_OF_STILL,
    Structure,
    bar_regions,
    rowed_regions,
    rows_level,
    structures,
)
from scanner_client.vision.upce import BESIDE_MODULES, MODULES, upce_by_shades
from scanner_client.vision.wanted import Wanted

SIDE_PX_MIN = 16
"""No symbol is read in less."""

LINES_MIN = 6
"""A weakly checked reading that so many scan lines agree on is believed: in the photographs the wrong ones stood on
one line. A thinner one is looked at again. They are lines of the frame: an enlarged crop only repeats them."""

SHARPENED_LINES_MIN = 10
"""Sharpening mixes the lines within 5 pixels, so that fewer are no two looks."""

BENT_FORMATS = frozenset({"UPCE", "DataBarOmni", "DataBarLtd", "DataBarStk", "DataBarStkOmni"})
"""What makes a soft symbol legible also changes how wide its bars are, and in every frame alike: sharpened, a rendered
UPC-E said the same wrong number in 25 frames. So these are looked at again as they were, and in films, where a next
frame may do without, all whose bars have four widths (EAN, UPC, DataBar)."""

FOUR_WIDTHS = frozenset({"]E0", "]E4", "]e0"})

TILE_PX, TILE_OVERLAP_PX = 1000, 250

JOINED_HEIGHT_SHARE_MIN = 1.4
"""In a frame with several DataBar Expanded the engine joins a part of one to a part of another, as far as their check
digits agree: 15 wrong texts in one film, all of them given a place at least 1.6 times as high as wide. Three rows of
four segments are 1.1 times as high."""

SECOND_LOOK_ALONG_PX = 12
SECOND_LOOK_ROWS_SHARE = 2.5
SECOND_LOOK_SCALES = (2.0, 1.3)


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
    _crops: dict[tuple[int, float], Crop] = field(default_factory=dict)

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
    def _structures(self) -> list[Structure]:
        return structures(self.grey) if min(self.grey.shape) >= SIDE_PX_MIN else []

    @cached_property
    def _regions(self) -> list[Region]:
        if not self.barred_formats:
            return []
        edges_min = EDGES_MIN_OF_STILL if self.still else EDGES_MIN
        return [
            region
            for tensor in self._structures
            for region in bar_regions(self.grey, tensor, most=self.regions_max, edges_min=edges_min)
        ]

    def upright(self, region: Region, scale: float) -> Crop:
        """A region cut out and turned upright, once for all the steps that read it."""
        key = id(region), scale
        if key not in self._crops:
            self._crops[key] = region.crop(self.grey, scale)
        return self._crops[key]

    @property
    def sees_matrix(self) -> bool:
        """Whether a matrix symbol was read, or found and not read."""
        return bool(self.failed) or any(not reading.linear for reading in self.readings)

    def unread_regions(self) -> Iterable[Region]:
        """Where bars stand and nothing has been read, while there is time."""
        for region in self._regions:
            if not self.in_time():
                return
            if not self._is_read(region):
                yield region

    def unread_rows(self, most: int) -> Iterator[Region]:
        """Where rows of bars may stand and nothing has been read, so many at the most, while there is time."""
        found = (region for tensor in self._structures for region in rowed_regions(self.grey, tensor))
        for region in islice((region for region in found if not self._is_read(region)), most):
            if not self.in_time():
                return
            yield rows_level(self.grey, region)

    def whole(self, angle: float) -> Crop:
        """The whole frame turned by so many radians."""
        height, width = self.grey.shape
        c, s = abs(cos(angle)), abs(sin(angle))
        frame = Region(
            x=width / 2, y=height / 2, angle=angle, across_px=width * c + height * s, along_px=width * s + height * c
        )
        return frame.crop(self.grey, 1.0, quiet_share=0)

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
        for region in self._regions:  # Of a large frame the same bars are found in coarse and in fine cells.
            if not self._is_read(region) and not any(stand_at_one_place(region.quad, other) for other in left):
                left.append(region.quad)
        return tuple(left + [failed.quad for failed in self.unread_failed()])

    def _is_read(self, region: Region) -> bool:
        return any(region.holds(reading.quad) for reading in self.readings)

    def _take(self, found: Found, in_frame: Callable[[Quad], Quad], *, bent: bool = False) -> None:
        self.failed += [replace(failed, quad=in_frame(failed.quad)) for failed in found.failed]
        for reading in found.readings:
            placed = replace(reading, quad=in_frame(reading.quad))
            if not self.wanted.admits(reading) or _is_joined(reading) or self._is_cut_short(placed):
                continue
            by_width = bent and reading.symbology in FOUR_WIDTHS and (not self.still or reading.format in BENT_FORMATS)
            lines_min = SHARPENED_LINES_MIN if bent else LINES_MIN
            doubtful = by_width or _is_thin(reading, lines_min) or _is_thin(placed, lines_min)
            if reading.format == "UPCE" and not self.still:
                if not self._has_the_shades_of(placed):
                    continue
            elif doubtful and not self._stands_a_second_look(placed):
                continue
            self.readings.append(placed)

    def _is_cut_short(self, reading: Reading) -> bool:
        """Whether this is a part of an ITF symbol: a line that leaves its side reads a part, each line another one.

        So the upper and the lower half of the symbol are read apart, and say the same of a whole one. The fourteen
        digits of a carton are believed by their check digit.
        """
        if not reading.symbology.startswith("]I") or is_itf14(reading.data):
            return False
        place = Region.of_quad(reading.quad, along_px_min=SECOND_LOOK_ALONG_PX)
        place = next((region for region in self._regions if region.holds(reading.quad)), place)
        crop = place.crop(self.grey, SECOND_LOOK_SCALES[0]).grey
        middle = crop.shape[0] // 2
        halves = (read(half, formats=("ITF",), effort=AS_IT_STANDS) for half in (crop[:middle], crop[middle:]))
        return {again.data for half in halves for again in half.readings} != {reading.data}

    def _has_the_shades_of(self, reading: Reading) -> bool:
        """Whether a UPC-E also looks like what was read: frames that agree do not tell, they may all be wrong alike.

        In a film the next frame is another chance; of photographs half of the right ones would be lost.
        """
        region = Region.of_quad(reading.quad, along_px_min=LINES_MIN)
        region = replace(region, across_px=region.across_px * (1 + 2 * BESIDE_MODULES / MODULES))
        return upce_by_shades(region.crop(self.grey, 1.0, quiet_share=0, along_share=0.4).grey) == reading.data

    def _stands_a_second_look(self, reading: Reading) -> bool:
        """Whether the same place, upright and at other sizes, says the same once, and nothing else ever."""
        region = Region.of_quad(reading.quad)
        if reading.format in ROWED_FORMATS:  # All its rows are needed, and one line of one row is given as its place.
            region = replace(region, along_px=SECOND_LOOK_ROWS_SHARE * region.across_px)
        region = replace(region, along_px=region.along_px + SECOND_LOOK_ALONG_PX)
        said = set[bytes]()
        for scale in SECOND_LOOK_SCALES:
            crop = region.crop(self.grey, scale)
            said |= {again.data for again in read(crop.grey, formats=self.linear_formats, effort=AS_IT_STANDS).readings}
        return said == {reading.data}


def _is_joined(reading: Reading) -> bool:
    return reading.format.startswith("DataBarExp") and height_share(reading.quad) > JOINED_HEIGHT_SHARE_MIN


def _is_thin(reading: Reading, lines_min: int) -> bool:
    """Whether it rests on so few lines that its check digit does not vouch for it.

    A DataBar Expanded is checked modulo 211, and of a stacked one a line of one row is often all that is given.
    """
    weak = reading.weakly_checked and not reading.format.startswith("DataBarExp")
    return weak and Region.of_quad(reading.quad).along_px < lines_min
