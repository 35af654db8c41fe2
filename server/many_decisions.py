"""One decision about many cases: an event for each, and those that others were faster with skipped and told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from server import case_list, decisions
from server.case_list import CaseLine
from server.database import lock, transact
from server.decisions import TAKE_OVER, DecisionError

AT_ONCE: Final = 50
"""Decisions that one transaction takes, so that a long list holds up no handheld."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One case as a person saw it."""

    unit: str
    rule: str
    episode: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A case of a list that was not decided, and why."""

    choice: Choice
    reason: str


def settle_all(
    choices: Sequence[Choice], *, site: str, resolution: str, operator: str, now_ms: int, role: str | None = None
) -> tuple[list[Choice], list[Skipped]]:
    """Decide any number of cases alike, some in each transaction; those that cannot be are skipped and told.

    Args:
        role: see `decisions.settle`.
    """
    decided: list[Choice] = []
    skipped: list[Skipped] = []
    asked = {"site": site, "resolution": resolution, "operator": operator, "now_ms": now_ms, "role": role}
    for some in _portions(choices, whole=resolution == TAKE_OVER):
        done, left = transact(partial(_settle_some, some=some, asked=asked))
        decided += done
        skipped += left
    return decided, skipped


def _portions(choices: Sequence[Choice], *, whole: bool) -> Iterable[list[Choice]]:
    """The choices in the order in which their units are locked; all at once where they make one version of a count."""
    ordered = sorted(choices, key=lambda choice: (choice.unit, choice.rule, choice.episode))
    size = len(ordered) or 1 if whole else AT_ONCE
    return (ordered[start : start + size] for start in range(0, len(ordered), size))


def _settle_some(
    connection: sa.Connection, *, some: Sequence[Choice], asked: dict[str, Any]
) -> tuple[list[Choice], list[Skipped]]:
    decided: list[Choice] = []
    skipped: list[Skipped] = []
    lock(connection, asked["site"], [choice.unit for choice in some])
    for choice in some:
        try:
            named = {name: getattr(choice, name) for name in Choice.__slots__}
            decisions.put_down(connection, **named, **asked)
        except LookupError:
            skipped.append(Skipped(choice=choice, reason="The case is gone: a later scan explains it."))
        except DecisionError as error:
            skipped.append(Skipped(choice=choice, reason=str(error)))
        else:
            decided.append(choice)
    if asked["resolution"] == TAKE_OVER and decided:
        _take_over(connection, decided, asked)
    return decided, skipped


def _take_over(connection: sa.Connection, decided: Sequence[Choice], asked: dict[str, Any]) -> None:
    """Close each count once with all of its late scans that were taken over together."""
    site = asked["site"]
    found = (case_list.read_case(connection, site, c.unit, c.rule, c.episode) for c in decided)
    late: list[CaseLine] = [case for case in found if case is not None]
    said = {name: asked[name] for name in ("site", "operator", "now_ms", "role")}
    decisions.take_over(connection, late, **said)
