"""Stolen: it was scanned although it is reported as stolen.

Keep hold of it, and ask who brought it and where they have it from. The report names the police's number. Whoever says
on its page that it was found closes this case; and *dismiss* is for a report that named the wrong number.
"""

from typing import Final

from server.rules import Finding, Step, is_sighting

DECISIONS: Final = ("dismiss",)


def check(step: Step) -> Finding | None:
    event, theft = step.fact.event, step.stolen
    if theft is None or not is_sighting(event):
        return None
    detail = f"{theft.report} reports it as stolen: {theft.reason}"
    return Finding(detail=detail, seen=event.location or event.container)


def explained(finding: Finding, step: Step) -> bool:
    return step.fact.event.action == "found"
