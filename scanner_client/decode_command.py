"""`decode --json PATH...`: what stands in pictures and videos, a line of JSON each. It needs no server."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from scanner_client.vision.camera import VIDEO_SUFFIXES, SourceError, frames, picture_files
from scanner_client.vision.decoder import EVERYTHING, Decoder, Wanted
from scanner_client.vision.focus import Focus
from scanner_client.vision.frame import Frame
from scanner_client.vision.reading import Reading, scaled
from scanner_client.vision.tracker import BoxSighting, Tracked, Tracker
from scanner_client.vision.tracks import FRAMES_AGREEING_LINEAR_MIN

Json = dict[str, Any]
_JAPANESE = re.compile(r"[^\x00-\x7f]{2}")


def run(
    paths: Iterable[str], *, wanted: Wanted = EVERYTHING, clock: Callable[[], float] = time.perf_counter
) -> Iterator[Json]:
    """One line for each picture and video; a folder stands for the pictures and videos in it.

    A file that cannot be used, or not whole, gives a line with `error`, a sentence, and the work goes on.
    `clock` counts the seconds that are reported as `ms`, from the opened file to the readings.
    """
    for path in paths:
        try:
            files = list(_files(path))
        except SourceError as error:
            yield _failed(path, error)
            continue
        yield from (_line(file, wanted, clock) for file in files)


def dumped(line: Json) -> str:
    """A line as it is written: in ASCII, for a file's name need not be text, nor the terminal UTF-8."""
    return json.dumps(line)


def _files(name: str) -> Iterator[Path]:
    if not name:  # which would be the folder that one stands in
        raise SourceError("'' names no file and no folder.")
    path = Path(name)
    if path.exists() and not path.is_file() and not path.is_dir():
        raise SourceError(f"{path} is no file that holds a picture or a video.")  # a pipe would be waited for
    if not path.is_dir():
        yield path
        return
    videos = (file for file in sorted(path.rglob("*")) if file.suffix.lower() in VIDEO_SUFFIXES)
    found = (*picture_files(path), *videos)
    if not found:
        raise SourceError(f"{path} holds no pictures and no videos.")
    yield from found


def _line(file: Path, wanted: Wanted, clock: Callable[[], float]) -> Json:
    try:
        first = next(source := frames(file))
        return _still(first, wanted, clock) if first.still else _video(first, source, wanted, clock)
    except SourceError as error:
        return _failed(str(file), error)


def _failed(path: str, error: SourceError) -> Json:
    of_a_video: Json = {"frames": 0, "unread": 0} if Path(path).suffix.lower() in VIDEO_SUFFIXES else {}
    return {"path": path, "ms": 0.0, "reads": []} | of_a_video | {"error": str(error)}


def _still(frame: Frame, wanted: Wanted, clock: Callable[[], float]) -> Json:
    began = clock()
    readings = Decoder(wanted=wanted).look(frame).readings
    return {
        "path": frame.path,
        "ms": _ms_since(began, clock),
        "reads": [_read(reading) for reading in readings],
    }


def _video(first: Frame, rest: Iterator[Frame], wanted: Wanted, clock: Callable[[], float]) -> Json:
    """The whole video; where it breaks off, what was read before comes with the error."""
    focus, tracker = Focus(Decoder(wanted=wanted)), Tracker()
    labels, shown = dict[tuple[int, tuple[str, bytes]], Tracked](), 0
    line: Json = {"path": first.path}
    began = clock()
    try:
        for frame in chain((first,), rest):
            shown = frame.index + 1
            _note(labels, tracker.see(frame, focus.look(frame)))
    except SourceError as error:
        line["error"] = str(error)
    _note(labels, tracker.finish())
    reads = [
        _read(label.reading, first.scale) | {"first_frame": label.first_frame, "frames_agreeing": label.frames_agreeing}
        for label in labels.values()
    ]
    if not reads and "error" not in line and shown < FRAMES_AGREEING_LINEAR_MIN:
        line["error"] = (
            f"{first.path} is a film of {shown} {'frame' if shown == 1 else 'frames'}, and bars are believed where "
            f"{FRAMES_AGREEING_LINEAR_MIN} agree. As a picture a PNG, JPEG, WebP or BMP is read."
        )
    return line | {"frames": shown, "ms": _ms_since(began, clock), "reads": reads, "unread": tracker.unread}


def _note(labels: dict[tuple[int, tuple[str, bytes]], Tracked], boxes: Iterable[BoxSighting]) -> None:
    """Keep each label of each box once, as its box's last sighting gives it."""
    for box in boxes:
        labels |= {(box.box, label.reading.content): label for label in box.tracked}


def _read(reading: Reading, scale: float = 1.0) -> Json:
    """A reading, its place in the source's own pixels."""
    return {
        "format": reading.format,
        "symbology": reading.symbology,
        "text": text_of(reading),
        "quad": [list(point) for point in scaled(reading.quad, 1 / scale)],
    }


def text_of(reading: Reading) -> str:
    """The bytes as text: UTF-8 where they are that, in a QR code perhaps Shift_JIS, else one character a byte.

    QR codes were made for kanji: in ISO/IEC 18004:2000 bytes are Shift_JIS, since 2006 they are ISO/IEC 8859-1. Two
    Japanese characters in a row make the one more likely than the other.
    """
    with suppress(UnicodeDecodeError):
        return reading.data.decode("utf-8")
    if reading.format == "QRCode":
        with suppress(UnicodeDecodeError):
            japanese = reading.data.decode("shift_jis")
            if _JAPANESE.search(japanese):
                return japanese
    return reading.data.decode("iso-8859-1")


def _ms_since(began: float, clock: Callable[[], float]) -> float:
    return round(1000 * (clock() - began), 2)
