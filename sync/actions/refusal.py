"""Which events are forbidden, and why."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from sync.actions.registry import ACTIONS
from sync.event import EventError, ScanEvent, parse_name
from sync.identity import is_container, is_location, split_key

QUANTITY_MAX: Final = 1_000_000_000
"""More than any one scan counts; so that no sum of them leaves a database's 64 bits."""


def refuse(event: ScanEvent, *, by_server: bool = False) -> str | None:
    """Why this event is forbidden, in one sentence, or None."""
    what = ACTIONS.get(event.action)
    if what is None:
        return f"There is no action {event.action!r} in this version."
    if not by_server and not what.roles:
        return f"A handheld may not say {event.action!r}: only the server makes such a fact."
    if not by_server and event.about is not None:
        return "A handheld may not set about: only the server says which event it speaks of."
    absent = [name for name in what.needs if getattr(event, name) is None]
    if absent:
        return f"{event.action!r} takes {', '.join(what.needs)}; it lacks {', '.join(absent)}."
    return _misnaming(event) or _impossible(event, by_server=by_server)


def _misnaming(event: ScanEvent) -> str | None:
    """Which of its names is none."""
    named = [(name, getattr(event, name)) for name in ("subject", "location", "container", "origin")]
    for name, key in [*named, *(("identifiers", i) for i in event.identifiers or ())]:
        if key is not None and not _is_name(key):
            return f"{name} is {key!r:.80}, which names nothing: a canonical name was expected."
    if event.location is not None and not is_location(event.location):
        return f"location is {event.location!r:.80}, which is no place."
    if event.container is not None and not is_container(event.container):
        return f"container is {event.container!r:.80}, which is no pallet, carton or tote."
    return None


def _impossible(event: ScanEvent, *, by_server: bool) -> str | None:
    """What cannot be, though every name in it is one."""
    if event.container is not None and event.container == event.subject:
        return f"{event.subject!r:.80} cannot be in itself."
    if event.quantity is not None and event.quantity > QUANTITY_MAX:
        return f"The quantity is {event.quantity}; one scan counts up to {QUANTITY_MAX}."
    try:
        undone = parse_name(event.voids) if event.voids is not None else None
        if event.about is not None:
            parse_name(event.about)
    except EventError as e:
        return str(e)
    if undone is not None and undone[0] == 0 and not by_server:
        return f"A handheld may not undo {event.voids}, which the server said."
    return None


@lru_cache(maxsize=4096)
def _is_name(key: str) -> bool:
    """Whether this is a canonical name; places recur in every event, so the answers are kept."""
    try:
        split_key(key)
    except ValueError:
        return False
    return True
