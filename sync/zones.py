"""What a zone's name says of what lies there. Pure.

>>> is_quarantine("Quarantine"), is_quarantine("hold "), is_quarantine("picking"), is_quarantine(None)
(True, True, False, False)
"""

from __future__ import annotations

from collections.abc import Container

from sync.unit import UnitState
from sync.verdict import Known


def is_quarantine(zone: str | None) -> bool:
    """Whether a zone is where things are set apart."""
    return (zone or "").strip().casefold() in ("quarantine", "hold")


def is_set_apart(unit: UnitState | Known, apart: Container[str | None]) -> bool:
    """Whether a unit was taken out of its order: it lies by itself where things are set apart.

    One that was picked from such a bin lies there by its pick's own scan, and was not put back into it. A carton that
    waits there has its contents still.

    Args:
        apart: the locations whose zone `is_quarantine`.
    """
    return unit.place in apart and (bool(unit.held) or unit.expected == unit.place)
