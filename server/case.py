"""A case: what was found wrong with one subject, and how decisions, late scans and addresses name it."""

from __future__ import annotations

from typing import Final

from server.rules import Finding
from sync.unchanging import unchanging


@unchanging(kw_only=True)
class Case:
    """One discrepancy of one unit: `rule` and `episode` (see `opened_by`) name it."""

    rule: str
    episode: str
    opened_ms: int
    document: str | None
    finding: Finding
    evidence: str
    status: str = "open"
    closed_by: str | None = None
    closed_ms: int | None = None
    resolution: str | None = None
    operator: str | None = None
    """Who made the scan that opened it, and below with which handheld."""
    device_no: int = 0
    assigned: str | None = None
    """Who is to settle it, by name."""


def case_name(rule: str, episode: str) -> str:
    """How a decision speaks of a case, in the event's `document`."""
    return f"case:{rule}:{episode}"


def is_case(document: str | None, rule: str) -> bool:
    """Whether an event's `document` is a case by this rule."""
    return document is not None and document.startswith(case_name(rule, ""))


_ESCAPED: Final = str.maketrans({"%": "%25", "/": "%2F", "~": "%7E"})


def episode_in(name: str, count: str) -> str:
    """The episode of a scan that may be late for several counts: a case of each, so that it names the count as well.

    Without the characters that part a case from its unit in an address.
    """
    return f"{name}:{count.translate(_ESCAPED)}"


def opened_by(episode: str) -> str:
    """Name of the event that opened a case."""
    return episode.partition(":")[0]
