"""Which reading is which label: followed over the frames, and remembered while the camera looks elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import dist, hypot
from statistics import median

from scanner_client.vision.boxes import BoxRules
from scanner_client.vision.frame import Frame, shift_of
from scanner_client.vision.reading import Point, Quad, Reading, centre, long_side, may_be_a_part, stand_at_one_place
from scanner_client.vision.track import Track, new_track
from scanner_client.vision.view import View

FRAMES_AGREEING_LINEAR_MIN = 3
"""For symbols of bars. In rendered pans of soft labels zxing-cpp gave a wrong EAN-13 in 8 of 1890 frames, once the same
one in two neighbouring frames; of bars that motion had blurred, sharpened, a wrong Code 128 in two and in four."""

OUT_OF_VIEW_MS = 1000.0
"""Unseen for this long and out of the picture, a label has left it."""

UNREADABLE_MS = 3000.0
"""A label that should still be in the picture is remembered for this long while nothing reads it: longer than a
camera hunts for focus, shorter than it takes to lay the next piece of the same product under a fixed camera."""

REMEMBERED_MS = 120_000.0
"""A label that the camera moved away from is the same one when it is read at its place again within this time: a pan
over 120 labels takes 70 s. Later, the person has walked, and what they stand before may be another shelf."""

BEYOND_SHARE = 0.1
"""A label reaches out of the picture when it does so by this share of its long side."""

WAY_PX = 50.0
"""The way back to a label that the camera left is known to so many pixels: only so far within the picture it should be
read again."""

LABELS_ON_SLIP_MIN = 2
SLIP_PX_MIN, SLIP_AGREES_PX = 40.0, 20.0
"""A label read in few lines is off by half its height, a rolling picture by a few pixels a frame: less than this."""

TRACKS_MAX = 1024

RIVAL_MARGIN = 2
"""Where two texts were read at one place, the one to believe was read this many times as often."""

RIVAL_FRAMES_MAX = 4
"""No more than these count against a label whose rival was not read since: under a fixed camera the next box comes to
lie where the last one was. What is read by turns is one label: in a film of a blurred one, sharpening gave the right
number in 15 frames and in 9 a wrong one, both of whose check digits were right."""

SURE_FRAMES = RIVAL_MARGIN * RIVAL_FRAMES_MAX
"""Who was read so often looks for no more rivals; they may still find it."""


class Tracks:
    """The labels of one source."""

    def __init__(self, frames_agreeing_min: int, rules: BoxRules) -> None:
        self.followed: list[Track] = []
        self.view = View()
        self._frames_agreeing_min = frames_agreeing_min
        self._rules = rules

    def follow_camera(self, frame: Frame) -> None:
        """The scene moved as the frame says; where it says nothing, labels are known by their text alone."""
        shift = shift_of(frame)
        if shift is None:
            self.followed = [track for track in self.followed if not track.left]
            for track in self.followed:
                track.adrift = True
        else:
            height, width = frame.grey.shape
            self.view = self.view.followed(shift, frame.turn, (width / 2, height / 2))

    def to_scene(self, quad: Quad) -> Quad:
        """A quad of the newest frame in pixels of the first one."""
        return self.view.to_scene(quad)

    def to_frame(self, place: Quad) -> Quad:
        """A place of the scene in pixels of the newest frame."""
        return self.view.to_frame(place)

    def take_in(self, frame: Frame, readings: Sequence[Reading]) -> None:
        """Match what was read in a frame with the labels that are followed; the rest are new ones."""
        matches = self._matches(frame, readings)
        slip = self._slip(matches)
        if slip is not None:
            self.view = self.view.slipped(slip)
            for track in self.followed:
                track.adrift = False
            matches = self._matches(frame, readings)
        matched = {id(reading) for reading, _ in matches}
        for reading, track in matches:
            track.sight(reading, self.to_scene(reading.quad), frame)
        for reading in readings:
            if id(reading) not in matched:
                self.followed.append(new_track(reading, self.to_scene(reading.quad), frame))
        for track in self.followed:
            if track.last_frame == frame.index and track.frames_agreeing <= SURE_FRAMES:
                self._contest(track)

    def _matches(self, frame: Frame, readings: Sequence[Reading]) -> list[tuple[Reading, Track]]:
        """Which readings are labels that are followed: the nearest first, and no two of them the same label."""
        matches: list[tuple[Reading, Track]] = []
        taken: set[int] = set()
        for _, reading, track in sorted(self._candidates(frame, readings), key=lambda candidate: candidate[0]):
            if not taken & {id(reading), id(track)}:
                matches.append((reading, track))
                taken |= {id(reading), id(track)}
        return matches

    def _slip(self, matches: Sequence[tuple[Reading, Track]]) -> Point | None:
        """How far off the frames' shifts are, where labels agree on it.

        After a blurred stretch they may be wrong by dozens of pixels, and the next piece of the same product is not far
        away; after a jump they say nothing.
        """
        off = [_off(self.to_frame(track.place), reading.quad) for reading, track in matches]
        if len(off) < LABELS_ON_SLIP_MIN:
            return None
        middle = median(x for x, _ in off), median(y for _, y in off)
        agreeing = sum(dist(one, middle) < SLIP_AGREES_PX for one in off)
        return middle if hypot(*middle) > SLIP_PX_MIN and 2 * agreeing > len(off) else None

    def is_believable(self, track: Track) -> bool:
        """Whether enough frames agree on a label, and enough more than on anything else at its place."""
        linear_min = FRAMES_AGREEING_LINEAR_MIN if track.reading.linear else 0
        if track.frames_agreeing < max(self._frames_agreeing_min, linear_min):
            return False
        if self._is_a_part(track):
            return False
        return track.frames_agreeing >= RIVAL_MARGIN * (self._against(track) if track.contested else 0)

    def stand_at(self, place: Quad) -> bool:
        """Whether a label that was read stands at this place of the scene."""
        return any(not track.adrift and stand_at_one_place(track.place, place) for track in self.followed)

    def forget(self, frame: Frame) -> list[Track]:
        """Drop what is gone; of these, the ones that were seen and not read come back."""
        gone = [track for track in self.followed if self._is_gone(track, frame)]
        kept = sorted((track for track in self.followed if track not in gone), key=lambda track: track.last_ms)
        return self._drop(gone + kept[: max(0, len(kept) - TRACKS_MAX)])

    def forget_all(self) -> list[Track]:
        """There are no more frames; the labels that were seen and not read come back."""
        return self._drop(self.followed)

    def _drop(self, gone: Sequence[Track]) -> list[Track]:
        unread = [track for track in gone if track.box is None and not self._is_misread(track)]
        self.followed = [track for track in self.followed if track not in gone]
        return unread

    def _is_misread(self, track: Track) -> bool:
        """Whether another text was believed at its place."""
        return self._is_a_part(track) or (
            track.contested and any(rival.box is not None for rival in self._rivals(track))
        )

    def _is_a_part(self, track: Track) -> bool:
        """Whether an ITF number stands in a longer one that is followed too: it is a line across a part."""
        own = track.reading
        return may_be_a_part(own) and any(
            other.symbology.startswith("]I") and len(other.data) > len(own.data) and own.data in other.data
            for other in (each.reading for each in self.followed)
        )

    def _candidates(self, frame: Frame, readings: Sequence[Reading]) -> list[tuple[float, Reading, Track]]:
        """Every pair of a reading and a track that may be the same label, with their distance in pixels."""
        by_content: defaultdict[tuple[str, bytes], list[Track]] = defaultdict(list)
        for track in self.followed:
            by_content[track.reading.content].append(track)
        found: list[tuple[float, Reading, Track]] = []
        for reading in readings:
            place = self.to_scene(reading.quad)
            same = (track for track in by_content.get(reading.content, ()) if track.may_stand_at(place, frame.t_ms))
            found += [(dist(centre(place), centre(track.place)), reading, track) for track in same]
        return found

    def _contest(self, track: Track) -> None:
        for rival in self._rivals(track):
            track.contested = rival.contested = True

    def _rivals(self, track: Track) -> list[Track]:
        """The labels read at the same place that say something else.

        Also in the same frame: of blurred bars one line may say the one thing and the next line the other.
        """
        return [
            other
            for other in self.followed
            if other.reading.content != track.reading.content and stand_at_one_place(track.place, other.place)
        ]

    def _against(self, track: Track) -> int:
        """How many frames speak against a label: each in which a rival was read, of those not read since only some."""
        rivals = self._rivals(track)
        by_turns = sum(rival.frames_agreeing for rival in rivals if rival.last_frame >= track.first_frame)
        before = sum(rival.frames_agreeing for rival in rivals if rival.last_frame < track.first_frame)
        return by_turns + min(before, RIVAL_FRAMES_MAX)

    def _is_gone(self, track: Track, frame: Frame) -> bool:
        unseen_ms = frame.t_ms - track.last_ms
        if unseen_ms <= OUT_OF_VIEW_MS:
            return False
        if track.adrift:
            return True
        if not self._is_beyond(track, frame):
            return frame.t_ms - track.in_view_ms > UNREADABLE_MS
        track.left, track.in_view_ms = True, frame.t_ms
        returns = track.box is not None and not self._rules.stands_alone(track.reading)
        return not returns or unseen_ms > REMEMBERED_MS

    def _is_beyond(self, track: Track, frame: Frame) -> bool:
        margin = -WAY_PX if track.left else BEYOND_SHARE * long_side(track.place)
        height, width = frame.grey.shape
        corners = self.to_frame(track.place)
        return any(not (-margin <= x <= width + margin and -margin <= y <= height + margin) for x, y in corners)


def _off(one: Quad, other: Quad) -> Point:
    (x, y), (u, v) = centre(one), centre(other)
    return u - x, v - y
