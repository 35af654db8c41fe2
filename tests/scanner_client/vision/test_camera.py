import os
import struct
import zlib
from collections.abc import Generator
from itertools import count, pairwise
from pathlib import Path
from threading import Event, Timer
from typing import cast

import cv2
import numpy as np
import pytest

from scanner_client.vision.camera import (
    FOLDER_PICTURES_MAX,
    FRAME_PIXELS_MAX,
    FilmClock,
    SourceError,
    _live_frames,
    frames,
    picture_files,
)
from scanner_client.vision.frame import Frame, Grey

SCENE = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (240, 600), dtype=np.uint8), (0, 0), 3)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Twenty frames of a scene that moves 6 pixels to the left in each."""
    path = tmp_path / "pan.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 240))
    for index in range(20):
        writer.write(cv2.cvtColor(SCENE[:, 6 * index : 6 * index + 320], cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


def save(path: Path, picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]] | None = None) -> Path:
    cv2.imwrite(str(path), SCENE if picture is None else picture)
    return path


def huge_png(path: Path, width: int, height: int) -> Path:
    """A few bytes that promise very many pixels."""
    chunks = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")):
        chunks += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    path.write_bytes(chunks)
    return path


def test_picture_is_one_still_frame(tmp_path: Path) -> None:
    (frame,) = frames(save(tmp_path / "box.png"))

    assert (frame.index, frame.still, frame.path) == (0, True, str(tmp_path / "box.png"))
    assert np.array_equal(frame.grey, SCENE)


def test_colour_picture_becomes_grey(tmp_path: Path) -> None:
    (frame,) = frames(save(tmp_path / "box.jpg", np.full((30, 40, 3), (200, 200, 200), np.uint8)))

    assert frame.grey.shape == (30, 40)
    assert abs(int(frame.grey[0, 0]) - 200) <= 2


def test_video_deals_its_frames_in_order_with_their_time(video: Path) -> None:
    dealt = list(frames(video))

    assert [frame.index for frame in dealt] == list(range(20))
    assert [frame.t_ms for frame in dealt[:3]] == [0.0, 40.0, 80.0]
    assert not any(frame.still for frame in dealt)


def test_video_frames_say_how_far_the_scene_moved(video: Path) -> None:
    first, *others = frames(video)

    assert first.shift is None
    for frame in others:
        assert frame.shift == pytest.approx((-6.0, 0.0), abs=2.0)


def test_folder_deals_its_pictures_by_name(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    for name in ("b.png", "a.jpg", "below/c.webp"):
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("not a picture")

    assert [Path(frame.path or "").name for frame in frames(tmp_path)] == ["a.jpg", "b.png", "c.webp"]


def test_one_bad_picture_does_not_stop_the_others(tmp_path: Path) -> None:
    for name in ("a.png", "c.png"):
        save(tmp_path / name)
    (tmp_path / "b.png").write_bytes(b"")
    told: list[SourceError] = []

    dealt = list(frames(tmp_path, on_bad_picture=told.append))

    assert [Path(frame.path or "").name for frame in dealt] == ["a.png", "c.png"]
    assert [str(error) for error in told] == [f"{tmp_path / 'b.png'} is empty."]


def test_bad_pictures_are_named_at_the_end_when_nobody_listens(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"")
    dealt: list[Frame] = []

    with pytest.raises(SourceError, match=r"1 of 2 pictures could not be used: .*b\.png is empty\."):
        dealt.extend(frames(tmp_path))
    assert [Path(frame.path or "").name for frame in dealt] == ["a.png"]


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp"])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.98])
def test_picture_that_breaks_off_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    whole = save(tmp_path / f"whole.{suffix}").read_bytes()
    cut = tmp_path / f"cut.{suffix}"
    cut.write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(SourceError, match="or it breaks off"):
        list(frames(cut))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.png", b"", "is empty"),
        ("text.jpg", b"hello", "is not a PNG, JPEG, WebP or BMP picture"),
        ("empty.mp4", b"", "is empty"),
        ("text.mp4", b"hello", "cannot be opened: it is not a video, it is damaged, or its codec is unknown here"),
    ],
)
def test_file_that_is_no_picture_or_video_is_refused_with_a_sentence(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(SourceError, match=sentence):
        list(frames(tmp_path / name))


@pytest.mark.parametrize("name", ["missing.png", "missing.mp4"])
def test_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match=name):
        list(frames(tmp_path / name))


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no pictures"):
        list(frames(tmp_path))


def test_picture_with_too_many_pixels_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = huge_png(tmp_path / "bomb.png", 10_000, 10_000)

    with pytest.raises(SourceError, match="10000 x 10000 pixels, 100 million; at most 50 million"):
        list(frames(bomb))


def test_picture_with_damaged_content_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="damaged"):
        list(frames(huge_png(tmp_path / "torn.png", 400, 400)))


def test_video_that_breaks_off_gives_its_frames_and_then_says_so(tmp_path: Path, video: Path) -> None:
    cut = tmp_path / "cut.avi"
    cut.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    dealt: list[Frame] = []

    with pytest.raises(SourceError, match=r"breaks off after frame \d+ of 20"):
        dealt.extend(frames(cut))


def test_camera_that_is_not_there_is_named() -> None:
    with pytest.raises(SourceError, match="Camera 97 cannot be opened: it is not there, or another program has it"):
        next(frames(97))


def test_camera_that_disappears_in_mid_stream_is_named_and_what_it_showed_was_dealt(video: Path) -> None:
    ticks = count()
    dealt: list[Frame] = []
    stream = _live_frames(cv2.VideoCapture(str(video)), "Camera 0", lambda: next(ticks) / 10)

    with pytest.raises(SourceError, match=r"Camera 0 disappeared after \d+ frames; check its cable"):
        dealt.extend(stream)

    assert 1 <= len(dealt) <= 20
    assert [frame.index for frame in dealt] == list(range(len(dealt)))
    assert all(a.t_ms < b.t_ms for a, b in pairwise(dealt))
    assert dealt[0].path is None


class Endless:
    """No camera of 8K can be had here: this one shows the same frame for ever."""

    def read(self) -> tuple[bool, Grey]:
        return True, np.zeros((4320, 7680), np.uint8)

    def release(self) -> None:
        pass


def test_huge_frame_of_a_camera_is_made_as_small_as_a_frame_may_be() -> None:
    stream = cast("Generator[Frame]", _live_frames(cast("cv2.VideoCapture", Endless()), "Camera 0", lambda: 0.0))
    frame = next(stream)
    stream.close()

    assert frame.grey.size == pytest.approx(FRAME_PIXELS_MAX, rel=1e-3)
    assert frame.scale == pytest.approx(frame.grey.shape[1] / 7680, rel=1e-3)


class Hung:
    """No camera can be had here: this one gives one frame, and then its driver hangs until a test lets it go."""

    def __init__(self) -> None:
        self.let_go = Event()
        self.released = False
        self._shown = False

    def read(self) -> tuple[bool, Grey]:
        if self._shown:
            self.let_go.wait(10)
        first, self._shown = not self._shown, True
        return first, np.zeros((720, 1280), np.uint8)

    def release(self) -> None:
        self.released = True


def test_camera_that_shows_nothing_any_more_is_named() -> None:
    camera = Hung()
    stream = _live_frames(cast("cv2.VideoCapture", camera), "Camera 0", lambda: 0.0, silent_s_max=0.05)
    assert next(stream).index == 0
    Timer(0.3, camera.let_go.set).start()

    with pytest.raises(SourceError, match="Camera 0 shows nothing any more; check its cable"):
        next(stream)
    assert camera.released


@pytest.mark.parametrize(
    ("frames_per_s", "stamps", "expected"),
    [
        pytest.param(25, [0, 40, 80, 120], [0, 40, 80, 120], id="a camera's film"),
        pytest.param(1000, [0, 33, 67, 700], [0, 33, 67, 700], id="a browser's film, a frame when something moves"),
        pytest.param(1000, [0, 1, 2, 3], [0, 100 / 3, 200 / 3, 100], id="no true time anywhere"),
        pytest.param(20, [0, 0, 0, 0], [0, 50, 100, 150], id="no timestamps"),
        pytest.param(20, [7000, 7050, 90_000_000, 90_000_050], [0, 50, 100, 150], id="a timestamp that leaps"),
        pytest.param(20, [0, 50, 10, 60], [0, 50, 100, 150], id="a timestamp that goes back"),
        pytest.param(0, [0, 0, 0], [0, 100 / 3, 200 / 3], id="nothing is said"),
        pytest.param(float("nan"), [float("nan")] * 3, [0, 100 / 3, 200 / 3], id="no numbers"),
    ],
)
def test_time_of_a_film_is_what_it_can_be(frames_per_s: float, stamps: list[float], expected: list[float]) -> None:
    clock = FilmClock(frames_per_s)

    assert [clock.t_ms(stamp) for stamp in stamps] == pytest.approx(expected)


@pytest.mark.parametrize("size", [(1280, 2), (2, 720), (16, 16)])
def test_film_of_hardly_any_height_or_width_is_dealt(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "thin.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, size)
    for index in range(3):
        writer.write(np.full((size[1], size[0], 3), 60 * index, np.uint8))
    writer.release()

    assert [frame.grey.shape for frame in frames(path)] == [size[::-1]] * 3


def test_folder_with_too_many_pictures_is_refused(tmp_path: Path) -> None:
    original = tmp_path / "0.png"
    original.write_bytes(b"x")
    for number in range(1, FOLDER_PICTURES_MAX + 1):
        os.link(original, tmp_path / f"{number}.png")

    with pytest.raises(SourceError, match="at most 10000 are taken at once"):
        picture_files(tmp_path)


@pytest.mark.parametrize("name", ["label.mp4", "label", "label.jfif"])
def test_picture_under_another_name_is_a_picture(tmp_path: Path, name: str) -> None:
    save(tmp_path / "label.png").rename(tmp_path / name)

    (frame,) = frames(tmp_path / name)

    assert frame.still
    assert frame.grey.shape == SCENE.shape


def test_transparent_ground_of_a_label_is_white(tmp_path: Path) -> None:
    drawn = np.zeros((20, 30, 4), np.uint8)
    drawn[5:15, 5:25, 3] = 255  # black ink on nothing
    cv2.imwrite(str(tmp_path / "label.png"), drawn)

    (frame,) = frames(tmp_path / "label.png")

    assert (frame.grey[0, 0], frame.grey[10, 10]) == (255, 0)
