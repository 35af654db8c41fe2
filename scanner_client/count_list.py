"""The bins of a count as this handheld knows them: in walking order, whose they are, which are done.

What others have done comes with the map; what this handheld has done, and the map cannot know yet, from its own queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scanner_client.handheld import Handheld
from scanner_client.judging import place_text
from scanner_client.sighting import Told, Tone
from scanner_client.task import Task
from scanner_client.wording import say


class BinState(StrEnum):
    """How a bin of a count stands."""

    TODO = "todo"
    OPEN = "open"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class CountBin:
    """One bin of the count in hand."""

    place: str
    code: str
    state: BinState
    whose: str
    """Whose it is, where that is somebody else; empty where it is one's own or anyone's."""
    refused: bool
    """Whether this person counted it before and so may not count it again."""


def bins_of(handheld: Handheld, task: Task) -> list[CountBin]:
    """The bins of the task's count, in walking order; none where the map does not hold the count."""
    row = handheld.site_map.entry("document", task.document) if task.document else None
    if not row or row.get("kind") != "count":
        return []
    own = [e for e in handheld.own_scans.all() if e.document == task.document and e.location is not None]
    done = set(row.get("done") or ()) | {e.location for e in own if e.action == "finish_bin"}
    shares = row.get("shares") or [[None, None, []] for _ in row["bins"]]
    found = []
    for place, (person, device_no, refused) in zip(row["bins"], shares, strict=True):
        state = BinState.DONE if place in done else BinState.TODO
        state = BinState.OPEN if place == task.location else state
        found.append(
            CountBin(
                place=place,
                code=place_text(handheld.site_map, place),
                state=state,
                whose=_whose(handheld, task.operator, person, device_no),
                refused=(task.operator or "").casefold() in {name.casefold() for name in refused},
            )
        )
    return found


def _whose(handheld: Handheld, operator: str | None, person: str | None, device_no: int | None) -> str:
    if person is not None:
        return "" if person.casefold() == (operator or "").casefold() else person
    if device_no is not None and device_no != handheld.device.device_no:
        return say("count.another_handheld")
    return ""


def own_bins(found: list[CountBin]) -> list[CountBin]:
    """Those that one is to count: one's own and anyone's."""
    return [each for each in found if not each.whose and not each.refused]


def refusal(handheld: Handheld, task: Task, place: str) -> str | None:
    """Why this person may not count this bin, in a sentence; None where they may."""
    found = _find(handheld, task, place)
    return say("count.refused", bin=found.code) if found and found.refused else None


def over(handheld: Handheld, task: Task) -> str | None:
    """That the count was closed or given up, in a sentence; None while it goes on, or where the map does not hold it.

    Said at each bin: who counts on would learn nowhere else that what they scan is late.
    """
    stands = state(handheld, task.document) if task.document else None
    if stands == "closed":
        return say("count.closed", document=task.document)
    return say("count.given_up", document=task.document) if stands == "cancelled" else None


def state(handheld: Handheld, number: str) -> str | None:
    """How a count stands by the map: open, proposed, closed or cancelled; None of what is no count there."""
    row = handheld.site_map.entry("document", number)
    return row.get("state") if row and row.get("kind") == "count" else None


def stranger(handheld: Handheld, task: Task, place: str) -> str | None:
    """That a bin which was opened is somebody else's, or none of this count's, or that this is over, in a sentence."""
    if ended := over(handheld, task):
        return ended
    found = _find(handheld, task, place)
    if found is not None:
        return say("count.not_yours", whose=found.whose) if found.whose else None
    return say("count.not_of_it", document=task.document or "") if bins_of(handheld, task) else None


def _find(handheld: Handheld, task: Task, place: str) -> CountBin | None:
    return next((each for each in bins_of(handheld, task) if each.place == place), None)


def next_words(handheld: Handheld, task: Task) -> str | None:
    """Where to go next, in a sentence, or that the count is over; None where the map does not hold it."""
    if ended := over(handheld, task):
        return ended
    mine = own_bins(bins_of(handheld, task))
    left = [each for each in mine if each.state is BinState.TODO]
    if not mine:
        return None
    return say("count.next", bin=left[0].code, more=len(left) - 1) if left else say("count.all_done")


def told(handheld: Handheld, task: Task) -> list[Told]:
    """The count's bins in words, those that one is to count, each with what is done."""
    mine = own_bins(bins_of(handheld, task))
    if not mine:
        return [Told(tone=Tone.ASK, text=say("count.unknown", document=task.document or "?"))]
    done = sum(each.state is BinState.DONE for each in mine)
    ended = over(handheld, task)
    if ended:
        return [Told(tone=Tone.LOOK, text=ended)]
    lines = [say("count.title", done=done, all=len(mine))]
    lines += [say("count.bin", bin=each.code, state=say(f"page.bin_{each.state.value}")) for each in mine]
    return [Told(tone=Tone.INFO, text=line) for line in lines]
