"""Missing here and seen there: one proposed move, instead of a write-off and a write-on. Pure.

Units are told by their names, so that a line says it itself. Pieces are paired by product or lot: first within the
count, then what is left of it with what is left of other counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from server.counts.compare import Line, ReportLine
from sync.identity import is_stock


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """So many that belong in one place lie in another."""

    subject: str
    quantity: int
    origin: str
    """Where they belong, and are to be taken."""
    destination: str
    """Where they lie."""
    found_under: str | None = None
    """The other count, or the other document, that saw them there; None where this count did."""
    missed_under: str | None = None
    """The other count that missed them where they belong; None where this count did."""
    carried: bool = True
    """Whether they lie at the destination; else only the records had less than none there and too many at the
    origin, so that the two cancel out and nobody carries anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Pieces of an item or lot that are over (more than 0) or short in one place."""

    subject: str
    place: str
    pieces: int
    number: str | None = None
    """The other count that says so; None for the count in hand."""
    booked: bool = False
    """Whether the records alone make it: they had less than none there."""


def of_units(lines: Iterable[ReportLine]) -> list[Move]:
    """The moves of units: each was seen in another place than its own."""
    return [
        Move(
            subject=line.subject,
            quantity=1,
            origin=line.expected,
            destination=line.seen[-1],
            found_under=line.found_under,
        )
        for line in lines
        if line.kind is Line.MISPLACED and line.expected and line.seen and not is_stock(line.subject)
    ]


def differences(lines: Iterable[ReportLine], number: str | None = None) -> list[Difference]:
    """What is short and what is over of pieces."""
    found = []
    for line in lines:
        if is_stock(line.subject) and line.expected and line.kind in (Line.MISSING, Line.UNEXPECTED):
            below = max(0, -line.expected_quantity)
            lying = line.quantity - max(0, line.expected_quantity)
            found += [
                Difference(subject=line.subject, place=line.expected, pieces=pieces, number=number, booked=booked)
                for pieces, booked in ((below, True), (lying, False))
                if pieces
            ]
    return found


def pair(found: Iterable[Difference]) -> tuple[list[Move], list[Difference]]:
    """What is short in one place and over in another, product by product; and what is left of either."""
    moves: list[Move] = []
    left: list[Difference] = []
    by_subject: dict[str, list[Difference]] = {}
    for difference in found:
        by_subject.setdefault(difference.subject, []).append(difference)
    for subject in sorted(by_subject):
        short = [d for d in by_subject[subject] if d.pieces < 0]
        over = sorted((d for d in by_subject[subject] if d.pieces > 0), key=lambda d: not d.booked)
        while short and over:
            missing, surplus = short.pop(0), over.pop(0)
            pieces = min(-missing.pieces, surplus.pieces)
            moves.append(
                Move(
                    subject=subject,
                    quantity=pieces,
                    origin=missing.place,
                    destination=surplus.place,
                    found_under=surplus.number,
                    missed_under=missing.number,
                    carried=not surplus.booked,
                )
            )
            short = _put_back(missing, pieces) + short
            over = _put_back(surplus, -pieces) + over
        left += short + over
    return moves, left


def _put_back(difference: Difference, pieces: int) -> list[Difference]:
    rest = difference.pieces + pieces
    return [replace(difference, pieces=rest)] if rest else []


def across(own: Iterable[Difference], others: Iterable[Iterable[Difference]]) -> list[Move]:
    """Moves of pieces within the count, and between it and others, whose own pairs are taken out of each first."""
    moves, left = pair(own)
    for other in others:
        _, rest = pair(other)
        between, remaining = pair([*left, *rest])
        moves += [m for m in between if m.found_under is None or m.missed_under is None]
        left = [d for d in remaining if d.number is None]
    return moves
