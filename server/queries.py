"""What people and programs read: units and their trails, handhelds, what waits in quarantine.

Plain reads. Every list has a bound and an order; nothing here changes a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server import bin_cases, copied_queues, nearby, taken_along, with_container
from server.identifiers import names_of, owners
from server.ledger import SERVER_DEVICE, history
from server.printing import jobs as printing
from server.stock_levels import LIES
from server.tables import cases, devices, events, stock_levels
from sync.history import Fact, effective
from sync.identity import is_location, is_stock
from sync.protocol import Outcome
from sync.unit import IN_STOCK, Status, UnitState, carried, is_inferred

PAGE: Final = 100
PAGE_MAX: Final = 500
TRAIL_MAX: Final = 1_000
"""Lines of one trail, the latest; a unit has tens, a product that is only counted may have many more."""
PLACES_MAX: Final = 200
SET_ASIDE_MAX: Final = 100_000
"""In a list that is taken out as a file."""


_APART: Final = sa.text("events.outcome <> 'accepted'")
"""As its partial index has it, word for word: else SQLite reads every event for the few that were not accepted."""


def is_set_aside() -> sa.ColumnElement[bool]:
    """Whether an event waits for a person or an upgrade."""
    return sa.and_(_APART, events.c.outcome.in_((Outcome.QUARANTINED, Outcome.HELD)))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitView:
    """One unit or container: its state, and where its place is now."""

    key: str
    state: UnitState
    location: str | None
    """Where its last evidence puts it, containers followed."""
    expected_location: str | None
    shipped_in: str | None = None
    """The container that took it away, where that was shipped since the unit went into it; `state` then says so."""
    inferred_from: str | None = None
    """The container whose scan says that the unit is here, where nobody has scanned the unit itself."""

    @property
    def evidence(self) -> str:
        """`observed`, `inferred` from its container, or `stated` by a document."""
        return "observed" if self.state.observed else "inferred" if self.inferred_from else "stated"


def read_unit(connection: sa.Connection, site: str, key: str, now_ms: int) -> UnitView | None:
    """A unit or container under its own name, or under a further one; None where nothing is known of it."""
    stored = nearby.read(connection, site, key)
    if key in stored.claimed:
        key = owners(connection, site, [key]).get(key, key)
        stored = nearby.read(connection, site, key)
    own = stored.states.pop(key, None)
    if own is None:
        return None
    around = nearby.movements(connection, site, own, stored, now_ms)
    state = carried(own, around.carrier(own.place, now_ms))
    left = own.status in IN_STOCK and state.status is Status.SHIPPED
    return UnitView(
        key=key,
        state=state,
        location=around.locate(state.place, now_ms),
        expected_location=around.locate(state.expected, now_ms),
        shipped_in=around.shipped_in(own.place, own.place_ms, now_ms) if left else None,
        inferred_from=own.place if is_inferred(own, state) else None,
    )


def balances(connection: sa.Connection, site: str, subject: str) -> list[tuple[str, int]]:
    """Where a product or lot without units lies: place and quantity; what left in its container is left out."""
    query = (
        sa.select(stock_levels)
        .where(stock_levels.c.site == site, stock_levels.c.subject == subject)
        .where(LIES)
        .order_by(stock_levels.c.place)
        .limit(PLACES_MAX)
    )
    rows = taken_along.pieces_here(connection, site, connection.execute(query).mappings())
    return [(row["place"], row["quantity"]) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailLine:
    """One fact of a trail."""

    fact: Fact
    undone: bool = False
    """A later event took it back."""
    carried_in: str | None = None
    """The container that it was done to, while this was in it."""


def whole_trail(connection: sa.Connection, site: str, key: str) -> list[TrailLine]:
    """The trail, and in it what was done to the containers that it was in: they carried it along."""
    own = trail(connection, site, key)
    if is_stock(key) or is_location(key):
        return own
    standing = [line.fact for line in own if not line.undone]
    along = [TrailLine(fact=f, carried_in=c) for f, c in with_container.carried_facts(connection, site, standing)]
    return sorted([*own, *along], key=lambda line: line.fact.order)[-TRAIL_MAX:]


def trail(connection: sa.Connection, site: str, key: str) -> list[TrailLine]:
    """What happened to a unit, container, item or lot, under all of its names: the latest facts, oldest first."""
    key = owners(connection, site, [key]).get(key, key)
    names = {key, *names_of(connection, site, [key]).get(key, ())}
    told = bin_cases.facts_of(connection, site, names) if is_location(key) else history(connection, site, names)
    facts = [fact for found in told.values() for fact in found]
    printed = printing.facts_of(connection, site, sorted(names))
    counted = {id(fact) for fact in [*effective(facts), *printed]}
    ordered = sorted([*facts, *printed], key=lambda fact: fact.order)[-TRAIL_MAX:]
    return [TrailLine(fact=fact, undone=id(fact) not in counted) for fact in ordered]


def set_aside(connection: sa.Connection, site: str, *, limit: int = PAGE) -> list[Mapping[Any, Any]]:
    """Events that a person should look at and no case tells of, the latest first: name, reason, raw line.

    They could not be folded (quarantined or held), or bear the name of another one (forked) and are about stock without
    units, or about no subject, for which there are no cases.
    """
    device_no, epoch, seq = (sa.cast(events.c[part], sa.String) for part in ("device_no", "epoch", "seq"))
    name = device_no + "." + epoch + "." + seq
    told = sa.exists().where(cases.c.site == site, cases.c.rule == "forked", cases.c.episode == name)
    apart = events.c.outcome.in_((Outcome.QUARANTINED, Outcome.HELD, Outcome.FORKED))
    query = (
        sa.select(
            events.c.device_no, events.c.epoch, events.c.seq, events.c.outcome, events.c.note, events.c.received_ms,
            events.c.line, events.c.digest,
        )
        .where(events.c.site == site, _APART, apart, (events.c.outcome != Outcome.FORKED) | ~told)
        .order_by(events.c.received_ms.desc(), events.c.device_no, events.c.epoch, events.c.seq.desc())
        .limit(limit)
    )  # fmt: skip
    return [dict(row) for row in connection.execute(query).mappings()]


_THEIR_OWN: Final = frozenset({"public_key", "pulled", "heard_ms", "sent_boot", "sent_boot_ms"})
"""What a handheld's row has for the server's own use."""


def list_devices(connection: sa.Connection, site: str) -> list[Mapping[Any, Any]]:
    """Handhelds of a site: those in use first, then by name. The keys stay out.

    `copied_ms` is since when one is known to have been copied or put back from a copy; None where it is not. `lacks` is
    how many scans it is known to have made that neither it nor this server has.
    """
    columns = [c for c in devices.c if c.name not in _THEIR_OWN]
    query = (
        sa.select(*columns)
        .where(devices.c.site == site, devices.c.device_no != SERVER_DEVICE)
        .order_by(devices.c.revoked_ms.isnot(None), devices.c.name, devices.c.device_no)
        .limit(PAGE_MAX)
    )
    copied = copied_queues.known_since(connection, site)
    lacking = copied_queues.lacking(connection, site)
    found: list[Mapping[Any, Any]] = []
    for row in connection.execute(query).mappings():
        since = copied.get(row["device_no"])
        found.append({**row, "copied_ms": since, "lacks": 0 if since is None else lacking.get(row["device_no"], 0)})
    return found


def device_names(connection: sa.Connection, site: str) -> dict[int, str]:
    """What people call each handheld; the server itself is number 0."""
    query = sa.select(devices.c.device_no, devices.c.name).where(devices.c.site == site)
    return {SERVER_DEVICE: "the server", **dict(connection.execute(query).all())}
