"""What the renderer says of a frame is what is in the frame."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import zxingcpp
from numpy.typing import NDArray

from tests.rendering.carton import Box, pile
from tests.rendering.contents import random_label
from tests.rendering.handling import SIZE, Handling, Pose
from tests.rendering.kinds import Kind
from tests.rendering.labels import LabelSpec, Picture, draw
from tests.rendering.optics import MAP_SCALE, Exposure, Maps, point_spread
from tests.rendering.painting import Painting, placed
from tests.rendering.stills import Single, still
from tests.rendering.truth import CONTRAST_MIN, MODULATION_MIN, Seen, seen_labels
from tests.rendering.video import taken
from tests.rendering.wrap import shrink_wrapped, strapped

CALM = Handling(noise=1.0, light=0.0)
STILL_AIR = np.zeros(2)
QR = LabelSpec(kind=Kind.QR, content="https://id.gs1.org/01/09506000134352/21/W77", module_px=6.0)
EAN = LabelSpec(kind=Kind.EAN13, content="9506000134352")


def one_label(spec: LabelSpec) -> Painting:
    return pile([Box(name="Watch", labels=(spec,))], np.random.default_rng(4), shape=1.0)


def upright_label(spec: LabelSpec) -> Painting:
    drawn = draw(spec)
    return Painting(picture=drawn.picture, placed=(placed(spec, drawn, 0, 0),))


def middle_of(painting: Painting) -> NDArray[np.float64]:
    return np.asarray(painting.placed[0].ink.mean(axis=0), np.float64)


def looked_at(
    painting: Painting,
    *,
    pose: Pose | None = None,
    smear: tuple[float, float] = (0.0, 0.0),
    handling: Handling = CALM,
    glare: int = 0,
    glare_map: Picture | None = None,
    hand: bool = False,
) -> Seen:
    """The first label of a painting in a frame that everything but what is named leaves perfect."""
    x, y = middle_of(painting)
    pose = pose or Pose(x=x, y=y, zoom=1.2, defocus_px=0.3)
    size = (SIZE[1] // MAP_SCALE, SIZE[0] // MAP_SCALE)
    maps = Maps(
        light=np.full(size, 255 * handling.brightness, np.uint8),
        glare=np.full(size, glare, np.uint8) if glare else glare_map,
        hand=np.full(size, 255, np.uint8) if hand else None,
    )
    kernel = point_spread(np.array(smear), pose.defocus_px)
    return seen_labels(painting.placed, pose.homography(), kernel, maps, handling, SIZE)[0]


def shine_over(painting: Painting, *, across: bool) -> Seen:
    """The label with a lamp mirrored in a quarter of it: its right part, or its lower part."""
    quad = looked_at(painting).quad / MAP_SCALE
    low, high = quad.min(axis=0), quad.max(axis=0)
    at = (low + 0.75 * (high - low)).astype(int)
    glare = np.zeros((SIZE[1] // MAP_SCALE, SIZE[0] // MAP_SCALE), np.uint8)
    part = (slice(None), slice(at[0], None)) if across else (slice(at[1], None), slice(None))
    glare[part] = 250
    return looked_at(painting, glare_map=glare)


@pytest.mark.parametrize("roll_deg", [0, 30, 135, 270])
@pytest.mark.parametrize("tilt_deg", [(0.0, 0.0), (20.0, 0.0), (0.0, -25.0)])
def test_corners_are_where_an_engine_finds_the_symbol(roll_deg: float, tilt_deg: tuple[float, float]) -> None:
    painting = one_label(QR)
    x, y = middle_of(painting)
    pose = Pose(x=x, y=y, zoom=1.3, roll_deg=roll_deg, tilt_deg=tilt_deg, defocus_px=0.3)
    exposure = Exposure(np.random.default_rng(1), CALM)
    shot = taken(painting.grey, painting, exposure, pose.homography(), point_spread(STILL_AIR, 0.3), CALM)

    (found,) = zxingcpp.read_barcodes(shot.picture)
    at = found.position
    corners = [at.top_left, at.top_right, at.bottom_right, at.bottom_left]

    assert np.abs(np.array([(c.x, c.y) for c in corners]) - shot.seen[0].quad).max() < 3


def test_edge_of_a_symbol_is_where_the_truth_says_to_a_fifth_of_a_pixel() -> None:
    """Pixels are counted from their middles by OpenCV and from their edges by the truth."""
    painting = upright_label(EAN)
    x, y = middle_of(painting)
    pose = Pose(x=x, y=y, zoom=3.0, defocus_px=0.1)
    shot = taken(
        painting.grey, painting, Exposure(np.random.default_rng(1), CALM), pose.homography(),
        point_spread(STILL_AIR, 0.1), CALM,
    )  # fmt: skip
    (seen,) = shot.seen
    left, middle = seen.quad[0, 0], int(seen.quad[:, 1].mean())
    line = shot.picture[middle - 20 : middle + 20, int(left) - 12 : int(left) + 12].mean(axis=0)
    dark = int(np.argmax(line < 125))
    # Half way from light to dark, counted from the middles of two pixels.
    edge = int(left) - 12 + dark - 0.5 + (line[dark - 1] - 125) / (line[dark - 1] - line[dark])

    assert edge == pytest.approx(left, abs=0.2)


def test_module_is_as_wide_as_the_symbol_shows() -> None:
    seen = looked_at(one_label(EAN))

    assert seen.module_px == pytest.approx(np.linalg.norm(seen.quad[1] - seen.quad[0]) / 95, rel=0.02)


def test_sharp_whole_label_is_readable() -> None:
    assert looked_at(one_label(EAN)).readable
    assert looked_at(one_label(QR)).readable


def test_label_that_leaves_the_picture_is_not_whole() -> None:
    painting = one_label(EAN)
    x, y = middle_of(painting)

    seen = looked_at(painting, pose=Pose(x=x + 500, y=y, zoom=1.2, defocus_px=0.3))

    assert (seen.whole, seen.readable) == (False, False)


def test_label_behind_the_camera_is_not_in_the_picture() -> None:
    """Its corners, divided by a depth below 0, would lie in the middle of the frame."""
    painting = one_label(EAN)
    x, y = middle_of(painting)
    homography = Pose(x=x - 9000, y=y, zoom=1.2, tilt_deg=(0.0, 70.0)).homography()
    maps = Maps(light=np.full((360, 640), 255, np.uint8), glare=None, hand=None)

    assert seen_labels(painting.placed, homography, point_spread(STILL_AIR, 0.3), maps, CALM, SIZE) == ()


def test_bars_smeared_across_cannot_be_read_and_bars_smeared_along_can() -> None:
    upright = pile([Box(name="Watch", labels=(EAN,))], np.random.default_rng(4), shape=1.0)
    along = upright.placed[0].steps[:, 1] / np.linalg.norm(upright.placed[0].steps[:, 1])
    across = upright.placed[0].steps[:, 0] / np.linalg.norm(upright.placed[0].steps[:, 0])

    assert looked_at(upright, smear=tuple(5 * along)).readable
    assert not looked_at(upright, smear=tuple(5 * across)).readable


def test_matrix_smeared_in_either_direction_cannot_be_read() -> None:
    painting = one_label(replace(QR, module_px=4.0))

    assert not looked_at(painting, smear=(9.0, 0.0)).readable
    assert not looked_at(painting, smear=(0.0, 9.0)).readable


def test_modulation_is_what_the_blur_leaves_of_real_bars() -> None:
    """Bars of 2.5 pixels, drawn and blurred, keep the contrast that is computed for them."""
    pitch, kernel = 2.5, point_spread(np.array([1.5, 0.0]), 0.8)
    wave = 127 + 100 * np.cos(np.pi * np.arange(400) / pitch)
    blurred = cv2.filter2D(np.tile(wave, (40, 1)), -1, kernel)[20, 50:350]
    painting = one_label(replace(EAN, module_px=pitch))
    x, y = middle_of(painting)
    across = painting.placed[0].steps[:, 0] / pitch
    # The sticker is a little crooked: turned upright, its bars stand across the motion.
    crooked_deg = float(np.degrees(np.arctan2(across[1], across[0])))
    pose = Pose(x=x, y=y, zoom=1.0, roll_deg=-crooked_deg, defocus_px=0.8)
    seen = looked_at(painting, pose=pose, smear=(1.5, 0.0))

    assert seen.modulation == pytest.approx(np.ptp(blurred) / np.ptp(wave), abs=0.03)


def test_defocused_label_is_not_readable_although_its_bars_still_show() -> None:
    painting = one_label(EAN)
    x, y = middle_of(painting)
    soft = looked_at(painting, pose=Pose(x=x, y=y, zoom=1.2, defocus_px=2.1))

    assert 252 * soft.modulation > 2 * CONTRAST_MIN
    assert not soft.readable


def test_matrix_whose_checkerboard_is_gone_is_not_readable() -> None:
    painting = one_label(replace(QR, module_px=4.0))
    x, y = middle_of(painting)
    soft = looked_at(painting, pose=Pose(x=x, y=y, zoom=0.6, defocus_px=1.75))

    assert soft.modulation > MODULATION_MIN
    assert not soft.readable


def test_label_too_far_away_is_not_readable_however_sharp() -> None:
    painting = one_label(replace(QR, module_px=4.0))
    x, y = middle_of(painting)
    far = looked_at(painting, pose=Pose(x=x, y=y, zoom=0.45, defocus_px=0.1))

    assert (far.clear, far.readable) == (True, False)
    assert far.module_px == pytest.approx(1.8)


def test_bars_need_one_clear_line_across_and_a_matrix_needs_all_of_itself() -> None:
    """A reflection over the lower quarter of a label hides nothing of a bar code, over its right quarter it does."""
    bars, matrix = upright_label(EAN), upright_label(QR)
    lower, right = (shine_over(painting, across=False) for painting in (bars, matrix)), shine_over(bars, across=True)

    assert [seen.readable for seen in lower] == [True, False]
    assert not right.readable


def test_label_under_a_hand_is_not_readable() -> None:
    assert not looked_at(one_label(EAN), hand=True).readable


def test_label_under_a_lamps_mirror_image_is_readable_until_the_sensor_is_at_its_limit() -> None:
    assert looked_at(one_label(EAN), glare=60).readable
    assert not looked_at(one_label(EAN), glare=240).readable


def test_label_in_the_dark_is_readable_until_noise_hides_its_bars() -> None:
    dusk = replace(CALM, brightness=0.3)

    assert looked_at(one_label(EAN), handling=dusk).readable
    assert not looked_at(one_label(EAN), handling=replace(dusk, noise=30.0)).readable
    assert not looked_at(one_label(EAN), handling=replace(CALM, brightness=0.05)).readable


def test_label_under_a_strap_is_not_readable() -> None:
    boxes = [Box(name="Watch", labels=(random_label(Kind.GS1_128, np.random.default_rng(n)),)) for n in range(12)]
    rng = np.random.default_rng(1)
    bare = pile(boxes, rng, shape=1.0)
    painting = strapped(bare, rng, every_px=500)
    covered = [label for label in painting.placed if label.covered]

    assert 0 < len(covered) < len(boxes)
    for label in covered:
        x, y = label.ink.mean(axis=0)
        only = replace(painting, placed=(label,))
        assert not looked_at(only, pose=Pose(x=x, y=y, zoom=1.0, defocus_px=0.3)).readable


def test_shrink_wrap_pales_what_is_under_it_and_creases_shine() -> None:
    bare = one_label(EAN)
    wrapped = shrink_wrapped(bare, np.random.default_rng(1))

    assert wrapped.film is not None
    assert wrapped.film.max() > 100
    assert np.ptp(wrapped.grey.astype(int)) < np.ptp(bare.grey.astype(int))


@pytest.mark.slow
def test_still_shows_forty_labels_whole() -> None:
    kinds = list(Kind)
    labels = [random_label(kinds[n % len(kinds)], np.random.default_rng(n)) for n in range(40)]
    painting, shot = still(labels, 1, size=(1920, 1080))

    assert shot.picture.shape == (1080, 1920)
    assert [label.spec.data for label in painting.placed] == [label.data for label in labels]
    assert sum(seen.whole for seen in shot.seen) == 40


def test_single_label_stays_readable_however_it_is_turned() -> None:
    single = Single(replace(EAN, module_px=2.3), 1)

    assert all(single.seen_at(roll).readable for roll in range(0, 360, 45))
