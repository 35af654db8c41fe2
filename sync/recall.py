"""Recalls travel as predicates, so that they bite on units that a handheld has never heard of.

A predicate is asked of what is known of a unit, and answers yes, no, or possibly: what a label does not say and the
data at hand do not hold, nobody can deny. Better stopped than shipped: whatever a yes stops, a possibly stops too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sync.event import ScanEvent
from sync.identity import item_of, lot_in
from sync.unit import Status
from sync.verdict import Known

LATER: Final = 1 << 62
"""A moment after all others, Unix milliseconds."""


class Reach(StrEnum):
    """Whether a recall reaches something."""

    YES = "yes"
    POSSIBLE = "possible"
    """It may: its lot, its delivery or the day of it is not known."""
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a recall asks of a unit, of a lot, or of a product without units; None for what is not known."""

    key: str
    item: str | None = None
    lot: str | None = None
    notice: str | None = None
    """The ASN or purchase order that it came under, or is announced by."""
    received: tuple[int, int] | None = None
    """Between which moments it came in, Unix milliseconds; a handheld keeps the day alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """What must not move. Every part that is given has to match; `units` matches by name alone, beside the rest."""

    number: str
    reason: str
    item: str | None = None
    """Canonical name of the product."""
    lots: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    notices: tuple[str, ...] | None = None
    """ASNs and purchase orders, those of a recalled supplier among them; None where the recall names none of these.
    A recall whose supplier has no notice yet has an empty one, and reaches what came under an unknown one possibly."""
    items: tuple[str, ...] | None = None
    """The products that came under `notices`: another one, whose delivery is not known, came under none of them."""
    received_from_ms: int | None = None
    received_until_ms: int | None = None
    """It came in before this moment."""
    place: str | None = None
    """The location where what is found is set apart: the one place that it may be moved to."""

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Recall:
        """The recall in a row of reference data; what else the row holds is not its business."""
        lots, units = tuple(row.get("lots") or ()), tuple(row.get("units") or ())
        notices, items = row.get("notices"), row.get("items")
        return cls(
            number=row["number"],
            reason=row["reason"],
            item=row.get("item"),
            lots=lots,
            units=units,
            notices=None if notices is None else tuple(notices),
            items=None if items is None else tuple(items),
            received_from_ms=row.get("received_from_ms"),
            received_until_ms=row.get("received_until_ms"),
            place=row.get("place"),
        )

    def reach(self, traits: Traits) -> Reach:
        """Whether it reaches what is known by these traits. A recall that names nothing reaches nothing."""
        if traits.key in self.units:
            return Reach.YES
        parts = (self._item(traits), self._lot(traits), self._came(traits), self._when(traits))
        answers = [answer for answer in parts if answer is not None]
        if not answers or Reach.NO in answers:
            return Reach.NO
        return Reach.POSSIBLE if Reach.POSSIBLE in answers else Reach.YES

    def _item(self, traits: Traits) -> Reach | None:
        if self.item is None:
            return None
        return Reach.YES if traits.item == self.item else Reach.NO

    def _lot(self, traits: Traits) -> Reach | None:
        if not self.lots:
            return None
        if traits.lot is None:
            return Reach.POSSIBLE
        return Reach.YES if traits.lot in self.lots else Reach.NO

    def _came(self, traits: Traits) -> Reach | None:
        if self.notices is None:
            return None
        if traits.notice is None:
            other = self.items is not None and traits.item is not None and traits.item not in self.items
            return Reach.NO if other else Reach.POSSIBLE
        return Reach.YES if traits.notice in self.notices else Reach.NO

    def _when(self, traits: Traits) -> Reach | None:
        if self.received_from_ms is None and self.received_until_ms is None:
            return None
        if traits.received is None:
            return Reach.POSSIBLE
        since, until = self.received_from_ms or 0, self.received_until_ms or LATER
        first, last = traits.received
        if last < since or first >= until:
            return Reach.NO
        return Reach.YES if first >= since and last < until else Reach.POSSIBLE


STRENGTH: Final = (Reach.YES, Reach.POSSIBLE, Reach.NO)
"""The first of two answers is the one that counts."""


def traits_of(key: str, known: Known | None, now_ms: int, event: ScanEvent | None = None) -> Traits:
    """What a recall asks of a unit or of stock without units.

    Args:
        known: what is known of it before the scan.
        now_ms: the moment, Unix milliseconds: what has not come in yet comes in later than this.
        event: the scan of it, whose label may say its lot, and which may be the one that brings it in.
    """
    lot, notice, received = lot_in(key), None, None
    if known is not None:
        lot, notice, received = known.lot or lot, known.notice, known.received
        received = (now_ms, LATER) if known.status is Status.ANNOUNCED else received
    if event is not None:
        lot = event.lot or lot
        if event.action == "receive" and (known is None or known.status in (Status.SEEN, Status.ANNOUNCED)):
            notice, received = notice or event.document, (now_ms, now_ms)
    received = received or (0, now_ms)  # it is here, whenever it came: in no window that is still to come
    return Traits(key=key, item=item_of(key), lot=lot, notice=notice, received=received)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bite:
    """The strongest answer of some recalls, and the recall that gave it."""

    reach: Reach
    recall: Recall


def bite(recalls: Iterable[Recall], traits: Traits) -> Bite | None:
    """What these recalls say of something; None where none reaches it. Each holds, whatever becomes of others."""
    found = [Bite(reach=recall.reach(traits), recall=recall) for recall in recalls]
    found = [one for one in found if one.reach is not Reach.NO]
    return min(found, key=lambda one: STRENGTH.index(one.reach), default=None)


def sets_apart(event: ScanEvent, recalls: Iterable[Recall]) -> bool:
    """Whether this scan takes something to a place where a recall wants it."""
    to = event.location if event.action in _TO_A_PLACE else None
    return to is not None and any(recall.place == to for recall in recalls)


_TO_A_PLACE: Final = frozenset({"put_away", "move"})
