import cv2
import numpy as np
import pytest

from scanner_client.vision.focus import BLURRED_MAX, SKIPPED_MAX, Focus, steepness
from scanner_client.vision.frame import Frame, Grey
from tests.rendering import Kind, LabelSpec
from tests.rendering.labels import label
from tests.scanner_client.vision.pages import patient


def wall(*, module_px: int = 3) -> Grey:
    """A picture of 1280 x 720 full of labels."""
    picture = cv2.cvtColor(label(LabelSpec(kind=Kind.CODE128, content="SN-A000001"))[0], cv2.COLOR_BGR2GRAY)
    wide = cv2.resize(picture, None, fx=module_px / 2, fy=module_px / 2, interpolation=cv2.INTER_NEAREST)
    grey = np.full((720, 1280), 230, np.uint8)
    height, width = wide.shape
    for y in range(0, 720 - height, height + 10):
        for x in range(0, 1280 - width, width + 10):
            grey[y : y + height, x : x + width] = wide
    return grey


def film(*pictures: Grey) -> list[Frame]:
    return [
        Frame(index=n, t_ms=33.0 * n, grey=grey, path=None, still=False, shift=(0.0, 0.0))
        for n, grey in enumerate(pictures)
    ]


def defocused(grey: Grey, px: int) -> Grey:
    return np.asarray(cv2.blur(cv2.blur(grey, (px, px)), (px, px)), np.uint8)


def test_sharp_frame_is_looked_at() -> None:
    assert all(look and look.readings for look in map(Focus(patient()).look, film(*[wall()] * 10)))


def test_badly_focused_frames_are_skipped_but_for_one_now_and_then() -> None:
    looks = map(Focus(patient()).look, film(*[defocused(wall(), 11)] * 15))

    assert [look is not None for look in looks] == ([False] * SKIPPED_MAX + [True]) * 3


def test_blur_along_the_bars_does_no_harm() -> None:
    along = np.asarray(cv2.blur(wall(), (1, 15)), np.uint8)

    look = Focus(patient()).look(film(along)[0])

    assert look is not None
    assert look.readings


@pytest.mark.parametrize("noise", [0, 12])
def test_empty_shelf_in_the_dark_is_not_taken_for_blur(noise: int) -> None:
    grey = np.clip(np.random.default_rng(1).normal(40, noise, (720, 1280)), 0, 255).astype(np.uint8)

    assert Focus(patient()).look(film(grey)[0]) is not None


def test_frames_as_soft_as_one_that_was_read_are_looked_at() -> None:
    """A label held close has wide bars: it is legible with edges that would make another one a blur."""
    soft = defocused(wall(module_px=6), 7)
    assert (steepness(soft) or 1) < BLURRED_MAX

    looks = list(map(Focus(patient()).look, film(*[soft] * 12)))

    assert [look is not None for look in looks] == [False] * SKIPPED_MAX + [True] * (12 - SKIPPED_MAX)
    assert looks[-1] is not None
    assert looks[-1].readings


def test_still_picture_is_always_looked_at() -> None:
    blurred = Frame(index=0, t_ms=0.0, grey=defocused(wall(), 11), path="a.png", still=True)
    focus = Focus(patient())

    assert [focus.look(blurred) is not None for _ in range(3)] == [True] * 3


def test_picture_of_a_few_pixels_is_no_blur() -> None:
    assert steepness(np.zeros((1, 1), np.uint8)) is None
