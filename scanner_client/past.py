"""The last scans of this handheld, synced or not, and what hangs on each, so that any can be undone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scanner_client.handheld import Handheld
from scanner_client.judging import place_text, thing_text
from scanner_client.map_rows import INSIDE_MAX
from scanner_client.wording import action_words, say
from sync.actions import ACTIONS, Stock
from sync.event import ScanEvent, format_name
from sync.history import undone_names
from sync.identity import is_container

LISTED_MAX: Final = 60
SEARCHED_MAX: Final = 3_000
"""Newest events among which it is looked for what hangs on a scan: a long day's."""
NAMED_MAX: Final = 3
REASONS: Final = (
    "reason.mistake",
    "reason.wrong_unit",
    "reason.wrong_place",
    "reason.wrong_document",
    "reason.misread",
)
"""Keys of the texts that are offered; any other words will do."""
PUTTING: Final = frozenset({Stock.ARRIVES, Stock.MOVES, Stock.TAKEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class PastScan:
    """One event of this handheld's queue, in words."""

    event: ScanEvent
    name: str
    time: str
    """Date and time of day, by the handheld's clock."""
    title: str
    thing: str
    where: str
    undone: bool
    sent: bool
    """Whether the server has it."""
    depends: tuple[str, ...]
    """What hangs on it, a sentence each."""


def last_scans(handheld: Handheld, limit: int = LISTED_MAX) -> list[PastScan]:
    """The newest events first, each with what hangs on it by what this handheld knows."""
    kept = handheld.outbox.newest(SEARCHED_MAX)
    newest = [event for event, _ in kept]
    undone = undone_names((format_name(e.name), e.voids) for e in reversed(newest) if e.voids)
    undone |= {name for name, _ in handheld.site_map.undone()}
    standing = [event for event in newest if format_name(event.name) not in undone]
    return [
        _past(handheld, event, sent=sent, undone=format_name(event.name) in undone, standing=standing)
        for event, sent in kept[:limit]
    ]


def reasons() -> tuple[str, ...]:
    """What is offered as a reason, in the handheld's language."""
    return tuple(say(key) for key in REASONS)


def _past(handheld: Handheld, event: ScanEvent, *, sent: bool, undone: bool, standing: Sequence[ScanEvent]) -> PastScan:
    site_map = handheld.site_map
    place = event.container or event.location
    where = [place_text(site_map, place) if place else "", event.document or ""]
    return PastScan(
        event=event,
        name=format_name(event.name),
        time=time.strftime("%d.%m. %H:%M", time.localtime(event.wall_ms / 1000)),
        title=action_words(event.action)[0],
        thing=thing_text(site_map, event.subject) if event.subject else "",
        where=" · ".join(word for word in where if word),
        undone=undone,
        sent=sent,
        depends=() if undone else tuple(_depending(handheld, event, standing)),
    )


def _depending(handheld: Handheld, event: ScanEvent, standing: Sequence[ScanEvent]) -> list[str]:
    """What rests on a scan: later ones of the same thing, what is in a carton, what was counted in a bin."""
    found: list[str] = []
    if event.voids:
        return [say("past.voids")]
    later = standing[: standing.index(event)] if event in standing else []
    same = [e for e in later if event.subject and e.subject == event.subject and not e.voids]
    if same:
        titles = ", ".join(action_words(e.action)[0] for e in reversed(same[-NAMED_MAX:]))
        found.append(say("past.later", count=len(same), titles=titles))
    if event.subject and is_container(event.subject):
        inside = {e.subject for e in later if e.container == event.subject and ACTIONS[e.action].stock in PUTTING}
        count = max(len(inside), len(handheld.site_map.expected_in(event.subject)))
        if count:
            found.append(say("past.inside", count=f"{count}+" if count >= INSIDE_MAX else count))
    name = format_name(event.name)
    counted = sum(e.opening == name for e in later)
    if counted:
        found.append(say("past.counted", count=counted))
    ends = [
        e for e in later if e.action == "finish_bin" and (e.location, e.document) == (event.location, event.document)
    ]
    if event.action == "open_bin" and ends:
        found.append(say("past.finished"))
    if event.identifiers:
        found.append(say("past.names", count=len(event.identifiers)))
    return found
