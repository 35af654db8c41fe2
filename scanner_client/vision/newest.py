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

SILENT_S_MAX = 10.0
"""A driver may hang in a read for ever. Cameras take a second or two to wake, and then show a frame several times a
second even in the dark."""

CLOSING_S_MAX = 5.0
"""How long a driver that hangs is waited for before the program goes on without it."""


class SilentError(Exception):
    """A camera is there and has shown nothing for so long that nobody should wait any more."""


class Newest:
    """What a camera showed last. Made by `newest`."""

    def __init__(self, read: Read, clock: Callable[[], float], silent_s_max: float) -> None:
        self.hangs = False
        """Whether a read was still under way when the camera was let go: its driver must not be touched then."""

        self._read = read
        self._clock = clock
        self._silent_s_max = silent_s_max
        self._failure: Exception | None = None
        self._changed = Condition()
        self._frame: tuple[Grey, float] | None = None
        self._ended = False

    def frames(self) -> Iterator[tuple[Grey, float]]:
        """Frames with the second in which they came, each the newest one when it is asked for; ends with the camera.

        Raises:
            SilentError: none has come for too long.
            Exception: whatever reading the camera raised.
        """
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: self._frame is not None or self._ended, self._silent_s_max):
                    raise SilentError
                frame, self._frame = self._frame, None
            if frame is not None:
                yield frame
            elif self._failure is not None:
                raise self._failure
            else:
                return

    def run(self) -> None:
        """Read until the camera is gone or nobody wants frames any more; the thread's work."""
        try:
            self._read_on()
        except Exception as error:  # noqa: BLE001 - raised again where the frames are dealt, who waits there has to know
            self._failure = error
        finally:
            self.end()

    def end(self) -> None:
        """No more frames are wanted, or there are none."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _read_on(self) -> None:
        failures = 0
        while failures < FAILURES_MAX and not self._ended:
            grey = self._read()
            failures = failures + 1 if grey is None else 0
            if grey is not None:
                with self._changed:
                    self._frame = grey, self._clock()
                    self._changed.notify_all()


@contextmanager
def newest(read: Read, clock: Callable[[], float], *, silent_s_max: float = SILENT_S_MAX) -> Iterator[Newest]:
    """Read a camera beside the work while the block runs."""
    camera = Newest(read, clock, silent_s_max)
    thread = Thread(target=camera.run, daemon=True, name="camera")
    thread.start()
    try:
        yield camera
    finally:
        camera.end()
        thread.join(CLOSING_S_MAX)
        camera.hangs = thread.is_alive()
