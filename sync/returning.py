"""What becomes of something that a customer sent back: the same verdict offline and on the server. Pure.

A label that matches is never enough: a fake in the buyer's own genuine box has it too. So nothing is restocked before
the device's own number was read from the device, and agrees with what was received.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sync.because import CANNOT_TELL, ORDER, QUARANTINE, REJECT, STILL_NEEDED, Because, Outcome
from sync.own_number import Match
from sync.unit import IN_STOCK, Status, UnitState

REASONS: Final = {
    "fit": "It does not fit, or the size is wrong",
    "unwanted": "The customer changed their mind",
    "not_as_described": "It is not as it was described",
    "wrong_item": "We sent something else than was ordered",
    "damaged": "It arrived damaged",
    "defect": "It does not work, or no longer",
    "other": "Something else",
}
"""Why it came back: what `reason` of a `take_back` or `examine` says, with words for it."""
NOT_SAID: Final = "not_said"
DEFECT: Final = "defect"
SITE_WIDE: Final = "*"
"""Key of the site's rules, for products that have none of their own."""
SEALS: Final = {
    "intact": "The maker's seal is whole",
    "broken": "The maker's seal was opened",
    "none": "It never had a seal",
    "foreign": "The seal, or the way it is closed, is not the maker's",
}
"""The state of the maker's seal, with words for it."""
UNIT_MAX: Final = 2
"""How often a unit may come back before it goes to inspection, where the site has said nothing."""
FOR_THE_SHELF: Final = frozenset({"new", "opened", "grade_a"})
"""Conditions (`sync.condition`) in which a return may go back on sale without anybody else's look."""


GOING_OUT: Final = frozenset({Status.PICKED, Status.PACKED})
_UNSOLD: Final = frozenset({Because.TWIN_IN_STOCK, Because.NEVER_RECEIVED, Because.MISSING_BEFORE})
"""What is said of a number of which none was sold: there is no order that another one could be compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What whoever returns it says: the order that it was bought on, and who they are."""

    order: str | None = None
    customer: str | None = None
    """A hash of the customer's key (`server/returns/customer.py`): good for nothing but a comparison."""
    units: tuple[str, ...] = ()
    """The units that the return announces, where it names any."""
    reason: str | None = None
    """Why, by what the customer announced."""
    pieces: int = 1
    """How many the document is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """The rules of the site for a product, as handhelds get them."""

    unit_max: int = UNIT_MAX
    """A unit that came back more often than this goes to inspection."""
    product_loops: bool = False
    """Whether the product comes back more often than the site allows."""
    always: bool = False
    """Whether every return of this product is looked at: where fakes copy even the number inside."""
    failed_lots: tuple[tuple[str, str], ...] = ()
    """Lots of which a unit came back defective, each with the first such unit."""

    @classmethod
    def from_rows(cls, site: Mapping[str, Any] | None, product: Mapping[str, Any] | None) -> Inspected:
        """The rules in the site's row and the product's, either of which may lack any of them."""
        said = {**(site or {}), **(product or {})}
        return cls(
            unit_max=int(said.get("unit_max", UNIT_MAX)),
            product_loops=bool(said.get("product_loops")),
            always=bool(said.get("always")),
            failed_lots=tuple((lot, unit) for lot, unit in said.get("failed_lots") or ()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnFacts:
    """What is known of one thing that came back, after it was taken back."""

    unit: str
    state: UnitState | None
    """Its own state, as its container has it; None where nothing is known of it."""
    apart: UnitState | None = None
    """How it was found where the state is that of another thing of its number (`sync.looked_at`)."""
    whole: bool
    """Whether that is all there is to know (the server); a handheld's map may simply not hold it."""
    stale: bool = False
    """Whether it is so old that what it says to be in stock may have been sold since."""
    serialised: bool = True
    document: str | None = None
    """The return or order that it came with."""
    claim: Claim | None = None
    """What that document says; None where it is not known."""
    sold_to: str | None = None
    """Hash of the customer's key of the order that it was sold on; None where it is not known."""
    rules: Inspected = Inspected()
    recalled: bool = False
    stolen: bool = False
    number_of: str | None = None
    """Another unit of ours that a number read on it belongs to."""
    today: str | None = None
    """ISO 8601, by the best clock at hand."""

    @property
    def looked(self) -> UnitState | None:
        """What was read and seen on the thing itself since it came back."""
        return self.apart or self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnVerdict:
    """What is done with it, and why: the gravest reason first."""

    outcome: Outcome
    because: tuple[Because, ...]

    @property
    def needed(self) -> tuple[Because, ...]:
        """What the clerk can still give, the next first."""
        return tuple(one for one in STILL_NEEDED if one in self.because)


def verdict(facts: ReturnFacts) -> ReturnVerdict:
    """What is done with a return by everything that is known of it.

    What speaks for a quarantine outweighs what speaks for sending it back, and either outweighs what is not known.
    """
    found = sorted({*_whose(facts), *_history(facts), *_itself(facts), *_looked_at(facts)}, key=ORDER.index)
    return ReturnVerdict(outcome=_outcome(found), because=tuple(found))


def _outcome(found: Iterable[Because]) -> Outcome:
    said = set(found)
    if said & QUARANTINE:
        return Outcome.QUARANTINE
    if said & REJECT:
        return Outcome.REJECT
    if said & CANNOT_TELL:
        return Outcome.CANNOT_TELL
    return Outcome.INSPECT if said else Outcome.RESTOCK


def _whose(facts: ReturnFacts) -> Iterable[Because]:
    """Whether it is ours, and theirs."""
    state, claim = facts.state, facts.claim
    if not facts.serialised:
        return
    if state is None or state.status is Status.SEEN:
        yield Because.NOT_OURS if facts.whole else Because.NOT_IN_DATA
        return
    if state.status in IN_STOCK - {Status.RETURNED} and not state.doubts:
        yield _still_here(state)
        return
    if is_from_loan(state):
        return  # it was never theirs: there is no order that it could be compared with
    if facts.document is None:
        yield Because.NO_CLAIM
    elif facts.document == state.sold_on:
        return
    elif claim is None:
        yield Because.CLAIM_UNKNOWN if facts.whole else Because.CLAIM_NOT_IN_DATA
    else:
        yield from _compared(facts, claim)


def _still_here(state: UnitState) -> Because:
    """Why what is in stock by the records is no return."""
    if state.status in GOING_OUT:
        return Because.NEVER_LEFT
    return Because.RELEASED if state.returns else Because.NEVER_SOLD


def _compared(facts: ReturnFacts, claim: Claim) -> Iterable[Because]:
    state = facts.state
    if claim.units and facts.unit not in claim.units:
        yield Because.OTHER_UNIT
    if state is None or (state.sold_on is None and _UNSOLD & {*state.doubts}):
        return
    if claim.customer is not None and facts.sold_to is not None:
        if claim.customer != facts.sold_to:
            yield Because.OTHER_CUSTOMER
        elif claim.order not in (None, state.sold_on):
            yield Because.OTHER_ORDER
    elif claim.order != state.sold_on:
        yield Because.OTHER_ORDER


def _history(facts: ReturnFacts) -> Iterable[Because]:
    """What its own past and its lot's say."""
    state, rules = facts.state, facts.rules
    if facts.recalled:
        yield Because.RECALLED
    if facts.stolen:
        yield Because.STOLEN
    if state is None:
        return
    known = [Because(word) for word in state.doubts if word in tuple(Because)]
    doubts = [why for why in known if why is not Because.NOT_OURS]  # whether it is ours is asked above
    yield from (_by_now(facts, state, one) for one in doubts)
    if state.held is not None and not known:
        yield Because.HELD
    if state.returns > rules.unit_max:
        yield Because.UNIT_LOOPS
    if rules.product_loops:
        yield Because.PRODUCT_LOOPS
    if rules.always:
        yield Because.ALWAYS_INSPECTED
    if state.expiry is not None and facts.today is not None and state.expiry < facts.today:
        yield Because.EXPIRED
    yield from _failure(facts, state)


def _by_now(facts: ReturnFacts, state: UnitState, doubt: Because) -> Because:
    """What a doubt of the unit's own history comes to by its document, and by the age of the data."""
    if doubt is not Because.TWIN_IN_STOCK:
        return doubt
    if state.status in GOING_OUT and facts.claim is not None and facts.claim.order == state.document:
        return Because.NEVER_LEFT  # it comes back from the order that it is packed for: its hand-over lacks
    return Because.STALE_DATA if facts.stale else doubt


def _failure(facts: ReturnFacts, state: UnitState) -> Iterable[Because]:
    """What became of its lot: of one that failed the first unit is known."""
    first = dict(facts.rules.failed_lots).get(state.lot or "")
    others = first not in (None, facts.unit)
    if why_of(state) == DEFECT and state.lot is not None:
        yield Because.LOT_FAILS if others else Because.FIRST_FAILURE
    elif why_of(state) == DEFECT:
        yield Because.CAME_BACK_DEFECTIVE
    elif others:
        yield Because.SIBLING_FAILED


def why_said(reason: str | None) -> str:
    """Why something came back, by the reason that a scan gives: one of `REASONS`, or `NOT_SAID`."""
    if reason is None:
        return NOT_SAID
    return reason if reason in REASONS else "other"


def is_return(state: UnitState) -> bool:
    """Whether its last coming back counts as one: what was lent, replaced or missing had been sold to nobody then.

    A handheld is not told when it came back, and is told no reason where it is none.
    """
    here = state.status is Status.RETURNED and state.returned_ms
    return bool(state.returned_for) and (not here or state.returned_ms[-1] == state.status_ms)


def is_from_loan(state: UnitState) -> bool:
    """Whether what is back was only lent: nobody has to say what it was sold on, or why it comes back."""
    return state.status is Status.RETURNED and state.from_loan


def why_of(state: UnitState) -> str | None:
    """Why it came back the last time; None where it never did, or where that was no return."""
    return state.returned_for[-1] if is_return(state) else None


def _itself(facts: ReturnFacts) -> Iterable[Because]:
    """Whether it is the very thing that its label names."""
    if not facts.serialised:
        yield Because.NO_SERIAL
        return
    matched = facts.looked.matched if facts.looked else None
    if facts.number_of is not None:
        yield Because.NUMBER_OF_ANOTHER
    elif matched == Match.DISAGREE:
        yield Because.NUMBERS_DISAGREE
    elif matched == Match.NOT_ON_RECORD:
        yield Because.NUMBER_NOT_ON_RECORD if facts.whole else Because.NUMBER_NOT_IN_DATA
    elif matched is None:
        yield Because.NUMBER_MISSING


def _looked_at(facts: ReturnFacts) -> Iterable[Because]:
    """What the clerk saw on it, and what is still to be said."""
    state = facts.looked or UnitState()
    why = why_of(state)
    if state.seal is None:
        yield Because.SEAL_MISSING
    elif state.seal == "foreign":
        yield Because.FOREIGN_SEAL
    if state.condition is None:
        yield Because.CONDITION_MISSING
    elif state.condition not in FOR_THE_SHELF:
        yield Because.CONDITION
    if not state.pictured:
        yield Because.PICTURE_MISSING
    if why in (None, NOT_SAID) and facts.serialised and not is_from_loan(state):
        yield Because.REASON_MISSING
    elif why == "not_as_described":
        yield Because.NOT_AS_DESCRIBED


def may_be_released(state: UnitState) -> bool:
    """Whether its own history lets it be released at all, whoever decides: never on its label alone."""
    if state.status is not Status.RETURNED or state.held is not None or state.doubts:
        return False
    return state.matched == Match.AGREE and state.seal not in (None, "foreign") and state.pictured
