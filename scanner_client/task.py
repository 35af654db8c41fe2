"""What a person has set out to do at a handheld."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What the person has set out to do, and where they are with it."""

    action: str
    document: str | None = None
    location: str | None = None
    container: str | None = None
    origin: str | None = None
    """Where stock without units is taken from."""
    operator: str | None = None
    condition: str | None = None
    quantity: int = 1
    """Pieces that the next sighting of a product or lot counts."""
