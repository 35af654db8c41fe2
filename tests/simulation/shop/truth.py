"""What truly happened in the simulated shop, as plain data. No server has ever seen it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Sale:
    """One unit, or pieces of one product, that left for a customer."""

    subject: str
    """Unit, lot or item."""
    item: str
    order: str
    customer: str
    channel: str
    at_ms: int
    quantity: int = 1


@dataclass(slots=True, kw_only=True)
class Return:
    """One unit that a customer sent back."""

    number: str
    unit: str
    order: str
    customer: str
    channel: str
    reason: str
    at_ms: int
    to: str
    """What became of it: `restocked` or `quarantined`."""


@dataclass(slots=True, kw_only=True)
class Loss:
    """Something that is gone from its place without a scan."""

    how: str
    """`stolen` or `mislaid`."""
    subject: str
    item: str
    place: str
    zone: str
    at_ms: int
    by: str | None
    """Which of the staff; None for somebody from outside, or nobody at all."""
    shift: str
    quantity: int = 1
    cost: int = 0
    """Of all of it, in paise."""
    found_ms: int | None = None
    """When what was mislaid stood in a bin again."""
    missed_ms: int | None = None
    """When the first count that missed it finished its bin."""


@dataclass(slots=True, kw_only=True)
class Unit:
    """One unit: where it came from, and what is wrong with it."""

    item: str
    serial: str
    lot: str | None
    supplier: str
    order: str
    """The purchase order."""
    notice: str
    carton: str
    cost: int
    received_ms: int | None = None
    received_by: str | None = None
    defective: bool = False
    """Broken from the beginning, whether or not anybody has noticed."""
    loops: bool = False
    """Whoever buys it sends it back."""
    imei: str | None = None
    """Canonical name."""


@dataclass(slots=True, kw_only=True)
class Lot:
    """One lot of a product."""

    item: str
    lot: str
    expiry: str | None
    supplier: str
    notice: str
    cost: int
    """Of one piece."""
    received: int
    spoilt: int = 0
    """Pieces thrown away when they had expired."""
    bad: bool = False


@dataclass(slots=True, kw_only=True)
class Order:
    """One customer's order."""

    number: str
    customer: str
    channel: str
    at_ms: int
    shipped_ms: int | None = None
    carton: str | None = None
    undelivered: bool = False


@dataclass(slots=True, kw_only=True)
class MonthEnd:
    """The stock at the end of a month, in paise at cost: item -> (pieces, value)."""

    at_ms: int
    booked: dict[str, tuple[int, int]]
    """By the records of a perfect clerk, who knows what was scanned, counted and written off, and no more."""
    real: dict[str, tuple[int, int]]
    """What physically lies there."""


@dataclass(slots=True, kw_only=True)
class Claim:
    """What a supplier did not deliver, and what came of complaining."""

    number: str
    notice: str
    supplier: str
    at_ms: int
    units: list[str]
    fate: str
    """drafted, sent, accepted, credited, rejected."""
    credited: int = 0
    ended_ms: int | None = None
    """When it was rejected or credited."""


@dataclass(slots=True, kw_only=True)
class Truth:
    """Everything."""

    start_ms: int = 0
    end_ms: int = 0
    units: dict[str, Unit] = field(default_factory=dict)
    lots: dict[str, Lot] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    sales: list[Sale] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    months: list[MonthEnd] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    """Number -> when it was closed."""
    bad_lots: list[str] = field(default_factory=list)
    """Item and lot, with a stroke between: most of it is defective."""
    moved_between_buildings: list[tuple[str, int]] = field(default_factory=list)
    heads: Mapping[str, str] = field(default_factory=dict)
    """Name of each handheld -> digest of its last event, hex: the same seed gives the same."""
    events: int = 0
    """In the ledger, all of them."""

    def with_customers(self) -> dict[str, Sale]:
        """Units that a customer has at the end, each with its last sale."""
        last = {sale.subject: sale for sale in sorted(self.sales, key=lambda sale: sale.at_ms)}
        back = {one.unit: one.at_ms for one in self.returns}
        return {u: sale for u, sale in last.items() if u in self.units and sale.at_ms > back.get(u, 0)}
