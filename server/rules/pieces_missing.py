"""Pieces missing: fewer of a product or lot came, were counted or arrived than there should be.

Claim them from the supplier or the carrier, or have the bins around looked through. It closes by itself when the
receipt or count is closed anew and lacks none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from server.rules import Finding, Step

DECISIONS: Final = ("dismiss",)
APART: Final = True


def check(_step: Step) -> Finding | None:
    """No unit's history says it: `server/piece_cases.py` finds them, a receipt, count or transfer at a time."""
    return None
