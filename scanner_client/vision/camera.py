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
from pathlib import Path

import cv2
import numpy as np
from cv2.typing import MatLike

from scanner_client.vision.frame import Frame, Grey
from scanner_client.vision.newest import SILENT_S_MAX, Newest, SilentError, newest
from scanner_client.vision.picture_size import BEGINNING_BYTES, begins_as_picture, has_alpha, picture_size
from scanner_client.vision.shrink import shrunk
from scanner_client.vision.way import Way

PIXELS_MAX = 50_000_000
"""A phone's 48-megapixel picture passes; a larger one would take more memory than a handheld has to spare. A film or
camera is held to it as well."""

FRAME_PIXELS_MAX = 4096 * 2160
"""A film's or camera's larger frame is made as small as this before it is read. At 4K a frame takes 0.1 s of a core,
and with some hundred labels in it 1.3; at 8K it would be 0.6 and 6. A still may take its time, a film goes on."""

FILE_BYTES_MAX = 100_000_000
FOLDER_PICTURES_MAX = 10_000
PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp"})
VIDEO_SUFFIXES = frozenset({".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".3gp"})

MISSING_FRAMES_SHARE = 0.05
"""Some containers only estimate their number of frames, so a few too few is no damage."""

CAMERA_ASKED = {
    cv2.CAP_PROP_FOURCC: cv2.VideoWriter.fourcc(*"MJPG"),
    cv2.CAP_PROP_FRAME_WIDTH: 1280,
    cv2.CAP_PROP_FRAME_HEIGHT: 720,
}
"""The size at which reading is measured. Unasked, a webcam gives 640 x 480; and this size at 30 frames a second goes
over USB 2 only as JPEG (UVC 1.5; uncompressed it is 55 MB/s)."""

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
        name = f"Camera {source}"
        yield from _live_frames(_opened(source, name), name, clock)
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
            f"at most {PIXELS_MAX // 1_000_000} million are decoded. Make it smaller, or cut it into parts."
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
            yield _moving(index, clock.t_ms(capture.get(cv2.CAP_PROP_POS_MSEC)), grey, str(path), way)
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
                yield _moving(index, 1000 * (seconds - began), grey, None, way)
                index += 1
    except SilentError as error:
        raise SourceError(f"{name} shows nothing any more; check its cable.") from error
    finally:
        if camera is None or not camera.hangs:
            capture.release()
    raise SourceError(f"{name} disappeared after {index} frames; check its cable.")


def _moving(index: int, t_ms: float, whole: Grey, path: str | None, way: Way) -> Frame:
    """The next frame of a film or camera, no larger than a frame may be."""
    scale = min(1.0, (FRAME_PIXELS_MAX / whole.size) ** 0.5)
    grey = shrunk(whole, scale)
    return Frame(
        index=index, t_ms=t_ms, grey=grey, path=path, still=False, scale=scale, shift=way.shift(grey), turn=way.turn
    )


def _opened(source: int | str, name: str) -> cv2.VideoCapture:
    # OpenCV and FFmpeg would print their own guesses beside our sentence.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    capture = cv2.VideoCapture(source)
    if not capture.isOpened():
        capture.release()
        why = (
            "it is not there, or another program has it"
            if isinstance(source, int)
            else "it is not a video, it is damaged, or its codec is unknown here"
        )
        raise SourceError(f"{name} cannot be opened: {why}.")
    if isinstance(source, int):
        for asked, value in CAMERA_ASKED.items():
            capture.set(asked, value)  # a camera that cannot keeps its own
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
