from itertools import count

import cv2
import numpy as np
import pytest

from scanner_client.vision.decoder import STAGES, Decoder, Wanted
from scanner_client.vision.engine import read
from scanner_client.vision.frame import Grey
from scanner_client.vision.reading import centre
from tests.rendering.contents import random_label
from tests.rendering.kinds import Kind
from tests.rendering.labels import LabelSpec
from tests.rendering.stills import Single
from tests.scanner_client.vision.pages import (
    CARTON,
    LINK,
    PRODUCT,
    UNIT,
    databar,
    film,
    page,
    patient,
    soft,
    sticker,
    still,
    turned,
)

LINEAR = [
    ("Code128", "ABC-12345678"),
    ("Code39", "ABC12345"),
    ("Code93", "ABC12345"),
    ("Codabar", "A1234567B"),
    ("ITF", "19506000134359"),
    ("EAN13", "9506000134352"),
    ("EAN8", "9506000"),
    ("DataBarOmni", "09506000134352"),
]


def texts(grey: Grey, decoder: Decoder | None = None) -> list[bytes]:
    return [reading.data for reading in (decoder or patient()).look(still(grey)).readings]


def test_every_label_on_a_page_is_read_once_with_its_bytes() -> None:
    specs: tuple[LabelSpec, ...] = (UNIT, LINK, CARTON, PRODUCT)

    readings = patient().look(still(page(*specs))).readings

    assert [(r.symbology, r.data) for r in readings] == [(s.symbology, s.data) for s in specs]


@pytest.mark.parametrize("degrees", [20, 45, 70, 90, 135, 250])
@pytest.mark.parametrize(("name", "content"), LINEAR)
def test_linear_label_is_read_at_any_angle_in_a_still_and_in_a_film(name: str, content: str, degrees: float) -> None:
    upright = sticker(name, content)
    (expected,) = texts(upright)
    frame = soft(turned(upright, degrees), 0.7)

    assert texts(frame) == [expected]
    assert [r.data for r in patient().look(film([frame])[0]).readings] == [expected]


def test_corners_of_a_turned_label_lie_where_it_stands_in_the_frame() -> None:
    upright = sticker("Code128", "ABC-12345678")
    (reading,) = patient().look(still(turned(upright, 30))).readings

    assert centre(reading.quad) == pytest.approx((360, 360), abs=12)
    assert max(abs(x - 360) for x, _ in reading.quad) > 100


def test_soft_label_is_read_after_its_contrast_is_evened_out() -> None:
    grey = soft(turned(sticker("Code39", "ABC12345"), 5), 1.7, noise=1.0)

    assert texts(grey, patient("whole", "deskew")) == []
    assert texts(grey, patient("whole", "deskew", "contrast")) == [b"ABC12345"]


def test_label_out_of_focus_is_read_after_it_is_sharpened() -> None:
    grey = soft(turned(sticker("EAN13", "9506000134352"), 5), 1.9, noise=0.5)

    assert texts(grey, patient("whole", "deskew")) == []
    assert texts(grey, patient("whole", "deskew", "sharpen")) == [b"9506000134352"]


def test_label_too_soft_for_black_and_white_is_read_from_its_shades_in_a_film() -> None:
    (frame,) = film([soft(turned(sticker("EAN13", "9506000134352"), 5), 2.2, noise=0.5)])

    assert patient(*(name for name in STAGES if name != "shades")).look(frame).readings == ()
    (reading,) = patient("shades").look(frame).readings
    assert (reading.symbology, reading.data) == ("]E0", b"9506000134352")
    assert centre(reading.quad) == pytest.approx((360, 360), abs=25)
    assert patient("shades", wanted=Wanted.parse(["Code128"])).look(frame).readings == ()


def test_bars_printed_light_on_dark_are_read() -> None:
    grey = soft(turned(255 - sticker("Code128", "ABC-12345678"), 30), 0.7)

    assert texts(grey, patient("whole", "deskew")) == []
    assert texts(grey, patient("whole", "deskew", "inverted")) == [b"ABC-12345678"]


def test_matrix_label_printed_light_on_dark_is_read() -> None:
    negative = 255 - page(LINK)

    assert texts(negative, patient("whole")) == []
    assert texts(negative) == [LINK.data]


def test_label_too_small_for_the_engine_is_read_enlarged() -> None:
    shrunk = cv2.resize(page(UNIT)[40:190, 60:210], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    grey = soft(np.pad(np.asarray(shrunk, np.uint8), 30, constant_values=255), 0.8, noise=0.5)

    assert texts(grey, patient("whole")) == []
    assert texts(grey, patient("whole", "enlarge")) == [UNIT.data]


def test_bars_that_nothing_reads_are_said_to_stand_there() -> None:
    struck_out = soft(page(PRODUCT), 0.5)
    struck_out[30:140, 120:140] = 90  # tape over a part of the bars

    look = patient().look(still(struck_out))

    assert look.readings == ()
    (quad,) = look.unread
    assert centre(quad) == pytest.approx((178, 73), abs=20)


def test_page_of_print_and_a_shelf_edge_are_no_unread_labels() -> None:
    grey = np.full((600, 800), 230, np.uint8)
    grey[300:340] = 60
    grey[:, 400:440] = 30

    assert patient().look(still(grey)).unread == ()


def test_what_was_read_is_not_unread() -> None:
    look = patient().look(still(page(UNIT, LINK, CARTON, PRODUCT)))

    assert look.unread == ()


def test_only_the_formats_of_the_task_are_read() -> None:
    assert texts(page(UNIT, PRODUCT), patient(wanted=Wanted.parse(["EAN13"]))) == [PRODUCT.data]


def test_interleaved_two_of_five_shorter_than_the_task_allows_is_no_reading() -> None:
    short, long = sticker("ITF", "1334"), sticker("ITF", "123456")

    assert texts(short) == []
    assert texts(long) == [b"123456"]
    assert texts(short, patient(wanted=Wanted.parse(["ITF:4"]))) == [b"1334"]


@pytest.mark.parametrize("edge", [380, 440])
def test_line_across_a_carton_s_label_that_the_picture_cuts_is_no_number_in_a_film(edge: int) -> None:
    carton = turned(sticker("ITF", "19506000567096", module_px=2, bars_px=60), 12, side=600)
    cut = soft(np.ascontiguousarray(carton[:, :edge]), 0.7)
    (frame,) = film([cut])

    read = {reading.symbology: reading.data for reading in patient().look(frame).readings}
    assert "]I0" not in read


@pytest.mark.parametrize(("roll", "about"), [(45, (30, 0)), (150, (0, 30)), (315, (30, 0))])
def test_stacked_databar_is_read_though_it_is_tilted(roll: int, about: tuple[int, int]) -> None:
    spec = random_label(Kind.DATABAR_STACKED, np.random.default_rng(5), module_px=2.3)
    shown = Single(spec, 5).seen_at(roll, about)

    assert spec.data in {reading.data for reading in patient().look(still(shown.picture)).readings}


@pytest.mark.parametrize(("roll", "about"), [(190, (0, 0)), (350, (0, 30)), (145, (0, 45)), (220, (0, 45))])
def test_line_that_leaves_a_carton_s_label_at_its_side_is_no_number_in_a_still(
    roll: int, about: tuple[int, int]
) -> None:
    spec = random_label(Kind.ITF14, np.random.default_rng(5), module_px=2.3)
    shown = Single(spec, 5).seen_at(roll, about)

    read = {reading.data for reading in patient().look(still(shown.picture)).readings}
    assert read <= {spec.data}


@pytest.mark.parametrize("number", ["09506003968152", "04287913460985", "01428177905840"])
def test_halves_of_two_databar_labels_one_of_them_upside_down_are_no_third_label(number: str) -> None:
    upright, over = databar("DataBarOmni", number), databar("DataBarStkOmni", "09506000263366")[::-1, ::-1]
    shelf = np.full((400, 1000), 255, np.uint8)
    shelf[150 : 150 + upright.shape[0], 60 : 60 + upright.shape[1]] = upright
    shelf[100 : 100 + over.shape[0], -100 - over.shape[1] : -100] = over
    joined = {reading.data for reading in read(shelf).readings}
    assert len(joined) == 3, "the engine joins them"

    for frame in (still(shelf), *film([shelf])):
        found = sorted(reading.data for reading in patient().look(frame).readings)
        assert found == sorted([b"01" + number.encode(), b"0109506000263366"])


def test_empty_picture_holds_no_label() -> None:
    look = patient().look(still(np.full((720, 1280), 128, np.uint8)))

    assert (look.readings, look.unread) == ((), ())


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (500, 3), (9, 9)])
def test_a_sliver_of_a_picture_holds_no_label(shape: tuple[int, int]) -> None:
    assert texts(np.full(shape, 200, np.uint8)) == []


def test_without_time_a_frame_is_read_once_over_and_no_harder() -> None:
    turned_page = turned(sticker("Code128", "ABC-12345678"), 40)
    hours = count()
    no_time = Decoder(clock=lambda: 3600.0 * next(hours))

    assert texts(turned_page) == [b"ABC-12345678"]
    assert texts(turned_page, no_time) == []
    assert texts(sticker("Code128", "ABC-12345678"), no_time) == [b"ABC-12345678"]


def test_each_stage_can_be_left_out_by_name() -> None:
    for name in STAGES:
        rest = [other for other in STAGES if other != name]
        assert texts(page(UNIT, PRODUCT), patient(*rest)) != [] or name == "whole"


def test_hard_steps_take_turns_in_a_film() -> None:
    blurred = soft(turned(sticker("EAN13", "9506000134352"), 5), 2.2, noise=0.5)
    decoder = patient()

    read_in = [bool(decoder.look(frame).readings) for frame in film([blurred] * 8)]

    assert any(read_in)
    assert not all(read_in)


def test_frames_of_a_film_are_laid_on_each_side_in_turn_and_corners_stay_where_the_label_is() -> None:
    frames = film([soft(page(LINK), 0.6)] * 4)

    places = [[centre(reading.quad) for reading in patient("whole").look(frame).readings] for frame in frames]

    assert [len(place) for place in places] == [1, 1, 1, 1]
    assert all(place[0] == pytest.approx(places[0][0], abs=3) for place in places)
