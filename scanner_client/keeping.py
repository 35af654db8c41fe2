"""What one session keeps: events of its task as it stands now, each committed before anything is told of it."""

from __future__ import annotations

from typing import Any

from scanner_client import judging
from scanner_client.handheld import Handheld
from scanner_client.long_label import shortened
from scanner_client.moment import event_now, undoing
from scanner_client.open_bin import OpenBin
from scanner_client.recent import Recent
from scanner_client.sighting import Sighting, Told, Tone, printable, with_symbols
from scanner_client.task import Task
from scanner_client.wording import say
from sync.actions import ACTIONS, Stock
from sync.event import ScanEvent, format_name
from sync.identity import is_stock


class Keeping:
    """The task, the bin that is open in it, and what was kept for it; all parts of a session share one."""

    def __init__(self, handheld: Handheld, task: Task) -> None:
        self.handheld = handheld
        self.task = task
        self.kept = 0
        """What was committed since the handheld was opened, and stands: neither an undo nor what it undid."""
        self.bin = OpenBin()
        self.recent = Recent()
        self.unkept: tuple[Sighting, str] | None = None
        """The last scan of a thing, and what people call it, if nothing was kept of it nor of anything since."""

    @property
    def is_counting(self) -> bool:
        """Whether what is scanned is compared with what a count document says."""
        return ACTIONS[self.task.action].stock is Stock.COUNTED and self.task.document is not None

    def event(self, action: str, **values: Any) -> ScanEvent:
        """An event of this moment, not kept yet."""
        return event_now(self.handheld, self.task, action, **values)

    def undoing(self, event: ScanEvent, reason: str) -> ScanEvent:
        """The event that undoes another one, not kept yet."""
        return undoing(self.handheld, self.task, event, reason)

    def keep(self, events: list[ScanEvent]) -> list[ScanEvent]:
        """Commit them all at once; they come back with their names."""
        self.unkept = None
        kept = self.handheld.commit([shortened(event) for event in events])
        self.kept += sum(-self._was_counted(event.voids) if event.voids else 1 for event in kept)
        for event in kept:
            if event.action not in ("open_bin", "finish_bin"):
                self.bin.scanned(event)
        return kept

    def note_unkept(self, sighting: Sighting, told: list[Told], *, waits: bool) -> None:
        """Remember a scan of which nothing was kept, for who takes it back; what a camera sees again is no scan.

        Args:
            waits: whether it waits for the server's answer.
        """
        if not told or any(one.event for one in told):
            return
        last = told[-1]
        refused = waits or last.tone in (Tone.ASK, Tone.STOP)
        self.unkept = (sighting, last.thing) if refused or (last.thing and sighting.entry is not None) else None

    def stands_again(self, undo: ScanEvent) -> None:
        """Count what this undo had taken away, for the undo itself was taken back."""
        if undo.voids:
            self.kept += self._was_counted(undo.voids) + self._was_counted(format_name(undo.name))

    def _was_counted(self, name: str) -> int:
        return int(self.handheld.made_since_opening(name))

    def unreadable(self, sighting: Sighting, reason: str) -> list[Told]:
        """A label that names nothing is kept with its bytes and the reason."""
        if self.recent.of_box(sighting.box):
            return []  # a further label on a box that was kept already
        event = self.event("unreadable", reason=printable(reason), container=self.task.container)
        first = sighting.symbols[0] if sighting.symbols else None
        [kept] = self.keep([with_symbols(event, sighting, first)])
        self.recent.remember(kept, sighting.box, reason)
        return [Told(tone=Tone.LOOK, text=say("scan.unreadable", reason=reason), event=kept)]

    def is_repeated(self, event: ScanEvent, sighting: Sighting) -> bool:
        """Whether this very scan is kept already: the same box again, or the same unit in the same place."""
        earlier = self.recent.of_box(sighting.box)
        if earlier is not None:
            return earlier.subject == event.subject
        return not is_stock(event.subject or "") and self.recent.is_there_already(event)

    def withdrawn(self, sighting: Sighting) -> list[ScanEvent]:
        """What was kept of this box before a further label of it was read, undone; not kept yet."""
        earlier = self.recent.of_box(sighting.box)
        return [self.undoing(earlier, "a further label of the box was read")] if earlier else []

    def place(self, key: str | None) -> str:
        """What people call a bin or carton."""
        return judging.place_text(self.handheld.site_map, key)
