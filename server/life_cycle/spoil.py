"""What will spoil before it sells: lots in the order in which they expire, against the pace at which they sell. Pure.

The reckoning is that of first-expired-first-out at a steady pace: until a lot's last day the shop can sell
pace × days, less what it sells of lots that expire before; what is left of the lot then is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """So many pieces or units that expire on one day."""

    subject: str
    """Canonical name of the lot, or of the product where no lot is known."""
    lot: str | None
    expiry: str
    """ISO 8601."""
    days_left: int
    """Days on which it can still be sold, today among them; nought or less where it has expired."""
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What will become of a lot."""

    lot: Lot
    cover_days: float | None
    """So long it takes until it is its turn and it is sold out; None where nothing sells."""
    sells: float
    spoils: float
    """Pieces."""


def outlook(lots: Iterable[Lot], pace: float) -> list[Outlook]:
    """What will become of one product's lots.

    Args:
        lots: of one product.
        pace: pieces sold a day.
    """
    found = []
    sold, ahead = 0.0, 0
    for lot in sorted(lots, key=lambda lot: (lot.expiry, lot.subject)):
        room = max(0.0, pace * max(0, lot.days_left) - sold)
        sells = min(room, float(lot.quantity))
        sold += sells
        ahead += lot.quantity if lot.days_left > 0 else 0
        found.append(
            Outlook(
                lot=lot,
                cover_days=ahead / pace if pace > 0 and lot.days_left > 0 else None,
                sells=sells,
                spoils=lot.quantity - sells,
            )
        )
    return found
