"""`decode --json PATH...`: what stands in pictures and videos, a line of JSON each. It needs no server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from scanner_client.vision.camera import VIDEO_SUFFIXES, SourceError, frames, picture_files
from scanner_client.vision.decoder import STILL, VIDEO, decode
from scanner_client.vision.frame import Frame
from scanner_client.vision.reading import Reading
from scanner_client.vision.tracker import BoxSighting, Tracked, Tracker

Json = dict[str, Any]


def run(paths: Iterable[str], *, clock: Callable[[], float] = time.perf_counter) -> Iterator[str]:
    """One line of JSON for each picture and video; a folder stands for the pictures and videos in it.

    A file that cannot be used gives a line with `error`, a sentence, and the work goes on.
    `clock` counts the seconds that are reported as `ms`, from the opened file to the readings.
    """
    for path in map(Path, paths):
        try:
            files = list(_files(path))
        except SourceError as error:
            yield _dumped(_failed(path, error))
            continue
        yield from (_dumped(_line(file, clock)) for file in files)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    videos = (file for file in sorted(path.rglob("*")) if file.suffix.lower() in VIDEO_SUFFIXES)
    yield from (*picture_files(path), *videos)


def _line(file: Path, clock: Callable[[], float]) -> Json:
    try:
        first = next(source := frames(file))
        return _still(first, clock) if first.still else _video(first, source, clock)
    except SourceError as error:
        return _failed(file, error)


def _failed(path: Path, error: SourceError) -> Json:
    return {"path": str(path), "ms": 0.0, "reads": [], "error": str(error)}


def _dumped(line: Json) -> str:
    return json.dumps(line, ensure_ascii=False)


def _still(frame: Frame, clock: Callable[[], float]) -> Json:
    began = clock()
    readings = decode(frame.grey, effort=STILL)
    return {
        "path": frame.path,
        "ms": _ms_since(began, clock),
        "reads": [_read(reading) for reading in readings],
    }


def _video(first: Frame, rest: Iterator[Frame], clock: Callable[[], float]) -> Json:
    """The whole video; where it breaks off, what was read before comes with the error."""
    tracker, labels, shown = Tracker(), dict[tuple[int, tuple[str, bytes]], Tracked](), 0
    line: Json = {"path": first.path}
    began = clock()
    try:
        for frame in chain((first,), rest):
            shown = frame.index + 1
            _note(labels, tracker.see(frame, decode(frame.grey, effort=VIDEO)))
    except SourceError as error:
        line["error"] = str(error)
    _note(labels, tracker.finish())
    reads = [
        _read(label.reading) | {"first_frame": label.first_frame, "frames_agreeing": label.frames_agreeing}
        for label in labels.values()
    ]
    return line | {"frames": shown, "ms": _ms_since(began, clock), "reads": reads, "unread": tracker.unread}


def _note(labels: dict[tuple[int, tuple[str, bytes]], Tracked], boxes: Iterable[BoxSighting]) -> None:
    """Keep each label of each box once, as its box's last sighting gives it."""
    for box in boxes:
        labels |= {(box.box, label.reading.content): label for label in box.tracked}


def _read(reading: Reading) -> Json:
    return {
        "format": reading.format,
        "symbology": reading.symbology,
        "text": _text(reading.data),
        "quad": [list(point) for point in reading.quad],
    }


def _text(data: bytes) -> str:
    """The bytes as text: UTF-8 where they are that, else one character a byte (ISO/IEC 8859-1)."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("iso-8859-1")


def _ms_since(began: float, clock: Callable[[], float]) -> float:
    return round(1000 * (clock() - began), 2)
