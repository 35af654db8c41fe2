"""Late scan: it speaks of what a count found, and arrived after that count was closed.

The closed version stays as it is. Taken over, it becomes the next version, without the other late scans; where nothing
is wrong with the version, dismiss it, and later versions leave it out too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from server.rules import Finding, Step

DECISIONS: Final = ("take_over", "dismiss")
APART: Final = True


def check(_step: Step) -> Finding | None:
    """No unit's history says it: `server/counts/exceptions.py` finds them, a count at a time."""
    return None
