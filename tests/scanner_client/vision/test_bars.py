"""The reader of soft and light retail labels, on drawn labels and on what only looks like one."""

import cv2
import numpy as np
import pytest
import zxingcpp

from scanner_client.vision.bars import read_bars
from scanner_client.vision.frame import Grey

PRODUCT = "9506000134352"
DRAWN_MODULE_PX, SEEN_MODULE_PX = 4, 2
SYMBOL_PX = 95 * SEEN_MODULE_PX


def label(number: str = PRODUCT, *, blur_modules: float = 0.4, noise: float = 4.0) -> Grey:
    """An upright crop of a label, as a soft lens shows it."""
    drawn = np.array(zxingcpp.create_barcode(number, zxingcpp.BarcodeFormat.EAN13).to_image(scale=DRAWN_MODULE_PX))
    bars = np.pad(drawn[20:150], ((0, 0), (40, 40)), constant_values=255)
    soft = cv2.GaussianBlur(bars, (0, 0), blur_modules * DRAWN_MODULE_PX)
    share = SEEN_MODULE_PX / DRAWN_MODULE_PX
    small = cv2.resize(soft, None, fx=share, fy=share, interpolation=cv2.INTER_AREA).astype(np.float32)
    grain = np.random.default_rng(3).normal(0, noise, small.shape)
    return np.asarray(np.clip(small * 0.5 + 60 + grain, 0, 255), np.uint8)


def numbers(crop: Grey) -> bytes | None:
    found = read_bars(crop, SYMBOL_PX)
    return found.data if found else None


def test_label_too_soft_for_the_engine_is_read_from_its_shades() -> None:
    soft = label(blur_modules=0.7)

    assert [symbol.text for symbol in zxingcpp.read_barcodes(soft)] == []
    assert numbers(soft) == PRODUCT.encode()


def test_label_held_upside_down_is_read() -> None:
    assert numbers(label()[::-1, ::-1]) == PRODUCT.encode()


def test_light_bars_on_a_dark_can_are_read() -> None:
    assert numbers(255 - label()) == PRODUCT.encode()


def test_upc_a_is_given_with_thirteen_digits_as_the_engine_gives_it() -> None:
    found = read_bars(label("0049000042566"), SYMBOL_PX)

    assert found is not None
    assert (found.symbology, found.data) == ("]E0", b"0049000042566")


def test_place_of_the_bars_is_told() -> None:
    crop = label()
    dark = np.flatnonzero(crop.mean(0) < 130)

    found = read_bars(crop, SYMBOL_PX)

    assert found is not None
    assert found.span_px == pytest.approx((dark[0], dark[-1] + 1), abs=2 * SEEN_MODULE_PX)


def test_digit_under_a_finger_is_not_guessed_from_the_check_digit() -> None:
    hidden = label()
    hidden[:, 220:] = 90

    assert numbers(hidden) is None


def test_bands_that_say_different_numbers_are_not_believed() -> None:
    crop = label()
    half = crop.shape[0] // 2
    crop[half:] = label("4006381333931")[half:]

    assert numbers(crop) is None


@pytest.mark.parametrize("size", [(0, 0), (4, 300), (60, 4), (60, 5000)])
def test_crop_that_cannot_hold_a_label_is_left(size: tuple[int, int]) -> None:
    assert numbers(np.full(size, 200, np.uint8)) is None


@pytest.mark.parametrize("level", [0, 128, 255])
def test_blank_crop_says_nothing(level: int) -> None:
    assert numbers(np.full((60, 300), level, np.uint8)) is None


def test_other_bars_are_not_taken_for_a_product() -> None:
    code = zxingcpp.create_barcode("A1234567", zxingcpp.BarcodeFormat.Code128)
    bars = np.array(code.to_image(scale=3))[10:60]

    assert numbers(np.asarray(cv2.GaussianBlur(bars, (0, 0), 2.0), np.uint8)) is None
