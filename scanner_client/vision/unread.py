"""Labels that are seen and not read: a person wants to hear "12 of 13 read", and where the thirteenth is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scanner_client.vision.frame import Frame
from scanner_client.vision.reading import Quad, area, stand_at_one_place
from scanner_client.vision.track import Track
from scanner_client.vision.view import View

LOOKS_MIN = 5
"""So many frames have to show bars at one place before they count as a label: what only looks like bars does so
for a frame or two while the camera moves."""

MISSES_MAX = 8
"""A place that is in view and shows no bars in so many frames in a row was none, unless it counts already."""

CANDIDATE_MS = 3000.0
"""And after so long unseen, in view or not, it has to begin anew."""

EDGE_PX = 12.0
"""What comes so near the edge of the picture may be cut by it."""

PLACES_MAX = 1024
QUADS_PER_FRAME_MAX = 64

SMALLER_MAX = 0.7
"""Bars are often found in part: a place keeps its extent while less than this share of it is found."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Place:
    quad: Quad
    last_frame: int
    last_ms: float
    looks: int = 0
    misses: int = 0
    counts: bool = False


class UnreadPlaces:
    """Follows places in the scene. Each counts once, however often the camera comes back to it."""

    def __init__(self) -> None:
        self._places: list[_Place] = []
        self._beyond = 0
        """How many counted before PLACES_MAX others pushed them out."""

    def __len__(self) -> int:
        return sum(place.counts for place in self._places) + self._beyond

    def seen_since(self, t_ms: float) -> list[Quad]:
        """The places, in scene coordinates, that more than one look has shown, one of them since then."""
        return [place.quad for place in self._places if place.last_ms >= t_ms and (place.counts or place.looks > 1)]

    def see(self, quads: Sequence[Quad], frame: Frame, view: View) -> None:
        """Take in where a frame shows bars, in its own pixels.

        What the edge of the picture cuts is followed, but is no look: it may well be read once it is whole.
        """
        for quad in quads[:QUADS_PER_FRAME_MAX]:
            self._look(view.to_scene(quad), frame, looks=int(is_inside(quad, frame)))
        self._places = [place for place in self._places if not _was_none(place, frame, view)]
        if len(self._places) > PLACES_MAX:
            least = min(self._places, key=lambda place: (place.counts, place.last_ms))
            self._places.remove(least)
            self._beyond += least.counts

    def see_still(self, quads: Sequence[Quad], picture: Frame) -> None:
        """Take in where a still picture shows labels that nothing read: no other frame is asked."""
        for quad in quads[:QUADS_PER_FRAME_MAX]:
            self._begin(quad, picture.index, picture.t_ms).counts = True

    def clear(self, place: Quad) -> None:
        """A reading stands at this place of the scene."""
        self._places = [other for other in self._places if not stand_at_one_place(other.quad, place)]

    def doubt(self, track: Track) -> None:
        """What was read here was never believed, so that it is an unread label."""
        place = self._at(track.place) or self._begin(track.place, track.last_frame, track.last_ms)
        place.last_frame = max(place.last_frame, track.last_frame)
        place.counts = True

    def _look(self, quad: Quad, frame: Frame, *, looks: int) -> None:
        place = self._at(quad) or self._begin(quad, frame.index, frame.t_ms)
        if place.looks and place.last_frame == frame.index:
            return
        if area(quad) >= SMALLER_MAX * area(place.quad):
            place.quad = quad
        place.last_frame, place.last_ms = frame.index, frame.t_ms
        place.looks, place.misses = place.looks + looks, 0
        place.counts = place.counts or place.looks >= LOOKS_MIN

    def _begin(self, quad: Quad, frame: int, t_ms: float) -> _Place:
        self._places.append(_Place(quad=quad, last_frame=frame, last_ms=t_ms))
        return self._places[-1]

    def _at(self, quad: Quad) -> _Place | None:
        """The place that a quad shows. Others that it shows as well are parts of it: the oldest stands for them."""
        found = [place for place in self._places if stand_at_one_place(place.quad, quad)]
        for part in found[1:]:
            if not part.counts:
                self._places.remove(part)
        return found[0] if found else None


def is_inside(quad: Quad, frame: Frame) -> bool:
    """Whether a frame shows all of what stands at a quad: it keeps off the edge."""
    height, width = frame.grey.shape
    return all(EDGE_PX <= x <= width - EDGE_PX and EDGE_PX <= y <= height - EDGE_PX for x, y in quad)


def _was_none(place: _Place, frame: Frame, view: View) -> bool:
    """Whether it was taken for a label and is not seen any more, though the frame shows its place."""
    if place.counts or place.last_frame == frame.index:
        return False
    if is_inside(view.to_frame(place.quad), frame):
        place.misses += 1
    return place.misses > MISSES_MAX or frame.t_ms - place.last_ms > CANDIDATE_MS
