"""Places over time, drawn: a row for each place, a bar for each stay. Plain SVG, coloured by the page's sheet.

Widths are in percent and texts in pixels, so that it can be read on a phone as on a desk. Time is drawn by the
logarithm of each stay's length: a minute on the dock and a month on the shelf are both to be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import log2
from typing import Final

from markupsafe import Markup

from server.whereabouts import Stay

STAYS_MAX: Final = 40
"""Of the latest; more bars than that nobody tells apart."""
ROW_PX: Final = 40
BAR_PX: Final = 14
_MINUTE_MS: Final = 60_000
_BASE: Final = 3.0
"""What the shortest stay is drawn as; doubling its minutes adds one."""


def draw(stays: Sequence[Stay], now_ms: int, name: Callable[[str], str], moment: Callable[[int], str]) -> Markup:
    """The stays as an SVG element with a title and a description.

    Args:
        stays: oldest first.
        now_ms: where a stay that lasts is drawn to.
        name: what people call a place.
        moment: how a moment is written.
    """
    shown = list(stays)[-STAYS_MAX:]
    rows = list(dict.fromkeys(stay.place for stay in shown))
    edges = _edges(shown, now_ms)
    parts: list[Markup] = []
    for number, place in enumerate(rows):
        parts.append(Markup('<text class="place" x="0" y="{}">{}</text>').format(number * ROW_PX + 13, name(place)))
        parts.append(Markup('<line class="row" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(_middle(number)))
    for stay, (left, right) in zip(shown, edges, strict=True):
        parts.append(_bar(stay, rows.index(stay.place), left, right, name, moment))
    for (before, after), (_, right) in zip(pairwise(shown), edges, strict=False):
        if before.until_ms == after.since_ms and before.place != after.place:
            ends = sorted((_middle(rows.index(before.place)), _middle(rows.index(after.place))))
            parts.append(
                Markup('<line class="move" x1="{0:.2f}%" x2="{0:.2f}%" y1="{1}" y2="{2}"/>').format(right, *ends)
            )
    told = "; ".join(_words(stay, name, moment) for stay in shown)
    return Markup(
        '<svg class="drawn" role="img" aria-labelledby="drawn-title drawn-desc" width="100%" height="{}">'
        '<title id="drawn-title">Where it was over time</title><desc id="drawn-desc">{}</desc>{}</svg>'
    ).format(len(rows) * ROW_PX, told, Markup("").join(parts))


def _edges(stays: Sequence[Stay], now_ms: int) -> list[tuple[float, float]]:
    """Where each stay begins and ends, in percent of the width."""
    widths = [_BASE + log2(1 + max(0, (stay.until_ms or now_ms) - stay.since_ms) / _MINUTE_MS) for stay in stays]
    total = sum(widths)
    found, at = [], 0.0
    for width in widths:
        found.append((at, at + 100 * width / total))
        at += 100 * width / total
    return found


def _middle(row: int) -> int:
    return row * ROW_PX + 26


def _bar(
    stay: Stay, row: int, left: float, right: float, name: Callable[[str], str], moment: Callable[[int], str]
) -> Markup:
    kind = "observed" if stay.observed else "told"
    return Markup(
        '<rect class="{}" x="{:.2f}%" width="{:.2f}%" y="{}" height="{}" rx="4"><title>{}</title></rect>'
    ).format(kind, left, max(0.5, right - left), _middle(row) - BAR_PX // 2, BAR_PX, _words(stay, name, moment))


def _words(stay: Stay, name: Callable[[str], str], moment: Callable[[int], str]) -> str:
    inside = f" in {name(stay.container)}" if stay.container else ""
    until = f"until {moment(stay.until_ms)}" if stay.until_ms is not None else "still there"
    how = "" if stay.observed else ", not seen itself"
    return f"{name(stay.place)}{inside}: from {moment(stay.since_ms)}, {until}{how}"
