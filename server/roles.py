"""Who may do what at the server: one table. What a role may scan at a handheld stands in `sync/actions/`."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Task(StrEnum):
    """What a person can do at the console or through the API."""

    LOOK = "look"
    """See cases, units, counts and handhelds."""
    SETTLE = "settle"
    """Decide what a case means."""
    COUNT = "count"
    """Open and close counts and receipts."""
    IMPORT = "import"
    """Take in documents: products, places, stock, ASNs, orders."""
    ADMINISTER = "administer"
    """Enrol and revoke handhelds."""


ROLES: Final[dict[str, frozenset[Task]]] = {
    "admin": frozenset(Task),
    "supervisor": frozenset({Task.LOOK, Task.SETTLE, Task.COUNT, Task.IMPORT}),
    "quality": frozenset({Task.LOOK, Task.SETTLE}),
    "receiver": frozenset({Task.LOOK}),
    "picker": frozenset({Task.LOOK}),
    "returns": frozenset({Task.LOOK}),
}


def may(role: str, task: Task) -> bool:
    """Whether someone with this role may do it; an unknown role may nothing."""
    return task in ROLES.get(role, frozenset())
