"""The steps by which a frame is read, from the cheapest to the hardest. Each is one function that can be left out.

What each gains and costs stands in `tests/bench/README.md`; the camera benchmark leaves one out at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from math import pi
from typing import Final

import cv2
import numpy as np

from scanner_client.vision.attempt import Attempt
from scanner_client.vision.bars import read_bars
from scanner_client.vision.engine import AS_IT_STANDS, Effort
from scanner_client.vision.flatten import flattened
from scanner_client.vision.frame import Grey
from scanner_client.vision.reading import Quad, Reading
from scanner_client.vision.region import Region

Step = Callable[[Attempt], None]


class Turn(StrEnum):
    """When a step is taken."""

    EVERY_FRAME = "every frame"
    IN_TURN = "in turn"
    """One of these steps a frame: what one frame leaves unread, one of the next ones tries in another way."""
    FILMS_ONLY = "in turn, in films only"
    STILLS_ONLY = "stills only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of reading."""

    name: str
    take: Step
    turn: Turn


STAGES: Final[dict[str, Stage]] = {}
"""Every step by its name, in the order in which they are taken."""

SCALE = 2.0
WIDE_PX = 500
"""Bars that are spread as wide as this need no enlarging."""

ROWED_REGIONS_MIN, PIXELS_PER_ROWED_REGION = 2, 600_000
"""So many places are tried, since print often looks the same."""

LIKELY_REGIONS_MAX = 16
"""As many as a film's frame has; in large photographs the weaker ones were print."""

MANY_LABELS_PIXELS_MIN = 2_500_000
PALLET_LINEAR_MIN = 5
TILE_TURNS = -pi / 30, pi / 30

SHADED_REGIONS_MAX = 1
"""It takes 6 to 18 ms."""

ROWS_COHERENCE_MIN = 0.4, 0.3
"""Bars that end at every row agree less on a direction. With the lower bound a stacked DataBar beside print is found
whole, with the higher one a PDF417 is told from the print beside it."""

ROWS_EVERY_FRAMES = 5
FILM_ROWED_REGIONS = 2
FILM_ROWS_SCALE = 1.3

ROWS_CROP_PIXELS_MAX, ROWS_CROP_SHARE_MAX = 600_000, 2.5
"""Of the frame's own pixels: with its margins a crop of a small picture is mostly its repeated rim."""

ROWS_MARGIN_SHARE, ROWS_MARGIN_PX_MAX = 0.8, 120.0
"""Of symbols in rows a region often lacks an end: inside a wide bar there are no edges."""

ENLARGED_PIXELS_MAX = 100_000
"""Larger pictures gained nothing by it, for an eighth of the engine's own time."""

LINES_MIXED, MODULES_MIXED = (1, 3), (3, 3)
"""Against a camera's noise, in films: in the dark two and three times as many linear symbols are read, and matrix ones
are looked for in a third of the time. Of photographs' finest symbols a twelfth would be lost."""

ANY_TURN = Effort(quarter_turns=True, smaller_scales=False, light_on_dark=False)

CLAHE_CLIP, CLAHE_TILES = 3.0, (4, 4)
SHARPEN_SIGMA_PX, SHARPEN_AMOUNT = 5.0, 3.0
THRESHOLD_PX, THRESHOLD_BELOW_MEAN = 61, 5


def stage(turn: Turn) -> Callable[[Step], Step]:
    """Register a step under its function's name."""

    def register(step: Step) -> Step:
        STAGES[step.__name__] = Stage(name=step.__name__, take=step, turn=turn)
        return step

    return register


@stage(Turn.EVERY_FRAME)
def whole(attempt: Attempt) -> None:
    """The picture as it is: bars about upright, and matrix symbols, for which each next frame is laid on another side.

    The engine finds some Data Matrix only upside down or on their side, and stacked DataBar on its side only if told.
    """
    if attempt.still:
        attempt.read_whole(attempt.linear_formats, AS_IT_STANDS)
        attempt.read_whole(attempt.matrix_formats, AS_IT_STANDS)
        return
    attempt.read_whole(
        attempt.linear_formats, AS_IT_STANDS, grey=np.asarray(cv2.blur(attempt.grey, LINES_MIXED), np.uint8)
    )
    turned = attempt.on_side(attempt.number % 4)
    soft = np.asarray(cv2.GaussianBlur(turned.grey, MODULES_MIXED, 0), np.uint8)
    attempt.read_crop(turned, soft, formats=attempt.matrix_formats)
    if attempt.number % 4:
        attempt.read_crop(turned, formats=[name for name in attempt.linear_formats if name in attempt.rowed_formats])


@stage(Turn.EVERY_FRAME)
def deskew(attempt: Attempt) -> None:
    """Each place with unread bars, turned upright and enlarged."""
    for region in attempt.unread_regions():
        attempt.read_crop(attempt.upright(region, _scale(region.across_px)))


@stage(Turn.IN_TURN)
def contrast(attempt: Attempt) -> None:
    """The same with the contrast evened out (CLAHE), against glare and shade."""
    even = cv2.createCLAHE(CLAHE_CLIP, CLAHE_TILES)
    for region in _likely_regions(attempt):
        crop = attempt.upright(region, _scale(region.across_px))
        attempt.read_crop(crop, np.asarray(even.apply(crop.grey), np.uint8))


@stage(Turn.EVERY_FRAME)
def sharpen(attempt: Attempt) -> None:
    """The same sharpened over a wide radius, against defocus: enlarged, and then as large as it was."""
    for scale in (SCALE, 1.0):
        for region in _likely_regions(attempt):
            if scale <= _scale(region.across_px):
                crop = attempt.upright(region, scale)
                attempt.read_crop(crop, _sharpened(crop.grey), bent=True)


@stage(Turn.IN_TURN)
def rows(attempt: Attempt) -> None:
    """Symbols in rows (PDF417, stacked DataBar) where nothing was read, turned until their rows lie level, enlarged."""
    if attempt.rowed_formats:
        pixels = attempt.grey.size
        pixels_max = min(ROWS_CROP_PIXELS_MAX, ROWS_CROP_SHARE_MAX * pixels)
        for region in _rowed_regions(attempt):
            around = replace(
                region,
                across_px=region.across_px + 2 * min(ROWS_MARGIN_PX_MAX, ROWS_MARGIN_SHARE * region.across_px),
                along_px=region.along_px + 2 * min(ROWS_MARGIN_PX_MAX, ROWS_MARGIN_SHARE * region.along_px),
            )
            scale = min(SCALE, max(1.0, WIDE_PX / region.across_px)) if attempt.still else FILM_ROWS_SCALE
            scale = min(scale, (pixels_max / (around.across_px * around.along_px)) ** 0.5)
            crop = around.crop(attempt.grey, scale, quiet_share=0)
            attempt.read_crop(crop, formats=attempt.rowed_formats)


@stage(Turn.FILMS_ONLY)
def shades(attempt: Attempt) -> None:
    """Retail symbols so soft that nothing is black or white any more, by the shapes of their shades (`bars`).

    In a film three frames have to agree on such a symbol. Of stills it read one of 390 photographs more, for a fifth
    of the engine's own time.
    """
    for region in islice(attempt.unread_regions(), SHADED_REGIONS_MAX):
        crop = region.crop(attempt.grey, 1.0)
        if found := read_bars(crop.grey, region.across_px):
            (start, end), height = found.span_px, crop.grey.shape[0]
            quad: Quad = ((start, 0.0), (end, 0.0), (end, height - 1.0), (start, height - 1.0))
            attempt.take(Reading(format="EAN13", symbology=found.symbology, data=found.data, quad=crop.in_frame(quad)))


@stage(Turn.IN_TURN)
def inverted(attempt: Attempt) -> None:
    """Symbols printed light on dark: in unread bars, and matrix ones where none was seen.

    A still pays for all its steps at once, so the whole of it is looked at again only where it gave nothing.
    """
    for region in _likely_regions(attempt):
        crop = attempt.upright(region, _scale(region.across_px))
        attempt.read_crop(crop, 255 - crop.grey)
    if attempt.in_time() and not (attempt.readings if attempt.still else attempt.sees_matrix):
        attempt.read_whole(attempt.matrix_formats, AS_IT_STANDS, grey=255 - attempt.grey)


@stage(Turn.STILLS_ONLY)
def quarter_turns(attempt: Attempt) -> None:
    """Matrix symbols once more at right angles, where some have been seen (a tray of small ones) or nothing has.

    Not of bars that are too soft: on photographs it read none of them, for a fifth of the engine's time.
    """
    if attempt.in_time() and (attempt.sees_matrix or not (attempt.readings or attempt.unread())):
        attempt.read_whole(attempt.matrix_formats, ANY_TURN)


@stage(Turn.STILLS_ONLY)
def tiles(attempt: Attempt) -> None:
    """A large picture of many labels in parts: some linear labels in it are too small for a region, and lie on a side.

    The lowest, DataBar Stacked, is read only where its rows lie level within some degrees.
    """
    if _shows_a_pallet(attempt):
        attempt.read_tiles(attempt.linear_formats, ANY_TURN)
        for angle in TILE_TURNS:
            attempt.read_tiles([name for name in attempt.linear_formats if name == "DataBarStk"], ANY_TURN, angle=angle)


@stage(Turn.IN_TURN)
def flatten(attempt: Attempt) -> None:
    """QR codes that were found and not read, on cloth or round a bottle: their grid is bent until it fits."""
    for failed in attempt.unread_failed():
        if failed.format == "QRCode" and attempt.in_time():
            attempt.read_drawn(flattened(attempt.grey, failed.quad), failed)


@stage(Turn.STILLS_ONLY)
def threshold(attempt: Attempt) -> None:
    """Where nothing at all was read: black and white by each place's own mean."""
    if attempt.in_time() and not attempt.readings:
        soft = cv2.GaussianBlur(attempt.grey, (3, 3), 0)
        mean = cv2.ADAPTIVE_THRESH_MEAN_C
        split = cv2.adaptiveThreshold(soft, 255, mean, cv2.THRESH_BINARY, THRESHOLD_PX, THRESHOLD_BELOW_MEAN)
        attempt.read_whole(attempt.wanted.formats, ANY_TURN, grey=np.asarray(split, np.uint8))


@stage(Turn.STILLS_ONLY)
def enlarge(attempt: Attempt) -> None:
    """Where nothing at all was read: twice as large, for symbols of less than two pixels a module."""
    if attempt.in_time() and not attempt.readings and attempt.grey.size < ENLARGED_PIXELS_MAX:
        larger = cv2.resize(attempt.grey, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
        attempt.read_whole(attempt.wanted.formats, ANY_TURN, grey=np.asarray(larger, np.uint8), scale=2.0)


def _rowed_regions(attempt: Attempt) -> Iterable[Region]:
    """Where rows are looked for: in a film other places in each frame, for print often looks the same."""
    if not attempt.still:
        way, passed = divmod(attempt.number // ROWS_EVERY_FRAMES % 4, 2)
        regions = attempt.unread_rows(ROWS_COHERENCE_MIN[way])
        return islice(regions, passed, passed + FILM_ROWED_REGIONS)
    most = 0 if attempt.readings else ROWED_REGIONS_MIN
    if _shows_a_pallet(attempt):
        most += attempt.grey.size // PIXELS_PER_ROWED_REGION
    return islice(attempt.unread_rows(ROWS_COHERENCE_MIN[0]), most)


def _likely_regions(attempt: Attempt) -> Iterable[Region]:
    """The strongest regions that are still unread; all of them only where many labels stand."""
    return islice(attempt.unread_regions(), None if _shows_a_pallet(attempt) else LIKELY_REGIONS_MAX)


def _shows_a_pallet(attempt: Attempt) -> bool:
    """Whether so many labels were read in so large a picture that there may well be more."""
    linear = sum(reading.linear for reading in attempt.readings)
    return linear >= PALLET_LINEAR_MIN and attempt.grey.size > MANY_LABELS_PIXELS_MIN


def _scale(across_px: float) -> float:
    return 1.0 if across_px > WIDE_PX else SCALE


def _sharpened(grey: Grey) -> Grey:
    soft = cv2.GaussianBlur(grey, (0, 0), SHARPEN_SIGMA_PX)
    return np.asarray(cv2.addWeighted(grey, 1 + SHARPEN_AMOUNT, soft, -SHARPEN_AMOUNT, 0), np.uint8)
