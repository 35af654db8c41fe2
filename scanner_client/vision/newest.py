"""A camera read in a thread of its own, of which only the newest frame is kept.

A driver queues frames. Who decodes more slowly than the camera delivers would see, and beep for, what passed by
seconds ago; here the frames between are dropped instead. The buffer size that OpenCV offers is not honoured by all of
its backends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread

from scanner_client.vision.frame import Grey

Read = Callable[[], Grey | None]
"""Waits for the camera's next frame; None where it gave none."""

FAILURES_MAX = 10
"""A camera drops a frame now and then; this many in a row and it is gone."""

CLOSING_S_MAX = 5.0
"""How long a driver that hangs is waited for before the program goes on without it."""


class Newest:
    """What a camera showed last. Made by `newest`."""

    def __init__(self, read: Read, clock: Callable[[], float]) -> None:
        self._read = read
        self._clock = clock
        self._changed = Condition()
        self._frame: tuple[Grey, float] | None = None
        self._ended = False

    def frames(self) -> Iterator[tuple[Grey, float]]:
        """Frames with the second in which they came, each the newest one when it is asked for; ends with the camera."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._frame is not None or self._ended)
                frame, self._frame = self._frame, None
            if frame is None:
                return
            yield frame

    def run(self) -> None:
        """Read until the camera is gone or nobody wants frames any more; the thread's work."""
        failures = 0
        while failures < FAILURES_MAX and not self._ended:
            grey = self._read()
            failures = failures + 1 if grey is None else 0
            if grey is not None:
                with self._changed:
                    self._frame = grey, self._clock()
                    self._changed.notify_all()
        self.end()

    def end(self) -> None:
        """No more frames are wanted, or there are none."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()


@contextmanager
def newest(read: Read, clock: Callable[[], float]) -> Iterator[Newest]:
    """Read a camera beside the work while the block runs."""
    camera = Newest(read, clock)
    thread = Thread(target=camera.run, daemon=True, name="camera")
    thread.start()
    try:
        yield camera
    finally:
        camera.end()
        thread.join(CLOSING_S_MAX)
