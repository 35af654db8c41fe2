"""A customer's order: what it asks for, and which units are promised to it. Pure, and the same on both sides.

Promises are made anew from what is known, and never stored: the orders in their rank (priority, due date, number), each
line taking what expires first and has lain longest. Whoever knows the same orders and units promises the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from sync.identity import item_of

_NO_DATE: Final = "9999-12-31"
"""Sorts behind every date that is one."""

TRANSFER: Final = "TRANSFER-"
"""How the number of what goes to another site of ours begins: its label, its list and its notice are found by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """So many of one product, of one lot where it names one; or the one unit that was made for the order."""

    item: str
    """Canonical name of the product."""
    quantity: int = 1
    lot: str | None = None
    unit: str | None = None

    def takes(self, unit: str, lot: str | None) -> bool:
        """Whether this unit, lot or product fills the line; an unknown lot fits no line that names one."""
        if self.unit is not None:
            return unit == self.unit
        return item_of(unit) == self.item and self.lot in (None, lot)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What an order has already, or does without: a picked unit, or a shortage that somebody has reported."""

    subject: str
    lot: str | None = None
    quantity: int = 1
    container: str | None = None
    """The carton of packed pieces."""
    place: str | None = None
    """Of a shortage: the bin in which nobody could find it."""

    def rules_out(self, one: Available, place: str | None) -> bool:
        """Whether somebody looked for this in its bin, and did not find it."""
        if self.place is None or self.place != place or self.lot not in (None, one.lot):
            return False
        return self.subject in (one.unit, item_of(one.unit))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a customer gets."""

    number: str
    lines: tuple[OrderLine, ...]
    due: str | None = None
    """Day by which it has to leave, ISO 8601."""
    priority: int = 0
    """The higher one goes first, whatever the day."""
    cancelled: bool = False
    short: tuple[Taken, ...] = ()
    """What it does without, because nobody could find it."""
    picked: tuple[Taken, ...] = ()
    """Pieces of stock without units; units say themselves which order has them."""
    packed: tuple[Taken, ...] = ()
    """The same, with their cartons."""

    @classmethod
    def from_row(cls, number: str, row: Mapping[str, Any]) -> Order:
        """The order in a row of reference data."""
        lines = (
            OrderLine(item=line["item"], quantity=line["quantity"], lot=line.get("lot"), unit=line.get("unit"))
            for line in row.get("lines") or ()
        )
        return cls(
            number=number,
            lines=tuple(lines),
            due=row.get("due"),
            priority=row.get("priority") or 0,
            cancelled=row.get("state") == "cancelled",
            **{name: tuple(Taken(**one) for one in row.get(name) or ()) for name in ("short", "picked", "packed")},
        )

    @property
    def rank(self) -> tuple[int, str, str]:
        """Whose turn it is when two orders want one unit."""
        return (-self.priority, self.due or _NO_DATE, self.number)

    def of_item(self, item: str | None) -> tuple[OrderLine, ...]:
        """The lines that ask for this product."""
        return tuple(line for line in self.lines if line.item == item)

    def asked(self, unit: str, lot: str | None) -> int:
        """How many the lines ask for that this unit, lot or product could fill."""
        return sum(line.quantity for line in self.lines if line.takes(unit, lot))


@dataclass(frozen=True, slots=True, kw_only=True)
class Available:
    """A unit that stands in a bin and may go out, or pieces of a product or lot that has no units."""

    unit: str
    """Canonical name of the unit, the product or the lot."""
    place: str | None
    lot: str | None = None
    expiry: str | None = None
    stocked_minute: int = 0
    """Since when it is here, minutes since 1970."""
    quantity: int = 1

    @property
    def turn(self) -> tuple[str, int, str, str]:
        """First what expires first, then what has lain longest."""
        return (self.expiry or _NO_DATE, self.stocked_minute, self.unit, self.place or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one line still lacks, and the units that are promised to it, in the order in which they should go."""

    line: OrderLine
    missing: int
    units: tuple[Available, ...]

    @property
    def promised(self) -> int:
        """How many units and pieces of it are promised."""
        return sum(one.quantity for one in self.units)


Wants = dict[str, tuple[Wanted, ...]]
"""By the order's number."""


def promise(
    orders: Iterable[Order],
    taken: Mapping[str, Sequence[Taken]],
    stock: Iterable[Available],
    *,
    bin_of: Callable[[str | None], str | None] = lambda place: place,
) -> Wants:
    """Deal what is in stock to the orders that are open.

    Args:
        orders: every order that is known; cancelled ones get nothing.
        taken: by the number of the order, what it has and what it is short of.
        stock: what may go out; neither held, nor recalled, nor expired.
        bin_of: the bin in which a place, such as a carton, stands.
    """
    ranked = sorted((order for order in orders if not order.cancelled), key=lambda order: order.rank)
    made_for = {line.unit for order in ranked for line in order.lines if line.unit}
    by_item: dict[str | None, list[Available]] = defaultdict(list)
    for one in sorted(stock, key=lambda one: one.turn):
        by_item[item_of(one.unit)].append(one)
    found: Wants = {}
    for order in ranked:
        left = [[one.subject, one.lot, one.quantity] for one in taken.get(order.number, ())]
        looked = [one for one in taken.get(order.number, ()) if one.place is not None]
        wants = []
        for line in _choosiest_first(order):
            missing = line.quantity - _used(line, left)
            barred = partial(_is_barred, looked, bin_of) if looked else _nothing_barred
            units = _deal(line, missing, by_item[line.item], made_for, barred)
            if missing > 0:
                wants.append(Wanted(line=line, missing=missing, units=units))
        found[order.number] = tuple(wants)
    return found


def filled(order: Order, taken: Iterable[Taken]) -> int:
    """How many of the pieces that an order asks for it has; what fits no line, or is too many, fills nothing."""
    left = [[one.subject, one.lot, one.quantity] for one in taken]
    return sum(_used(line, left) for line in _choosiest_first(order))


def _choosiest_first(order: Order) -> list[OrderLine]:
    return sorted(order.lines, key=lambda line: (line.unit is None, line.lot is None))


def _used(line: OrderLine, left: list[list[Any]]) -> int:
    """How much of a line is filled by what was taken; that fills no other line then."""
    used = 0
    for one in left:
        subject, lot, quantity = one
        if line.takes(subject, lot):
            part = min(quantity, line.quantity - used)
            one[2] -= part
            used += part
    return used


def _is_barred(looked: Sequence[Taken], bin_of: Callable[[str | None], str | None], one: Available) -> bool:
    return any(each.rules_out(one, bin_of(one.place)) for each in looked)


def _nothing_barred(_: Available) -> bool:
    return False


def _deal(
    line: OrderLine,
    missing: int,
    stock: list[Available],
    made_for: AbstractSet[str],
    barred: Callable[[Available], bool],
) -> tuple[Available, ...]:
    dealt: list[Available] = []
    left: list[Available] = []
    for one in stock:
        promised = line.unit == one.unit or one.unit not in made_for
        wanted = promised and line.takes(one.unit, one.lot) and not barred(one)
        part = min(missing, one.quantity) if wanted else 0
        missing -= part
        if part:
            dealt.append(replace(one, quantity=part))
        if part < one.quantity:
            left.append(replace(one, quantity=one.quantity - part))
    stock[:] = left
    return tuple(dealt)
