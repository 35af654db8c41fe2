"""Where frames come from: a camera, a video file, a folder, one picture; how the scene moved between them.

Every source ends in the same `Frame`, and whatever is wrong with one becomes a `SourceError`, a sentence that
a person at a packing station understands.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from math import cos, sin
from pathlib import Path

import cv2
import numpy as np
from cv2.typing import MatLike

from scanner_client.vision.frame import Frame, Grey
from scanner_client.vision.newest import SILENT_S_MAX, Newest, SilentError, newest
from scanner_client.vision.picture_size import BEGINNING_BYTES, begins_as_picture, has_alpha, picture_size
from scanner_client.vision.reading import Point
from scanner_client.vision.shrink import shrunk

PIXELS_MAX = 50_000_000
"""A phone's 48-megapixel picture passes; a larger one would take more memory than a handheld has to spare."""

FILE_BYTES_MAX = 100_000_000
FOLDER_PICTURES_MAX = 10_000
PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp"})
VIDEO_SUFFIXES = frozenset({".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".3gp"})

MISSING_FRAMES_SHARE = 0.05
"""Some containers only estimate their number of frames, so a few too few is no damage."""

SHIFT_WIDTH = 320
SHIFT_SIDE_MIN = 8
"""Shrunken frames that are lower have nothing to compare."""

RESPONSE_MIN = 0.25
"""The share of the correlation that lies in its peak, from which the peak is believed. In nine rendered films (1341
frames: shaken, dark, hunting for focus) 40 frames had less than 0.15, and 38 of them were off by more than 20 pixels;
all others had 0.4 or more, and none was off by more than 6. Uniform frames and noise have 0 to 0.04."""

TURN_MIN = 0.005
"""Slower turns than 8 degrees a second, in radians a frame, are a wrist that wavers back and forth; the labels make up
for them."""

TURN_MAX = 0.1
TURN_BEGINS = 1.1
"""Turned back, the frame must have so many times as much in common with the last one before a turn is believed."""

ELSEWHERE_FRAMES = 5
"""So many frames that follow each other but not what was there before, and the camera shows another scene."""

FRAMES_PER_S_MIN, FRAMES_PER_S_MAX = 5.0, 240.0
FRAMES_PER_S = 30.0
"""Of a film that claims fewer or more: a browser's WebM claims 1000, the unit of its timestamps."""

BETWEEN_FRAMES_MS_MAX = 10_000.0
"""A browser writes no frame while nothing changes; a longer pause is a damaged timestamp."""


class SourceError(Exception):
    """A source of frames that cannot be used, in a sentence that names it."""


def frames(
    source: int | Path,
    *,
    on_bad_picture: Callable[[SourceError], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Frame]:
    """Deal the frames of a camera (its number), a video file, a folder of pictures or one picture.

    In a folder one bad picture does not stop the others: each is told to `on_bad_picture`, or without it
    all are named in one SourceError after the last good picture. `clock` counts a camera's seconds.
    Raises SourceError, also in mid-stream: a camera that disappears, a video that breaks off.
    """
    if isinstance(source, int):
        yield from _live_frames(_opened(source, f"camera {source}"), f"Camera {source}", clock)
    elif source.is_dir():
        yield from _folder_frames(source, on_bad_picture)
    elif _is_picture(source):
        yield _picture(source, 0)
    else:
        yield from _video_frames(source)


def _is_picture(path: Path) -> bool:
    """By its name, or by how it begins: people rename files."""
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return True
    if not path.is_file():
        return False
    with suppress(OSError), path.open("rb") as file:
        return begins_as_picture(file.read(BEGINNING_BYTES))
    return False


def picture_files(folder: Path) -> list[Path]:
    """The pictures in a folder and those below it, by name. Raises SourceError when there are too many."""
    found = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()]
    if len(found) > FOLDER_PICTURES_MAX:
        raise SourceError(f"{folder} holds {len(found)} pictures; at most {FOLDER_PICTURES_MAX} are taken at once.")
    return found


def _folder_frames(folder: Path, on_bad_picture: Callable[[SourceError], None] | None) -> Iterator[Frame]:
    paths = picture_files(folder)
    if not paths:
        raise SourceError(f"{folder} holds no pictures ({', '.join(sorted(PICTURE_SUFFIXES))}).")
    bad: list[SourceError] = []
    for index, path in enumerate(paths):
        try:
            frame = _picture(path, index)
        except SourceError as error:
            (on_bad_picture or bad.append)(error)
            continue
        yield frame
    if bad:
        raise SourceError(f"{len(bad)} of {len(paths)} pictures could not be used: {' '.join(map(str, bad[:20]))}")


def _picture(path: Path, index: int) -> Frame:
    data = _content(path)
    size = picture_size(data)
    if size is None:
        raise SourceError(f"{path} is not a PNG, JPEG, WebP or BMP picture, or it breaks off.")
    _refuse_too_large(path, *size)
    try:
        grey = _decoded(data)
    except cv2.error as error:
        raise SourceError(f"{path} cannot be read as a picture: {error.err}.") from error
    if grey is None:
        raise SourceError(f"{path} cannot be read as a picture: its content is damaged.")
    return Frame(index=index, t_ms=0.0, grey=_as_grey(grey), path=str(path), still=True)


def _decoded(data: bytes) -> MatLike | None:
    """Luminance; what is transparent is white, as label printers' PNG files have it."""
    buffer = np.frombuffer(data, np.uint8)
    if not has_alpha(data):
        return cv2.imdecode(buffer, cv2.IMREAD_GRAYSCALE)
    picture = cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4:
        return cv2.imdecode(buffer, cv2.IMREAD_GRAYSCALE)
    whole = 65535.0 if picture.dtype == np.uint16 else 255.0
    ink = cv2.cvtColor(picture[:, :, :3], cv2.COLOR_BGR2GRAY).astype(np.float32) / whole
    cover = picture[:, :, 3].astype(np.float32) / whole
    return np.asarray(255 * (ink * cover + 1 - cover), np.uint8)


def _content(path: Path) -> bytes:
    try:
        length = path.stat().st_size
        if length > FILE_BYTES_MAX:
            raise SourceError(f"{path} is {length} bytes long; at most {FILE_BYTES_MAX} are read as a picture.")
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be opened: {error.strerror}.") from error
    if not data:
        raise SourceError(f"{path} is empty.")
    return data


def _refuse_too_large(name: object, width: int, height: int) -> None:
    if width * height > PIXELS_MAX:
        raise SourceError(
            f"{name} has {width} x {height} pixels, {width * height / 1e6:.0f} million; "
            f"at most {PIXELS_MAX // 1_000_000} million are decoded."
        )


def _video_frames(path: Path) -> Iterator[Frame]:
    if not path.is_file():
        raise SourceError(f"{path} does not exist.")
    if path.stat().st_size == 0:
        raise SourceError(f"{path} is empty.")
    capture = _opened(str(path), str(path))
    try:
        promised = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        clock, way = FilmClock(capture.get(cv2.CAP_PROP_FPS)), Way()
        shown = 0
        for index in count():
            grey = _next_grey(capture)
            if grey is None:
                break
            t_ms = clock.t_ms(capture.get(cv2.CAP_PROP_POS_MSEC))
            yield Frame(
                index=index, t_ms=t_ms, grey=grey, path=str(path), still=False, shift=way.shift(grey), turn=way.turn
            )
            shown = index + 1
    finally:
        capture.release()
    if shown == 0:
        raise SourceError(f"{path} holds no picture that can be decoded; its codec may be unknown here.")
    if shown < promised * (1 - MISSING_FRAMES_SHARE) - 1:
        raise SourceError(f"{path} breaks off after frame {shown} of {promised}.")


class FilmClock:
    """When each frame of a film was taken, by its timestamps where they can be believed.

    Args:
        frames_per_s: what the film claims; for the frames between which the timestamps say nothing.
    """

    def __init__(self, frames_per_s: float) -> None:
        sane = FRAMES_PER_S_MIN <= frames_per_s <= FRAMES_PER_S_MAX
        self._ms_per_frame = 1000.0 / (frames_per_s if sane else FRAMES_PER_S)
        self._t_ms = 0.0
        self._stamp_ms: float | None = None

    def t_ms(self, stamp_ms: float) -> float:
        """Milliseconds from the first frame to the one with this timestamp."""
        if self._stamp_ms is not None:
            passed = stamp_ms - self._stamp_ms
            sane = 1000 / FRAMES_PER_S_MAX <= passed <= BETWEEN_FRAMES_MS_MAX
            self._t_ms += passed if sane else self._ms_per_frame
        self._stamp_ms = stamp_ms
        return self._t_ms


def _live_frames(
    capture: cv2.VideoCapture, name: str, clock: Callable[[], float], *, silent_s_max: float = SILENT_S_MAX
) -> Iterator[Frame]:
    began, way, index = clock(), Way(), 0
    camera: Newest | None = None
    try:
        with newest(lambda: _next_grey(capture), clock, silent_s_max=silent_s_max) as camera:
            for grey, seconds in camera.frames():
                t_ms = 1000 * (seconds - began)
                yield Frame(
                    index=index, t_ms=t_ms, grey=grey, path=None, still=False, shift=way.shift(grey), turn=way.turn
                )
                index += 1
    except SilentError as error:
        raise SourceError(f"{name} shows nothing any more; check its cable.") from error
    finally:
        if camera is None or not camera.hangs:
            capture.release()
    raise SourceError(f"{name} disappeared after {index} frames; check its cable.")


def _opened(source: int | str, name: str) -> cv2.VideoCapture:
    # OpenCV and FFmpeg would print their own guesses beside our sentence.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    capture = cv2.VideoCapture(source)
    if not capture.isOpened():
        capture.release()
        raise SourceError(f"{name} cannot be opened: it is not there, not a video, or of a codec unknown here.")
    try:
        _refuse_too_large(name, int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    except SourceError:
        capture.release()
        raise
    return capture


def _next_grey(capture: cv2.VideoCapture) -> Grey | None:
    try:
        there, picture = capture.read()
    except cv2.error:
        return None
    if not there:
        return None
    return _as_grey(picture)


def _as_grey(picture: MatLike) -> Grey:
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if picture.ndim == 3 else picture
    return np.asarray(grey, dtype=np.uint8)


def _shrunk(grey: Grey) -> MatLike:
    """A frame to compare, less its mean: else an overexposed one is a picture of the window and follows itself."""
    small = shrunk(grey, min(1.0, SHIFT_WIDTH / grey.shape[1])).astype(np.float32)
    return np.asarray(small - small.mean())


def _shift(previous: MatLike | None, current: MatLike, width: int) -> tuple[Point, float] | None:
    """How far the scene moved between two shrunken frames, in pixels of the full ones, and how sure that is.

    By phase correlation. None where the two have too little in common to say, or are too small.
    """
    if previous is None or previous.shape != current.shape or min(current.shape) < SHIFT_SIDE_MIN:
        return None
    window = cv2.createHanningWindow((current.shape[1], current.shape[0]), cv2.CV_32F)
    # Copies: where no side has to be padded, OpenCV lays the window over the very arrays that it is given.
    (dx, dy), response = cv2.phaseCorrelate(previous.copy(), current.copy(), window)
    # Written so that a response that is no number counts as none.
    scale = width / current.shape[1]
    return ((dx * scale, dy * scale), response) if response >= RESPONSE_MIN else None


def _turn(previous: MatLike, current: MatLike) -> float:
    """How far the scene turned between two shrunken frames, in radians clockwise; 0 where that is not sure.

    A turn about the middle moves the right half down as far as it moves the left half up.
    """
    half = current.shape[1] // 2
    left, right = (_shift(previous[:, part], current[:, part], half) for part in (slice(half), slice(-half, None)))
    if left is None or right is None:
        return 0.0
    turn = (right[0][1] - left[0][1]) / (current.shape[1] - half)
    return turn if abs(turn) < TURN_MAX else 0.0


def _turned(picture: MatLike, by: float) -> MatLike:
    """A shrunken frame turned about its middle by so many radians clockwise."""
    height, width = picture.shape
    way = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), -np.rad2deg(by), 1.0)
    return cv2.warpAffine(picture, way, (width, height), borderMode=cv2.BORDER_REFLECT)


def _turned_point(point: Point, by: float) -> Point:
    c, s = cos(by), sin(by)
    return point[0] * c - point[1] * s, point[0] * s + point[1] * c


class Way:
    """The way of a camera over its scene, from frame to frame.

    A frame that cannot be compared (dark, blurred, covered by a hand) is taken to show the scene where it was. The next
    frames are compared with the last good one, so that nothing is lost once it is seen again.
    """

    def __init__(self) -> None:
        self.turn = 0.0
        """How far the scene turned with the last shift, in radians clockwise."""

        self._known: MatLike | None = None
        """The last frame of which the place is known."""
        self._before: MatLike | None = None
        self._frames = 0
        """How many frames ago that was."""
        self._turn_per_frame = 0.0
        self._elsewhere = 0
        """How many frames in a row follow each other and not the one that is known."""

    def shift(self, grey: Grey) -> Point | None:
        """How far the scene moved in pixels of the frame; None at the beginning, and where the camera shows another."""
        now, width = _shrunk(grey), grey.shape[1]
        before, self._before = self._before, now
        self._frames += 1
        found = self._step(now, width)
        if found is None and self._known is not None and not self._is_elsewhere(before, now, width):
            self.turn = 0.0
            return 0.0, 0.0
        shift, self.turn = found or (None, 0.0)
        self._turn_per_frame = self.turn / self._frames
        self._known, self._frames, self._elsewhere = now, 0, 0
        return shift

    def _step(self, now: MatLike, width: int) -> tuple[Point, float] | None:
        """The shift and the turn since the frame that is known; None where the two have too little in common."""
        # A wrist that turns goes on turning. Turned back by as much, the frame has more in common with the last one.
        turn = self._turn_per_frame * self._frames
        level = _turned(now, -turn) if turn else now
        found = _shift(self._known, level, width)
        if found is None or self._known is None:
            return None
        more = _turn(self._known, level)
        if turn or abs(more) > TURN_MIN * self._frames:
            again = _shift(self._known, _turned(now, -turn - more), width)
            if again is not None and again[1] > (found[1] if turn else TURN_BEGINS * found[1]):
                found, turn = again, turn + more
        if abs(turn) < TURN_MIN * self._frames:
            return found[0], 0.0
        return _turned_point(found[0], turn), turn

    def _is_elsewhere(self, before: MatLike | None, now: MatLike, width: int) -> bool:
        self._elsewhere = self._elsewhere + 1 if _shift(before, now, width) is not None else 0
        return self._elsewhere >= ELSEWHERE_FRAMES
