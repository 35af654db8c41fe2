"""A film of a shelf as the tracker gets it: where each label stands in each frame, read or only seen."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from scanner_client.vision.frame import Frame
from scanner_client.vision.look import Look
from scanner_client.vision.reading import Point, Quad, Reading, moved
from scanner_client.vision.tracker import BoxSighting, Tracker

VIEW = np.zeros((720, 1280), np.uint8)
MS_PER_FRAME = 1000 / 30


def place(x: float, y: float = 300, width: float = 200, height: float = 60) -> Quad:
    return (x, y), (x + width, y), (x + width, y + height), (x, y + height)


def reading(data: bytes, quad: Quad, symbology: str = "]C0") -> Reading:
    return Reading(format="any", symbology=symbology, data=data, quad=quad)


def is_whole(quad: Quad) -> bool:
    return all(0 <= x <= 1280 and 0 <= y <= 720 for x, y in quad)


@dataclass(kw_only=True)
class Film:
    """Give it the frames one by one: how far the picture moved, and where labels stand in it."""

    tracker: Tracker = field(default_factory=Tracker)
    reported: list[BoxSighting] = field(default_factory=list)
    frames: int = 0

    def show(
        self, read: Sequence[Reading] = (), unread: Sequence[Quad] = (), *, shift: Point = (0.0, 0.0), times: int = 1
    ) -> None:
        for _ in range(times):
            self._see(Look(readings=tuple(read), unread=tuple(unread)), shift)

    def skip(self, *, shift: Point = (0.0, 0.0), times: int = 1) -> None:
        for _ in range(times):
            self._see(None, shift)

    def pan(self, labels: dict[bytes, Quad], dead: Sequence[Quad], *, start: float, step: float, times: int) -> float:
        """Move along a shelf; what is whole in the picture is read, or seen when it is dead. Where it ends."""
        at = start
        for _ in range(times):
            at += step
            here = {data: moved(quad, -at, 0) for data, quad in labels.items()}
            self.show(
                [reading(data, quad) for data, quad in here.items() if is_whole(quad)],
                [quad for quad in (moved(quad, -at, 0) for quad in dead) if is_whole(quad)],
                shift=(-step, 0.0),
            )
        return at

    def texts(self) -> list[list[bytes]]:
        return [[label.data for label in box.labels] for box in self.reported]

    def end(self) -> list[list[bytes]]:
        self.reported += self.tracker.finish()
        return self.texts()

    def _see(self, look: Look | None, shift: Point) -> None:
        t_ms = self.frames * MS_PER_FRAME
        frame = Frame(index=self.frames, t_ms=t_ms, grey=VIEW, path=None, still=False, shift=shift)
        self.reported += self.tracker.see(frame, look)
        self.frames += 1
