"""The camera, or the file that stands for it: watched in a thread of its own, opened again after it ended.

What it sees goes to the work; its newest picture, with the labels marked, stays here for who wants to look.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Any, Final

from scanner_client.bin_check import legend
from scanner_client.inbox import BadPicture, Doubtful, Seen, WatchEnded
from scanner_client.page.protocol import CameraShown
from scanner_client.scene import Shown, sightings, source_of
from scanner_client.sighting import Sighting
from scanner_client.vision.camera import SourceError
from scanner_client.vision.frame import Grey
from scanner_client.vision.mark import MarkTone
from scanner_client.vision.marking import encoded, jpeg
from scanner_client.vision.panorama import PanPicture
from scanner_client.vision.wanted import Wanted
from scanner_client.wording import say
from sync.labels import SiteCodes

BOXES_MAX: Final = 2**32
"""More than one source shows before it is opened again."""
UNFINISHED: Final = ".part"
STOP_S: Final = 2.0
"""How long a source may take to notice that nobody watches any more."""


class _Stopped(Exception):
    """Nobody watches any more."""


class Eye:
    """Opened and closed by the work's thread; `newest` may be called from any."""

    def __init__(
        self,
        source: str,
        *,
        wanted: Wanted,
        put: Callable[[Any, Event], bool],
        picture_path: Callable[[], Path],
        looked: Callable[[str], object],
    ) -> None:
        """Prepare.

        Args:
            source: a camera (``camera:0``), a film, a picture or a folder.
            wanted: what the task can meet.
            put: where sightings go; it gives up and says False once its event is set.
            picture_path: where the whole picture is saved, asked for each saving; its ending is one of
                `PICTURE_ENDINGS`.
            looked: told, in words, how many of the labels in view are read, whenever that changes.

        Raises:
            SourceError: the text names no source.
        """
        self.opened = False
        self.unread = 0
        """Labels that it saw and nothing read, since it was opened."""

        self._name = source
        self._source = source_of(source)
        self._wanted = wanted
        self._put = put
        self._picture_path = picture_path
        self._looked = looked
        self._trouble = ""
        self._thread: Thread | None = None
        self._stopping = Event()
        self._changed = Condition()
        self._picture = PanPicture(legend())
        self._frame: Grey | None = None
        self._is_still = False
        self._labels = 0
        """How many the newest frame shows, read or not."""
        self._number = 0
        self._opening = 0
        """Counts how often the source was opened."""

        self._first = 0
        """The number of the last picture before the source was opened; they go on counting."""

    @property
    def live(self) -> bool:
        """Whether it is a camera, which shows what is there now."""
        return isinstance(self._source, int)

    @property
    def running(self) -> bool:
        """Whether it is watched, and nobody has asked for an end of that."""
        return self._is_held() and not self._stopping.is_set()

    def open(self, codes: SiteCodes) -> None:
        """Watch from now on, with nothing remembered of what was seen before.

        A source that still is in the hands of the last opening stays closed, and `shown` says so: a camera cannot be
        had twice. It can be opened again later.
        """
        self.close()
        self.opened, self.unread = True, 0
        held = self._is_held()
        with self._changed:
            self._opening += 1
            self._picture, self._frame = PanPicture(legend()), None
            self._first = self._number
            self._trouble = say("page.source_closing", source=self._name) if held else ""
        if held:
            return
        self._stopping = Event()
        self._thread = Thread(target=self._run, args=(codes, self._stopping, self._opening), daemon=True, name="eye")
        self._thread.start()

    def close(self) -> None:
        """Let go of the source."""
        self._stopping.set()
        if self._thread:
            self._thread.join(STOP_S)

    def _is_held(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def shown(self) -> CameraShown:
        """How it stands."""
        return CameraShown(source=self._name, running=self.running and not self._trouble, trouble=self._trouble)

    def is_stale(self, box: int) -> bool:
        """Whether a box was seen before the source was opened anew: what is in hand now is another task."""
        return box // BOXES_MAX != self._opening

    def mark(self, box: int, tone: MarkTone, caption: str) -> None:
        """What became of a box: its labels are marked so from now on. Nothing, if that was seen before the opening."""
        with self._changed:
            if self.is_stale(box):
                return
            self._picture.told(box % BOXES_MAX, tone, caption)
            self._show_again()

    def _show_again(self) -> None:
        if self._number > self._first:
            self._number += 1  # a still picture shows no further frame, and is looked at again all the same
            self._changed.notify_all()

    def ask(self, box: int | None) -> None:
        """A person is asked about this box, and its labels stand out until then; None where nobody is asked."""
        with self._changed:
            asked = None if box is None or self.is_stale(box) else box % BOXES_MAX
            if asked == self._picture.asked:
                return
            self._picture.asked = asked
            self._show_again()

    def newest(self, after: int, timeout_s: float) -> tuple[int, bytes] | None:
        """The newest picture with its marks, and its number, once that is above `after`; None after the timeout.

        It is drawn here, in the thread of who looks at it: nobody looking costs nothing.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._number > max(after, self._first), timeout_s):
                return None
            number, picture = self._number, self._picture.live()
        return number, jpeg(picture)

    def frame(self) -> Grey | None:
        """What it sees just now, grey and without marks; None where it has seen nothing since it was opened."""
        with self._changed:
            return self._frame

    def save(self, lines: Sequence[str]) -> str:
        """Write the whole marked picture, with these lines at its foot; what there is to say of it."""
        with self._changed:
            if self._number == self._first:
                return say("page.no_picture")
            picture = self._picture.whole(lines)
        path = self._picture_path()
        unfinished = path.with_name(path.name + UNFINISHED)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(encoded(picture, path.suffix))
            unfinished.replace(path)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            return say("page.picture_not_saved", path=path, reason=error.strerror)
        return say("page.picture_saved", path=path)

    def _run(self, codes: SiteCodes, stopping: Event, opening: int) -> None:
        def watch(shown: Shown) -> None:
            if stopping.is_set():
                raise _Stopped
            self._see(shown, opening)

        def doubt(sighting: Sighting) -> bool:
            # The question is put to the work, and does not hold up the next picture.
            self._deal(Doubtful(sighting=_numbered(sighting, opening)), stopping)
            return False

        def bad(error: SourceError) -> None:
            print(error, file=sys.stderr)
            self._deal(BadPicture(trouble=error), stopping)

        try:
            found = sightings(self._source, codes, on_bad_picture=bad, confirm=doubt, watch=watch, wanted=self._wanted)
            for sighting in found:
                self._deal(Seen(sighting=_numbered(sighting, opening)), stopping)
        except _Stopped:
            return
        except SourceError as error:
            self._end(str(error), error, stopping)
        except Exception as error:  # noqa: BLE001 - a mistake of ours: whoever waits for the camera has to hear of it
            traceback.print_exc()
            self._end(say("page.source_failed", source=self._name, error=repr(error)), error, stopping)
        else:
            self._end(self._words_at_the_end(), None, stopping)

    def _words_at_the_end(self) -> str:
        """What there is to say of a source that has shown everything."""
        if isinstance(self._source, Path) and self._source.is_dir():
            return say("page.pictures_read")
        if not self._is_still:
            return say("page.film_ended")
        return say("page.picture_read") if self._labels else say("page.picture_empty")

    def _deal(self, entry: Any, stopping: Event) -> None:
        if not self._put(entry, stopping):
            raise _Stopped

    def _end(self, words: str, trouble: Exception | None, stopping: Event) -> None:
        with self._changed:
            if stopping.is_set():
                return  # whoever closed it knows, and may have opened it again
            self._trouble = words
        self._put(WatchEnded(trouble=trouble), stopping)

    def _see(self, shown: Shown, opening: int) -> None:
        read = sum(1 for label in shown.in_view if label.reading is not None)
        all_ = len(shown.in_view)
        with self._changed:
            if opening != self._opening:
                raise _Stopped
            self._picture.see(shown)
            self._frame, self._is_still, self._labels = shown.frame.grey, shown.frame.still, all_
            self._number += 1
            self._changed.notify_all()
        self.unread = shown.unread
        words = [say("page.reads", read=read, all=all_)] if all_ else []
        self._looked(" · ".join([*words, *([say("page.unread", n=shown.unread)] if shown.unread else [])]))


def _numbered(sighting: Sighting, opening: int) -> Sighting:
    """The sighting with a box number that no opening before had: the same one again means the same box."""
    return sighting if sighting.box is None else replace(sighting, box=opening * BOXES_MAX + sighting.box)
