"""A unit's story in scans, and what the rules say to it: pure, without a database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from server.case import Case
from server.permissions import Crew
from server.replay import Replay
from server.returns import announced
from sync.event import ScanEvent
from sync.history import Fact
from sync.recall import Reach
from sync.returning import Claim, ReturnVerdict
from sync.stolen import Theft
from sync.unit import UnitState
from sync.verdict import NO_ORDER, Known, Ordered
from tests.handheld import DAY, unit

UNIT = unit("S1")


@dataclass
class Quiet:
    """Surroundings in which a container stands where `standing` says; everything is recalled, or nothing."""

    standing: dict[str, str] = field(default_factory=dict)
    claimed: dict[str, str] = field(default_factory=dict)
    recall: Reach = Reach.NO
    filled: bool = False
    stranger: str | None = None
    orders: Ordered = NO_ORDER
    promised: dict[str, Claim] = field(default_factory=dict)
    buyers: dict[str, str] = field(default_factory=dict)
    crew: Crew = field(default_factory=Crew)
    known_ms: int = 0
    """Since when every bin is known."""
    theft: Theft | None = None

    def straight(self, fact: Fact) -> Fact:
        into_itself = fact.event.container in (UNIT, *(c for c, place in self.standing.items() if place == UNIT))
        return replace(fact, event=replace(fact.event, action="reject", container=None)) if into_itself else fact

    def locate(self, place: str | None, at_ms: int) -> str | None:
        return self.standing.get(place or "", place)

    def carrier(self, place: str | None, at_ms: int) -> UnitState | None:
        return None

    def recalled(self, event: ScanEvent, known: Known | None, at_ms: int) -> Reach:
        return self.recall

    def listed(self, document: str | None, unit: str) -> bool:
        return False

    def ordered(self, document: str | None, unit: str, at_ms: int) -> Ordered:
        return self.orders

    def is_cancelled(self, number: str, at_ms: int) -> bool:
        order = self.orders.order
        return order is not None and order.cancelled and order.number == number

    def rivals(self, unit: str) -> Mapping[str, str]:
        return self.claimed

    def takes_on(self, document: str | None) -> bool:
        return False

    def foreign(self, document: str | None, unit: str, at_ms: int) -> str | None:
        return self.stranger if document else None

    def returned(self, unit: str, after: UnitState, fact: Fact) -> ReturnVerdict | None:
        return announced.judged(unit, after, fact, claims=self.promised, buyers=self.buyers)

    def shipped_with(self, state: UnitState, since_ms: int, until_ms: int | None) -> UnitState | None:
        return None

    def holds(self, unit: str, at_ms: int) -> bool:
        return self.filled

    def strange(self, place: str, at_ms: int) -> bool:
        return at_ms < self.known_ms

    def stolen(self, names: Iterable[str], at_ms: int) -> Theft | None:
        return self.theft

    def found_by(self, theft: Theft) -> str | None:
        return None

    def barred(self, fact: Fact) -> str | None:
        return self.crew.barred(fact)


def fact(
    second: float, action: str, *, device: int = 1, forked: bool = False, unsure_ms: int = 100, **fields: Any
) -> Fact:
    """One scan; the server's own facts (device 0) bear no barcode."""
    at_ms = DAY + int(second * 1000)
    event = ScanEvent(
        device_no=device,
        epoch=1,
        seq=int(second * 1000) + 1,
        action=action,
        subject=UNIT,
        wall_ms=at_ms,
        boot="b",
        boot_ms=1,
        **{"barcode": b"x" if device else None, **fields},
    )
    return Fact(at_ms, event.name, 0, str(second).encode(), unsure_ms, event, forked)


Story = Sequence[Fact]


def told(rule: str, story: Story, around: Quiet | None = None, of: str = UNIT) -> list[Case]:
    """The cases of one rule that a story leads to."""
    replay = Replay(of, around or Quiet())
    replay.run(story)
    return [case for (name, _), case in replay.cases.items() if name == rule]


def said(
    rule: str, story: Story, around: Quiet | None = None, of: str = UNIT
) -> list[tuple[str, str | None, str | None]]:
    """Status, where it belongs and where it was seen, of each case of one rule."""
    return [(c.status, c.finding.expected, c.finding.seen) for c in told(rule, story, around, of)]
