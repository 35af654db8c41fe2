"""One label, followed over the frames that show it."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import dist
from typing import TYPE_CHECKING

from scanner_client.vision.crop import Cutting, cropped
from scanner_client.vision.frame import Frame, Grey
from scanner_client.vision.reading import (
    Quad,
    Reading,
    area,
    centre,
    long_side,
    may_be_lines_of_one,
    stand_at_one_place,
)

if TYPE_CHECKING:
    from scanner_client.vision.boxes import Box

THINNER_MAX = 0.7
"""A linear label is often read in a few lines only; a place below this share of the last is not believed."""

SAME_LABEL_REACH = 0.5
"""How far from where it was expected a label is still itself, as a share of its long side."""

SAME_LABEL_REACH_AGAIN = 0.9
"""The same for one that the camera left and came back to: roll and tilt have moved it by some 50 pixels meanwhile, and
the way is known to 50."""

SAME_STACKED_REACH = 1.0
"""And for a stacked DataBar: any of its rows is given as its place."""

SAME_LABEL_REACH_PER_S = 1.0
"""And how much farther for each second in which it was not seen, while it should have been in view."""

CROP_EVERY_MS = 100.0
"""A better crop is looked for so often: a copy costs some 40 µs, and ten labels may be in view."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """One label on one box, joined from every frame in which it was read."""

    reading: Reading
    """As read last."""

    first_frame: int

    frames_agreeing: int
    """In how many frames this place said exactly this."""

    crop: Grey = field(repr=False, compare=False)
    """Its best picture so far: a copy, height x width, at most 480 pixels long."""


@dataclass(slots=True, kw_only=True, eq=False)
class Track:
    """A label being followed. Its place is in scene coordinates: where it would be in the first frame."""

    reading: Reading
    place: Quad
    crop: Cutting = field(repr=False)
    crop_ms: float = field(repr=False)
    """When a crop was last looked at."""

    first_frame: int
    last_frame: int
    last_ms: float
    in_view_ms: float
    """When it was last read, or out of view: since then it could have been read."""

    frames_agreeing: int = 1
    adrift: bool = False
    """The picture jumped by an unknown distance since the label was seen."""

    left: bool = False
    """The camera looks elsewhere now, and may come back."""

    contested: bool = False
    """Another text was read at this place."""

    box: Box | None = None

    def sight(self, reading: Reading, place: Quad, frame: Frame) -> None:
        """It was read again, at a place in the scene."""
        self.reading = reading
        if self.adrift or not self.is_thinner(place):
            self.place = place
        self.last_frame, self.last_ms, self.in_view_ms = frame.index, frame.t_ms, frame.t_ms
        self.frames_agreeing += 1
        self.adrift = self.left = False
        if frame.t_ms - self.crop_ms >= CROP_EVERY_MS:
            crop, self.crop_ms = cropped(frame.grey, reading.quad), frame.t_ms
            self.crop = max(self.crop, crop, key=lambda it: it.detail)

    def is_thinner(self, place: Quad) -> bool:
        """Whether a reading's quad shows only part of the label's height."""
        return area(place) < THINNER_MAX * area(self.place)

    def may_stand_at(self, place: Quad, t_ms: float) -> bool:
        """Whether what says the same at a place of the scene may be this label, read again.

        No two labels lie on each other, and no two retail symbols so near that a line of each might be one's own.
        """
        if self.adrift or dist(centre(place), centre(self.place)) <= self._reach(t_ms):
            return True
        return stand_at_one_place(place, self.place) or may_be_lines_of_one(self.reading.format, place, self.place)

    def _reach(self, t_ms: float) -> float:
        """How far from its place it may be read and still be itself, in pixels."""
        if self.left:
            share = SAME_LABEL_REACH_AGAIN
        else:
            share = SAME_LABEL_REACH + SAME_LABEL_REACH_PER_S * max(0.0, t_ms - self.last_ms) / 1000
        if "Stk" in self.reading.format:
            share = max(share, SAME_STACKED_REACH)
        return long_side(self.place) * share

    def tracked(self) -> Tracked:
        """The label as its box reports it."""
        return Tracked(
            reading=self.reading,
            first_frame=self.first_frame,
            frames_agreeing=self.frames_agreeing,
            crop=self.crop.picture,
        )


def new_track(reading: Reading, place: Quad, frame: Frame) -> Track:
    """A label read for the first time, at a place in the scene."""
    return Track(
        reading=reading,
        place=place,
        crop=cropped(frame.grey, reading.quad),
        crop_ms=frame.t_ms,
        first_frame=frame.index,
        last_frame=frame.index,
        last_ms=frame.t_ms,
        in_view_ms=frame.t_ms,
    )
