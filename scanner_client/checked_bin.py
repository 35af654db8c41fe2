"""The bin in sight, held against what is expected in it, on the page and as marks on the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scanner_client.bin_check import BinCheck, expectation
from scanner_client.page.protocol import CheckShown
from scanner_client.page.view import check_shown
from scanner_client.session import Session
from scanner_client.sighting import Told
from scanner_client.vision.mark import MarkTone

if TYPE_CHECKING:
    from scanner_client.eye import Eye


class CheckedBin:
    """One at a time; none before the first task. `eye` is None where everything is typed."""

    def __init__(self, eye: Eye | None) -> None:
        self._eye = eye
        self._check: BinCheck | None = None

    def begin(self, session: Session) -> None:
        """Another task: nothing of the one before is in sight."""
        self._check = None
        self.told(session, [])

    def told(self, session: Session, outcomes: Sequence[Told], box: int | None = None) -> None:
        """Hold what came out against what is expected here.

        A finished bin stays in sight until the next is opened, or another document taken up: its counters may be blind.
        """
        task, opening = session.task, session.opening
        if self._check is None or not self._check.is_for(task, opening):
            fresh = BinCheck(expectation(session.handheld, task, opening))
            if not self._check or fresh.expected.place or task.document != self._check.expected.document:
                self._check = fresh
        is_listing = len(outcomes) > 1  # one symbol that lists many units: each of them is a scan of its own
        for told in outcomes:
            self._check.told(told, None if is_listing else box)
            if self._eye and box is not None:
                self._eye.mark(box, *self._check.mark(told))
            if self._eye and told.undone_box is not None:
                self._eye.mark(told.undone_box, MarkTone.PENDING, "")

    def shown(self) -> CheckShown | None:
        """What the page shows of it."""
        return check_shown(self._check, self._eye.unread if self._eye else 0) if self._check else None

    def lines(self, unread: int) -> tuple[str, ...]:
        """The same in lines beside a picture, of which so many labels could not be read."""
        return tuple(self._check.lines(unread)) if self._check else ()
