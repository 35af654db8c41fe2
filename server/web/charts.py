"""Small pictures of figures, as SVG within the page: where each bar and point goes. `charts.html` draws them.

Colours and type come from the page's own sheets, so that a chart is light, dark or on paper as the page is; there is no
style and no script in it. Every chart stands above a table with the same figures.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 380
"""About a phone's, so that the words in a chart are legible on one; on a desk it is drawn larger."""
BAR_HEIGHT: Final = 30
LABEL_WIDTH: Final = 128
LABEL_CHARS: Final = 16
VALUE_WIDTH: Final = 60
LINE_HEIGHT: Final = 190
MARGIN: Final = 52
POINTS_MAX: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: what it is about, its end in words, its place and its length."""

    label: Sequence[str]
    """One line, or two."""
    text: str
    y: float
    width: float
    x: float = LABEL_WIDTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Bars from left to right, one below the other."""

    bars: Sequence[Bar]
    height: float
    width: int = WIDTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One point of a line, with what is said of it."""

    label: str
    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line over time between the lowest grid line and the highest."""

    points: Sequence[Point]
    grid: Sequence[tuple[float, str]]
    """Height and label of each grid line."""
    width: int = WIDTH
    height: int = LINE_HEIGHT

    @property
    def path(self) -> str:
        """The points as the attribute of a polyline."""
        return " ".join(f"{point.x:.1f},{point.y:.1f}" for point in self.points)


def bars(figures: Sequence[tuple[str, float, str]]) -> Bars:
    """Bars in proportion to the largest of them.

    Args:
        figures: label, value (0 or more) and the value in words, of each.
    """
    most = max((value for _, value, _ in figures), default=0) or 1
    room = WIDTH - LABEL_WIDTH - VALUE_WIDTH
    return Bars(
        bars=[
            Bar(label=_lines(label), text=text, y=number * BAR_HEIGHT, width=round(room * value / most, 1))
            for number, (label, value, text) in enumerate(figures)
        ],
        height=len(figures) * BAR_HEIGHT,
    )


def shares(figures: Sequence[tuple[str, float]]) -> Line:
    """A line of shares between 0 and 1; the grid begins below the lowest, for most are near to 1.

    Args:
        figures: label and share of each moment, in order; the last `POINTS_MAX` are drawn.
    """
    figures = figures[-POINTS_MAX:]
    lowest = min((share for _, share in figures), default=0.0)
    floor = next(step for step in (0.98, 0.95, 0.9, 0.8, 0.5, 0.0) if lowest >= step)
    room, high = WIDTH - MARGIN - 16, LINE_HEIGHT - MARGIN

    def height(share: float) -> float:
        return 12 + high * (1 - (share - floor) / (1 - floor))

    between = max(len(figures) - 1, 1)
    return Line(
        points=[
            Point(label=label, text=f"{share:.1%}", x=MARGIN + room * number / between, y=height(share))
            for number, (label, share) in enumerate(figures)
        ],
        grid=[(height(share), f"{100 * share:.4g} %") for share in (floor, (floor + 1) / 2, 1.0)],
    )


def amounts(figures: Sequence[tuple[str, float]]) -> Line:
    """A line of amounts from nought up.

    Args:
        figures: label and amount of each moment, in order; the last `POINTS_MAX` are drawn.
    """
    figures = figures[-POINTS_MAX:]
    most = max((amount for _, amount in figures), default=0) or 1
    room, high = WIDTH - MARGIN - 16, LINE_HEIGHT - MARGIN

    def height(amount: float) -> float:
        return 12 + high * (1 - amount / most)

    between = max(len(figures) - 1, 1)
    return Line(
        points=[
            Point(label=label, text=f"{amount:,g}", x=MARGIN + room * number / between, y=height(amount))
            for number, (label, amount) in enumerate(figures)
        ],
        grid=[(height(amount), f"{amount:,.4g}") for amount in (0, most / 2, most)],
    )


def _lines(label: str) -> list[str]:
    """The words of a label in the room that it has; of a very long one the end is left out."""
    return textwrap.wrap(label, LABEL_CHARS, max_lines=2, placeholder="…") or [""]
