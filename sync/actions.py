"""What can be done to a unit, and which events are forbidden.

An action is one function: ``(state, event) -> state``. The decorator says who does it, what the event must hold, and
what a scan of it expects of the unit; the schemas, menus, roles, verdicts and docs read that registry.

Business steps are those of the Core Business Vocabulary (CBV 2.0, section 7.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Final

from sync.event import EventError, ScanEvent, parse_name
from sync.identity import is_container, is_location, split_key
from sync.unit import IN_STOCK, Status, UnitState

QUANTITY_MAX: Final = 1_000_000_000
"""More than any one scan counts; so that no sum of them leaves a database's 64 bits."""


class Stock(StrEnum):
    """What an action does to stock without units (``sync/stock.py``)."""

    NONE = "none"
    ARRIVES = "arrives"
    """Adds to the container or location."""
    MOVES = "moves"
    """From the origin to the container or location."""
    TAKEN = "taken"
    """From the location to the container, or away."""
    LEAVES = "leaves"
    """Away from the container or location."""
    COUNTED = "counted"
    """So much is there: the sum of one count's scans."""
    STATED = "stated"
    """So much is there by a document's word."""


class Compare(StrEnum):
    """With what a scan's place is compared to call it right."""

    NOTHING = "nothing"
    EXPECTED = "expected"
    ANNOUNCED = "announced"


Apply = Callable[[UnitState, ScanEvent], UnitState]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One entry of the registry."""

    name: str
    text: str
    """First line of the function's docstring: what the menu and the docs say."""
    apply: Apply
    biz_step: str | None
    roles: frozenset[str]
    """Who may do it at a handheld; empty for facts that only the server makes."""
    needs: tuple[str, ...]
    """Fields that the event must hold beside its envelope."""
    expects: frozenset[Status]
    """Statuses in which a unit is rightly scanned with it; empty where it does not matter."""
    compare: Compare
    stock: Stock


ACTIONS: Final[dict[str, Action]] = {}

FLOOR: Final = frozenset({"picker", "receiver", "returns", "supervisor", "quality", "admin"})


def action(
    name: str,
    *,
    roles: Iterable[str] = (),
    needs: Iterable[str] = ("subject",),
    step: str | None = None,
    expects: Iterable[Status] = (),
    compare: Compare = Compare.NOTHING,
    stock: Stock = Stock.NONE,
) -> Callable[[Apply], Apply]:
    """Register the function below as the action ``name``."""

    def register(apply: Apply) -> Apply:
        if name in ACTIONS:
            raise ValueError(f"There are two actions named {name!r}.")
        ACTIONS[name] = Action(
            name=name,
            text=(apply.__doc__ or "").strip().splitlines()[0],
            apply=apply,
            biz_step=step,
            roles=frozenset(roles),
            needs=tuple(needs),
            expects=frozenset(expects),
            compare=compare,
            stock=stock,
        )
        return apply

    return register


def _arrive(state: UnitState, event: ScanEvent, status: Status) -> UnitState:
    """The unit was put somewhere on purpose: it is there, and belongs there."""
    place = event.container or event.location
    return replace(_see(state, event), status=status, expected=place, document=event.document or state.document)


def _see(state: UnitState, event: ScanEvent) -> UnitState:
    """The unit was seen; what the label says of it is taken over."""
    return replace(
        state,
        place=event.container or event.location or state.place,
        observed=True,
        lot=event.lot or state.lot,
        expiry=event.expiry or state.expiry,
        condition=event.condition or state.condition,
    )


@action(
    "receive",
    roles={"receiver", "supervisor", "admin"},
    step="receiving",
    expects={Status.ANNOUNCED},
    compare=Compare.ANNOUNCED,
    stock=Stock.ARRIVES,
)
def receive(state: UnitState, event: ScanEvent) -> UnitState:
    """Receive: it came in from a supplier."""
    return replace(_arrive(state, event, Status.RECEIVED), receipts=state.receipts + 1)


@action(
    "put_away",
    roles={"receiver", "picker", "supervisor", "admin"},
    needs=("subject", "location"),
    step="storing",
    expects={Status.RECEIVED, Status.STORED, Status.RETURNED},
    stock=Stock.MOVES,
)
def put_away(state: UnitState, event: ScanEvent) -> UnitState:
    """Put away: it now belongs in this bin."""
    return _arrive(state, event, Status.STORED)


@action(
    "move",
    roles={"receiver", "picker", "supervisor", "admin"},
    needs=("subject", "location"),
    step="internal_movement",
    expects=IN_STOCK,
    stock=Stock.MOVES,
)
def move(state: UnitState, event: ScanEvent) -> UnitState:
    """Move: it was taken to another place, and stays what it is."""
    status = state.status if state.status in IN_STOCK or state.status is Status.ANNOUNCED else Status.STORED
    return _arrive(state, event, status)


@action(
    "pick",
    roles={"picker", "supervisor", "admin"},
    step="picking",
    expects={Status.STORED},
    compare=Compare.EXPECTED,
    stock=Stock.TAKEN,
)
def pick(state: UnitState, event: ScanEvent) -> UnitState:
    """Pick: it was taken from its bin for an order."""
    seen = _see(state, event)
    return replace(seen, status=Status.PICKED, expected=event.container, document=event.document or state.document)


@action(
    "pack",
    roles={"picker", "supervisor", "admin"},
    needs=("subject", "container"),
    step="packing",
    expects={Status.PICKED},
    stock=Stock.MOVES,
)
def pack(state: UnitState, event: ScanEvent) -> UnitState:
    """Pack: it went into a carton."""
    return _arrive(state, event, Status.PACKED)


@action(
    "unpack",
    roles={"receiver", "picker", "supervisor", "admin"},
    needs=("subject", "location"),
    step="unpacking",
    expects=IN_STOCK,
    stock=Stock.MOVES,
)
def unpack(state: UnitState, event: ScanEvent) -> UnitState:
    """Unpack: it was taken out of its carton."""
    status = Status.PICKED if state.status is Status.PACKED else state.status
    return _arrive(state, replace(event, container=None), status)


@action(
    "ship",
    roles={"picker", "supervisor", "admin"},
    step="shipping",
    expects={Status.PACKED},
    stock=Stock.LEAVES,
)
def ship(state: UnitState, event: ScanEvent) -> UnitState:
    """Ship: it was handed to the carrier."""
    left = replace(_see(state, event), place=None, expected=None, status=Status.SHIPPED)
    return replace(left, document=event.document or state.document)


@action(
    "take_back",
    roles={"returns", "supervisor", "admin"},
    needs=("subject", "location"),
    step="receiving",
    expects={Status.SHIPPED},
    stock=Stock.ARRIVES,
)
def take_back(state: UnitState, event: ScanEvent) -> UnitState:
    """Take back: a customer sent it back."""
    return _arrive(state, event, Status.RETURNED)


@action(
    "count",
    roles={"picker", "receiver", "supervisor", "quality", "admin"},
    needs=("subject", "location", "document"),
    step="cycle_counting",
    expects=IN_STOCK,
    compare=Compare.EXPECTED,
    stock=Stock.COUNTED,
)
def count(state: UnitState, event: ScanEvent) -> UnitState:
    """Count: it was seen in this bin during a cycle count."""
    return replace(_see(state, event), counted_in=event.document)


@action(
    "inspect",
    roles=FLOOR,
    needs=("subject", "location"),
    step="inspecting",
    expects=IN_STOCK,
    compare=Compare.EXPECTED,
)
def inspect(state: UnitState, event: ScanEvent) -> UnitState:
    """Check: what is this, and is it in its place?"""
    return _see(state, event)


@action("link", roles={"receiver", "returns", "supervisor", "admin"}, needs=("subject", "identifiers"))
def link(state: UnitState, event: ScanEvent) -> UnitState:
    """Link: this unit has a further identifier or a replacement label."""
    return state  # identifiers are joined by `step`, as those of any scan are


@action("unlink", roles={"supervisor", "admin"}, needs=("subject", "identifiers", "reason"))
def unlink(state: UnitState, event: ScanEvent) -> UnitState:
    """Unlink: that identifier belongs to another unit."""
    gone = set(event.identifiers or ())
    return replace(state, identifiers=tuple(i for i in state.identifiers if i not in gone))


@action("unreadable", roles=FLOOR, needs=())
def unreadable(state: UnitState, event: ScanEvent) -> UnitState:
    """Unreadable: a label is here that nobody can read."""
    return state


@action("void", roles=FLOOR, needs=("voids", "reason"))
def void(state: UnitState, event: ScanEvent) -> UnitState:
    """Undo: an earlier scan was a mistake."""
    return state  # `effective` leaves the undone event out of the history


@action("open_bin", roles={"picker", "receiver", "supervisor", "quality", "admin"}, needs=("location", "document"))
def open_bin(state: UnitState, event: ScanEvent) -> UnitState:
    """Open bin: the count of this bin begins."""
    return state


@action("finish_bin", roles={"picker", "receiver", "supervisor", "quality", "admin"}, needs=("location", "document"))
def finish_bin(state: UnitState, event: ScanEvent) -> UnitState:
    """Finish bin: everything in it has been scanned, or it is empty."""
    return state


# What only the server says.


@action("import", needs=("document", "reason", "evidence"))
def import_document(state: UnitState, event: ScanEvent) -> UnitState:
    """Import: a document was taken in; its rows are facts from here on."""
    return state


@action("expect", stock=Stock.STATED)
def expect(state: UnitState, event: ScanEvent) -> UnitState:
    """Expect: a stock list says that it is in this place (one row of an import)."""
    place = event.container or event.location
    stated = replace(
        state, status=Status.STORED, expected=place, lot=event.lot or state.lot, expiry=event.expiry or state.expiry
    )
    return stated if state.observed else replace(stated, place=place)


@action("announce")
def announce(state: UnitState, event: ScanEvent) -> UnitState:
    """Announce: a supplier says that it is in this carton (one row of an ASN)."""
    told = replace(
        state,
        announced_in=event.container,
        announced_by=event.document,
        lot=state.lot or event.lot,
        expiry=state.expiry or event.expiry,
    )
    if state.status not in (Status.SEEN, Status.SHIPPED, Status.MISSING):
        return told
    return replace(told, status=Status.ANNOUNCED, place=event.container, observed=False, expected=None)


@action("not_found", needs=("subject", "location", "document"))
def not_found(state: UnitState, event: ScanEvent) -> UnitState:
    """Not found: a closed count did not see it where it belongs (one row of the count's result)."""
    return state


@action("not_received", needs=("subject", "document"))
def not_received(state: UnitState, event: ScanEvent) -> UnitState:
    """Not received: a closed receipt lacks it though it was announced (one row of the receipt's result)."""
    return state


@action("settle", needs=("subject", "document", "reason", "evidence"))
def settle(state: UnitState, event: ScanEvent) -> UnitState:
    """Settle: a person decided what a case means."""
    effect = RESOLUTIONS.get(event.reason or "")
    return effect(state, event) if effect else state


@action("open_count", needs=("document", "evidence"))
def open_count(state: UnitState, event: ScanEvent) -> UnitState:
    """Open count: these bins are to be counted."""
    return state


@action("close_count", needs=("document", "evidence"))
def close_count(state: UnitState, event: ScanEvent) -> UnitState:
    """Close count: a version of its result is frozen."""
    return state


@action("close_receipt", needs=("document", "evidence"))
def close_receipt(state: UnitState, event: ScanEvent) -> UnitState:
    """Close receipt: no more of this ASN is awaited."""
    return state


@action("recall", needs=("document", "evidence"))
def recall(state: UnitState, event: ScanEvent) -> UnitState:
    """Recall: what matches this predicate must not move."""
    return state


@action("release", needs=("document", "reason"))
def release(state: UnitState, event: ScanEvent) -> UnitState:
    """Release: a recall has ended."""
    return state


@action("administer", needs=("reason",))
def administer(state: UnitState, event: ScanEvent) -> UnitState:
    """Administer: a handheld was enrolled or revoked, a person or a setting changed."""
    return state


def _stays(state: UnitState, event: ScanEvent) -> UnitState:
    """It belongs where it was found."""
    if state.place is None:  # a scan that came later says that it had left before the decision
        return state
    status = state.status if state.status in IN_STOCK else Status.STORED
    return replace(state, status=status, expected=state.place)


def _write_off(state: UnitState, event: ScanEvent) -> UnitState:
    """It is gone: it counts as stock no longer."""
    if state.status not in IN_STOCK:  # a scan that came later says where it went: shipped stays shipped
        return state
    return replace(state, status=Status.MISSING, place=None, expected=None, observed=False)


def _dismiss(state: UnitState, event: ScanEvent) -> UnitState:
    """Nothing is wrong, and nothing changes."""
    return state


RESOLUTIONS: Final[dict[str, Apply]] = {"stays": _stays, "write_off": _write_off, "dismiss": _dismiss}
"""What a person can decide about a case, by the word that stands in the event's ``reason``."""


def refuse(event: ScanEvent, *, by_server: bool = False) -> str | None:
    """Why this event is forbidden, in one sentence, or None."""
    what = ACTIONS.get(event.action)
    if what is None:
        return f"There is no action {event.action!r} in this version."
    if not by_server and not what.roles:
        return f"A handheld may not say {event.action!r}: only the server makes such a fact."
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
    if event.voids is None:
        return None
    try:
        device_no, _, _ = parse_name(event.voids)
    except EventError as e:
        return str(e)
    if device_no == 0 and not by_server:
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
