"""Where frames come from: a camera, a video file, a folder, one picture. The only file that knows OpenCV.

Every source ends in the same `Frame`, and whatever is wrong with one becomes a `SourceError`, a sentence that
a person at a packing station understands.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import cv2
import numpy as np
from cv2.typing import MatLike

from scanner_client.vision.frame import Frame, Grey
from scanner_client.vision.newest import newest
from scanner_client.vision.picture_size import picture_size

PIXELS_MAX = 50_000_000
"""A phone's 48-megapixel picture passes; a larger one would take more memory than a handheld has to spare."""

FILE_BYTES_MAX = 100_000_000
FOLDER_PICTURES_MAX = 10_000
PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp"})
VIDEO_SUFFIXES = frozenset({".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".3gp"})

MISSING_FRAMES_SHARE = 0.05
"""Some containers only estimate their number of frames, so a few too few is no damage."""

SHIFT_WIDTH = 320


class SourceError(Exception):
    """A source of frames that cannot be used, in a sentence that names it."""


def frames(
    source: int | str | Path,
    *,
    on_bad_picture: Callable[[SourceError], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Frame]:
    """Deal the frames of a camera (its number), a video file, a folder of pictures or one picture.

    In a folder one bad picture does not stop the others: each is told to `on_bad_picture`, or without it
    all are named in one SourceError after the last good picture. `clock` counts a camera's seconds.
    Raises SourceError, also in mid-stream: a camera that disappears, a video that breaks off.
    """
    if isinstance(source, int) or (isinstance(source, str) and source.isdecimal()):
        yield from _live_frames(_opened(int(source), f"camera {source}"), f"Camera {source}", clock)
        return
    path = Path(source)
    if path.is_dir():
        yield from _folder_frames(path, on_bad_picture)
    elif path.suffix.lower() in PICTURE_SUFFIXES:
        yield _picture(path, 0)
    else:
        yield from _video_frames(path)


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
        grey = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error as error:
        raise SourceError(f"{path} cannot be read as a picture: {error.err}.") from error
    if grey is None:
        raise SourceError(f"{path} cannot be read as a picture: its content is damaged.")
    return Frame(index=index, t_ms=0.0, grey=_as_grey(grey), path=str(path), still=True)


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
        ms_per_frame = 1000.0 / (capture.get(cv2.CAP_PROP_FPS) or 30.0)
        shown = 0
        previous: MatLike | None = None
        for index in count():
            grey = _next_grey(capture)
            if grey is None:
                break
            shrunk = _shrunk(grey)
            yield Frame(index=index, t_ms=index * ms_per_frame, grey=grey, path=str(path), still=False,
                        shift=_shift(previous, shrunk, grey.shape[1]))  # fmt: skip
            previous, shown = shrunk, index + 1
    finally:
        capture.release()
    if shown == 0:
        raise SourceError(f"{path} holds no picture that can be decoded; its codec may be unknown here.")
    if shown < promised * (1 - MISSING_FRAMES_SHARE) - 1:
        raise SourceError(f"{path} breaks off after frame {shown} of {promised}.")


def _live_frames(capture: cv2.VideoCapture, name: str, clock: Callable[[], float]) -> Iterator[Frame]:
    began = clock()
    previous: MatLike | None = None
    index = 0
    try:
        with newest(lambda: _next_grey(capture), clock) as camera:
            for grey, seconds in camera.frames():
                shrunk = _shrunk(grey)
                yield Frame(index=index, t_ms=1000 * (seconds - began), grey=grey, path=None, still=False,
                            shift=_shift(previous, shrunk, grey.shape[1]))  # fmt: skip
                previous, index = shrunk, index + 1
    finally:
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
    height = max(1, round(SHIFT_WIDTH * grey.shape[0] / grey.shape[1]))
    return cv2.resize(grey, (SHIFT_WIDTH, height), interpolation=cv2.INTER_AREA).astype(np.float32)


def _shift(previous: MatLike | None, current: MatLike, width: int) -> tuple[float, float] | None:
    """How far the scene moved between two shrunken frames, in pixels of the full ones (phase correlation)."""
    if previous is None or previous.shape != current.shape:
        return None
    window = cv2.createHanningWindow((current.shape[1], current.shape[0]), cv2.CV_32F)
    (dx, dy), _ = cv2.phaseCorrelate(previous, current, window)
    return dx * width / SHIFT_WIDTH, dy * width / SHIFT_WIDTH
