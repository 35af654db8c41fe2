"""Labels in still pictures: no next frame vouches for them, so a person or another picture has to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner_client.vision.boxes import Box, BoxRules, BoxSighting, join_boxes, put_in_box
from scanner_client.vision.frame import Frame
from scanner_client.vision.reading import Reading
from scanner_client.vision.track import Track, new_track

LOOKS_MIN = 2
CONTENTS_MAX = 100_000


class SecondLook:
    """Remembers what earlier still pictures said."""

    def __init__(self, rules: BoxRules) -> None:
        self._rules = rules
        self._looks: dict[tuple[str, bytes], int] = {}

    def see(self, readings: Sequence[Reading], picture: Frame, numbers: Iterator[int]) -> list[BoxSighting]:
        """The boxes in one picture. A box is sure when every label on it stood in an earlier picture as well."""
        boxes: list[Box] = []
        for reading in readings:
            track = new_track(reading, reading.quad, picture)
            put_in_box(track, boxes, self._rules, numbers, 0.0)
        for box in tuple(boxes):
            if box in boxes:
                join_boxes(box, boxes, self._rules, 0.0)
        looks = {content: self._look(content) for content in {reading.content for reading in readings}}
        for track in (track for box in boxes for track in box.tracks):
            track.frames_agreeing = looks[track.reading.content]
        return [box.sighting(needs_second_look=not all(map(_is_sure, box.tracks))) for box in boxes]

    def _look(self, content: tuple[str, bytes]) -> int:
        """In how many pictures the label has been read, with this one. The longest unseen is forgotten."""
        looks = self._looks.pop(content, 0) + 1
        self._looks[content] = looks
        if len(self._looks) > CONTENTS_MAX:
            del self._looks[next(iter(self._looks))]
        return looks


def _is_sure(track: Track) -> bool:
    return track.frames_agreeing >= LOOKS_MIN
