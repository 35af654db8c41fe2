"""A cheap look at the bounds of two quads, before the exact geometry of `reading`: most pairs are far apart."""

from __future__ import annotations

from scanner_client.vision.reading import Quad, share_a_place


def may_be_within(one: Quad, other: Quad, reach: float) -> bool:
    """Whether two quads may be as near as this many pixels; False is sure."""
    for axis in (0, 1):
        a, b = [p[axis] for p in one], [p[axis] for p in other]
        if max(min(a) - max(b), min(b) - max(a)) > reach:
            return False
    return True


def stand_at_one_place(one: Quad, other: Quad) -> bool:
    """Whether only one label can stand at two quads: `share_a_place`, at a tenth of its cost for those far apart."""
    return may_be_within(one, other, 0.0) and share_a_place(one, other)
