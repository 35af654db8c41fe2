"""What is drawn on pictures, judged by its pixels."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import cv2
import numpy as np
import pytest

from scanner_client.vision.foot import LINES_MAX
from scanner_client.vision.frame import Grey
from scanner_client.vision.mark import Mark, MarkTone
from scanner_client.vision.marking import MARKS_MAX, jpeg, marked, report_picture, side_by_side
from scanner_client.vision.pen import STYLES, Colour, Picture, text_height
from scanner_client.vision.reading import Quad

WIDTH, HEIGHT = 1280, 720
SIGNED = [tone for tone in MarkTone if STYLES[tone].sign]


def grey() -> Grey:
    return np.full((HEIGHT, WIDTH), 120, np.uint8)


def at(x: float, y: float, width: float = 160, height: float = 60) -> Quad:
    return (x, y), (x + width, y), (x + width, y + height), (x, y + height)


def filled(picture: Picture, tone: MarkTone) -> int:
    """How many pixels have exactly the tone's colour."""
    return int((picture == np.array(STYLES[tone].fill, np.uint8)).all(axis=2).sum())


def luminance(colour: Colour) -> float:
    """Relative luminance as WCAG 2.2 defines it; our colours are blue, green, red."""
    shares = [c / 255 for c in reversed(colour)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("tone", list(MarkTone))
def test_words_on_every_colour_can_be_read(tone: MarkTone) -> None:
    one, other = sorted((luminance(STYLES[tone].fill), luminance(STYLES[tone].text)))
    assert (other + 0.05) / (one + 0.05) >= 4.5


def test_signs_and_lines_are_told_apart_without_any_colour() -> None:
    lines = {}
    for tone in MarkTone:
        picture = marked(grey(), [Mark(quad=at(400, 300), tone=tone)])
        lines[tone] = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)[290:370, 390:570].astype(int)
    assert len({style.sign for style in STYLES.values()}) == len(MarkTone)
    for one, other in combinations(MarkTone, 2):
        differing = int((np.abs(lines[one] - lines[other]) > 40).sum())
        whole_lines = {one, other} == {MarkTone.RIGHT, MarkTone.KEPT}
        assert differing > 200 or whole_lines, f"the lines of {one} and {other} look alike"


@pytest.mark.parametrize("tone", list(MarkTone))
def test_what_a_person_should_look_at_has_a_broken_line(tone: MarkTone) -> None:
    picture = marked(grey(), [Mark(quad=at(400, 300), tone=tone)])
    along = picture[300, 405:555].astype(int).sum(axis=1)
    assert (int(np.ptp(along)) > 100) == (tone in (MarkTone.LOOK, MarkTone.UNREAD))


@pytest.mark.parametrize("tone", SIGNED)
@pytest.mark.parametrize(
    "quad", [at(0, 0), at(WIDTH - 160, 0), at(0, HEIGHT - 60), at(WIDTH - 160, HEIGHT - 60), at(560, HEIGHT - 60)]
)
def test_caption_of_a_label_at_the_edge_is_wholly_in_the_picture(tone: MarkTone, quad: Quad) -> None:
    def drawn(where: Quad, caption: str) -> int:
        return filled(marked(grey(), [Mark(quad=where, tone=tone, caption=caption, signed=bool(caption))]), tone)

    inside = drawn(at(500, 300), "Belongs in A-02") - drawn(at(500, 300), "")
    at_edge = drawn(quad, "Belongs in A-02") - drawn(quad, "")
    assert at_edge == pytest.approx(inside, rel=0.02), "nothing of it is cut off or hidden"


def test_captions_of_neighbours_do_not_lie_on_each_other() -> None:
    def drawn(*places: tuple[float, float]) -> int:
        marks = [Mark(quad=at(x, y, 60, 60), tone=MarkTone.WRONG, caption="Belongs in A-02") for x, y in places]
        return filled(marked(grey(), marks), MarkTone.WRONG)

    alone = drawn((600, 300))
    assert drawn((600, 300), (690, 300)) == pytest.approx(2 * alone, rel=0.02)


def test_wrong_label_keeps_its_words_where_there_is_room_for_one_caption_only() -> None:
    small = np.full((60, 260), 120, np.uint8)
    marks = [
        Mark(quad=at(10, 5, 60, 30), tone=MarkTone.RIGHT, caption="D-1001"),
        Mark(quad=at(20, 10, 60, 30), tone=MarkTone.WRONG, caption="belongs in A-02"),
    ]
    alone = marked(small, marks[1:])
    words = (alone != marked(small, [replace(marks[1], signed=False)])).any(axis=2)
    assert words.sum() > 1_000
    assert (marked(small, marks)[words] == alone[words]).all()


def test_many_captions_leave_most_of_the_picture_to_be_seen() -> None:
    marks = [Mark(quad=at(x, y, 30, 30), tone=MarkTone.RIGHT, caption="D-1001 ab")
             for x in range(40, 1200, 130) for y in range(40, 700, 90)]  # fmt: skip
    assert len(marks) == 72
    assert (marked(grey(), marks) == 120).all(axis=2).mean() > 0.75


def test_only_one_label_of_a_box_has_its_sign() -> None:
    other = Mark(quad=at(600, 300), tone=MarkTone.RIGHT, caption="D-1001", signed=False)
    signed = Mark(quad=at(600, 300), tone=MarkTone.RIGHT, caption="D-1001")
    sign = round(1.5 * text_height(WIDTH)) ** 2
    assert filled(marked(grey(), [signed]), MarkTone.RIGHT) > filled(marked(grey(), [other]), MarkTone.RIGHT) + sign


def test_label_half_out_of_the_picture_and_odd_words_break_nothing() -> None:
    marks = [
        Mark(quad=at(-100, -40), tone=MarkTone.WRONG, caption="two\nlines\x1d and a very, very long caption indeed"),
        Mark(quad=at(WIDTH + 500, 0), tone=MarkTone.LOOK, caption="箱 ü"),
        Mark(quad=((5, 5),) * 4, tone=MarkTone.UNREAD, caption="x"),
    ]
    assert marked(grey(), marks).shape == (HEIGHT, WIDTH, 3)
    assert marked(np.full((3, 5), 9, np.uint8), marks).shape == (3, 5, 3)


def test_words_that_do_not_fit_on_the_picture_are_left_out() -> None:
    small = np.full((60, 100), 120, np.uint8)
    words, none = (Mark(quad=at(20, 10, 30, 20), tone=MarkTone.WRONG, caption=c) for c in ("belongs in A-02", ""))
    assert (marked(small, [words]) == marked(small, [none])).all()


def test_words_stay_in_one_line() -> None:
    broken, one = (Mark(quad=at(400, 300), tone=MarkTone.WRONG, caption=c) for c in ("two\nlines", "two lines"))
    assert (marked(grey(), [broken]) == marked(grey(), [one])).all()


def test_picture_that_is_marked_stays_as_it_was() -> None:
    for picture in (grey(), np.full((HEIGHT, WIDTH, 3), 7, np.uint8)):
        before = picture.copy()
        assert (marked(picture, [Mark(quad=at(9, 9), tone=MarkTone.RIGHT)]) != 7).any()
        assert (picture == before).all()


@pytest.mark.slow
def test_more_marks_than_anyone_can_look_at_leave_the_important_ones() -> None:
    crowd = [Mark(quad=at(x % 1200, x % 700, 9, 9), tone=MarkTone.RIGHT) for x in range(2 * MARKS_MAX)]
    wrong = Mark(quad=at(600, 300), tone=MarkTone.WRONG, caption="RECALLED")
    alone = filled(marked(grey(), [wrong], text_px=20), MarkTone.WRONG)
    assert filled(marked(grey(), [*crowd, wrong], text_px=20), MarkTone.WRONG) == alone


def test_saved_picture_explains_only_the_signs_that_it_shows() -> None:
    legend = dict.fromkeys(MarkTone, "means this")
    marks = [Mark(quad=at(100, 100), tone=MarkTone.RIGHT), Mark(quad=at(400, 100), tone=MarkTone.PENDING)]
    below = report_picture(grey(), marks, [], legend)[HEIGHT:]
    assert [tone for tone in SIGNED if filled(below, tone) > 100] == [MarkTone.RIGHT]


def test_long_line_at_the_foot_is_broken_and_a_long_list_is_cut() -> None:
    def foot_px(*lines: str) -> int:
        return int(report_picture(grey(), [], lines).shape[0]) - HEIGHT

    line = foot_px("one", "two") - foot_px("one")
    assert foot_px("Cordless drill 18V D-1004, " * 6) == foot_px("one") + 2 * line
    assert foot_px(*["one"] * 1_000) == foot_px("one") + (LINES_MAX - 1) * line
    assert foot_px() == 0


def test_jpeg_shows_the_same_picture() -> None:
    picture = marked(grey(), [Mark(quad=at(400, 300), tone=MarkTone.WRONG)])
    decoded = cv2.imdecode(np.frombuffer(jpeg(picture), np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert np.abs(decoded.astype(int) - picture).mean() < 3


def test_jpeg_of_less_quality_is_smaller() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (200, 300), np.uint8)
    assert len(jpeg(noise, 30)) < len(jpeg(noise, 90))


@pytest.mark.parametrize("shape", [(0, 5), (1, 65_536)])
def test_picture_that_can_be_no_jpeg_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=f"^A picture of {shape[1]} x {shape[0]} pixels cannot be a JPEG"):
        jpeg(np.zeros(shape, np.uint8))


def test_labels_of_one_box_lie_side_by_side() -> None:
    sheet = side_by_side([np.full((20, 30), 10, np.uint8), np.full((10, 40), 90, np.uint8)])
    assert sheet.shape == (20, 30 + 8 + 40)
    assert (sheet[0, 0], sheet[0, 33], sheet[9, 38], sheet[10, 38]) == (10, 255, 90, 255)


def test_no_labels_are_no_picture() -> None:
    with pytest.raises(ValueError, match="no pictures"):
        side_by_side([])
