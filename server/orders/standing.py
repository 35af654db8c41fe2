"""An order as it stands: its lines, its units, its parcels, its shortages. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sync.order import Order, OrderLine
from sync.unit import Status

REACHED: Final = {Status.PICKED: 1, Status.PACKED: 2, Status.SHIPPED: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnit:
    """One unit, or pieces of a product without units, that the order has."""

    subject: str
    lot: str | None
    quantity: int
    status: Status
    container: str | None
    location: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineProgress:
    """One line; who is packed was picked, who is shipped was packed."""

    line: OrderLine
    picked: int
    packed: int
    shipped: int
    short: int
    """Reported as not to be found."""

    @property
    def missing(self) -> int:
        """What is still to be picked."""
        return max(0, self.line.quantity - self.picked - self.short)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One carton with what is in it."""

    container: str
    contents: tuple[OrderUnit, ...]
    closed: bool
    shipped: bool
    came_back: str | None
    """Why, where it came back unopened."""
    location: str | None
    tracking: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """Somebody could not find so many of this."""

    subject: str
    lot: str | None
    quantity: int
    reason: str
    operator: str | None
    event_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderProgress:
    """One order as it stands now."""

    order: Order
    imported_ms: int
    cancelled_ms: int | None
    cancelled_why: str | None
    lines: tuple[LineProgress, ...]
    units: tuple[OrderUnit, ...]
    parcels: tuple[Parcel, ...]
    shortages: tuple[Shortage, ...]
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Who did what of it: name -> actions."""

    @property
    def asked(self) -> int:
        return sum(one.line.quantity for one in self.lines)

    @property
    def picked(self) -> int:
        return sum(one.picked for one in self.lines)

    @property
    def packed(self) -> int:
        return sum(one.packed for one in self.lines)

    @property
    def shipped(self) -> int:
        return sum(one.shipped for one in self.lines)

    @property
    def short(self) -> int:
        return sum(one.short for one in self.lines)

    @property
    def surplus(self) -> tuple[OrderUnit, ...]:
        """What it has and does not ask for."""
        return spread_over(self.order, self.units)[1]

    @property
    def to_put_back(self) -> tuple[OrderUnit, ...]:
        """What is here still and will not go out: the order was cancelled, or its parcel came back."""
        back = {parcel.container for parcel in self.parcels if parcel.came_back is not None}
        here = (one for one in self.units if one.status is not Status.SHIPPED)
        return tuple(one for one in here if self.cancelled_ms is not None or one.container in back)

    @property
    def standing(self) -> str:
        """One word: cancelled, shipped, short, packed, picked, begun, open."""
        if self.cancelled_ms is not None:
            return "cancelled"
        due = self.asked - self.short
        if self.shipped >= due:
            return "shipped" if not self.short else "short"
        if self.packed >= due:
            return "packed"
        if self.picked >= due:
            return "picked"
        return "begun" if self.picked or self.short else "open"


Spread = dict[OrderLine, dict[int, int]]
"""By line: how many have reached picked (1), packed (2), shipped (3), each of them counted at the furthest."""


def spread_over(order: Order, units: Iterable[OrderUnit]) -> tuple[Spread, tuple[OrderUnit, ...]]:
    """Which line each unit fills, the choosiest line first; and what fills none."""
    spread: Spread = {line: defaultdict(int) for line in order.lines}
    room = {line: line.quantity for line in order.lines}
    lines = sorted(order.lines, key=lambda line: (line.unit is None, line.lot is None))
    surplus = []
    for one in sorted(units, key=lambda one: -REACHED[one.status]):
        left = one.quantity
        for line in lines:
            part = min(left, room[line]) if line.takes(one.subject, one.lot) else 0
            spread[line][REACHED[one.status]] += part
            room[line] -= part
            left -= part
        if left:
            surplus.append(one)
    return spread, tuple(surplus)
