"""UPC-E by its shades, on drawn symbols."""

import numpy as np
import pytest

from scanner_client.vision.doubt import may_be_half_an_ean
from scanner_client.vision.engine import AS_IT_STANDS, read
from scanner_client.vision.region import Region
from scanner_client.vision.upce import BESIDE_MODULES, MODULES, upce_by_shades
from tests.rendering.contents import random_label
from tests.rendering.kinds import Kind
from tests.rendering.stills import Single
from tests.scanner_client.vision.pages import sticker, turned


@pytest.mark.parametrize("seed", range(5))
def test_short_product_code_is_read_off_its_shades_whatever_its_digits(seed: int) -> None:
    spec = random_label(Kind.UPCE, np.random.default_rng(seed), module_px=2.0)
    grey = Single(spec, seed).seen_at(3.0).picture
    (found,) = read(grey, formats=("UPCE",), effort=AS_IT_STANDS).readings
    region = Region.of_quad(found.quad)
    wide = Region(
        x=region.x,
        y=region.y,
        angle=region.angle,
        across_px=region.across_px * (1 + 2 * BESIDE_MODULES / MODULES),
        along_px=region.along_px,
    )

    assert upce_by_shades(wide.crop(grey, 1.0, quiet_share=0, along_share=0.4).grey) == spec.data


def test_grey_paper_says_no_number() -> None:
    assert upce_by_shades(np.full((20, 120), 128, np.uint8)) is None


@pytest.mark.parametrize("degrees", [-32, 8, 24])
def test_left_half_of_a_long_product_code_is_no_short_one(degrees: float) -> None:
    """It has all that a UPC-E has, and a line that leaves the bars at their side finds a quiet zone there, too."""
    long = turned(sticker("EAN13", "9506009700008", bars_px=100), degrees)

    (half,) = read(long, formats=("UPCE",), effort=AS_IT_STANDS).readings

    assert may_be_half_an_ean(long, half)


@pytest.mark.parametrize("degrees", [-8, 0, 8])
def test_short_product_code_stands_by_itself(degrees: float) -> None:
    short = turned(sticker("UPCE", "01234565", bars_px=100), degrees)

    (found,) = read(short, formats=("UPCE",), effort=AS_IT_STANDS).readings

    assert not may_be_half_an_ean(short, found)
