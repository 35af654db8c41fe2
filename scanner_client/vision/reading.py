"""What a decoder read at one place of one frame, and the geometry of where it stood."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, inf
from typing import TypeAlias

Point: TypeAlias = tuple[float, float]
Quad: TypeAlias = tuple[Point, Point, Point, Point]

MATRIX_SYMBOLOGIES = frozenset("dQzUL")
"""AIM code characters (ISO/IEC 15424) of Data Matrix, QR, Aztec, MaxiCode and PDF417."""

WEAKLY_CHECKED_SYMBOLOGIES = frozenset("EIAFe")
"""EAN/UPC, ITF, Code 39, Codabar: a check digit modulo 10 or none, so every tenth wrong reading passes. DataBar has a
better one, modulo 79 or 211, and was misread in soft films all the same."""

HEIGHT_SHARE = {"EAN13": 0.73, "UPCA": 0.73, "EAN8": 0.82, "UPCE": 1.36}
"""How many times as high as wide a retail symbol is at its full height (GS1 General Specifications, 5.2.3: 22.85 mm, an
EAN-8's 18.23; 95, 67 and 51 modules of 0.33 mm)."""

FEW_LINES_SHARE = 0.25
"""A reading that is lower than this share of the full height was read in a few lines only."""

OFF_LINE_SHARE = 0.25
"""Two lines of one symbol begin and end at the same bars, but for so much of their length."""

SAME_PLACE_SHARE_MIN = 0.25
"""Quads of neighbouring labels may overlap by this share of the smaller: corners are only found to some pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One symbol as read, its bytes untouched: parsing is an opinion that can be made again."""

    format: str
    """The decoder's name of the format, for people: "DataMatrix"."""

    symbology: str
    """AIM symbology identifier (ISO/IEC 15424) as the decoder gave it: "]d2"."""

    data: bytes
    """The symbol's bytes; FNC1 as a separator is 0x1D, and the leading FNC1 is only in `symbology`."""

    quad: Quad
    """The corners in pixels of the frame: top left, top right, bottom right, bottom left as printed."""

    @property
    def content(self) -> tuple[str, bytes]:
        """What makes two readings the same label text: symbology and bytes."""
        return self.symbology, self.data

    @property
    def linear(self) -> bool:
        """Whether the symbol has bars only, so that no error correction vouches for it."""
        return self.symbology[1:2] not in MATRIX_SYMBOLOGIES

    @property
    def weakly_checked(self) -> bool:
        """Whether the symbology lets many a wrong reading pass as right."""
        return self.symbology[1:2] in WEAKLY_CHECKED_SYMBOLOGIES


def centre(quad: Quad) -> Point:
    """The mean of the corners, in pixels."""
    return sum(x for x, _ in quad) / 4, sum(y for _, y in quad) / 4


def moved(quad: Quad, dx: float, dy: float) -> Quad:
    """The quad shifted by (dx, dy) pixels."""
    a, b, c, d = ((x + dx, y + dy) for x, y in quad)
    return a, b, c, d


def scaled(quad: Quad, by: float) -> Quad:
    """The quad in a picture so many times as large."""
    a, b, c, d = ((x * by, y * by) for x, y in quad)
    return a, b, c, d


def long_side(quad: Quad) -> float:
    """The length of the longest edge, in pixels."""
    return max(hypot(b[0] - a[0], b[1] - a[1]) for a, b in _edges(quad))


def area(polygon: tuple[Point, ...] | list[Point]) -> float:
    """The area of a polygon in square pixels, whichever way round its corners are given."""
    return abs(_signed_area(polygon))


def turns_left(quad: Quad) -> bool:
    """Whether the corners run anticlockwise in the picture, as of a symbol that is seen in a mirror."""
    return _signed_area(quad) < 0


def height_share(quad: Quad) -> float:
    """How many times as high as wide it is."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad
    return 2 * _height(quad) / max(1.0, hypot(bx + cx - ax - dx, by + cy - ay - dy))


def overlap(one: Quad, other: Quad) -> float:
    """The area that two convex quads share, in square pixels (Sutherland and Hodgman's clipping)."""
    clipped = list(one)
    turn = 1.0 if _signed_area(other) >= 0 else -1.0
    for a, b in _edges(other):
        clipped = _clip(clipped, a, b, turn)
        if not clipped:
            return 0.0
    return area(clipped)


def share_a_place(one: Quad, other: Quad) -> bool:
    """Whether two quads overlap by so much that only one symbol can stand there."""
    smaller = max(min(area(one), area(other)), 1.0)
    return overlap(one, other) > SAME_PLACE_SHARE_MIN * smaller


def may_be_within(one: Quad, other: Quad, reach: float) -> bool:
    """Whether two quads may be as near as this many pixels, by their bounds: False is sure, and most pairs are."""
    for axis in (0, 1):
        a, b = [p[axis] for p in one], [p[axis] for p in other]
        if max(min(a) - max(b), min(b) - max(a)) > reach:
            return False
    return True


def stand_at_one_place(one: Quad, other: Quad) -> bool:
    """Whether only one label can stand at two quads: `share_a_place`, at a tenth of its cost for those far apart."""
    return may_be_within(one, other, 0.0) and share_a_place(one, other)


def may_be_lines_of_one(name: str, one: Quad, other: Quad) -> bool:
    """Whether two readings of a retail symbol, each in a few lines only, may lie at either end of the same bars.

    `name` is the format's. Nothing else is so high that its lines lie far apart by its own width.
    """
    (ax, ay), (bx, by) = one[:2]
    wide = hypot(bx - ax, by - ay)
    high = HEIGHT_SHARE.get(name, 0.0) * wide
    if not high or max(_height(one), _height(other)) > FEW_LINES_SHARE * high:
        return False
    (x, y), (u, v) = centre(one), centre(other)
    across = ((u - x) * (bx - ax) + (v - y) * (by - ay)) / wide
    along = ((v - y) * (bx - ax) - (u - x) * (by - ay)) / wide
    return abs(across) <= OFF_LINE_SHARE * wide and abs(along) <= high


def gap(one: Quad, other: Quad) -> float:
    """The shortest distance in pixels between two quads; 0 where they overlap."""
    if overlap(one, other) > 0:
        return 0.0
    shortest = inf
    for p, q in ((one, other), (other, one)):
        for corner in p:
            shortest = min(shortest, *(_distance_to_edge(corner, a, b) for a, b in _edges(q)))
    return shortest


def _height(quad: Quad) -> float:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad
    return hypot(dx + cx - ax - bx, dy + cy - ay - by) / 2


def _edges(polygon: tuple[Point, ...] | list[Point]) -> list[tuple[Point, Point]]:
    return list(zip(polygon, (*polygon[1:], polygon[0]), strict=True))


def _signed_area(polygon: tuple[Point, ...] | list[Point]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in _edges(polygon)) / 2


def _clip(polygon: list[Point], a: Point, b: Point, turn: float) -> list[Point]:
    """The part of a polygon on the inner side of the line from a to b."""

    def depth(p: Point) -> float:
        return turn * ((b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]))

    kept: list[Point] = []
    for p, q in _edges(polygon):
        depth_p, depth_q = depth(p), depth(q)
        if depth_p >= 0:
            kept.append(p)
        if (depth_p >= 0) != (depth_q >= 0):
            part = depth_p / (depth_p - depth_q)
            kept.append((p[0] + part * (q[0] - p[0]), p[1] + part * (q[1] - p[1])))
    return kept


def _distance_to_edge(p: Point, a: Point, b: Point) -> float:
    along_x, along_y = b[0] - a[0], b[1] - a[1]
    squared = along_x * along_x + along_y * along_y
    part = 0.0 if squared == 0 else ((p[0] - a[0]) * along_x + (p[1] - a[1]) * along_y) / squared
    part = min(1.0, max(0.0, part))
    return hypot(p[0] - a[0] - part * along_x, p[1] - a[1] - part * along_y)


def is_itf14(data: bytes) -> bool:
    """Whether these are the fourteen digits of a carton's GTIN with the right check digit (GS1 section 7.9.1)."""
    if len(data) != 14 or not data.isdigit():
        return False
    return sum(digit * (3, 1)[n % 2] for n, digit in enumerate(data[i] - 48 for i in range(14))) % 10 == 0


def may_be_a_part(reading: Reading) -> bool:
    """Whether it may be a part of an ITF symbol. The fourteen digits of a carton are believed by their check digit."""
    return reading.symbology.startswith("]I") and not is_itf14(reading.data)
