"""What is known of one unit or container."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """Where a unit stands between the supplier and the customer."""

    SEEN = "seen"
    """Scanned, but nothing says that it is ours."""
    ANNOUNCED = "announced"
    """A supplier says that it is on its way."""
    RECEIVED = "received"
    STORED = "stored"
    PICKED = "picked"
    PACKED = "packed"
    SHIPPED = "shipped"
    RETURNED = "returned"
    MISSING = "missing"
    """Written off after a count."""


IN_STOCK: Final = frozenset({Status.RECEIVED, Status.STORED, Status.PICKED, Status.PACKED, Status.RETURNED})


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitState:
    """What is known of one unit or container, folded from its history."""

    status: Status = Status.SEEN
    lot: str | None = None
    expiry: str | None = None
    place: str | None = None
    """Where the last evidence puts it: a location, or the container that it is in."""
    place_ms: int = 0
    """Since when, Unix milliseconds: a container's later moves count from here."""
    observed: bool = False
    """Whether a scan of the unit itself puts it there, or only a document does."""
    expected: str | None = None
    """Where the records say that it belongs: a location or a container."""
    announced_in: str | None = None
    announced_by: str | None = None
    document: str | None = None
    """The document of its last movement."""
    condition: str | None = None
    counted_in: str | None = None
    """The count that saw it last."""
    identifiers: tuple[str, ...] = ()
    receipts: int = 0
    """How often it was received."""
    last_event: str | None = None
    last_ms: int = 0
    last_uncertainty_ms: int = 0
