"""Missing: it belongs in a bin that was counted, and the count did not see it.

Look in the neighbouring bins, then decide: written off, or still looked for. It closes by itself as soon as any scan
sees it.
"""

from server.rules import Finding, Step


def check(step: Step) -> Finding | None:
    event = step.fact.event
    if event.action != "not_found":
        return None
    return Finding(detail=f"{event.document} did not see it.", expected=event.location)


def explained(finding: Finding, step: Step) -> bool:
    return bool(step.fact.event.barcode or step.fact.event.entry)
