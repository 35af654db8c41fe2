import numpy as np

from scanner_client.vision.crop import SIDE_MAX_PX, cropped
from scanner_client.vision.frame import Frame, Grey
from scanner_client.vision.look import Look
from scanner_client.vision.tracker import Tracker
from tests.scanner_client.vision.shelf_film import place, reading


def bars(contrast: int, width: int = 1280) -> Grey:
    """A picture with bars of four pixels."""
    return np.tile(np.repeat(np.array([128 - contrast, 128 + contrast], np.uint8), 4), (720, width // 8))


def test_crop_shows_the_label_and_a_little_around_it() -> None:
    grey = np.full((720, 1280), 200, np.uint8)
    grey[300:360, 400:600] = 10

    crop = cropped(grey, place(400)).picture

    assert crop.shape == (60 + 40, 200 + 40)
    assert (crop[20:80, 20:220] == 10).all()
    assert (crop[:20] == 200).all()


def test_crop_of_a_large_label_is_kept_small() -> None:
    grey = np.full((3000, 4000), 200, np.uint8)

    crop = cropped(grey, place(100, 100, 3600, 900)).picture

    assert max(crop.shape) <= SIDE_MAX_PX
    assert (crop == 200).all()


def test_crop_is_a_copy_that_does_not_hold_the_frame() -> None:
    grey = np.full((720, 1280), 200, np.uint8)

    assert cropped(grey, place(400)).picture.base is None


def test_label_half_outside_the_frame_gives_the_half_that_is_inside() -> None:
    grey = np.full((720, 1280), 200, np.uint8)

    assert cropped(grey, place(1180)).picture.shape == (100, 120)
    assert cropped(grey, place(2000)).picture.size > 0


def test_box_comes_with_the_sharpest_picture_of_each_of_its_labels() -> None:
    tracker = Tracker()
    labels = Look(readings=(reading(b"SN-1", place(400, 200)), reading(b"SN-2", place(400, 300))))
    for index in range(20):
        grey = bars(100 if index == 12 else 20)
        frame = Frame(index=index, t_ms=100.0 * index, grey=grey, path=None, still=False, shift=(0.0, 0.0))
        tracker.see(frame, labels)
    for index in range(20, 40):  # a further label makes the box come again
        more = Look(readings=(*labels.readings, reading(b"SN-3", place(400, 400))))
        frame = Frame(index=index, t_ms=100.0 * index, grey=bars(20), path=None, still=False, shift=(0.0, 0.0))
        for box in tracker.see(frame, more):
            assert [int(crop.max()) for crop in box.crops] == [228, 228, 148]
            return
    raise AssertionError("The box did not come again.")
