"""How a camera is followed over its scene while the light goes out, a hand lies over it, or it is turned elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from scanner_client.vision.frame import Frame, Grey
from scanner_client.vision.look import Look
from scanner_client.vision.panorama import PanPicture
from scanner_client.vision.reading import Point, Reading
from scanner_client.vision.tracker import InView, Tracker
from scanner_client.vision.view import View
from scanner_client.vision.way import ELSEWHERE_FRAMES, Way
from tests.scanner_client.vision.shelf_film import place, reading

WIDTH, HEIGHT = 640, 360


def wall(seed: int) -> Grey:
    """A scene of 1280 x 360 pixels, unlike any other."""
    noise = np.random.default_rng(seed).integers(0, 255, (HEIGHT, 1280), np.uint8)
    blurred = cv2.GaussianBlur(noise, (0, 0), 8)
    return np.asarray(np.clip(128 + 12.0 * (blurred - blurred.mean()), 0, 255), np.uint8)


WALL = wall(1)


def at(x: int) -> Grey:
    return WALL[:, x : x + WIDTH]


def uniform(level: int) -> list[Grey]:
    return [np.full((HEIGHT, WIDTH), level, np.uint8)] * 10


def dark() -> list[Grey]:
    """What a sensor gives behind a covered lens."""
    rng = np.random.default_rng(3)
    return [rng.integers(0, 8, (HEIGHT, WIDTH), np.uint8) for _ in range(10)]


COVERED = pytest.mark.parametrize(
    "covered", [uniform(0), uniform(255), dark(), uniform(0) * 5], ids=["black", "white", "dark", "long"]
)


def way_of(frames: Sequence[Grey]) -> list[Point | None]:
    way = Way()
    return [way.shift(frame) for frame in frames]


def film(pictures: Sequence[Grey]) -> list[Frame]:
    return [
        Frame(index=n, t_ms=33.3 * n, grey=grey, path=None, still=False, shift=shift)
        for n, (grey, shift) in enumerate(zip(pictures, way_of(pictures), strict=True))
    ]


@COVERED
def test_way_that_a_camera_goes_while_it_is_covered_is_known_once_it_sees_again(covered: list[Grey]) -> None:
    first, *others = way_of([at(0), at(20), *covered, at(60), at(80)])

    assert first is None
    assert others[0] == pytest.approx((-20, 0), abs=1.5)
    assert others[1:-2] == [(0.0, 0.0)] * len(covered)
    assert others[-2:] == [pytest.approx((-40, 0), abs=1.5), pytest.approx((-20, 0), abs=1.5)]


def test_camera_that_is_turned_to_another_scene_begins_anew_there() -> None:
    shifts = way_of([at(0), at(0), *[wall(2)[:, :WIDTH]] * (ELSEWHERE_FRAMES + 2)])

    assert [n for n, shift in enumerate(shifts) if shift is None] == [0, 2 + ELSEWHERE_FRAMES]


@COVERED
def test_piece_is_counted_once_though_the_light_goes_out_or_a_lamp_blinds_the_camera(covered: list[Grey]) -> None:
    piece = Look(readings=(reading(b"9506000134376", place(200, 150, 150, 50), "]E0"),))
    tracker, boxes = Tracker(), set[int]()
    for frame in film([*[at(0)] * 20, *covered, *[at(0)] * 20]):
        lit = frame.index < 20 or frame.index >= 20 + len(covered)
        boxes |= {box.box for box in tracker.see(frame, piece if lit else Look(readings=()))}

    assert boxes | {box.box for box in tracker.finish()} == {1}


SQUARE = cv2.resize(wall(3), (900, 900))


def turned(degrees: float) -> Grey:
    """The middle of a scene that was turned by so much clockwise."""
    way = cv2.getRotationMatrix2D((450, 450), -degrees, 1.0)
    return np.asarray(cv2.warpAffine(SQUARE, way, (900, 900))[270:630, 130:770], np.uint8)


def test_label_stays_one_label_while_the_wrist_turns() -> None:
    """It leaves the picture and comes back half a turn later, where the same shift would have it elsewhere."""
    way, view = Way(), View()
    for n in range(61):
        shift = way.shift(frame := turned(3.0 * n))
        view = view.followed(shift or (0.0, 0.0), way.turn, (frame.shape[1] / 2, frame.shape[0] / 2))

    ((x, y), *_) = view.to_frame(place(400, 180, 0, 0))
    assert (x, y) == pytest.approx((240, 180), abs=20)
    assert view.to_scene(view.to_frame(place(400, 180))) == pytest.approx(np.array(place(400, 180)))


def test_wrist_that_holds_still_is_not_taken_to_turn() -> None:
    way = Way()
    for x in range(0, 200, 10):
        way.shift(at(x))
        assert way.turn == 0


def test_hand_that_moves_over_one_side_of_the_picture_does_not_turn_it() -> None:
    way, hand = Way(), wall(5)
    for n in range(12):
        frame = at(20 + 4 * n).copy()
        frame[120:, :260] = np.roll(hand, -8 * n, axis=0)[120:, :260]
        way.shift(frame)
        assert way.turn == 0


def test_way_is_known_in_the_dark_though_a_sensor_is_noisier_than_what_it_sees() -> None:
    rng = np.random.default_rng(7)

    def by_night(x: int) -> Grey:
        shelf = 10 + 10.0 * (at(x) > 128)
        shelf[70:] = 10
        return np.asarray(np.clip(shelf + rng.normal(0, 8, shelf.shape), 0, 255), np.uint8)

    _, *shifts = way_of([by_night(8 * n) for n in range(12)])

    assert shifts == [pytest.approx((-8, 0), abs=3)] * 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    frame: Frame
    in_view: Sequence[InView] = ()


@COVERED
def test_saved_picture_of_a_fixed_camera_shows_its_scene_once_though_it_was_covered(covered: list[Grey]) -> None:
    panorama = PanPicture()
    for frame in film([*[at(0)] * 3, *covered, *[at(0)] * 3]):
        panorama.see(Shown(frame=frame))

    assert panorama.whole().shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("shift", [(float("nan"), 0.0), (0.0, float("inf")), (3000.0, 0.0), (WIDTH / 2, HEIGHT / 2)])
def test_shift_that_no_camera_makes_leaves_the_saved_picture_as_it_is(shift: Point) -> None:
    panorama = PanPicture()
    for n in range(20):
        way = shift if n else None
        panorama.see(Shown(frame=Frame(index=n, t_ms=33.0 * n, grey=at(0), path=None, still=False, shift=way)))

    assert panorama.whole().shape == (HEIGHT, WIDTH, 3)


def test_label_that_is_not_read_counts_once_though_the_camera_jumped() -> None:
    """Two labels beside it were read before and after the jump, and say how far it was."""

    def seen(x: float) -> tuple[list[Reading], list[tuple[Point, Point, Point, Point]]]:
        return [reading(b"SN-0001", place(x)), reading(b"SN-0002", place(x, 500))], [place(x + 300, 100)]

    tracker, boxes, grey = Tracker(), set[int](), np.zeros((720, 1280), np.uint8)
    for n in range(20):
        read, unread = seen(100 if n < 10 else 500)
        shift = None if n in (0, 10) else (0.0, 0.0)
        frame = Frame(index=n, t_ms=33.0 * n, grey=grey, path=None, still=False, shift=shift)
        boxes |= {box.box for box in tracker.see(frame, Look(readings=tuple(read), unread=tuple(unread)))}

    assert (boxes | {box.box for box in tracker.finish()}, tracker.unread) == ({1, 2}, 1)
