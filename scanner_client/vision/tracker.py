"""Joins what single frames say into one sighting per box, and keeps a misread from becoming a scan.

Pure: it knows neither OpenCV nor zxing-cpp, and what time it is comes with each frame.

Checksum-valid wrong readings happen on sharp pictures, so no frame is believed by itself: two frames have to
say the same at the same place. Matrix symbols, which correct errors, are held to the same rule: it costs
them one frame, and there is one rule to explain.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from math import dist

from scanner_client.vision.boxes import (
    Box,
    BoxRules,
    BoxSighting,
    Track,
    Tracked,
    join_boxes,
    near_each_other,
    put_in_box,
)
from scanner_client.vision.frame import Frame
from scanner_client.vision.reading import Point, Quad, Reading, area, centre, long_side, moved, share_a_place
from scanner_client.vision.second_look import SecondLook

__all__ = ["BoxRules", "BoxSighting", "Tracked", "Tracker"]

FRAMES_AGREEING_MIN = 2

FRAMES_AGREEING_WEAK_MIN = 3
"""For symbologies that are weakly checked. In rendered pans of soft labels zxing-cpp gave a wrong EAN-13 in 8
of 1890 frames, once the same one in two neighbouring frames; Code 128 and ITF none."""

SETTLE_MS = 400.0
"""How long a box waits for another label before it is reported."""

OUT_OF_VIEW_MS = 1000.0
"""Unseen for this long and out of the picture, a label is gone; seen again, it is a new pass."""

UNREADABLE_MS = 3000.0
"""A label that should still be in the picture is remembered for this long while nothing reads it: longer than a
camera hunts for focus, shorter than it takes to lay the next piece of the same product under a fixed camera."""

TRACKS_MAX = 1024

HOLD_MS = 2000.0
"""How long a box that lacks something waits: one at the picture's edge, a serial with no product."""

THINNER_MAX = 0.7
"""A linear label is often read in a few lines only; a place below this share of the last is not believed."""

SAME_LABEL_REACH = 0.5
"""How far from where it was expected a label is still itself, as a share of its long side."""

SAME_LABEL_REACH_PER_S = 1.0
"""And how much farther for each second in which it was not seen."""

RIVAL_MARGIN = 2
"""Where two texts were read at one place, the one to believe was read this many times as often."""

RIVAL_FRAMES_MAX = 4
"""No more than these count against a label: under a fixed camera the next box comes to lie where the last one was."""


class Tracker:
    """Follows labels over the frames of one source.

    Give every frame to `see`, in order, then call `finish`. Boxes are reported in the order in which they
    came into view, so that a bin's label is reported before the boxes that follow it.
    """

    def __init__(
        self,
        *,
        frames_agreeing_min: int = FRAMES_AGREEING_MIN,
        settle_ms: float = SETTLE_MS,
        rules: BoxRules | None = None,
    ) -> None:
        self._frames_agreeing_min = frames_agreeing_min
        self._settle_ms = settle_ms
        self._rules = rules or BoxRules()
        self._tracks: list[Track] = []
        self._boxes: list[Box] = []
        self._numbers = count(1)
        self._offset: Point = (0.0, 0.0)
        self._stills = SecondLook(self._rules)
        self._unread = 0

    @property
    def unread(self) -> int:
        """How many labels were read in too few frames to be believed, and are out of view now."""
        return self._unread

    def see(self, frame: Frame, readings: Sequence[Reading]) -> list[BoxSighting]:
        """Take in what was read in one frame; the boxes that are now settled come back."""
        if frame.still:
            return self._stills.see(readings, frame.index, self._numbers)
        self._follow_camera(frame.shift)
        self._take_in(frame, readings)
        self._confirm(frame.t_ms)
        settled = self._settled(frame)
        self._forget(frame)
        return settled

    def finish(self) -> list[BoxSighting]:
        """There are no more frames: the boxes that were still waiting come back."""
        for box in self._boxes:
            self._release_doubtful(box)
        waiting = self._in_order(self._boxes)
        self._unread += sum(map(_counts_as_unread, self._tracks))
        self._tracks, self._boxes = [], []
        return [box.sighting() for box in waiting]

    def _follow_camera(self, shift: Point | None) -> None:
        if shift is None:
            for track in self._tracks:
                track.adrift = True
            return
        self._offset = (self._offset[0] + shift[0], self._offset[1] + shift[1])

    def _take_in(self, frame: Frame, readings: Sequence[Reading]) -> None:
        left = {id(reading): reading for reading in readings}
        for _, reading, track in sorted(self._matches(frame, readings), key=lambda match: match[0]):
            if id(reading) in left and track.last_frame != frame.index:
                del left[id(reading)]
                self._sight(track, reading, frame)
        for reading in left.values():
            self._begin(reading, frame)

    def _matches(self, frame: Frame, readings: Sequence[Reading]) -> list[tuple[float, Reading, Track]]:
        """Every pair of a reading and a track that may be the same label, with their distance in pixels."""
        found: list[tuple[float, Reading, Track]] = []
        for reading in readings:
            place = centre(self._place(reading))
            for track in self._tracks:
                if track.reading.content != reading.content:
                    continue
                distance = dist(place, centre(track.place))
                if track.adrift or distance <= _reach(track, frame.t_ms):
                    found.append((distance, reading, track))
        return found

    def _place(self, reading: Reading) -> Quad:
        return moved(reading.quad, -self._offset[0], -self._offset[1])

    def _sight(self, track: Track, reading: Reading, frame: Frame) -> None:
        track.reading, place = reading, self._place(reading)
        if track.adrift or area(place) >= THINNER_MAX * area(track.place):
            track.place = place
        track.last_frame, track.last_ms = frame.index, frame.t_ms
        track.frames_agreeing += 1
        track.adrift = False

    def _new_track(self, reading: Reading, frame: Frame) -> Track:
        return Track(
            reading=reading,
            place=self._place(reading),
            first_frame=frame.index,
            last_frame=frame.index,
            last_ms=frame.t_ms,
        )

    def _begin(self, reading: Reading, frame: Frame) -> None:
        track = self._new_track(reading, frame)
        for rival in self._rivals(track):
            track.contested = rival.contested = True
        self._tracks.append(track)
        if len(self._tracks) > TRACKS_MAX:
            self._drop(min(self._tracks, key=lambda track: track.last_ms))

    def _rivals(self, track: Track) -> list[Track]:
        """The labels read at the same place, but not in the same frame, that say something else."""
        return [other for other in self._tracks if other is not track and _rival(track, other)]

    def _confirm(self, t_ms: float) -> None:
        for track in self._tracks:
            if track.box is None and self._believable(track):
                put_in_box(track, self._boxes, self._rules, self._numbers, t_ms)

    def _believable(self, track: Track) -> bool:
        weak_min = FRAMES_AGREEING_WEAK_MIN if track.reading.weakly_checked else 0
        if track.frames_agreeing < max(self._frames_agreeing_min, weak_min):
            return False
        against = sum(rival.frames_agreeing for rival in self._rivals(track)) if track.contested else 0
        return track.frames_agreeing >= RIVAL_MARGIN * min(against, RIVAL_FRAMES_MAX)

    def _settled(self, frame: Frame) -> list[BoxSighting]:
        """The boxes to report: each waits for its labels, and for the boxes that came into view before it."""
        reports: list[BoxSighting] = []
        for box in self._in_order(self._boxes):
            self._release_doubtful(box)
            if not box.tracks[box.reported :]:
                continue
            if not self._is_settled(box, frame):
                break
            # A linear label's first quads are thin, so a gap may have closed since the box was begun.
            if join_boxes(box, self._boxes, self._rules, frame.t_ms):
                break
            reports.append(box.sighting())
        return reports

    def _release_doubtful(self, box: Box) -> None:
        """Take back what has been contradicted since it joined a box that has not been reported yet."""
        for track in box.tracks[box.reported :]:
            if not self._believable(track):
                box.tracks.remove(track)
                track.box = None

    @staticmethod
    def _in_order(boxes: Sequence[Box]) -> list[Box]:
        return sorted((box for box in boxes if box.reported < len(box.tracks)), key=lambda box: box.first_frame)

    def _is_settled(self, box: Box, frame: Frame) -> bool:
        if self._stands_alone(box):
            return True
        if frame.t_ms - box.grew_ms < self._settle_ms:
            return False
        return frame.t_ms - box.began_ms >= HOLD_MS or not self._lacks_something(box, frame)

    def _lacks_something(self, box: Box, frame: Frame) -> bool:
        """Whether more of the box is likely to be read soon."""
        in_view = frame.t_ms - max(track.last_ms for track in box.tracks) < self._settle_ms
        cut = in_view and self._is_cut(box, frame)
        doubted = any(self._is_expected_in(box, track, frame.t_ms) for track in self._tracks)
        return cut or doubted or self._rules.awaits_more([track.reading for track in box.tracks])

    def _stands_alone(self, box: Box) -> bool:
        return all(self._rules.stands_alone(track.reading) for track in box.tracks)

    def _is_cut(self, box: Box, frame: Frame) -> bool:
        """Whether the edge of the picture is so near that a further label of the box may lie beyond it."""
        height, width = frame.grey.shape
        for track in box.tracks:
            margin = self._rules.near * long_side(track.place)
            for x, y in moved(track.place, *self._offset):
                if not (margin <= x <= width - margin and margin <= y <= height - margin):
                    return True
        return False

    def _is_expected_in(self, box: Box, track: Track, t_ms: float) -> bool:
        """Whether a label beside the box was read just now but not often enough yet."""
        fresh = track.box is None and not track.contested and t_ms - track.last_ms < self._settle_ms
        return fresh and any(near_each_other(track, other, self._rules) for other in box.tracks)

    def _forget(self, frame: Frame) -> None:
        for track in [track for track in self._tracks if self._is_gone(track, frame)]:
            self._drop(track)
        alive = {id(track.box) for track in self._tracks}
        self._boxes = [box for box in self._boxes if id(box) in alive or box.reported < len(box.tracks)]

    def _is_gone(self, track: Track, frame: Frame) -> bool:
        unseen_ms = frame.t_ms - track.last_ms
        if unseen_ms <= OUT_OF_VIEW_MS:
            return False
        x, y = centre(track.place)
        x, y = x + self._offset[0], y + self._offset[1]
        in_view = not track.adrift and 0 <= x < frame.grey.shape[1] and 0 <= y < frame.grey.shape[0]
        return not in_view or unseen_ms > UNREADABLE_MS

    def _drop(self, track: Track) -> None:
        self._tracks.remove(track)
        self._unread += _counts_as_unread(track)


def _reach(track: Track, t_ms: float) -> float:
    unseen_s = max(0.0, t_ms - track.last_ms) / 1000
    return long_side(track.place) * (SAME_LABEL_REACH + SAME_LABEL_REACH_PER_S * unseen_s)


def _rival(one: Track, other: Track) -> bool:
    if one.last_frame == other.last_frame or one.reading.content == other.reading.content:
        return False
    return share_a_place(one.place, other.place)


def _counts_as_unread(track: Track) -> bool:
    return track.box is None and not track.contested
