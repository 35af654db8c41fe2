"""What one session has kept so far, within bounds: so that lingering keeps nothing twice, and the last is undone."""

from __future__ import annotations

from typing import Final, TypeVar

from sync.event import ScanEvent

REMEMBERED_MAX: Final = 100_000
UNDO_MAX: Final = 100

Place = tuple[str | None, ...]
K = TypeVar("K")
V = TypeVar("V")


class Recent:
    """Where each unit was last kept, what each of the tracker's boxes became, and what can be undone."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        self._boxes: dict[int, ScanEvent] = {}
        self._undoable: list[tuple[ScanEvent, str, int | None]] = []

    def remember(self, event: ScanEvent, box: int | None, thing: str) -> None:
        """This scan was kept; `thing` is what people call it. What the same box was before is undone already."""
        if box is not None:
            earlier = self._boxes.get(box)
            self._undoable = [last for last in self._undoable if last[0] != earlier]
            _put(self._boxes, box, event)
        if event.subject:
            _put(self._places, event.subject, place_of(event))
        self._undoable.append((event, thing, box))
        del self._undoable[:-UNDO_MAX]

    def of_box(self, box: int | None) -> ScanEvent | None:
        """What was kept of this box of the tracker."""
        return self._boxes.get(box) if box is not None else None

    def is_there_already(self, event: ScanEvent) -> bool:
        """Whether its subject was last kept in the same place for the same action."""
        return self._places.get(event.subject or "") == place_of(event)

    def forget(self, event: ScanEvent) -> int | None:
        """This scan, maybe one of long ago, is undone: nothing stands in the way of the same again; its box, if any."""
        self._undoable = [last for last in self._undoable if last[0] != event]
        if self._places.get(event.subject or "") == place_of(event):
            del self._places[event.subject or ""]
        box = next((box for box, kept in self._boxes.items() if kept == event), None)
        if box is not None:
            del self._boxes[box]
        return box

    @property
    def newest(self) -> tuple[ScanEvent, str, int | None] | None:
        """The newest scan that was not undone, what people call it, and its box."""
        return self._undoable[-1] if self._undoable else None

    def take_back(self) -> tuple[ScanEvent, str, int | None] | None:
        """The newest scan that was not undone, what people call it, and its box; both are forgotten here."""
        if not self._undoable:
            return None
        event, thing, box = self._undoable.pop()
        self._places.pop(event.subject or "", None)
        if box is not None:
            self._boxes.pop(box, None)
        return event, thing, box


def place_of(event: ScanEvent) -> Place:
    """What makes a repeated scan the same: action, document, bin and carton, and in a count the bin's opening."""
    return event.action, event.document, event.location, event.container, event.opening


def _put(memory: dict[K, V], key: K, value: V) -> None:
    memory[key] = value
    if len(memory) > REMEMBERED_MAX:
        del memory[next(iter(memory))]
