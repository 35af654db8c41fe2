"""What is physically so: which box stands where, whose label it bears, and what went wrong. Nothing of ours sees it.

Pure. A box is a thing; its label is a name. They are one only where nobody copied a label.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What can go wrong."""

    THEFT = "theft"
    MISPLACEMENT = "misplacement"
    WRONG_BIN = "laid into another bin"
    MISPICK = "another box taken"
    STRANGER = "unit of nobody"
    CLONE = "copied label in stock"
    CAME_BACK = "shipped, and here"
    SHORT = "not delivered"
    WRONG_CARTON = "in another carton"
    UNANNOUNCED = "not announced"
    RECEIVED_TWICE = "received twice"
    CLONE_RECEIVED = "copied label delivered"
    UNREAD_INBOUND = "came in unread"
    UNSCANNED = "stored without a scan"
    UNREAD = "label not read"
    MISKEYED = "number mistyped"
    PIECES_STOLEN = "pieces stolen"
    MISCOUNTED = "pieces miscounted"


NAMES: dict[Kind, frozenset[str]] = {
    Kind.THEFT: frozenset({"missing"}),
    Kind.MISPLACEMENT: frozenset({"misplaced", "missing", "not_in_stock"}),
    Kind.WRONG_BIN: frozenset({"misplaced", "missing", "not_in_stock"}),
    Kind.MISPICK: frozenset(
        {"left_behind", "claimed_twice", "misplaced", "missing", "shipped_already", "not_in_stock"}
    ),
    Kind.STRANGER: frozenset({"unknown"}),
    Kind.CLONE: frozenset(
        {
            "claimed_twice",
            "left_behind",
            "misplaced",
            "missing",
            "shipped_already",
            "not_in_stock",
            "conflicting_claims",
        }
    ),
    Kind.CAME_BACK: frozenset({"shipped_already"}),
    Kind.SHORT: frozenset({"short"}),
    Kind.WRONG_CARTON: frozenset({"wrong_carton"}),
    Kind.UNANNOUNCED: frozenset({"unexpected_receipt"}),
    Kind.RECEIVED_TWICE: frozenset({"duplicate"}),
    Kind.CLONE_RECEIVED: frozenset(
        {
            "duplicate",
            "wrong_carton",
            "claimed_twice",
            "left_behind",
            "misplaced",
            "missing",
            "shipped_already",
            "not_in_stock",
        }
    ),
    Kind.UNREAD_INBOUND: frozenset({"short"}),
    Kind.UNSCANNED: frozenset({"misplaced", "missing", "not_in_stock"}),
    Kind.UNREAD: frozenset({"missing", "misplaced", "not_in_stock"}),
    Kind.MISKEYED: frozenset({"missing", "misplaced", "unknown", "not_in_stock", "shipped_already"}),
    Kind.PIECES_STOLEN: frozenset({"pieces_short", "pieces_over"}),
    Kind.MISCOUNTED: frozenset({"pieces_short", "pieces_over"}),
}
"""By which rules each is rightly named, as `books.py` says when."""


@dataclass(eq=False, kw_only=True)
class Box:
    """One thing with a label on it."""

    no: int
    label: str
    """The canonical name that its label bears."""
    item: str
    serial: str
    place: str | None = None
    """Canonical name of the bin, carton, cart or station; None once it has left the house."""


@dataclass(eq=False, kw_only=True)
class Fault:
    """One thing that went wrong."""

    no: int
    kind: Kind
    at_ms: int
    label: str
    text: str
    exposures: list[Exposure] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """A scan that contradicts the books: which case must be open for it, and why."""

    rule: str
    unit: str
    expected: str | None
    seen: str | None
    at_ms: int
    fault: Fault | None

    @property
    def key(self) -> CaseKey:
        return case_key(self.rule, self.unit, self.expected, self.seen)


CaseKey = tuple[str, str, str | None, str | None]
"""Rule, unit, where it belongs, where it was seen."""


def case_key(rule: str, unit: str, expected: str | None, seen: str | None) -> CaseKey:
    """What tells one case from another; of two claims at one moment none is the first."""
    if rule == "conflicting_claims":
        expected, seen = sorted((expected or "", seen or ""))
    return (rule, unit, expected, seen)


class World:
    """Every box, by place and by label, and every fault."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.faults: list[Fault] = []
        self._at: dict[str, dict[int, Box]] = defaultdict(dict)
        self._faults_of: dict[str, list[Fault]] = defaultdict(list)
        self._labelled: dict[str, list[Box]] = defaultdict(list)

    def add(self, label: str, item: str, serial: str, place: str | None) -> Box:
        """A new box."""
        box = Box(no=len(self.boxes), label=label, item=item, serial=serial)
        self.boxes.append(box)
        self._labelled[label].append(box)
        self.move(box, place)
        return box

    def move(self, box: Box, place: str | None) -> None:
        """Somebody carries it there; None: out of the house."""
        if box.place is not None:
            del self._at[box.place][box.no]
        box.place = place
        if place is not None:
            self._at[place][box.no] = box

    def at(self, place: str) -> list[Box]:
        """What stands in a place, in the order in which it came."""
        return list(self._at[place].values())

    def bearing(self, label: str) -> list[Box]:
        """Every box with this label."""
        return self._labelled[label]

    def went_wrong(self, kind: Kind, at_ms: int, label: str, text: str) -> Fault:
        """Write a fault down."""
        fault = Fault(no=len(self.faults), kind=kind, at_ms=at_ms, label=label, text=text)
        self.faults.append(fault)
        self._faults_of[label].append(fault)
        return fault

    def blame(self, rule: str, label: str, at_ms: int) -> Fault | None:
        """The latest fault about this label that a case of this rule may speak of."""
        return next(
            (f for f in reversed(self._faults_of[label]) if f.at_ms <= at_ms and rule in NAMES[f.kind]),
            None,
        )

    def is_faultless(self, label: str) -> bool:
        """Whether nothing ever went wrong with this label."""
        return not self._faults_of[label]
