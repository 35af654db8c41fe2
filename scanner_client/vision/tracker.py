"""Joins what single frames say into one sighting per box, and keeps a misread from becoming a scan.

Pure: it knows neither OpenCV nor zxing-cpp, and what time it is comes with each frame.

Checksum-valid wrong readings happen on sharp pictures, so no frame is believed by itself: several have to say
the same at the same place. Matrix symbols, which correct errors, are held to it as well: it costs them one frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from scanner_client.vision.boxes import Box, BoxRules, BoxSighting, join_boxes, near_each_other, put_in_box
from scanner_client.vision.frame import Frame
from scanner_client.vision.look import Look
from scanner_client.vision.reading import Quad, Reading, long_side
from scanner_client.vision.second_look import SecondLook
from scanner_client.vision.track import Track, Tracked
from scanner_client.vision.tracks import Tracks
from scanner_client.vision.unread import UnreadPlaces

__all__ = ["BoxRules", "BoxSighting", "InView", "Tracked", "Tracker"]

FRAMES_AGREEING_MIN = 2

SETTLE_MS = 400.0
"""How long a box waits for another label before it is reported."""

HOLD_MS = 2000.0
"""How long a box that lacks something waits: one at the picture's edge, one with a label that was read once."""

SHOWN_MS = 500.0
"""A label stays marked in the live picture for so long after it was seen: nothing is read in every frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InView:
    """One label that the newest frame shows, as far as it is known."""

    quad: Quad
    """In pixels of the newest frame."""

    reading: Reading | None
    """None where it is seen and not read."""

    box: int | None
    """The number of its box, once it is believed."""


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
        self._settle_ms = settle_ms
        self._rules = rules or BoxRules()
        self._tracks = Tracks(frames_agreeing_min, self._rules)
        self._unread = UnreadPlaces()
        self._boxes: list[Box] = []
        self._numbers = count(1)
        self._stills = SecondLook(self._rules)
        self._in_view: tuple[InView, ...] = ()

    @property
    def unread(self) -> int:
        """How many labels were seen and not read: bars in some frames, or readings that too few frames agree on.

        Each counts once, and no more once it is read. What is in view still may yet be read.
        """
        return len(self._unread)

    def in_view(self) -> tuple[InView, ...]:
        """What the newest frame shows, as far as it is known: for the live picture."""
        return self._in_view

    def see(self, frame: Frame, look: Look | None) -> list[BoxSighting]:
        """Take in what was read in one frame; the boxes that are now settled come back.

        A frame that was not looked at (`look` is None) only says how the camera moved.
        """
        if frame.still:
            return self._see_still(frame, look or Look(readings=()))
        self._tracks.follow_camera(frame)
        if look is not None:
            self._take_in(frame, look)
        settled = self._settled(frame)
        self._doubt(self._tracks.forget(frame))
        self._forget_boxes()
        self._in_view = self._shown(frame)
        return settled

    def finish(self) -> list[BoxSighting]:
        """There are no more frames: the boxes that were still waiting come back."""
        for box in self._boxes:
            self._release_doubtful(box)
        waiting = self._in_order(self._boxes)
        self._doubt(self._tracks.forget_all())
        self._boxes = []
        return [box.sighting() for box in waiting]

    def _see_still(self, frame: Frame, look: Look) -> list[BoxSighting]:
        boxes = self._stills.see(look.readings, frame, self._numbers)
        self._unread.see_still(look.unread, frame)
        read = (InView(quad=label.quad, reading=label, box=box.box) for box in boxes for label in box.labels)
        self._in_view = (*read, *(InView(quad=quad, reading=None, box=None) for quad in look.unread))
        return boxes

    def _take_in(self, frame: Frame, look: Look) -> None:
        self._tracks.take_in(frame, look.readings)
        for track in self._tracks.followed:
            if track.last_frame == frame.index:
                self._unread.clear(track.place)
            if track.box is None and self._tracks.is_believable(track):
                put_in_box(track, self._boxes, self._rules, self._numbers, frame.t_ms)
        unread = [quad for quad in look.unread if not self._tracks.stand_at(self._tracks.to_scene(quad))]
        self._unread.see(unread, frame, self._tracks.view)

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
            if not self._tracks.is_believable(track):
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
        doubted = any(self._is_expected_in(box, track, frame.t_ms) for track in self._tracks.followed)
        return cut or doubted

    def _stands_alone(self, box: Box) -> bool:
        return all(self._rules.stands_alone(track.reading) for track in box.tracks)

    def _is_cut(self, box: Box, frame: Frame) -> bool:
        """Whether the edge of the picture is so near that a further label of the box may lie beyond it."""
        height, width = frame.grey.shape
        for track in box.tracks:
            margin = self._rules.near * long_side(track.place)
            for x, y in self._tracks.to_frame(track.place):
                if not (margin <= x <= width - margin and margin <= y <= height - margin):
                    return True
        return False

    def _is_expected_in(self, box: Box, track: Track, t_ms: float) -> bool:
        """Whether a label beside the box was read just now but not often enough yet."""
        fresh = track.box is None and not track.contested and t_ms - track.last_ms < self._settle_ms
        return fresh and any(near_each_other(track, other, self._rules) for other in box.tracks)

    def _doubt(self, tracks: Sequence[Track]) -> None:
        """Labels are gone that were seen and never read."""
        for track in tracks:
            self._unread.doubt(track)

    def _forget_boxes(self) -> None:
        alive = {id(track.box) for track in self._tracks.followed}
        self._boxes = [box for box in self._boxes if id(box) in alive or box.reported < len(box.tracks)]

    def _shown(self, frame: Frame) -> tuple[InView, ...]:
        since_ms, tracks = frame.t_ms - SHOWN_MS, self._tracks
        shown = [
            InView(quad=tracks.to_frame(t.place), reading=t.reading, box=t.box.number if t.box else None)
            for t in tracks.followed
            if t.last_ms >= since_ms and not t.adrift and (t.box or not t.contested)
        ]
        unread = self._unread.seen_since(since_ms)
        return (*shown, *(InView(quad=tracks.to_frame(quad), reading=None, box=None) for quad in unread))
