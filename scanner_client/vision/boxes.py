"""Which labels stand on one box: a phone's EAN-13, serial and two IMEIs are four symbols and one unit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from scanner_client.vision.frame import Grey
from scanner_client.vision.reading import Reading, centre, gap, long_side, may_be_within, stand_at_one_place
from scanner_client.vision.track import Track, Tracked

THERE_MS = 1000.0


def _never(*_: Reading) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxSighting:
    """The labels of one box that came into view, each of them once."""

    box: int
    """Numbers one tracker's boxes. A label that is found late gives its box another sighting, whole again."""

    tracked: tuple[Tracked, ...]
    """From top to bottom."""

    needs_second_look: bool = False
    """Whether it rests on one still picture alone: a person, or another picture, confirms it."""

    @property
    def labels(self) -> tuple[Reading, ...]:
        """The readings, from top to bottom."""
        return tuple(label.reading for label in self.tracked)

    @property
    def crops(self) -> tuple[Grey, ...]:
        """The best picture of each label, from top to bottom."""
        return tuple(label.crop for label in self.tracked)

    @property
    def first_frame(self) -> int:
        """The first frame that showed any of the labels."""
        return min(label.first_frame for label in self.tracked)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxRules:
    """What keeps labels apart or lets them belong together."""

    near: float = 0.3
    """The widest gap between labels of one box, as a share of the mean of their long sides."""

    stands_alone: Callable[[Reading], bool] = _never
    """Whether a label never joins others: a bin's, a pallet's. The tracker cannot parse, its caller can."""

    apart: Callable[[Reading, Reading], bool] = _never
    """Whether two labels cannot belong to one box: two serial numbers of one product, for instance."""

    def share_a_box(self, one: Reading, other: Reading) -> bool:
        """Whether what two labels say lets them stand on one box.

        The same label twice is two boxes of one product, not one box.
        """
        alone = self.stands_alone(one) or self.stands_alone(other)
        return one.content != other.content and not alone and not self.apart(one, other)


@dataclass(slots=True, kw_only=True, eq=False)
class Box:
    """Labels found to belong together so far."""

    number: int
    tracks: list[Track] = field(default_factory=list)
    began_ms: float = 0.0
    grew_ms: float = 0.0
    reported: int = 0
    """How many of its labels have been reported."""

    @property
    def first_frame(self) -> int:
        """The frame in which its first label came into view."""
        return min(track.first_frame for track in self.tracks)

    def is_there(self, t_ms: float) -> bool:
        """Whether it was seen just now: another box may lie in its place since."""
        return t_ms - max(track.last_ms for track in self.tracks) <= THERE_MS

    def add(self, track: Track, t_ms: float) -> None:
        """Take in a label."""
        track.box = self
        self.tracks.append(track)
        self.grew_ms = t_ms

    def sighting(self, *, needs_second_look: bool = False) -> BoxSighting:
        """What there is to report, and note that it has been reported."""
        self.reported = len(self.tracks)
        from_the_top = sorted(self.tracks, key=lambda track: centre(track.place)[::-1])
        return BoxSighting(
            box=self.number,
            tracked=tuple(track.tracked() for track in from_the_top),
            needs_second_look=needs_second_look,
        )


def near_each_other(one: Track, other: Track, rules: BoxRules) -> bool:
    """Whether two labels are close, measured by their own size."""
    reach = rules.near * (long_side(one.place) + long_side(other.place)) / 2
    return may_be_within(one.place, other.place, reach) and gap(one.place, other.place) <= reach


def put_in_box(track: Track, boxes: list[Box], rules: BoxRules, numbers: Iterator[int], t_ms: float) -> None:
    """Give a label to the nearest box that may have it, else to a new one with the next number."""
    fitting: list[tuple[float, int, Box]] = []
    for box in boxes:
        near = [other for other in box.tracks if near_each_other(track, other, rules)]
        # What the labels say is asked last: it takes a parse of each.
        if near and box.is_there(track.last_ms) and all(_fit(track, other, rules) for other in box.tracks):
            fitting += [(gap(track.place, other.place), box.number, box) for other in near]
    if not fitting:
        boxes.append(Box(number=next(numbers), began_ms=t_ms))
    home = min(fitting, key=lambda fit: fit[:2])[2] if fitting else boxes[-1]
    home.add(track, t_ms)


def join_boxes(box: Box, boxes: list[Box], rules: BoxRules, t_ms: float) -> bool:
    """Take into a box what turns out to be part of it; whether it grew. What was reported as two stays two."""
    parts = [other for other in boxes if other is not box and _mergeable(box, other, rules)]
    for other in parts:
        if _mergeable(box, other, rules):  # The box has grown since.
            for track in other.tracks:
                box.add(track, t_ms)
            boxes.remove(other)
    return bool(parts)


def _mergeable(one: Box, other: Box, rules: BoxRules) -> bool:
    if one.reported or other.reported:
        return False
    pairs = [(a, b) for a in one.tracks for b in other.tracks]
    return any(near_each_other(a, b, rules) for a, b in pairs) and all(_fit(a, b, rules) for a, b in pairs)


def _fit(one: Track, other: Track, rules: BoxRules) -> bool:
    """Whether two labels may stand on one box: by what they say, and not one where the other is."""
    return rules.share_a_box(one.reading, other.reading) and not stand_at_one_place(one.place, other.place)
