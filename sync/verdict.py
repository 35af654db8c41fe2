"""What a scan means for the one who holds the handheld: the same judgement offline and on the server."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Final

from sync.actions import ACTIONS, Compare, Stock
from sync.condition import is_damage
from sync.event import ScanEvent
from sync.identity import is_stock, item_of
from sync.order import TRANSFER, Order
from sync.order_pieces import TAKING
from sync.unchanging import unchanging
from sync.unit import NOT_TOLD, Status


class Verdict(StrEnum):
    """What one scan comes to."""

    RIGHT = "right"
    KNOWN_ELSEWHERE = "known_elsewhere"
    NOT_EXPECTED = "not_expected"
    STOLEN = "stolen"
    """It was reported stolen: whoever has it, it goes nowhere."""
    RECALLED = "recalled"
    MAYBE_RECALLED = "maybe_recalled"
    """What a recall asks for (its lot, its delivery) is not known of it: it is stopped like a recalled one."""
    QUARANTINED = "quarantined"
    """Quality holds it back."""
    NOT_RELEASED = "not_released"
    """A customer sent it back, and nobody has released it for sale."""
    EXPIRED = "expired"
    DAMAGED = "damaged"
    """It was graded so that it cannot be sold as new (`sync.condition.DAMAGE`)."""
    SHIPPED_ALREADY = "shipped_already"
    ORDER_CANCELLED = "order_cancelled"
    WRONG_PRODUCT = "wrong_product"
    """The order does not ask for this product."""
    WRONG_LOT = "wrong_lot"
    """The order asks for another lot of it."""
    MADE_TO_ORDER = "made_to_order"
    """The order takes one certain unit of this product, and this is another."""
    CLAIMED = "claimed"
    """It was picked for another order, or made for it."""
    PACKED_ELSEWHERE = "packed_elsewhere"
    """It is in another carton."""
    MORE_THAN_ORDERED = "more_than_ordered"
    NO_MORE_HERE = "no_more_here"
    """Of what has no units: by the records there are not so many in this bin. Who holds them knows better."""
    SEALED = "sealed"
    """The carton that it was to go into is closed for its order."""
    CLOSED_ALREADY = "closed_already"
    """The carton was closed before."""
    UNKNOWN_BIN = "unknown_bin"
    """Nothing speaks against the scan, but nobody knows the bin that it names."""
    UNKNOWN = "unknown"
    CANNOT_TELL = "cannot_tell"
    """The data at hand do not hold this unit: offline, that is all that can honestly be said."""


REFUSED: Final = frozenset(
    {
        Verdict.STOLEN,
        Verdict.RECALLED,
        Verdict.MAYBE_RECALLED,
        Verdict.QUARANTINED,
        Verdict.NOT_RELEASED,
        Verdict.EXPIRED,
        Verdict.DAMAGED,
        Verdict.SHIPPED_ALREADY,
        Verdict.ORDER_CANCELLED,
        Verdict.WRONG_PRODUCT,
        Verdict.WRONG_LOT,
        Verdict.MADE_TO_ORDER,
        Verdict.CLAIMED,
        Verdict.PACKED_ELSEWHERE,
        Verdict.SEALED,
        Verdict.MORE_THAN_ORDERED,
    }
)
"""What a picker or packer must not go on with."""
NOT_TAKEN: Final = REFUSED | {Verdict.KNOWN_ELSEWHERE}
"""What the handheld keeps as `reject` where it was scanned for an order."""
STOPPED: Final = frozenset({Verdict.STOLEN, Verdict.RECALLED, Verdict.MAYBE_RECALLED})
"""What it keeps as `reject` wherever it would be moved."""
ALWAYS_TOLD: Final = frozenset({Verdict.STOLEN, Verdict.RECALLED})
"""What is said where a count says nothing else."""

FOR_SALE: Final = frozenset({"put_away"})
"""Actions beside the guarded ones that bring a thing among what is sold: no return before it is released."""
COMMITTED: Final = frozenset({Status.PICKED, Status.PACKED, Status.SHIPPED})
"""Statuses in which a unit belongs to the order of its last movement."""


@unchanging(kw_only=True)
class Known:
    """What is known of a unit before the scan; places are resolved: a carton stands for where it is."""

    status: Status
    expected: str | None = None
    """The location or container where the records say it belongs."""
    expected_location: str | None = None
    """Where that container stands, or the same location again."""
    announced_by: str | None = None
    announced_in: str | None = None
    inferred: bool = False
    """Whether only its container was scanned when it came in: its own scan then confirms that."""
    document: str | None = None
    """The order that it was picked, packed or shipped for (`COMMITTED`); of no meaning in other statuses."""
    lot: str | None = None
    expiry: str | None = None
    held: bool = False
    condition: str | None = None
    """How it was graded, of what is in stock only where that is something to complain of."""
    doubted: bool = False
    """Whether something spoke against it, or a second one of its number, when it came back."""
    closed: bool = False
    """Of a carton: closed for its order."""
    emptied: bool = False
    """Of a carton that left: it arrived at another site with all that was in it, and is awaited back empty."""
    notice: str | None = None
    """The ASN or purchase order that it came under, or is announced by."""
    place: str | None = None
    """The location or container that it was last seen in."""
    received: tuple[int, int] | None = None
    """Between which moments it came in, Unix milliseconds: a handheld keeps the day alone. Of what nobody saw come in
    the first is 0, and the last since when it has been in stock."""


@unchanging(kw_only=True)
class Ordered:
    """What the orders say of the unit that was scanned."""

    order: Order | None = None
    """The order in the event's `document`; None where it names none, or none that is known."""
    sealed: bool = False
    """Whether the carton that it goes into was closed for its order before."""
    made_for: str | None = None
    """Number of the open order that this very unit was made for."""
    lapsed: str | None = None
    """Of what is handed over: the order that it, or something in it, was picked, packed or closed for, and which was
    cancelled since; the hand-over's own scan names a carton alone."""
    taken: int = 0
    """How many others the order has already that could fill the same lines: for `pick` those picked or further, for
    `pack` those packed or further."""


NO_ORDER: Final = Ordered()
_DAY_MS: Final = 86_400_000
_EPOCH: Final = date(1970, 1, 1).toordinal()


def day(ms: int) -> str:
    """The day of a moment, ISO 8601, UTC."""
    return date.fromordinal(_EPOCH + ms // _DAY_MS).isoformat()


@unchanging(kw_only=True)
class Judgement:
    """The verdict, and the place that it speaks of (where the unit belongs), if any."""

    verdict: Verdict
    belongs: str | None = None
    claimed_by: str | None = None
    """The order that it belongs to instead."""


def judge(
    event: ScanEvent,
    known: Known | None,
    *,
    recalled: bool,
    perhaps_recalled: bool = False,
    listed: bool = False,
    whole: bool,
    ordered: Ordered = NO_ORDER,
    today: str | None = None,
) -> Judgement:
    """Judge one scan of a unit or container.

    Args:
        event: the scan.
        known: what is known of its subject before the scan.
        recalled: whether a recall in force reaches it.
        perhaps_recalled: whether one may, for all that is known; it matters where it would be moved, or is asked about.
        listed: whether the event's document announces this product without naming units.
        whole: whether `known` comes from everything there is to know (the server), so that its absence means
            that the unit is unknown; a handheld's map may simply not hold it.
        ordered: what the orders say of it.
        today: the day of the scan, ISO 8601, by the best clock at hand; without one nothing is called expired.
    """
    what = ACTIONS[event.action]
    if recalled or (perhaps_recalled and (what.stops_recalled or event.action == "inspect")):
        verdict = Verdict.RECALLED if recalled else Verdict.MAYBE_RECALLED
        return Judgement(verdict=verdict, belongs=known.expected_location if known else None)
    if what.guarded:
        fault = refused(event, known, ordered, today)
        if fault is not None:
            return fault
    stopped = _stopped(event, known)
    if stopped is not None:
        return stopped
    if listed and what.compare is Compare.ANNOUNCED and (known is None or known.status is Status.SEEN):
        return Judgement(verdict=Verdict.RIGHT)
    if known is None or known.status is Status.SEEN:
        return Judgement(verdict=Verdict.UNKNOWN if whole else Verdict.CANNOT_TELL)
    if not what.expects:
        return Judgement(verdict=Verdict.RIGHT)
    confirms = known.inferred and what.compare is Compare.ANNOUNCED
    if known.status not in what.expects and not confirms:
        gone = Verdict.RIGHT if known.emptied else Verdict.SHIPPED_ALREADY
        verdict = gone if known.status is Status.SHIPPED else Verdict.NOT_EXPECTED
        return Judgement(verdict=verdict, belongs=known.expected_location)
    return _compare(what.compare, event, known, listed=listed)


def _stopped(event: ScanEvent, known: Known | None) -> Judgement | None:
    """What this very action comes too early or too late for."""
    back = known is not None and (known.status is Status.RETURNED or known.doubted)
    if event.action in FOR_SALE and known is not None and back:
        return Judgement(verdict=Verdict.NOT_RELEASED, belongs=known.expected_location)
    if event.action == "close_carton" and known is not None and known.closed:
        return Judgement(verdict=Verdict.CLOSED_ALREADY, claimed_by=known.document)
    return None


def refused(event: ScanEvent, known: Known | None, ordered: Ordered, today: str | None) -> Judgement | None:
    """Why this may not be picked or packed; None where nothing speaks against it."""
    for check in (_own_fault, _order_fault, _claim_fault, _damage):
        found = check(event, known, ordered, today)
        if found is not None:
            return found
    return None


def _own_fault(event: ScanEvent, known: Known | None, ordered: Ordered, today: str | None) -> Judgement | None:
    """What is wrong with the unit itself, for whatever order."""
    if known is not None and known.held:
        return Judgement(verdict=Verdict.QUARANTINED, belongs=known.expected_location)
    if known is not None and known.status is Status.RETURNED:
        return Judgement(verdict=Verdict.NOT_RELEASED, belongs=known.expected_location)
    if known is not None and known.status is Status.SHIPPED and not known.emptied:
        return Judgement(verdict=Verdict.SHIPPED_ALREADY, claimed_by=known.document)
    expiry = event.expiry or (known.expiry if known else None)
    if expiry is not None and today is not None and expiry < today:
        return Judgement(verdict=Verdict.EXPIRED)
    return None


def _order_fault(event: ScanEvent, known: Known | None, ordered: Ordered, today: str | None) -> Judgement | None:
    """What the order in hand has against it."""
    order, subject = ordered.order, event.subject
    if ordered.lapsed is not None and ACTIONS[event.action].hands_over:
        return Judgement(verdict=Verdict.ORDER_CANCELLED, claimed_by=ordered.lapsed)
    if order is not None and order.cancelled:
        return Judgement(verdict=Verdict.ORDER_CANCELLED, claimed_by=order.number)
    if order is None or subject is None or item_of(subject) is None:  # a number alone: the product is not known here
        return None
    lines = order.of_item(item_of(subject))
    lot = event.lot or (known.lot if known else None)
    if not lines:
        return Judgement(verdict=Verdict.WRONG_PRODUCT)
    if not any(line.takes(subject, lot) for line in lines):
        made = [line.unit for line in lines if line.unit]
        if len(made) == len(lines):
            return Judgement(verdict=Verdict.MADE_TO_ORDER, belongs=made[0])
        # an unknown lot is no wrong one: the label may not say it
        return Judgement(verdict=Verdict.WRONG_LOT) if lot is not None else None
    return None


def _claim_fault(event: ScanEvent, known: Known | None, ordered: Ordered, today: str | None) -> Judgement | None:
    """Who else has it."""
    mine = event.document
    if ordered.made_for not in (None, mine):
        return Judgement(verdict=Verdict.CLAIMED, claimed_by=ordered.made_for)
    theirs = known.document if known is not None and known.status in COMMITTED and not known.emptied else None
    if None not in (theirs, mine) and theirs != mine:
        return Judgement(verdict=Verdict.CLAIMED, claimed_by=theirs)
    carton = known.expected if known is not None and known.status is Status.PACKED else None
    if event.action in ("pick", "pack") and carton not in (None, event.container):
        return Judgement(verdict=Verdict.PACKED_ELSEWHERE, belongs=carton)
    if event.action == "pack" and ordered.sealed:
        return Judgement(verdict=Verdict.SEALED, belongs=event.container)
    if ordered.order is not None and event.subject is not None:
        lot = event.lot or (known.lot if known else None)
        asked, more = ordered.order.asked(event.subject, lot), (event.quantity or 1) if is_stock(event.subject) else 1
        if asked and ordered.taken + more > asked:
            return Judgement(verdict=Verdict.MORE_THAN_ORDERED)
    return None


def _damage(event: ScanEvent, known: Known | None, ordered: Ordered, today: str | None) -> Judgement | None:
    """What no customer gets as it is; another site of ours may. Last, for it hides no case that a rule looks for."""
    graded = event.condition or (known.condition if known else None)
    if event.action in TAKING and is_damage(graded) and not (event.document or "").startswith(TRANSFER):
        return Judgement(verdict=Verdict.DAMAGED, belongs=known.expected_location if known else None)
    return None


def _compare(compare: Compare, event: ScanEvent, known: Known, *, listed: bool) -> Judgement:
    if compare is Compare.ANNOUNCED:
        # an order lists the product, and a notice that fulfils it announced the unit
        if event.document and known.announced_by != event.document and not listed:
            return Judgement(verdict=Verdict.NOT_EXPECTED, belongs=known.announced_in)
        if event.container and known.announced_in not in (None, event.container):
            return Judgement(verdict=Verdict.KNOWN_ELSEWHERE, belongs=known.announced_in)
    if compare is Compare.EXPECTED and event.location:
        if NOT_TOLD in (known.expected, known.expected_location):
            return Judgement(verdict=Verdict.CANNOT_TELL)
        if known.expected is None and ACTIONS[event.action].stock is Stock.COUNTED:
            return Judgement(verdict=Verdict.NOT_EXPECTED)  # it was picked: nothing that lies in a bin
        here = (event.location, event.container)
        if known.expected not in here and known.expected_location != event.location:
            return Judgement(verdict=Verdict.KNOWN_ELSEWHERE, belongs=known.expected_location)
    return Judgement(verdict=Verdict.RIGHT)
