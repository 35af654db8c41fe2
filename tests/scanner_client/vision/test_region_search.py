from math import degrees

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner_client.vision.frame import Grey
from scanner_client.vision.reading import Quad, centre, overlap
from scanner_client.vision.region import Region
from scanner_client.vision.region_search import bar_regions
from scanner_client.vision.structure import CELLS_MAX, structures
from tests.scanner_client.vision.pages import soft, sticker, turned

CELL_PX = 900 / CELLS_MAX
"""A place is found to about a cell on either side."""


def regions(grey: Grey) -> list[Region]:
    return list(bar_regions(grey, structures(grey)[0], passed=lambda _: False))


def lean(region: Region, degrees_anticlockwise: float) -> float:
    """How far the region's angle is from the label's, in degrees; half a turn is no difference."""
    return abs((degrees(region.angle) + degrees_anticlockwise + 90) % 180 - 90)


@settings(deadline=None, max_examples=40)
@given(turn=st.floats(0, 360), module_px=st.integers(2, 4), sigma=st.floats(0.3, 1.5), dark=st.floats(0.3, 1.0))
def test_bars_are_found_at_any_angle_size_focus_and_light(
    turn: float, module_px: int, sigma: float, dark: float
) -> None:
    upright = sticker("Code128", "ABC-1234", module_px=module_px)
    frame = soft((turned(upright, turn, side=900) * dark).astype(np.uint8), sigma)

    found = regions(frame)

    assert len(found) == 1
    assert lean(found[0], turn) < 2
    assert centre(found[0].quad) == pytest.approx((450, 450), abs=2.5 * CELL_PX)


@pytest.mark.parametrize("degrees_apart", [30, 40, 60])
def test_two_labels_that_touch_at_different_angles_are_two_places(degrees_apart: float) -> None:
    label = sticker("Code128", "ABC-1234", bars_px=200)
    aside = np.array([[1.0, 0, 306], [0, 1.0, 102]])
    over = cv2.warpAffine(turned(label, degrees_apart, side=1000), aside, (1000, 1000), borderValue=(160,))
    shape = turned(np.full_like(label, 255), degrees_apart, side=1000)
    covers = cv2.warpAffine(shape, aside, (1000, 1000)) > 250
    heap = np.where(covers, over, turned(label, 0, side=1000)).astype(np.uint8)

    found = regions(heap)

    assert sorted(min(lean(region, 0), lean(region, degrees_apart)) for region in found) == pytest.approx([0, 0], abs=2)
    assert abs(lean(found[0], 0) - lean(found[1], 0)) == pytest.approx(degrees_apart, abs=3)


@pytest.mark.parametrize("text_px", [12, 20, 40])
def test_a_page_of_print_holds_no_bars(text_px: int) -> None:
    page = np.full((600, 900, 3), 245, np.uint8)
    for row, y in enumerate(range(text_px + 8, 590, text_px + 6)):
        words = f"Item {row} of the delivery, handle with care, keep dry; lot L{row}24A, best before 2027-01"
        cv2.putText(page, words, (8, y), (20, 20, 20), cv2.FontFace("sans"), text_px, 400)

    assert regions(np.ascontiguousarray(page[:, :, 0])) == []


def test_a_wicker_basket_holds_no_bars() -> None:
    strand = np.repeat(np.tile([60, 200], 60), 4)
    rows = [np.tile(np.roll(strand, 4 * (row % 2)), (5, 1)) for row in range(72)]

    assert regions(soft(np.concatenate(rows).astype(np.uint8), 0.8)) == []


def test_edges_of_shelves_and_cartons_are_no_bars() -> None:
    frame = np.full((720, 1280), 190, np.uint8)
    for x in range(0, 1280, 160):
        cv2.rectangle(frame, (x + 10, 200), (x + 150, 500), (90,), -1)
    frame[500:560] = 40

    assert regions(soft(frame, 0.8)) == []


def test_noise_holds_no_bars() -> None:
    noise = np.random.default_rng(5).integers(0, 255, (480, 640), dtype=np.uint8)

    assert regions(noise) == []


def test_a_crop_stands_upright_and_maps_back_to_the_frame() -> None:
    frame = turned(sticker("Code128", "ABC-1234"), 33)
    (region,) = regions(frame)
    crop = region.crop(frame, 2.0)
    height, width = crop.grey.shape
    whole: Quad = ((0, 0), (width, 0), (width, height), (0, height))

    back = crop.in_frame(whole)

    columns = crop.grey[height // 3 : 2 * height // 3].astype(float)
    assert columns.std(axis=0).mean() < 0.35 * columns.std()
    assert overlap(back, region.quad) == pytest.approx(region.across_px * region.along_px, rel=0.05)


def test_a_place_that_was_read_is_known_again() -> None:
    place = Region(x=100, y=100, angle=0.5, across_px=200, along_px=60)

    assert place.holds(Region(x=102, y=98, angle=0.5, across_px=180, along_px=1).quad)
    assert place.holds(Region(x=100, y=100, angle=0.5, across_px=400, along_px=90).quad)
    assert not place.holds(Region(x=100, y=190, angle=0.5, across_px=180, along_px=20).quad)
