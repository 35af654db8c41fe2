"""The bin that is being counted: its label opens it, and the same label again, or the next bin's, finishes it."""

from __future__ import annotations

from typing import Final

from sync.event import ScanEvent, format_name

FINISH_AFTER_FRAMES: Final = 60
"""A camera that loses a bin's label for a moment does not mean to finish the bin; two seconds later it does."""


class OpenBin:
    """One at a time, or none."""

    def __init__(self) -> None:
        self.opening: str | None = None
        """Name of the scan that opened it; None where none is open."""
        self._frame = 0
        self._inside: set[str] = set()
        self._asked = False

    def opened(self, event: ScanEvent) -> None:
        """This scan, which was kept, has opened it."""
        self.opening = format_name(event.name)
        self._inside, self._asked = set(), False

    def finished(self) -> None:
        """Everything in it has been scanned."""
        self.opening = None

    def scanned(self, event: ScanEvent) -> None:
        """Something was scanned while it is open; an undo takes that away again."""
        self._asked = False
        if event.voids:
            self._inside.discard(event.voids)
        else:
            self._inside.add(format_name(event.name))

    @property
    def is_empty(self) -> bool:
        """Whether it is open and nothing that was scanned in it stands."""
        return self.opening is not None and not self._inside

    def asks_whether_empty(self) -> bool:
        """Whether a person has to say first that it is empty: a fact as well. Asked once, then it is believed."""
        asks = self.is_empty and not self._asked
        self._asked = self._asked or asks
        return asks

    def label_flickers(self, frame: int | None) -> bool:
        """Whether a bin's label, in sight again, was lost for a moment only; `frame` is None where no camera saw it."""
        now, before = frame or 0, self._frame
        frames_since = now - before if now >= before else now  # a source opened anew counts from 0 again
        self._frame = now
        return frame is not None and frames_since < FINISH_AFTER_FRAMES
