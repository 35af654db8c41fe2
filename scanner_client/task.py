"""What a person has set out to do at a handheld: as they say it, and in canonical names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

QUANTITY_MAX: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """An action, and for what and where it is done: places by label, by code or by canonical name."""

    action: str
    document: str | None = None
    location: str | None = None
    container: str | None = None
    origin: str | None = None
    """Where stock without units is taken from."""
    operator: str | None = None
    condition: str | None = None
    reason: str | None = None
    """Why all of it is done, for what needs a reason: held back, back from the carrier."""
    quantity: int = 1
    """Pieces that the next sighting of a product or lot counts, 1 to `QUANTITY_MAX`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Assignment):
    """An assignment that was looked up (`assignment.task_of`): its places are canonical names, and events can hold it.

    Its labels move it on: where the person is with it now.
    """
