"""What the histories of some units lean on: containers' movements, recalls, listings, orders, shared identifiers.

Gathered before a replay with a few queries for all units together, so that the replay itself is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from server.database import KEYS, SITE
from server.identifiers import Claims, load, names_of
from server.ledger import FOLDED, history, in_chunks
from server.mentioned import Mentioned, mentioned
from server.orders import book
from server.permissions import Crew
from server.repaired import Repaired, read_repaired
from server.replay import standing
from server.returns import announced
from server.site_wide import SiteWide
from server.site_wide import read as read_site_wide
from server.stolen import known as thefts
from server.stolen.known import Reported
from server.suppliers import Product, products_of, suppliers_of
from server.tables import document_rows, documents, events, reference
from server.timelines import DEPTH_MAX, END_OF_TIME, PUTTING_IN, Movements, carriers, outermost_first
from sync.event import ScanEvent
from sync.history import Fact, effective
from sync.identity import is_container, is_location, item_of
from sync.order import Order
from sync.recall import LATER, Reach, Recall, bite, sets_apart, traits_of
from sync.returning import Claim, ReturnVerdict
from sync.stolen import Theft
from sync.unit import Status, UnitState
from sync.verdict import Known, Ordered


@dataclass(slots=True)
class Gathered(Movements):
    """`Surroundings` of a replay, read from the database."""

    claims: dict[str, dict[str, str]] = field(default_factory=dict)
    listings: frozenset[tuple[str, str]] = frozenset()
    recalls: list[tuple[int, int | None, Recall]] = field(default_factory=list)
    """Since when, until when, and what."""
    suppliers: dict[str, str | None] = field(default_factory=dict)
    """Number of each notice or order -> who sends it."""
    products: dict[str, Product] = field(default_factory=dict)
    filled: dict[str, int] = field(default_factory=dict)
    """Since when each container is one of ours: something was put into it."""
    orders: dict[str, Order] = field(default_factory=dict)
    cancelled: book.Cancellations = field(default_factory=dict)
    made_for: book.MadeFor = field(default_factory=dict)
    promised: dict[str, Claim] = field(default_factory=dict)
    """What each return's or order's document says of who sends something back."""
    buyers: dict[str, str] = field(default_factory=dict)
    """Number of each order -> hash of its customer's key."""
    crew: Crew = field(default_factory=Crew)
    repaired: Repaired = field(default_factory=dict)
    bins_since: dict[str, int] = field(default_factory=dict)
    """Since when each of the bins that are looked at is known; none of those that are not."""
    first_bin_ms: int = END_OF_TIME
    """Since when the site has any bin; only looked up where the history of a bin is."""
    reported: Reported | None = None
    """What was reported stolen."""
    take_ons: frozenset[str] = frozenset()
    """Numbers of counts that take stock on: what they see is no discrepancy."""

    def foreign(self, document: str | None, unit: str, at_ms: int) -> str | None:
        """Why what came under this document cannot be of its supplier, in a sentence, by what was known then."""
        supplier = self.suppliers.get(document or "")
        product = self.products.get(item_of(unit) or "")
        if document not in self.suppliers or product is None:
            return None
        return product.stranger(at_ms, supplier, unit)

    def shipped_with(self, state: UnitState, since_ms: int, until_ms: int | None) -> UnitState | None:
        if not self.recalls:
            return None
        place, since = state.place, since_ms
        for _ in range(DEPTH_MAX):
            line = self.timelines.get(place or "")
            if line is None:
                return None
            for moment, each in zip(line.moments, line.states, strict=True):
                inside = since <= moment and (until_ms is None or moment < until_ms)
                if inside and each.status is Status.SHIPPED and each.status_ms >= since:
                    return each
            last = line.at(LATER if until_ms is None else until_ms)
            if last is None or last.place is None:
                return None
            place, since = last.place, max(since, last.place_ms)
        return None

    def holds(self, unit: str, at_ms: int) -> bool:
        return self.filled.get(unit, at_ms + 1) <= at_ms

    def recalled(self, event: ScanEvent, known: Known | None, at_ms: int) -> Reach:
        standing = [recall for since, until, recall in self.recalls if since <= at_ms < (until or LATER)]
        if not standing or event.subject is None or sets_apart(event, standing):
            return Reach.NO
        found = bite(standing, traits_of(event.subject, known, at_ms, event))
        sure = found is None or found.reach is Reach.YES or not is_container(event.subject)
        return found.reach if found and sure else Reach.NO  # of a carton itself nobody knows a delivery or a lot

    def listed(self, document: str | None, unit: str) -> bool:
        item = item_of(unit)
        return document is not None and item is not None and (document, item) in self.listings

    def ordered(self, document: str | None, unit: str, at_ms: int) -> Ordered:
        order = self.orders.get(document or "")
        if order is not None and self.is_cancelled(order.number, at_ms):
            order = replace(order, cancelled=True)
        named = [number for since, number in self.made_for.get(unit, ()) if since <= at_ms]
        standing = [number for number in named if not self.is_cancelled(number, at_ms)]
        mine = document if document in standing else None
        return Ordered(order=order, made_for=mine or next(iter(standing), None))

    def is_cancelled(self, number: str, at_ms: int) -> bool:
        return book.is_cancelled(self.cancelled, number, at_ms)

    def returned(self, unit: str, after: UnitState, fact: Fact) -> ReturnVerdict | None:
        return announced.judged(unit, after, fact, claims=self.promised, buyers=self.buyers)

    def takes_on(self, document: str | None) -> bool:
        return document in self.take_ons

    def rivals(self, unit: str) -> Mapping[str, str]:
        return self.claims.get(unit, {})

    def strange(self, place: str, at_ms: int) -> bool:
        return self.first_bin_ms <= at_ms < self.bins_since.get(place, END_OF_TIME)

    def stolen(self, names: Iterable[str], at_ms: int) -> Theft | None:
        return self.reported.theft(names, at_ms) if self.reported else None

    def found_by(self, theft: Theft) -> str | None:
        return self.reported.ends.get((theft.report, theft.until_ms or 0)) if self.reported else None

    def barred(self, fact: Fact) -> str | None:
        said = self.repaired.get(fact.name, fact)
        return self.crew.barred(said) if said else None


Hold = Callable[[Iterable[str]], None]


def _hold_nothing(_containers: Iterable[str]) -> None:
    """For who only reads."""


def gather(
    connection: sa.Connection,
    site: str,
    facts: Mapping[str, Iterable[Fact]],
    stored: Iterable[UnitState],
    hold: Hold = _hold_nothing,
    added: Mapping[str, list[Fact]] = MappingProxyType({}),
    *,
    for_rules: bool = True,
    deciding: frozenset[str] = frozenset(),
    claims: Claims | None = None,
    told: Movements | None = None,
    site_wide: SiteWide | None = None,
) -> Gathered:
    """The surroundings of these units' facts and of the states that they go on from.

    Args:
        hold: called with containers before their movements are read, so that none is moved meanwhile.
        added: facts about containers that nobody has stated, by container: what if they were in the ledger?
        for_rules: False leaves out what only rules look at: rivals, crew, suppliers; a verdict needs none of them.
        deciding: containers of which it is being found out which decisions stand.
        claims: on these units' names, where they are at hand.
        told: where the containers were, where that is at hand.
        site_wide: what holds at the site, where that is at hand; for rules it has to have been read to fold.
    """
    named = mentioned(facts, stored)
    made_for = book.read_made_for(connection, site, named.for_orders)
    known = named.bound | {number for found in made_for.values() for _, number in found}
    told = told or _timelines(connection, site, named.containers, hold, added, deciding=deciding)
    holds = site_wide or read_site_wide(connection, site, folding=for_rules)
    return Gathered(
        **_returns(connection, site, named, told),
        timelines=told.timelines,
        circular=told.circular,
        listings=_listings(connection, site, named.notices),
        recalls=holds.recalls,
        reported=_reported(connection, site, named.units, holds),
        orders=book.read_orders(connection, site, named.orders),
        cancelled=book.read_cancellations(connection, site, known),
        made_for=made_for,
        take_ons=_take_ons(connection, site, named.counts),
        **(_for_rules(connection, site, facts, named, claims, holds) if for_rules else {}),
        **_bins(connection, site, {unit for unit in facts if is_location(unit)}),
    )


def _reported(connection: sa.Connection, site: str, units: set[str], holds: SiteWide) -> Reported | None:
    """What was reported stolen of these; None where nothing ever was at all."""
    return thefts.told_of(connection, site, units, holds.codes.domain) if holds.thefts_reported else None


def _returns(connection: sa.Connection, site: str, named: Mentioned, told: Movements) -> dict[str, Any]:
    """What was announced of what comes back, and who had bought it.

    It may have been sold, or come back, on any order or return that was ever said of it or of what it lay in.
    """
    if not named.comes_back:
        return {}
    carried = (state for line in told.timelines.values() for state in line.states)
    numbers = named.numbers | {n for state in carried for n in (state.document, state.sold_on) if n}
    promised = announced.read_claims(connection, site, numbers)
    bought = numbers | {claim.order for claim in promised.values() if claim.order}
    return {"promised": promised, "buyers": announced.read_buyers(connection, site, bought)}


def _for_rules(
    connection: sa.Connection,
    site: str,
    facts: Mapping[str, Iterable[Fact]],
    named: Mentioned,
    claims: Claims | None,
    holds: SiteWide,
) -> dict[str, Any]:
    """What only rules look at."""
    return {
        "claims": (claims or load(connection, site, facts)).rivals_of(facts),
        "crew": holds.crew,
        "repaired": read_repaired(connection, chain.from_iterable(facts.values())),
        "suppliers": suppliers_of(connection, site, named.notices),
        "products": products_of(connection, site, {i for u in facts if named.notices and (i := item_of(u))}),
        "filled": _filled(connection, site, {unit for unit in facts if is_container(unit)}),
    }


def containers_at(
    connection: sa.Connection,
    site: str,
    containers: Iterable[str],
    until_ms: int | None = None,
    hold: Hold = _hold_nothing,
) -> Movements:
    """Where these containers were and what became of them, by what had happened until a moment; and nothing else."""
    return _timelines(connection, site, set(containers), hold, {}, until_ms)


def _timelines(
    connection: sa.Connection,
    site: str,
    containers: set[str],
    hold: Hold,
    added: Mapping[str, list[Fact]],
    until_ms: int | None = None,
    deciding: frozenset[str] = frozenset(),
) -> Movements:
    facts: dict[str, list[Fact]] = {}
    wanted = containers
    for _ in range(DEPTH_MAX):
        wanted = wanted - facts.keys()
        if not wanted:
            break
        hold(wanted)
        names = {key: {key, *further} for key, further in names_of(connection, site, wanted).items()}
        wider = {name for key in wanted for name in names.get(key, (key,))}
        found = history(connection, site, wider, until_ms=until_ms)
        if until_ms is not None:
            told = {name for own in found.values() for fact in own for name in fact.event.identifiers or ()}
            names = {key: own & {key, *told} for key, own in names.items()}  # none that it was given later
        for key in wanted:
            under = [fact for name in names.get(key, (key,)) for fact in found.get(name, ())]
            facts[key] = effective([*under, *added.get(key, ())])
        wanted = {c for key in wanted for c in carriers(facts[key])}
    decided = {key: own for key, own in facts.items() if key not in deciding and is_decided(own)}
    if decided:  # a few; a decision that lapsed moved nothing
        around = gather(connection, site, decided, [], hold, added, deciding=deciding | decided.keys())
        facts |= {key: standing(key, own, around) for key, own in decided.items()}
    return outermost_first(facts)


def is_decided(facts: Iterable[Fact]) -> bool:
    """Whether a person decided about a case of this."""
    return any(fact.event.action == "settle" for fact in facts)


_FILLED: Final = (
    sa.select(events.c.container, sa.func.min(events.c.event_ms))
    .where(events.c.site == SITE, events.c.container.in_(KEYS), events.c.action.in_(PUTTING_IN))
    .where(events.c.outcome.in_(FOLDED), events.c.subject.isnot(None))
    .group_by(events.c.container)
)


def _filled(connection: sa.Connection, site: str, containers: set[str]) -> dict[str, int]:
    """When something was first put into each of these; undoing that does not make a stranger of the carton."""
    found: dict[str, int] = {}
    for chunk in in_chunks(containers):
        rows = connection.execute(_FILLED, {"site": site, "keys": chunk})
        found.update((container, moment) for container, moment in rows)
    return found


def _listings(connection: sa.Connection, site: str, numbers: set[str]) -> frozenset[tuple[str, str]]:
    """(document number, product) of the lines that announce a product without naming its units."""
    found: set[tuple[str, str]] = set()
    for chunk in in_chunks(numbers):
        rows = connection.execute(
            sa.select(documents.c.number, document_rows.c.subject)
            .distinct()
            .join(documents, documents.c.digest == document_rows.c.document)
            .where(
                documents.c.site == site,
                documents.c.number.in_(chunk),
                documents.c.event.isnot(None),
                document_rows.c.quantity.isnot(None),
            )
        )
        found.update((number, item_of(subject) or subject) for number, subject in rows)
    return frozenset(found)


def _bins(connection: sa.Connection, site: str, places: set[str]) -> dict[str, Any]:
    """Since when these bins are known, and since when any is."""
    if not places:
        return {}
    first = sa.select(sa.func.min(documents.c.event_ms)).where(
        documents.c.site == site, documents.c.kind == "locations"
    )
    first_ms = connection.execute(first).scalar()
    since = bins_since(connection, site, places)
    return {"bins_since": since, "first_bin_ms": END_OF_TIME if first_ms is None else first_ms}


_BINS_SINCE: Final = (
    sa.select(document_rows.c.subject, sa.func.min(documents.c.event_ms))
    .join(documents, documents.c.digest == document_rows.c.document)
    .where(document_rows.c.site == SITE, document_rows.c.subject.in_(KEYS), documents.c.kind == "locations")
    .where(documents.c.event.isnot(None))
    .group_by(document_rows.c.subject)
)


def bins_since(connection: sa.Connection, site: str, places: set[str]) -> dict[str, int]:
    """Since when each of these bins is known, Unix milliseconds, by the first list that names it."""
    since: dict[str, int] = {}
    for chunk in in_chunks(places):
        rows = connection.execute(_BINS_SINCE, {"site": site, "keys": chunk})
        since.update((place, moment) for place, moment in rows)
    return since


_DOCUMENTS: Final = sa.select(reference.c.key, reference.c.row).where(
    reference.c.site == SITE, reference.c.kind == "document", reference.c.key.in_(KEYS)
)


def _take_ons(connection: sa.Connection, site: str, numbers: set[str]) -> frozenset[str]:
    found: set[str] = set()
    for chunk in in_chunks(numbers):
        rows = connection.execute(_DOCUMENTS, {"site": site, "keys": chunk})
        found.update(key for key, row in rows if row and row.get("sort") == "take_on")
    return frozenset(found)
