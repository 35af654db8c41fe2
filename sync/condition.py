"""In what state a unit was found: one graded list for handhelds, server and claims."""

from __future__ import annotations

from typing import Final

CONDITIONS: Final = {
    "new": "New, as the maker packed it",
    "opened": "Opened, nothing is missing",
    "incomplete": "Something that belongs to it is missing",
    "damaged": "Damaged",
    "wet": "Wet, or it was",
    "grade_a": "Used, like new",
    "grade_b": "Used, with marks",
    "grade_c": "Used, worn",
    "scrap": "Not to be sold",
}
"""What a scan may say in its `condition`, with words for it."""
DAMAGE: Final = frozenset({"opened", "incomplete", "damaged", "wet", "scrap"})
"""What one complains of to a supplier who sold it as new."""


def is_damage(condition: str | None) -> bool:
    """Whether it came in a state to complain of; a word that is not in the list is one, too."""
    return condition is not None and (condition in DAMAGE or condition not in CONDITIONS)
