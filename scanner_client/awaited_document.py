"""A document that was taken up before this handheld knew it: whoever was told so hears when a sync has brought it."""

from __future__ import annotations

from scanner_client.assignment import unknown_document
from scanner_client.handheld import Handheld
from scanner_client.sighting import Told, Tone
from scanner_client.task import Task
from scanner_client.wording import say


class AwaitedDocument:
    """The document in hand, while nothing is known of it here."""

    def __init__(self, handheld: Handheld) -> None:
        self._handheld = handheld
        self._task: Task | None = None
        """The last one that named another document than the one before."""
        self._number: str | None = None

    def watch(self, task: Task | None) -> None:
        """This is the work from here on."""
        if task is None or (self._task is not None and self._task.document == task.document):
            return
        self._task, self._number = task, unknown_document(task, self._handheld.site_map)

    def news(self) -> list[Told]:
        """That it is known by now, once; after a sync."""
        if self._task is None or self._number is None or unknown_document(self._task, self._handheld.site_map):
            return []
        number, self._number = self._number, None
        return [Told(tone=Tone.INFO, text=say("command.known_by_now", document=number))]
