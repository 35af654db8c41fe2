"""What the page shows of the work, in the words of `protocol.State`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from scanner_client.bin_check import BinCheck
from scanner_client.count_list import BinState, CountBin, own_bins
from scanner_client.packing import Packed
from scanner_client.page.protocol import (
    CheckShown,
    CountBinShown,
    CountShown,
    PackingShown,
    PastList,
    PastShown,
    PicksShown,
    QueueShown,
    ReturningShown,
    StopShown,
    TaskShown,
)
from scanner_client.past import PastScan, reasons
from scanner_client.pick_list import PickList, PickLists, progress_text
from scanner_client.put_back import Back, PutBacks
from scanner_client.return_words import next_step, reasons_of
from scanner_client.returns_desk import ReturnsDesk
from scanner_client.screen import Footer, Names, footing
from scanner_client.task import Task
from scanner_client.wording import action_words, say
from sync.actions import ACTIONS, Stock


def task_shown(task: Task, names: Names) -> TaskShown:
    """The task, its places as people call them."""
    what = ACTIONS[task.action]
    return TaskShown(
        action=task.action,
        title=action_words(task.action)[0],
        document=task.document,
        bin=names.location,
        carton=names.container,
        operator=task.operator,
        quantity=task.quantity,
        counting=what.stock is Stock.COUNTED and task.document is not None,
    )


def check_shown(check: BinCheck, unread: int) -> CheckShown | None:
    """The bin or carton in words; None where the work is in none.

    Args:
        check: what was expected and seen.
        unread: labels that the camera saw and nothing read.
    """
    place = check.expected.place
    if place is None:
        return None
    words = say("check.read_of", read=check.read, seen=check.read + unread) if unread else None
    parts = [words or say("check.read", read=check.read)]
    missing = tuple(check.missing)
    if check.expected.compared and not missing:
        parts.append(
            say("check.none_missing" if check.expected.units or check.expected.pieces else "check.none_expected")
        )
    return CheckShown(
        place=check.expected.place_name(place),
        summary=" · ".join(parts),
        wrong=tuple(check.wrong),
        missing=missing,
    )


def count_shown(found: list[CountBin]) -> CountShown | None:
    """The bins of the count in hand: one's own and anyone's first, done ones last; None where there is no count."""
    if not found:
        return None
    mine = own_bins(found)
    done = sum(each.state is BinState.DONE for each in mine)
    others = [each for each in found if each not in mine]
    ordered = sorted([*mine, *others], key=lambda each: each.state is BinState.DONE)  # done ones out of the way
    return CountShown(
        title=say("count.title", done=done, all=len(mine)),
        bins=tuple(
            CountBinShown(
                code=each.code, state=each.state.value, note=say("count.counted_before") if each.refused else each.whose
            )
            for each in ordered
        ),
    )


def past_shown(scans: Iterable[PastScan]) -> PastList:
    """The last scans, as a page lists them."""
    names = PastShown.__dataclass_fields__
    return PastList(
        scans=tuple(PastShown(**{name: getattr(past, name) for name in names}) for past in scans), reasons=reasons()
    )


STOPS_SHOWN_MAX: Final = 12
"""Bins of a pick list on the page; the others are counted."""


def picks_shown(found: PickList | None, lists: PickLists) -> PicksShown | None:
    """The pick list in words; None where nothing is picked for an order that the handheld knows."""
    if found is None:
        return None
    stops = [
        StopShown(bin=lists.place_words(stop), takes=tuple(lists.words(take) for take in stop.takes))
        for stop in found.stops[:STOPS_SHOWN_MAX]
    ]
    more = len(found.stops) - len(stops)
    return PicksShown(
        order=found.order.number,
        progress=progress_text(found),
        next=stops[0] if stops else None,
        then=tuple(stops[1:]),
        more=say("picks.more_bins", count=more) if more else "",
    )


def put_back_shown(found: list[Back] | None, lists: PutBacks) -> PicksShown | None:
    """What goes back to the shelf, bin by bin; None where nothing does."""
    if not found:
        return None
    by_bin: dict[str, list[str]] = {}
    for back in found:
        by_bin.setdefault(lists.bin_text(back), []).append(lists.words(back))
    stops = [StopShown(bin=place, takes=tuple(lines)) for place, lines in by_bin.items()]
    more = len(stops) - STOPS_SHOWN_MAX
    orders = dict.fromkeys(back.order for back in found)
    return PicksShown(
        order=", ".join(orders),
        progress=say("back.title", count=len(found)),
        next=stops[0],
        then=tuple(stops[1:STOPS_SHOWN_MAX]),
        more=say("picks.more_bins", count=more) if more > 0 else "",
    )


def packing_shown(found: Packed | None) -> PackingShown | None:
    """The order at the packing station in words; None where none is being packed."""
    if found is None:
        return None
    more = len(found.missing) - STOPS_SHOWN_MAX
    rest = (say("check.more", count=more),) if more > 0 else ()
    return PackingShown(
        order=found.order,
        progress=say("picks.progress", done=found.done, asked=found.asked),
        missing=(*found.missing[:STOPS_SHOWN_MAX], *rest),
        inside=say("packing.inside", count=found.inside) if found.inside else "",
    )


def returning_shown(desk: ReturnsDesk) -> ReturningShown | None:
    """What is in hand at the returns desk in words; None where nothing is."""
    hand, found = desk.in_hand, desk.verdict_now()
    if desk.parcel_in_hand is not None:
        return ReturningShown(thing=desk.parcel_in_hand, outcome="", reasons=(), next="", lacks=(), parcel=True)
    if hand is None or found is None:
        return None
    return ReturningShown(
        thing=hand.thing,
        outcome=found.outcome.value,
        reasons=tuple(reasons_of(found)),
        next=next_step(found),
        lacks=tuple(why.value for why in found.needed),
        parcel=False,
    )


def queue_shown(footer: Footer) -> QueueShown:
    """How the queue and the data stand: the words of the terminal."""
    text, trouble = footing(footer)
    return QueueShown(text=text, trouble=trouble)
