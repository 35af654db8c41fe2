"""A unit's life as a warranty sees it, from its trail: made, received, sold, repaired, replaced, and whose it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from server import queries, site_codes
from server.ledger import FOLDED, fact_of, in_chunks
from server.sales import to_ourselves
from server.surroundings import gather
from server.tables import events
from server.undone import read_undone
from server.unit_rows import states_of
from sync.event import format_name
from sync.history import Fact
from sync.labels import Label, SiteCodes, parse
from sync.unit import Status, UnitState
from sync.verdict import day


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldOn:
    """The sale (`server/sales.py`) from which it is its owner's."""

    document: str | None
    """Number of the order, or of the repair that it was given for; None where nobody said one."""
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """It got another owner."""

    document: str
    at_ms: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One repair of a unit, and what was given out for it."""

    number: str
    unit: str
    location: str
    since_ms: int
    opened: str
    """Name of the fact that opened it."""
    fault: str
    done: str | None = None
    """What was done; None while it is here."""
    until_ms: int | None = None
    lent: tuple[str, ...] = ()
    out: tuple[str, ...] = ()
    """Of these, what has not come back."""
    of_customer: bool = False
    """Whether it is here and a customer's, who may have another meanwhile."""
    replaced_by: str | None = None


@dataclass(slots=True, kw_only=True)
class Life:
    """What is known of one unit; moments are Unix milliseconds."""

    unit: str
    state: UnitState | None = None
    """As its container has it."""
    received_ms: int | None = None
    made: str | None = None
    """ISO 8601, from AI (11) of a label that was scanned."""
    lot: str | None = None
    """By the last word on it, also one that came after the moment that is asked about."""
    sale: SoldOn | None = None
    """The last; None where it was never sold, or came back to us since."""
    transfers: list[Transfer] = field(default_factory=list)
    """Since that sale."""
    repairs: list[Repair] = field(default_factory=list)

    @property
    def owner(self) -> str | None:
        """Number of the document that says whose it is."""
        return self.transfers[-1].document if self.transfers else self.sale.document if self.sale else None

    @property
    def replaced_by(self) -> str | None:
        """The unit that was given for it; None where none was, or it was put right and sold anew since."""
        since_ms = self.sale.at_ms if self.sale else 0
        given = (r.replaced_by for r in reversed(self.repairs) if r.replaced_by and r.since_ms > since_ms)
        return next(given, None)

    @property
    def received(self) -> str | None:
        """The day on which it came in, ISO 8601."""
        return None if self.received_ms is None else day(self.received_ms)

    @property
    def sold(self) -> str | None:
        """The day of the last sale, ISO 8601."""
        return None if self.sale is None else day(self.sale.at_ms)


def read_life(
    connection: sa.Connection,
    site: str,
    unit: str,
    now_ms: int,
    *,
    through: str | None = None,
    before: str | None = None,
) -> Life:
    """The life of a unit under its canonical name; of one that nothing is known of, an empty one.

    Args:
        through: name of the last fact that counts; None takes all.
        before: name of the first fact that does not count any more; `now_ms` is its moment then.
    """
    facts = [line.fact for line in queries.trail(connection, site, unit) if not line.undone]
    names = [format_name(fact.name) for fact in facts]
    made = _made(facts, site_codes.load(connection, site))  # a label tells it, whenever it was read
    lots = [fact.event.lot for fact in facts if fact.event.lot]
    facts = facts[: names.index(through) + 1] if through in names else facts
    facts = facts[: names.index(before)] if before in names else facts
    life = Life(unit=unit, made=made, lot=lots[-1] if lots else None)
    around = gather(connection, site, {unit: facts}, [])
    moved = to_ourselves(connection, site, {fact.event.document for fact in facts if fact.event.document})
    own: UnitState | None = None
    for fact, until_ms in zip(
        facts, [*(fact.event_ms for fact in facts[1:]), facts[-1].event_ms if through else now_ms], strict=False
    ):
        own = around.step(own, fact)
        _take(life, fact)
        for moment in (fact.event_ms, until_ms):  # what its container did meanwhile became of the unit too
            life.state = around.carried(own, moment) or own
            _note(life, life.state, fact, moved)
    numbers = [fact.event.document for fact in facts if fact.event.action == "open_repair" and fact.event.document]
    life.repairs = [repair for repair in read_repairs(connection, site, numbers) if repair.unit == unit]
    return life


def _note(life: Life, state: UnitState, fact: Fact, moved: Collection[str]) -> None:
    """What a moment's state says of receipt and sale."""
    life.received_ms = state.received_ms or life.received_ms  # what came back and was released was not received anew
    if state.status is Status.SHIPPED and life.sale is None and state.document not in moved:
        life.sale = SoldOn(document=state.document, at_ms=state.status_ms)
    if state.status not in (Status.SHIPPED, Status.IN_REPAIR) and life.sale is not None:
        life.sale, life.transfers = None, []  # it is ours again


def _take(life: Life, fact: Fact) -> None:
    event = fact.event
    if event.action == "transfer_title" and event.document is not None:
        life.transfers.append(Transfer(document=event.document, at_ms=fact.event_ms, reason=event.reason or ""))


def _made(facts: Sequence[Fact], codes: SiteCodes) -> str | None:
    """The production date that a label says."""
    for fact in facts:
        if fact.event.barcode is not None:
            label = parse(fact.event.barcode, fact.event.symbology, codes)
            if isinstance(label, Label) and label.made is not None:
                return label.made
    return None


ABOUT_REPAIRS = ("open_repair", "close_repair", "lend", "give_replacement", "keep_replaced")


def read_repairs(connection: sa.Connection, site: str, numbers: Iterable[str]) -> list[Repair]:
    """These repairs, in the order in which they began; what was undone is left out."""
    told: dict[str, list[Fact]] = {number: [] for number in numbers}
    e = events.c
    for chunk in in_chunks(told):
        query = sa.select(events).where(
            e.site == site, e.document.in_(chunk), e.action.in_(ABOUT_REPAIRS), e.outcome.in_(FOLDED)
        )
        for row in connection.execute(query).mappings():
            told[row["document"]].append(fact_of(row))
    undone = read_undone(connection, site, [format_name(fact.name) for facts in told.values() for fact in facts])
    standing = {n: [fact for fact in facts if format_name(fact.name) not in undone] for n, facts in told.items()}
    found = (_repair(number, sorted(facts, key=lambda fact: fact.order)) for number, facts in standing.items())
    repairs = [one for one in found if one]
    states = states_of(connection, site, {unit for repair in repairs for unit in (repair.unit, *repair.lent)})
    standing_now = (_as_it_stands(repair, states) for repair in repairs)
    return sorted(standing_now, key=lambda repair: (repair.since_ms, repair.number))


def _as_it_stands(repair: Repair, states: Mapping[str, UnitState]) -> Repair:
    def is_out(unit: str) -> bool:
        state = states.get(unit)
        return state is not None and state.status is Status.LENT and state.document == repair.number

    own = states.get(repair.unit)
    return replace(
        repair,
        out=tuple(filter(is_out, repair.lent)),
        of_customer=repair.done is None and own is not None and own.status is Status.IN_REPAIR,
    )


def _repair(number: str, facts: Sequence[Fact]) -> Repair | None:
    repair: Repair | None = None
    for fact in facts:
        event, subject = fact.event, fact.event.subject or ""
        if event.action == "open_repair" and repair is None:
            repair = Repair(
                number=number,
                unit=subject,
                location=event.location or "",
                since_ms=fact.event_ms,
                opened=format_name(fact.name),
                fault=event.reason or "",
            )
        elif repair is None:
            continue
        elif event.action == "lend":
            repair = replace(repair, lent=(*repair.lent, subject))
        elif event.action == "give_replacement":
            repair = replace(repair, replaced_by=subject)
        elif event.action in ("close_repair", "keep_replaced") and subject == repair.unit:
            done = event.reason or "replaced by another unit"
            repair = replace(repair, done=done, until_ms=fact.event_ms)
    return repair
