"""Events of this moment: where the task is, what the clocks say, and which data the handheld has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scanner_client.handheld import Handheld
from scanner_client.task import Task
from sync.event import ScanEvent, format_name


def event_now(handheld: Handheld, task: Task, action: str, **values: Any) -> ScanEvent:
    """An event with these values; its name is a placeholder until the queue gives it one."""
    given = {
        "location": task.location,
        "document": task.document,
        "operator": task.operator,
        "wall_ms": handheld.clock.wall_ms(),
        "boot": handheld.clock.boot,
        "boot_ms": handheld.clock.boot_ms(),
        "cursor": handheld.site_map.cursor().cursor,
    }
    return ScanEvent(device_no=0, epoch=0, seq=1, action=action, **(given | values))


def undoing(handheld: Handheld, task: Task, event: ScanEvent, reason: str) -> ScanEvent:
    """The event that undoes another one: it stands where that stood."""
    void = event_now(handheld, task, "void", voids=format_name(event.name), reason=reason)
    return replace(void, subject=event.subject, location=event.location, document=event.document)
