"""The joined picture of a pan: of a drawn shelf whose labels' places are known, and of a film of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner_client.vision.camera import frames
from scanner_client.vision.frame import Frame, Grey
from scanner_client.vision.mark import MarkTone
from scanner_client.vision.pan_labels import LABELS_MAX
from scanner_client.vision.panorama import LIVE_SIDE_MAX_PX, PIXELS_MAX, SHORT_SIDE_PX, PanPicture
from scanner_client.vision.pen import STYLES, Picture
from scanner_client.vision.reading import Quad, Reading, moved
from scanner_client.vision.sheet import EMPTY, SIDE_MAX_PX
from scanner_client.vision.tracker import InView, Tracker
from tests.rendering import Bay, Box, Kind, LabelSpec, Shelf, render_video
from tests.scanner_client.vision.pages import patient

WIDTH, HEIGHT = 640, 360
"""Frames are pasted as they are at this size, so that pixels can be compared."""
PATCH = 40
STEP = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    frame: Frame
    in_view: Sequence[InView]


def scene(width: int, height: int = HEIGHT) -> Grey:
    """Noise with black squares as labels, every 200 px."""
    picture = np.random.default_rng(1).integers(90, 160, (height, width), np.uint8)
    for y in range(160, height, 400):
        for x in range(100, width - PATCH, 200):
            picture[y : y + PATCH, x : x + PATCH] = 0
    return picture


def labels(picture: Grey) -> list[tuple[float, float]]:
    rows, columns = range(160, picture.shape[0], 400), range(100, picture.shape[1] - PATCH, 200)
    return [(float(x), float(y)) for y in rows for x in columns]


def square(x: float, y: float) -> Quad:
    return (x, y), (x + PATCH, y), (x + PATCH, y + PATCH), (x, y + PATCH)


def shown(picture: Grey, index: int, at: tuple[float, float], shift: tuple[float, float] | None) -> Shown:
    """The frame whose left upper corner is at that place of the scene, and what a tracker knows of it."""
    x, y = at
    grey = picture[int(y) : int(y) + HEIGHT, int(x) : int(x) + WIDTH]
    seen = []
    for number, (left, top) in enumerate(labels(picture)):
        quad = moved(square(left, top), -x, -y)
        if 0 <= quad[0][0] <= WIDTH - PATCH and 0 <= quad[0][1] <= HEIGHT - PATCH:
            reading = Reading(format="QRCode", symbology="]Q1", data=b"%d" % number, quad=quad)
            seen.append(InView(quad=quad, reading=reading, box=number))
    frame = Frame(index=index, t_ms=index * 33.0, grey=grey, path=None, still=False, shift=shift)
    return Shown(frame=frame, in_view=seen)


def pan(picture: Grey, places: Sequence[tuple[float, float]], error: float = 0.0) -> PanPicture:
    """A camera at these places, one after the other, whose way is measured too short by a share."""
    panorama = PanPicture()
    before: tuple[float, float] | None = None
    for index, (x, y) in enumerate(places):
        shift = None if before is None else ((before[0] - x) * (1 - error), (before[1] - y) * (1 - error))
        panorama.see(shown(picture, index, (x, y), shift))
        before = (x, y)
    for number in range(len(labels(picture))):
        panorama.told(number, MarkTone.RIGHT)
    return panorama


def along(length: int) -> list[tuple[float, float]]:
    return [(float(x), 0.0) for x in np.arange(0, length - WIDTH + 1, STEP)]


def outlines(page: Picture, tone: MarkTone = MarkTone.RIGHT) -> Iterator[tuple[int, int, int, int]]:
    """Left, top, right, bottom of each outline that has the tone's colour; signs are filled squares and left out."""
    colour = (page == np.array(STYLES[tone].fill, np.uint8)).all(axis=2).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(colour)
    for left, top, width, height, filled in stats[1:count]:
        if width > PATCH - 4 and filled < 0.5 * width * height:
            yield int(left), int(top), int(left + width), int(top + height)


def is_on_a_label(page: Picture, outline: tuple[int, int, int, int]) -> bool:
    """Whether what is inside the outline is black, and what is around it is not."""
    left, top, right, bottom = outline
    inside, around = page[top + 8 : bottom - 8, left + 8 : right - 8], page[top - 12 : top - 6, left:right]
    return float(inside.mean()) < 12 and float(around.mean()) > 60


def test_pan_along_a_shelf_is_one_picture_of_all_of_it() -> None:
    shelf = scene(1_600)
    page = pan(shelf, along(1_600)).whole()
    assert page.shape[:2] == (HEIGHT, 1_600)
    unmarked = shelf[:140]
    assert np.abs(page[:140, :, 0].astype(int) - unmarked).max() == 0, "each frame lies where the last one left off"


@pytest.mark.parametrize("error", [0.0, 0.12, -0.12])
def test_mark_sits_on_its_label_however_badly_the_camera_was_followed(error: float) -> None:
    shelf = scene(1_900)
    page = pan(shelf, along(1_900), error).whole()
    found = list(outlines(page))
    assert len(found) == len(labels(shelf))
    assert [outline for outline in found if not is_on_a_label(page, outline)] == []


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("down", [False, True])
def test_pan_may_go_to_any_side(*, back: bool, down: bool) -> None:
    shelf = scene(640, 1_500) if down else scene(1_500)
    way = [(0.0, float(p)) if down else (float(p), 0.0) for p in range(0, 1_500 - (HEIGHT if down else WIDTH), 20)]
    page = pan(shelf, way[::-1] if back else way).whole()
    covered = way[-1][1] + HEIGHT if down else way[-1][0] + WIDTH
    assert max(page.shape[:2]) == covered
    seen = [place for place in labels(shelf) if place[down] + PATCH <= covered]
    assert sum(is_on_a_label(page, outline) for outline in outlines(page)) == len(seen)


def test_pan_and_back_marks_each_label_once() -> None:
    shelf = scene(1_300)
    there = along(1_300)
    page = pan(shelf, [*there, *there[::-1]]).whole()
    assert len(list(outlines(page))) == len(labels(shelf))


def test_strip_begins_anew_below_where_the_camera_lost_its_way() -> None:
    shelf = scene(2_000)
    panorama = pan(shelf, along(900))
    panorama.see(shown(shelf, 99, (1_300.0, 0.0), None))
    page = panorama.whole()
    assert HEIGHT < page.shape[0] <= 2 * HEIGHT + 20
    assert len(list(outlines(page))) == len([x for x, _ in labels(shelf) if x < 860 or x >= 1_300])


def test_label_that_is_never_judged_and_place_that_is_never_read_are_marked_as_such() -> None:
    shelf = scene(WIDTH)
    [one, two, *_] = shown(shelf, 0, (0.0, 0.0), None).in_view
    first = shown(shelf, 0, (0.0, 0.0), None).frame
    panorama = PanPicture()
    panorama.see(Shown(frame=first, in_view=[one, InView(quad=two.quad, reading=None, box=None)]))
    page = panorama.whole()
    violet, white = (
        (page == np.array(STYLES[tone].fill, np.uint8)).all(axis=2).sum()
        for tone in (MarkTone.UNREAD, MarkTone.PENDING)
    )
    assert violet > 50
    assert white > 50


def test_place_that_is_read_at_last_is_not_unread_any_more() -> None:
    shelf = scene(WIDTH)
    first, second = (shown(shelf, n, (0.0, 0.0), (0.0, 0.0) if n else None) for n in (0, 1))
    panorama = PanPicture()
    panorama.see(Shown(frame=first.frame, in_view=[InView(quad=first.in_view[0].quad, reading=None, box=None)]))
    panorama.see(Shown(frame=second.frame, in_view=[replace(second.in_view[0], box=None)]))
    assert not (panorama.whole() == np.array(STYLES[MarkTone.UNREAD].fill, np.uint8)).all(axis=2).any()
    panorama.see(Shown(frame=second.frame, in_view=second.in_view[:1]))
    panorama.told(second.in_view[0].box or 0, MarkTone.RIGHT, "D-1")
    page = panorama.whole()
    assert len(list(outlines(page))) == 1
    assert not (page == np.array(STYLES[MarkTone.UNREAD].fill, np.uint8)).all(axis=2).any()


def test_longest_pan_stays_within_its_bounds() -> None:
    panorama = PanPicture()
    shelf = scene(12_000)
    for index in range(900):  # there and back again, losing its way now and then
        x = 11_000.0 * abs(np.sin(index / 90))
        shift = None if index % 11 == 0 else (-100.0, 0.0)
        panorama.see(shown(shelf, index, (x, 0.0), shift))
    page = panorama.whole()
    assert page.shape[1] <= SIDE_MAX_PX
    assert sum(sheet.pixels for sheet in panorama._sheets.values()) <= PIXELS_MAX
    assert len(panorama._labels.known) <= LABELS_MAX
    assert {number for label in panorama._labels.known for number in label.places} <= set(panorama._sheets)


def test_long_shelf_goes_on_in_the_next_strip_and_no_label_is_lost() -> None:
    shelf = scene(7_000)
    page = pan(shelf, along(7_000)).whole()
    assert page.shape[0] >= 3 * HEIGHT
    found = [outline for outline in outlines(page) if is_on_a_label(page, outline)]
    assert len(found) >= len(labels(shelf)), "those where a strip ends stand on the next one as well"


def test_label_that_is_believed_on_the_next_strip_is_marked_on_the_last_one_too() -> None:
    shelf = scene(4_000)
    panorama = PanPicture()
    for index, (x, y) in enumerate(along(4_000)):
        now = shown(shelf, index, (x, y), (-STEP, 0.0) if index else None)
        late = [seen if seen.quad[0][0] < 150 else replace(seen, box=None) for seen in now.in_view]
        panorama.see(Shown(frame=now.frame, in_view=late))
    for number in range(len(labels(shelf))):
        panorama.told(number, MarkTone.RIGHT)
    strip = next(iter(panorama._sheets.values())).picture().shape[1]
    on_it = [x for x, _ in labels(shelf) if x + PATCH <= strip]
    assert strip <= SIDE_MAX_PX < 4_000
    assert len(list(outlines(panorama.whole()[:HEIGHT]))) == len(on_it)


def test_large_frames_are_joined_small() -> None:
    panorama = PanPicture()
    frame = Frame(index=0, t_ms=0.0, grey=np.zeros((1_280, 720), np.uint8), path=None, still=False)
    panorama.see(Shown(frame=frame, in_view=[]))
    assert panorama.whole().shape == (SHORT_SIDE_PX * 1_280 // 720, SHORT_SIDE_PX, 3)


def still(side: int, grey: int, index: int = 0) -> Shown:
    picture = np.full((side // 2, side), grey, np.uint8)
    quad = square(side / 2, side / 4)
    reading = Reading(format="QRCode", symbology="]Q1", data=b"%d" % index, quad=quad)
    frame = Frame(index=index, t_ms=0.0, grey=picture, path="shelf.jpg", still=True)
    return Shown(frame=frame, in_view=[InView(quad=quad, reading=reading, box=index)])


def test_still_picture_is_itself_with_its_marks() -> None:
    panorama = PanPicture()
    panorama.see(still(1_000, 50))
    panorama.told(0, MarkTone.WRONG, "RECALLED")
    page = panorama.whole()
    assert page.shape == (500, 1_000, 3)
    assert (page == np.array(STYLES[MarkTone.WRONG].fill, np.uint8)).all(axis=2).any()


def test_next_still_picture_takes_the_place_of_the_last() -> None:
    panorama = PanPicture()
    for index, grey in enumerate((50, 90)):
        panorama.see(still(1_000, grey, index))
    page = panorama.whole()
    assert (page.shape, page[0, 0].tolist(), len(panorama._labels.known)) == ((500, 1_000, 3), [90, 90, 90], 1)


def test_live_picture_is_the_newest_frame_with_its_marks() -> None:
    shelf = scene(1_000)
    panorama = PanPicture()
    for index, x in enumerate((0.0, 100.0)):
        panorama.see(shown(shelf, index, (x, 0.0), (-100.0, 0.0) if index else None))
    for box in range(5):
        panorama.told(box, MarkTone.RIGHT, "D-1")
    page = panorama.live()
    assert page.shape == (HEIGHT, WIDTH, 3)
    assert (page[:100, :, 0] == shelf[:100, 100 : 100 + WIDTH]).all()
    assert [outline for outline in outlines(page) if not is_on_a_label(page, outline)] == []


def test_live_picture_of_a_large_still_is_no_larger_than_a_screen() -> None:
    panorama = PanPicture()
    panorama.see(still(6_000, 50))
    assert panorama.live().shape == (LIVE_SIDE_MAX_PX // 2, LIVE_SIDE_MAX_PX, 3)


def test_label_that_is_asked_about_is_lit_in_the_live_picture_alone() -> None:
    panorama = PanPicture()
    panorama.see(still(1_000, 100))
    plain, saved = panorama.live(), panorama.whole()
    panorama.asked = 0
    live = panorama.live()
    assert (live[0, 0] < plain[0, 0]).all()
    assert (live[260:280, 510:530] == plain[260:280, 510:530]).all(), "the label itself"
    assert (panorama.whole() == saved).all()
    panorama.asked = 1  # of a picture that was shown before
    assert (panorama.live() == plain).all()


def test_saved_picture_has_its_lines_at_the_foot() -> None:
    panorama = PanPicture({MarkTone.RIGHT: "belongs here"})
    panorama.see(still(1_000, EMPTY))
    assert panorama.whole(["A-01: 12 read."]).shape[0] > panorama.whole().shape[0] == 500


def test_there_is_no_picture_before_the_first_frame() -> None:
    for picture in (PanPicture().live, PanPicture().whole):
        with pytest.raises(ValueError, match="no picture before the first frame"):
            picture()


@pytest.mark.slow
def test_film_of_a_shelf_becomes_one_picture_on_which_each_label_is_marked_once(tmp_path: Path) -> None:
    boxes = tuple(
        Box(
            name="Cordless drill 18V",
            labels=(LabelSpec(kind=Kind.GS1_DATAMATRIX, content=f"(01)09506000134352(21)D-{n}"),),
        )
        for n in range(4)
    )
    truth = render_video(tmp_path / "pan.mp4", Shelf(bays=(Bay(location=None, boxes=boxes),)), 3)
    decoder, tracker, panorama = patient(), Tracker(), PanPicture()
    for frame in frames(tmp_path / "pan.mp4"):
        for box in tracker.see(frame, decoder.look(frame)):
            panorama.told(box.box, MarkTone.RIGHT)
        panorama.see(Shown(frame=frame, in_view=tracker.in_view()))
    for box in tracker.finish():
        panorama.told(box.box, MarkTone.RIGHT)
    read = [label for label in panorama._labels.known if label.content is not None]
    assert sorted(label.content[1] for label in read if label.content) == sorted(t.spec.data for t in truth.labels)
    assert len(list(outlines(panorama.whole()))) == len(truth.labels)
