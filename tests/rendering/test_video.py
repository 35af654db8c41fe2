from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp

from tests.rendering import Bay, Box, Handling, Kind, LabelSpec, Shelf, render_video
from tests.rendering.films import SCENES, film
from tests.rendering.shelf import paint
from tests.rendering.video import shots

DRILL = Box(
    name="Cordless drill 18V",
    labels=(LabelSpec(kind=Kind.GS1_DATAMATRIX, content="(01)09506000134352(21)D-1001"),),
)
SHELF = Shelf(bays=(Bay(location=LabelSpec(kind=Kind.CODE128, content="LOC:A-01"), boxes=(DRILL,)),))
QUICK = Handling(speed_px=24)


def test_same_seed_shows_the_same_shelf() -> None:
    one, other = (next(shots(paint(SHELF, rng), rng, QUICK)).picture for rng in map(np.random.default_rng, (7, 7)))

    assert np.array_equal(one, other)


def test_another_seed_shakes_in_another_way() -> None:
    painting = paint(SHELF, np.random.default_rng(7))
    one, other = (next(shots(painting, np.random.default_rng(seed), QUICK)).seen[0].quad for seed in (7, 8))

    assert not np.allclose(one, other, atol=0.5)


def test_grey_frame_has_the_truth_of_the_coloured_one() -> None:
    rngs = [np.random.default_rng(7) for _ in range(2)]
    grey, coloured = (
        next(shots(paint(SHELF, rng), rng, QUICK, colour=colour))
        for rng, colour in zip(rngs, (False, True), strict=True)
    )

    assert (grey.picture.shape, coloured.picture.shape) == ((720, 1280), (720, 1280, 3))
    assert grey.readable == coloured.readable
    assert np.array_equal(grey.seen[0].quad, coloured.seen[0].quad)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(len(SCENES)))
def test_film_of_every_scene_is_the_same_when_it_is_shown_again(seed: int) -> None:
    one, other = film(seed), film(seed)
    pairs = zip(one.shots(), other.shots(), strict=False)
    first = [next(pairs) for _ in range(3)]

    assert all(np.array_equal(a.picture, b.picture) and a.readable == b.readable for a, b in first)


@pytest.mark.slow
def test_what_the_truth_calls_readable_can_be_read_by_an_engine() -> None:
    rng = np.random.default_rng(3)
    painting = paint(SHELF, rng)
    promised = read = 0
    for shot in shots(painting, rng, QUICK):
        seen = {bytes(b.bytes) for b in zxingcpp.read_barcodes(shot.picture)}
        promised += len(shot.readable)
        read += sum(painting.placed[number].spec.data in seen for number in shot.readable)

    assert promised > 40
    assert read / promised > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pan.mp4", "pan.avi"])
def test_video_file_has_the_frames_that_the_truth_counts(tmp_path: Path, name: str) -> None:
    truth = render_video(tmp_path / name, SHELF, 1, QUICK)
    capture = cv2.VideoCapture(str(tmp_path / name))
    shapes = []
    while True:
        there, picture = capture.read()
        if not there:
            break
        shapes.append(picture.shape)
    capture.release()

    assert shapes == [(720, 1280, 3)] * truth.frames
    assert all(label.frames for label in truth.labels)


def test_labels_that_do_not_fit_on_a_box_are_refused() -> None:
    crowded = Box(name="Too much", labels=DRILL.labels * 6)

    with pytest.raises(ValueError, match="6 labels do not fit on one face of 'Too much'"):
        paint(Shelf(bays=(Bay(location=None, boxes=(crowded,)),)), np.random.default_rng(0))


def test_pan_that_would_never_end_is_refused() -> None:
    rng = np.random.default_rng(0)

    with pytest.raises(ValueError, match="frames; between 2 and"):
        next(shots(paint(SHELF, rng), rng, Handling(speed_px=0.01)))
