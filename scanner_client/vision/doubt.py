"""Second looks at what an engine read in a frame and its symbology does not vouch for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import cos, radians, sin

from scanner_client.vision.engine import AS_IT_STANDS, ROWED_FORMATS, read
from scanner_client.vision.frame import Grey
from scanner_client.vision.lean import bars_upright
from scanner_client.vision.reading import Reading, height_share
from scanner_client.vision.region import Region
from scanner_client.vision.upce import BESIDE_MODULES, MODULES, QUIET_SHOWN_MODULES, is_half_of_another, upce_by_shades
from sync.labels import Refusal, parse

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

JOINED_HEIGHT_SHARE_MIN = 1.4
"""In a frame with several DataBar Expanded the engine joins a part of one to a part of another, as far as their check
digits agree: 15 wrong texts in one film, all of them given a place at least 1.6 times as high as wide. Three rows of
four segments are 1.1 times as high."""

HALVED_FORMATS = ("DataBarOmni", "DataBarStk", "DataBarStkOmni")
"""The engine reads their halves apart and joins what the check modulo 79 allows, also a half that it read in the
picture turned round: of two labels at one height, one of them upside down, which would lie on each other in a mirror.
In one film it did so in every frame that showed both."""

ITF_QUIET_MODULES = 10

BEYOND_MAX = 1.5
"""Bars that stand together, by the length of the line that read them: two symbols that touch would be more."""

LEANING_PX = 24.0
LEANING_MAX = sin(radians(12))
"""Between a line that read a UPC-E and one across its bars."""

ALONG_PX = 12
ROWS_SHARE = 2.5
ALONE_SHARES = (0.0, 0.7, 1.4, ROWS_SHARE)
SCALES = (2.0, 1.3)


def is_joined(reading: Reading) -> bool:
    """Whether it was put together from two DataBar Expanded."""
    return reading.format.startswith("DataBarExp") and height_share(reading.quad) > JOINED_HEIGHT_SHARE_MIN


def is_no_gs1(reading: Reading) -> bool:
    """Whether a DataBar Expanded says what no GS1 label says, as most do that were put together wrongly.

    In a film three frames agreed on one of which the picture's edge cut off the lower rows: its expiry was one digit.
    A still is read all the same, so that a person is told what is wrong with the label.
    """
    return reading.format.startswith("DataBarExp") and isinstance(parse(reading.data, reading.symbology), Refusal)


def is_cut_by_the_picture(grey: Grey, reading: Reading) -> bool:
    """Whether an ITF symbol has no room for a quiet zone in the picture: it may go on beyond the picture's edge.

    Ten modules beside either end (ISO/IEC 16390), of 9 for each digit and 9 for start and stop where wide bars are
    three modules. In a film three frames agreed on the first eight digits of a carton that was leaving the picture. Of
    photographs, which people cut close, a third of the right ones would be lost.
    """
    height, width = grey.shape
    bars = Region.of_quad(reading.quad)
    reach = bars.across_px / 2 + bars.across_px * ITF_QUIET_MODULES / (9 + 9 * len(reading.data))
    ends = ((bars.x + way * reach * cos(bars.angle), bars.y + way * reach * sin(bars.angle)) for way in (-1, 1))
    return any(not (0 <= x < width and 0 <= y < height) for x, y in ends)


def is_cut_short(grey: Grey, reading: Reading, place: Region | None, *, still: bool) -> bool:
    """Whether it is a part of an ITF symbol: a line that leaves its side reads a part, each line another one.

    So the upper and the lower half of the symbol, where its bars are known to stand or else around the line, are read
    apart, and say the same of a whole one. In a film both have to: of a symbol that the picture cut, eleven frames
    agreed on eight digits that stood in its upper half alone. Of photographs one right one of 17 would be lost. Where
    bars stand far beyond the line, it read a part whatever its halves say, as it does of symbols tilted by 45 degrees.
    """
    line = Region.of_quad(reading.quad, along_px_min=LEANING_PX)
    if place is None:
        upright = bars_upright(grey, line)
        place = replace(upright, across_px=BEYOND_MAX * upright.across_px)
    elif place.across_px > BEYOND_MAX * line.across_px:
        return True
    crop = place.crop(grey, SCALES[0]).grey
    middle = crop.shape[0] // 2
    halves = [read(half, formats=("ITF",), effort=AS_IT_STANDS).readings for half in (crop[:middle], crop[middle:])]
    said = {again.data for half in halves for again in half}
    return said != {reading.data} or not (still or all(halves))


def has_its_shades(grey: Grey, reading: Reading) -> bool:
    """Whether a UPC-E also looks like what was read: frames that agree do not tell, they may all be wrong alike.

    In a film the next frame is another chance; of photographs half of the right ones would be lost.
    """
    region = Region.of_quad(reading.quad, along_px_min=LINES_MIN)
    region = replace(region, across_px=region.across_px * (1 + 2 * BESIDE_MODULES / MODULES))
    return upce_by_shades(region.crop(grey, 1.0, quiet_share=0, along_share=0.4).grey) == reading.data


def may_be_half_an_ean(grey: Grey, reading: Reading) -> bool:
    """Whether a UPC-E may be the left half of an EAN-13, which has all that it has but for a quiet zone.

    A line that leans leaves the bars at their side and finds a quiet zone there, so it is not believed at all; upright,
    the place is read again.
    """
    along = Region.of_quad(reading.quad, along_px_min=LEANING_PX)
    upright = bars_upright(grey, along)
    if abs(sin(upright.angle - along.angle)) > LEANING_MAX:
        return True
    shown = replace(upright, across_px=upright.across_px * (1 + 2 * QUIET_SHOWN_MODULES / MODULES))
    return is_half_of_another(shown.crop(grey, 1.0, quiet_share=0, along_share=0.4).grey)


def is_thin(reading: Reading, *, bent: bool) -> bool:
    """Whether it rests on so few lines that its check digit does not vouch for it.

    A DataBar Expanded is checked modulo 211, and of a stacked one a line of one row is often all that is given.
    """
    weak = reading.weakly_checked and not reading.format.startswith("DataBarExp")
    return weak and Region.of_quad(reading.quad).along_px < (SHARPENED_LINES_MIN if bent else LINES_MIN)


def is_by_bent_widths(reading: Reading, *, still: bool) -> bool:
    """Whether the widths that it was read by may be another symbol's, where its bars were sharpened."""
    return reading.symbology in FOUR_WIDTHS and (not still or reading.format in BENT_FORMATS)


def stands_alone(grey: Grey, reading: Reading) -> bool:
    """Whether a DataBar is also read where nothing but its place is shown, and nothing else there.

    Its place is that of any of its rows, so more and more above and below is shown.
    """
    region = Region.of_quad(reading.quad)
    for share in ALONE_SHARES:
        shown = replace(region, along_px=max(region.along_px, share * region.across_px) + ALONG_PX)
        again = read(shown.crop(grey, SCALES[1]).grey, formats=HALVED_FORMATS, effort=AS_IT_STANDS).readings
        if {each.data for each in again} == {reading.data}:
            return True
    return False


def stands_a_second_look(grey: Grey, reading: Reading, formats: Sequence[str]) -> bool:
    """Whether the same place, upright and at other sizes, says the same once, and nothing else ever."""
    region = Region.of_quad(reading.quad)
    if reading.format in ROWED_FORMATS:  # All its rows are needed, and one line of one row is given as its place.
        region = replace(region, along_px=ROWS_SHARE * region.across_px)
    region = replace(region, along_px=region.along_px + ALONG_PX)
    said = set[bytes]()
    for scale in SCALES:
        crop = region.crop(grey, scale)
        said |= {again.data for again in read(crop.grey, formats=formats, effort=AS_IT_STANDS).readings}
    return said == {reading.data}
