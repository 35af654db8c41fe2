"""Copied handheld: two queues go on under one handheld's name, or one was put back from an old copy.

Every scan of both is kept. The page Handhelds says which handheld it is, and since when. Find each device that goes by
its name and sync it. Then revoke it, and enrol each anew with an empty folder. Where there is only the one, somebody
put its folder back from a copy: see that none of its scans is lacking, and dismiss this.
"""

from typing import Final

from server.rules import Finding, Step

DECISIONS: Final = ("dismiss",)


def check(step: Step) -> Finding | None:
    if not step.fact.forked:
        return None
    event = step.fact.event
    return Finding(detail="Another queue went on under this handheld's name.", seen=event.location or event.container)
