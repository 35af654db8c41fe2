"""No camera can be had here: what is read stands in for one, and hands over frames when a test says so."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from queue import SimpleQueue

import numpy as np
import pytest

from scanner_client.vision.frame import Grey
from scanner_client.vision.newest import FAILURES_MAX, SilentError, newest


def shade(level: int) -> Grey:
    return np.full((2, 2), level, np.uint8)


class Camera:
    """Gives each frame that was put in, and says when it is asked for the next one."""

    def __init__(self) -> None:
        self.frames: SimpleQueue[Grey | None] = SimpleQueue()
        self.asked: SimpleQueue[int] = SimpleQueue()
        self._number = count()

    def read(self) -> Grey | None:
        self.asked.put(next(self._number))
        return self.frames.get()

    def show(self, *frames: Grey | None) -> None:
        """Hand over frames, and wait until the last of them was taken in."""
        for frame in frames:
            self.asked.get(timeout=10)
            self.frames.put(frame)
        self.asked.put(self.asked.get(timeout=10))

    def unplug(self) -> None:
        for _ in range(FAILURES_MAX + 1):
            self.frames.put(None)


def clock() -> Callable[[], float]:
    ticks = count()
    return lambda: float(next(ticks))


def test_who_decodes_slowly_sees_what_is_there_now_and_not_what_passed_by() -> None:
    camera = Camera()
    with newest(camera.read, clock()) as stream:
        dealt = stream.frames()
        camera.show(shade(1))
        first = next(dealt)
        camera.show(shade(2), shade(3), shade(4))
        second = next(dealt)
        camera.unplug()

    assert (first[0][0, 0], second[0][0, 0]) == (1, 4)
    assert (first[1], second[1]) == (0.0, 3.0)


def test_a_camera_that_misses_a_frame_goes_on() -> None:
    camera = Camera()
    with newest(camera.read, clock()) as stream:
        camera.show(*[None] * (FAILURES_MAX - 1), shade(7))
        frame, _ = next(stream.frames())
        camera.unplug()

    assert frame[0, 0] == 7


def test_the_last_frame_of_a_camera_that_is_unplugged_is_dealt_and_then_it_ends() -> None:
    camera = Camera()
    with newest(camera.read, clock()) as stream:
        camera.show(shade(9))
        camera.unplug()

        assert [frame[0, 0] for frame, _ in stream.frames()] == [9]


def test_whoever_waits_for_a_camera_hears_of_a_mistake_in_reading_it() -> None:
    def read() -> Grey | None:
        raise MemoryError("no room for a frame")

    with newest(read, clock()) as stream, pytest.raises(MemoryError, match="no room for a frame"):
        next(stream.frames())


def test_camera_whose_driver_hangs_is_not_waited_for_for_ever() -> None:
    camera = Camera()
    with newest(camera.read, clock(), silent_s_max=0.05) as stream:
        camera.show(shade(5))
        dealt = stream.frames()
        first, _ = next(dealt)
        with pytest.raises(SilentError):
            next(dealt)
        camera.unplug()

    assert (first[0, 0], stream.hangs) == (5, False)
