"""More than ordered: an order has more of a product than it asks for.

The handheld had not heard what others took for it, or its data were old. Take one out before the carton leaves; if it
has left, ask for it back or charge it. It closes by itself when one is put away, comes back or is undone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from server.rules import Finding, Step

DECISIONS: Final = ("dismiss",)
APART: Final = True


def check(_step: Step) -> Finding | None:
    """One unit's history does not say it: `server/orders/surplus.py` finds them, an order at a time."""
    return None
