"""Who may do what, to be read: made of the two tables that are asked, `ROLES` and the roles of each action."""

from __future__ import annotations

from dataclasses import dataclass

from server.roles import PERSONAL, ROLES, WORDS, Task, may
from sync.actions import ACTIONS


@dataclass(frozen=True, slots=True)
class Rights:
    """One table: a line for each thing that can be done, with a yes or no for each role."""

    title: str
    roles: tuple[str, ...]
    lines: tuple[tuple[str, tuple[bool, ...]], ...]

    @property
    def cells(self) -> int:
        """How many answers it gives."""
        return len(self.roles) * len(self.lines)


def tables() -> tuple[Rights, Rights]:
    """What is done at the server, also by another system with a key, and what at a handheld."""
    at_server = tuple((WORDS[task], tuple(may(role, task) for role in ROLES)) for task in Task)
    at_handheld = tuple(
        (action.word, tuple(role in action.roles for role in PERSONAL)) for action in ACTIONS.values() if action.roles
    )
    return (
        Rights("At the console and through the API", tuple(ROLES), at_server),
        Rights("With a handheld", PERSONAL, at_handheld),
    )
