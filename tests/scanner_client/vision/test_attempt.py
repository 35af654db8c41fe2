from dataclasses import replace

import numpy as np
import pytest

from scanner_client.vision.attempt import Attempt
from scanner_client.vision.engine import AS_IT_STANDS, Failed, Found, read
from scanner_client.vision.frame import Grey
from scanner_client.vision.reading import Quad, Reading, centre
from scanner_client.vision.region import Crop
from scanner_client.vision.stages import ANY_TURN
from scanner_client.vision.wanted import Wanted
from tests.scanner_client.vision.pages import sticker

PRODUCT = sticker("EAN13", "9506000134352")
IN_PLACE = np.array([[1.0, 0, 0], [0, 1.0, 0]])


def attempt(grey: Grey) -> Attempt:
    return Attempt(grey=grey, wanted=Wanted(), number=0, still=True, regions_max=8, in_time=lambda: True)


def thin(reading: Reading, lines: float) -> Reading:
    """The same reading, agreed on by fewer scan lines."""
    (ax, _), (bx, _), _, _ = reading.quad
    middle = (reading.quad[0][1] + reading.quad[2][1]) / 2
    quad: Quad = ((ax, middle), (bx, middle), (bx, middle + lines), (ax, middle + lines))
    return replace(reading, quad=quad)


def taken(reading: Reading, *, enlarged: float = 1.0, bent: bool = False) -> list[bytes]:
    """What an attempt keeps of a reading that the engine gives it, in a crop that may be enlarged or sharpened."""
    one, crop = attempt(PRODUCT), Crop(grey=PRODUCT, to_frame=IN_PLACE / enlarged)
    one._take(Found(readings=(reading,), failed=()), crop.in_frame, bent=bent)
    return [kept.data for kept in one.readings]


@pytest.fixture
def right() -> Reading:
    (reading,) = read(PRODUCT, effort=AS_IT_STANDS).readings
    return reading


def test_product_read_on_one_line_is_kept_when_a_second_look_says_the_same(right: Reading) -> None:
    assert taken(thin(right, 1)) == [right.data]


def test_product_read_on_one_line_is_dropped_when_a_second_look_says_something_else(right: Reading) -> None:
    assert taken(replace(thin(right, 1), data=b"9074932437075")) == []


def test_product_that_many_lines_agree_on_needs_no_second_look(right: Reading) -> None:
    assert taken(replace(thin(right, 20), data=b"9074932437075")) == [b"9074932437075"]


def test_lines_that_an_enlarged_crop_repeats_count_once(right: Reading) -> None:
    assert taken(replace(thin(right, 8), data=b"9074932437075"), enlarged=2.0) == []


def test_short_product_code_that_only_sharpening_gives_is_looked_at_again_as_it_was(right: Reading) -> None:
    short = replace(thin(right, 20), format="UPCE", data=b"0119529000092")

    assert taken(short) == [short.data]
    assert taken(short, bent=True) == []


def test_parts_of_two_databar_labels_joined_by_the_engine_are_no_label(right: Reading) -> None:
    lot = replace(thin(right, 40), symbology="]e0", format="DataBarExp", data=b"010950600013435210L1")
    across: Quad = ((205, 644), (326, 644), (1067, 361), (934, 361))

    assert taken(lot) == [lot.data]
    assert taken(replace(lot, quad=across)) == []


def test_code_with_a_check_character_of_its_own_needs_no_second_look(right: Reading) -> None:
    carton = replace(thin(right, 1), symbology="]C1", format="Code128", data=b"00340123450000000017")

    assert taken(carton) == [carton.data]


def test_symbol_that_failed_twice_in_one_place_is_one_unread_label() -> None:
    square: Quad = ((10, 10), (90, 10), (90, 90), (10, 90))
    near: Quad = ((12, 12), (92, 12), (92, 92), (12, 92))
    one = attempt(np.full((200, 200), 200, np.uint8))
    one.failed += [Failed(format="QRCode", quad=square), Failed(format="QRCode", quad=near)]

    assert one.unread() == (square,)


@pytest.mark.parametrize(("still", "kept"), [(False, []), (True, [b"0109506000566641173"])])
def test_stacked_databar_that_says_no_gs1_elements_waits_for_the_next_frame_of_a_film(
    right: Reading, *, still: bool, kept: list[bytes]
) -> None:
    cut = replace(thin(right, 40), symbology="]e0", format="DataBarExpStk", data=b"0109506000566641173")
    one = replace(attempt(PRODUCT), still=still)
    one._take(Found(readings=(cut,), failed=()), lambda quad: quad)

    assert [reading.data for reading in one.readings] == kept


def itf_taken(printed: str, said: bytes) -> list[bytes]:
    """What is kept when the engine gives `said` for one line of a symbol with these digits."""
    symbol = sticker("ITF", printed)
    (whole,) = read(symbol, formats=("ITF",), effort=AS_IT_STANDS).readings
    one = attempt(symbol)
    one._take(Found(readings=(replace(thin(whole, 8), data=said),), failed=()), lambda quad: quad)
    return [kept.data for kept in one.readings]


def test_part_of_a_carton_s_number_is_not_believed() -> None:
    assert itf_taken("19506000134359", b"195060001343") == []


def test_carton_s_number_with_its_check_digit_is_believed() -> None:
    assert itf_taken("19506000134359", b"19506000134359") == [b"19506000134359"]


def test_shorter_number_is_believed_when_both_halves_of_the_symbol_say_it() -> None:
    assert itf_taken("0053611912", b"0053611912") == [b"0053611912"]


@pytest.mark.parametrize(("still", "kept"), [(False, []), (True, [b"0053611912"])])
def test_carton_s_number_that_ends_where_the_picture_does_waits_for_the_next_frame_of_a_film(
    *, still: bool, kept: list[bytes]
) -> None:
    symbol = sticker("ITF", "0053611912")
    (whole,) = read(symbol, formats=("ITF",), effort=AS_IT_STANDS).readings
    beyond = round(max(x for x, _ in whole.quad)) + 4
    for grey, expected in ((symbol[:, :beyond], kept), (symbol, [b"0053611912"])):
        one = replace(attempt(np.ascontiguousarray(grey)), still=still)
        one._take(Found(readings=(whole,), failed=()), lambda quad: quad)
        assert [reading.data for reading in one.readings] == expected


def test_small_label_on_its_side_is_read_in_a_large_picture_wherever_it_stands() -> None:
    label = np.rot90(PRODUCT)
    height, width = label.shape
    for x, y in ((700, 600), (1500, 40)):
        grey = np.full((1300, 1900), 200, np.uint8)
        grey[y : y + height, x : x + width] = label
        one = attempt(grey)
        one.read_tiles(("EAN13",), ANY_TURN)

        (quad,) = {reading.quad for reading in one.believed()}
        assert centre(quad) == pytest.approx((x + width / 2, y + height / 2), abs=0.2 * width)
