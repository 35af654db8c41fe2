"""From frames to sightings: decodes each frame, follows the labels, and deals one sighting for each box."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scanner_client.session import SWITCHING
from scanner_client.sighting import Sighting, Symbol
from scanner_client.vision.camera import SourceError, frames
from scanner_client.vision.decoder import EVERYTHING, Decoder, Wanted
from scanner_client.vision.focus import Focus
from scanner_client.vision.frame import Frame
from scanner_client.vision.reading import Reading
from scanner_client.vision.tracker import BoxRules, BoxSighting, InView, Tracker
from sync.labels import Kind, Label, SiteCodes, parse

CAMERA_PREFIX: Final = "camera:"


def source_of(text: str) -> int | Path:
    """A camera's number (``camera:0``), or the path of a video, a picture or a folder of pictures.

    Raises:
        SourceError: ``camera:`` is not followed by a number.
    """
    if not text.startswith(CAMERA_PREFIX):
        return Path(text)
    number = text.removeprefix(CAMERA_PREFIX)
    if not number.isdecimal():
        raise SourceError(f"{text!r} names no camera: cameras are numbered, camera:0 is the first.")
    return int(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the camera shows now and what is known of it, for the live picture.

    It holds the whole frame, a megabyte: keep the newest one at most.
    """

    frame: Frame
    in_view: tuple[InView, ...]
    unread: int
    """How many labels have been seen so far and not read."""


def sightings(
    source: int | Path,
    codes: SiteCodes,
    *,
    on_bad_picture: Callable[[SourceError], None],
    confirm: Callable[[Sighting], bool],
    watch: Callable[[Shown], None] | None = None,
    wanted: Wanted = EVERYTHING,
) -> Iterator[Sighting]:
    """Each box and each label that stands alone, once, in the order in which they came into view.

    What was read on one still picture alone is dealt only if `confirm` says so. `watch` is told of each frame, before
    what it settled is dealt; `wanted` is what the task can meet.

    Raises:
        SourceError: the source cannot be used, or breaks off; what it had shown until then is dealt first.
    """
    broken: SourceError | None = None
    focus, tracker = Focus(Decoder(wanted=wanted)), Tracker(rules=_rules(codes))
    try:
        for frame in frames(source, on_bad_picture=on_bad_picture):
            boxes = tracker.see(frame, focus.look(frame))
            if watch is not None:
                watch(Shown(frame=frame, in_view=tracker.in_view(), unread=tracker.unread))
            yield from _believed(boxes, confirm)
    except SourceError as error:
        broken = error
    yield from _believed(tracker.finish(), confirm)
    if broken:
        raise broken


def symbols(source: int | Path) -> Iterator[Symbol]:
    """Everything that is read, frame by frame, without waiting for a second look: for an enrolment code."""
    decoder = Decoder()
    for frame in frames(source, on_bad_picture=lambda _: None):
        yield from map(_symbol, decoder.look(frame).readings)


def _believed(boxes: Iterable[BoxSighting], confirm: Callable[[Sighting], bool]) -> Iterator[Sighting]:
    for box in boxes:
        sighting = Sighting(
            symbols=tuple(map(_symbol, box.labels)), box=box.box, frame=box.first_frame, crops=box.crops
        )
        if not box.needs_second_look or confirm(sighting):
            yield sighting


def _symbol(reading: Reading) -> Symbol:
    return Symbol(data=reading.data, symbology=reading.symbology)


def _rules(codes: SiteCodes) -> BoxRules:
    def label(reading: Reading) -> Label | None:
        found = parse(reading.data, reading.symbology, codes)
        return found if isinstance(found, Label) else None

    def stands_alone(reading: Reading) -> bool:
        found = label(reading)
        return found is not None and found.kind in SWITCHING

    def apart(one: Reading, other: Reading) -> bool:
        first, second = label(one), label(other)
        return first is not None and second is not None and _name_two(first, second)

    return BoxRules(stands_alone=stands_alone, apart=apart)


def _name_two(one: Label, other: Label) -> bool:
    """Whether two labels name different units or products, so that no one box carries both.

    Two bare serial numbers do not say so: a box also carries part and model numbers.
    """
    if one.kind is other.kind and one.kind in (Kind.UNIT, Kind.PLATE):
        return one.key != other.key
    concluded = "serial_pattern" in (one.format, other.format)
    return bool(one.item and other.item) and one.item != other.item and not concluded
