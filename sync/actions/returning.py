"""What comes back from customers, and what becomes of it: nothing of it is for sale before it is released.

Dispositions are those of the Core Business Vocabulary (CBV 2.0, section 7.2).
"""

from __future__ import annotations

from collections.abc import Iterator

from sync.actions.placing import come_back, see
from sync.actions.registry import Stock, action
from sync.because import Because
from sync.event import ScanEvent
from sync.own_number import Match, compare
from sync.returning import GOING_OUT, is_return, may_be_released, why_said
from sync.unit import IN_STOCK, Status, UnitState

DESK = frozenset({"returns", "supervisor", "quality", "admin"})
QUALITY = frozenset({"supervisor", "quality", "admin"})


@action(
    "take_back",
    roles=DESK,
    needs=("subject", "location"),
    step="receiving",
    disposition="returned",
    expects={Status.SHIPPED, Status.LENT},
    stock=Stock.ARRIVES,
)
def take_back(state: UnitState, event: ScanEvent) -> UnitState:
    """Take back: a customer sent it back."""
    if state.status is Status.LENT:
        return come_back(state, event)  # so the loan ends; it was never sold, and counts as no return
    if state.status is Status.IN_REPAIR:
        return see(state, event)  # it is here already, and stays its owner's
    boxed = compare(event.subject or "", state.identifiers, event.numbers or ())
    doubts = tuple(dict.fromkeys((*state.doubts, *(why.value for why in _doubts(state, event, boxed)))))
    if state.status not in (Status.SHIPPED, Status.MISSING):
        # What is known of the one in stock stays: this may be another box of that number.
        kept = see(state, event) if state.status in (Status.SEEN, Status.RETURNED) else state
        return kept._replace(doubts=doubts, held=state.held or next(iter(doubts), None))
    back = come_back(state, event)._replace(
        document=event.document,  # whose it is is asked anew: the order that it was sold on is below
        doubts=doubts,
        held=state.held or next(iter(doubts), None),
        matched=boxed.value if boxed is Match.DISAGREE else None,  # a box that agrees says nothing of what is in it
    )
    if state.status is not Status.SHIPPED:
        return back
    return back._replace(
        returns=state.returns + 1,
        returned_for=(*state.returned_for, why_said(event.reason)),
        sold_on=state.document,
        sold_ms=state.status_ms,
    )


def _doubts(state: UnitState, event: ScanEvent, boxed: Match | None) -> Iterator[Because]:
    """What the unit's own history has against what came back under its name."""
    if boxed is Match.DISAGREE:
        yield Because.NUMBERS_DISAGREE
    if state.status is Status.SEEN:
        yield Because.NOT_OURS
    elif state.status is Status.ANNOUNCED:
        yield Because.NEVER_RECEIVED
    elif state.status is Status.MISSING:
        yield Because.MISSING_BEFORE
    elif state.status is Status.DISPOSED:
        yield Because.GONE_BEFORE
    elif state.status is Status.RETURNED:
        if None not in (event.document, state.document) and event.document != state.document:
            yield Because.TWIN_RETURNED
    elif (
        state.status in IN_STOCK
        and event.location not in (state.place, state.expected)
        and not _is_its_parcel(state, event)
    ):
        yield Because.TWIN_IN_STOCK


def _is_its_parcel(state: UnitState, event: ScanEvent) -> bool:
    """Whether it comes with the very order that it is picked or packed for: that parcel was mislaid, and is no twin."""
    return state.status in GOING_OUT and event.document is not None and event.document == state.document


@action("examine", roles=DESK, step="inspecting", disposition="returned", expects={Status.RETURNED})
def examine(state: UnitState, event: ScanEvent) -> UnitState:
    """Examine: what the returns desk read on the device itself, and how it found it."""
    if state.status not in (Status.RETURNED, Status.SEEN):
        return state  # its box is the label of something in stock: what is said here is said of another thing
    own = compare(event.subject or "", state.identifiers, event.numbers or ())
    doubts = (*state.doubts, Because.NUMBERS_DISAGREE.value) if own is Match.DISAGREE else state.doubts
    doubts = tuple(dict.fromkeys(doubts))
    renamed = state.returned_for
    if event.reason and renamed and is_return(state):
        renamed = (*renamed[:-1], why_said(event.reason))
    return see(state, event)._replace(
        document=event.document or state.document,
        matched=_matched(own, state.matched),
        seal=event.seal or state.seal,
        pictured=state.pictured or event.evidence is not None,
        returned_for=renamed,
        doubts=doubts,
        held=state.held or next(iter(doubts), None),
    )


def _matched(own: Match | None, before: str | None) -> str | None:
    """A number that disagreed is not made good by another one that agrees: the unit has both."""
    return before if own is None or before == Match.DISAGREE else own.value


@action(
    "restock",
    roles=DESK,
    step="storing",
    disposition="sellable_not_accessible",
    expects={Status.RETURNED},
    stops_recalled=True,
)
def restock(state: UnitState, event: ScanEvent) -> UnitState:
    """Restock: it was examined and is released, to be put away."""
    if not may_be_released(state):
        return see(state, event)  # whoever says so: not on its label alone
    place = event.container or event.location or state.place
    return see(state, event)._replace(status=Status.RECEIVED, expected=place, disposal="restock")


@action("refurbish", roles=DESK, step="repairing", disposition="in_progress", expects={Status.RETURNED})
def refurbish(state: UnitState, event: ScanEvent) -> UnitState:
    """Refurbish: it is put right first, and examined again."""
    if state.status is not Status.RETURNED:
        return state
    again = see(state, event)._replace(disposal="refurbish", seal=None, pictured=False, condition=None)
    return again if state.matched == Match.DISAGREE else again._replace(matched=None)


@action("return_to_vendor", roles=QUALITY, step="shipping", disposition="in_transit", expects={Status.RETURNED})
def return_to_vendor(state: UnitState, event: ScanEvent) -> UnitState:
    """Return to vendor: it goes back to whoever supplied it."""
    return _leave(state, event, Status.DISPOSED)


@action("scrap", roles=QUALITY, needs=("subject", "reason"), step="destroying", disposition="destroyed",
        expects={Status.RETURNED})  # fmt: skip
def scrap(state: UnitState, event: ScanEvent) -> UnitState:
    """Scrap: it is destroyed."""
    return _leave(state, event, Status.DISPOSED) if state.status is Status.RETURNED else _without_the_other(state)


@action("reject_return", roles=DESK, needs=("subject", "reason"), step="shipping", disposition="in_transit",
        expects={Status.RETURNED}, hands_over=True)  # fmt: skip
def reject_return(state: UnitState, event: ScanEvent) -> UnitState:
    """Reject return: it goes back to whoever sent it, and was no return."""
    if state.status is not Status.RETURNED:
        return _without_the_other(state)
    left = _leave(state, event, Status.SHIPPED)
    left = left._replace(document=state.sold_on, doubts=(), held=None, matched=None)
    if not is_return(state):
        return left
    return left._replace(returns=max(0, state.returns - 1), returned_for=state.returned_for[:-1])


def _without_the_other(state: UnitState) -> UnitState:
    """What was brought under this name has left; ours stays as it is, and held back until it was looked at too."""
    if state.status is Status.SEEN:
        return state._replace(place=None, expected=None, observed=False, doubts=(), held=None)
    return state._replace(doubts=())


def _leave(state: UnitState, event: ScanEvent, status: Status) -> UnitState:
    if state.status is not Status.RETURNED:
        return state  # the one in stock does not leave because another of its number does
    return see(state, event)._replace(place=None, expected=None, status=status, disposal=event.action)
