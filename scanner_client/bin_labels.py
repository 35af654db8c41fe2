"""The bins of a count: their labels open and finish them, and so does a person who goes on to something else."""

from __future__ import annotations

from dataclasses import replace

from scanner_client import count_list, judging
from scanner_client.keeping import Keeping
from scanner_client.pairing import Read
from scanner_client.sighting import Sighting, Told, Tone, with_symbols
from scanner_client.wording import say
from sync.event import ScanEvent


def count_at(keeping: Keeping, sighting: Sighting, read: Read) -> list[Told]:
    """Bins are opened and finished by their label: the same one again, or the next one, finishes."""
    task = keeping.task
    is_same = keeping.bin.opening is not None and task.location == read.label.key
    if keeping.bin.label_flickers(sighting.frame) and is_same:
        return []
    refused = None if is_same else count_list.refusal(keeping.handheld, task, read.label.key)
    if refused:
        return [Told(tone=Tone.ASK, text=refused)]
    if keeping.bin.asks_whether_empty():
        return [_ask_whether_empty(keeping)]
    events = _closing(keeping)
    if not is_same:
        keeping.task = replace(keeping.task, location=read.label.key, container=None)
        events.append(with_symbols(keeping.event("open_bin"), sighting, read.symbol))
    kept = keeping.keep(events)
    if not is_same:
        keeping.bin.opened(kept[-1])
    return [_told(keeping, event) for event in kept]


def entered(keeping: Keeping, place: str) -> Told:
    """The bin of the next scans; one that nobody knows may be another site's label, or a misprint."""
    strange = judging.is_unknown_bin(keeping.handheld.site_map, place)
    if strange:
        return Told(tone=Tone.LOOK, text=say("place.unknown_bin", place=keeping.place(place)))
    return Told(tone=Tone.INFO, text=say("place.bin", place=keeping.place(place)))


def finish(keeping: Keeping) -> list[Told]:
    """Everything in the open bin has been scanned, or it is empty; that it is empty has to be said twice."""
    if keeping.bin.asks_whether_empty():
        return [_ask_whether_empty(keeping)]
    closing = _closing(keeping)
    return [_told(keeping, event) for event in keeping.keep(closing)] if closing else []


def leave(keeping: Keeping) -> list[Told]:
    """The person goes on to something else: an open bin is finished, but never called empty by that alone."""
    if not keeping.bin.is_empty:
        return finish(keeping)
    place = keeping.place(keeping.task.location)
    keeping.bin.finished()
    keeping.task = replace(keeping.task, location=None)
    return [Told(tone=Tone.INFO, text=say("place.left_bin", place=place))]


def _closing(keeping: Keeping) -> list[ScanEvent]:
    if keeping.bin.opening is None:
        return []
    finished = keeping.event("finish_bin")
    keeping.bin.finished()
    keeping.task = replace(keeping.task, location=None)  # who goes on counting opens a bin
    return [finished]


def _told(keeping: Keeping, event: ScanEvent) -> Told:
    words = say(f"place.{event.action}", place=keeping.place(event.location))
    if event.action == "finish_bin":
        following = count_list.next_words(keeping.handheld, keeping.task)
        tone = Tone.LOOK if count_list.over(keeping.handheld, keeping.task) else Tone.INFO
        return Told(tone=tone, text=f"{words} {following}" if following else words, event=event)
    stranger = count_list.stranger(keeping.handheld, keeping.task, event.location or "")
    tone = Tone.LOOK if stranger else Tone.INFO
    return Told(tone=tone, text=f"{words} {stranger}" if stranger else words, event=event)


def _ask_whether_empty(keeping: Keeping) -> Told:
    return Told(tone=Tone.ASK, text=say("place.is_it_empty", place=keeping.place(keeping.task.location)))
