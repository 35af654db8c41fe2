"""What a recall stops at this handheld: the thing that was scanned, or something that would be moved with it.

What the map lacks may be what is meant: it is stopped where it would be moved, and nothing is said of it elsewhere.
A carton whose contents nobody here knows is not handed over while a recall is in force: it may have been packed at a
handheld that was not heard of since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scanner_client.handheld import Handheld
from scanner_client.parcel import biting_inside, contents
from scanner_client.wording import say
from sync.actions import ACTIONS, Stock
from sync.event import ScanEvent
from sync.identity import is_container, lot_key
from sync.recall import Bite, Reach, Recall, bite, sets_apart, traits_of
from sync.verdict import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A recall, and how surely it reaches what was scanned."""

    recall: Recall
    sure: bool
    inside: str | None = None
    """The thing in the carton that it reaches; None where it is the scanned one itself."""
    unseen: bool = False
    """Whether nobody here knows what is in the carton."""


def stopping(handheld: Handheld, event: ScanEvent, known: Known | None) -> Stop | None:
    """The recall that reaches what is scanned, or may; None where none does, or this sets the thing apart for one."""
    recalls, subject = handheld.site_map.recalls(), event.subject or ""
    if not recalls or sets_apart(event, recalls):
        return None
    bitten = bite(recalls, traits_of(subject, known, handheld.site_map.now_ms(handheld.clock), event))
    if is_container(subject):
        return _inside(handheld, event, recalls, bitten)
    return Stop(recall=bitten.recall, sure=bitten.reach is Reach.YES) if bitten else None


def _inside(handheld: Handheld, event: ScanEvent, recalls: Sequence[Recall], own: Bite | None) -> Stop | None:
    """A carton is stopped for what is in it; of the carton itself a recall asks nothing but its name."""
    what, carton = ACTIONS[event.action], event.subject or ""
    if own is not None and own.reach is Reach.YES:
        return Stop(recall=own.recall, sure=True)
    if not what.stops_recalled:
        return None
    things = list(dict.fromkeys([*contents(handheld, carton), *_announced(handheld, event, carton)]))
    found = biting_inside(handheld, things, recalls)
    if found is not None:
        return Stop(recall=found[1].recall, sure=found[1].reach is Reach.YES, inside=found[0])
    unseen = what.stock is Stock.LEAVES and not things
    return Stop(recall=recalls[0], sure=False, unseen=True) if unseen else None


def _announced(handheld: Handheld, event: ScanEvent, carton: str) -> list[str]:
    """What a supplier says is in this carton, as long as it comes in: units, and products or lots by quantity."""
    if ACTIONS[event.action].stock is not Stock.ARRIVES:
        return []
    row = handheld.site_map.entry("document", event.document) if event.document else None
    lines = [line for line in (row or {}).get("lines") or [] if line.get("container") == carton and line.get("item")]
    pieces = [lot_key(line["item"], line["lot"]) if line.get("lot") else line["item"] for line in lines]
    return [*handheld.site_map.contents(carton), *pieces]


def words(stop: Stop, text: str, *, place: str, thing: str) -> str:
    """The verdict's own words, with the thing inside that it is about and the place where that is set apart.

    Args:
        place: what people call the recall's place; empty where it has none.
        thing: likewise of the thing inside.
    """
    text = say("recall.unseen", reason=stop.recall.reason) if stop.unseen else text
    text = say("recall.apart", text=text, place=place) if place else text
    return say("hand_over.inside", thing=thing, text=text) if stop.inside else text
