from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp

from tests.rendering import Bay, Box, Handling, Kind, LabelSpec, Shelf, render_video
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
    one, other = (next(shots(paint(SHELF, rng), rng, QUICK)).picture for rng in map(np.random.default_rng, (7, 8)))

    assert not np.array_equal(one, other)


@pytest.mark.slow
def test_what_the_truth_calls_readable_can_be_read_by_an_engine() -> None:
    rng = np.random.default_rng(3)
    painting = paint(SHELF, rng)
    promised = read = 0
    for shot in shots(painting, rng, QUICK):
        seen = {bytes(b.bytes) for b in zxingcpp.read_barcodes(cv2.cvtColor(shot.picture, cv2.COLOR_BGR2GRAY))}
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
