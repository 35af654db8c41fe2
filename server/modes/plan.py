"""What a change of mode still asks for: pieces that are to be told apart, units without a plate or a number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server import inventory, site_codes, taken_along
from server.ledger import in_chunks
from server.tables import unit_states
from server.unit_rows import state_of
from sync.identity import Kind, split_key
from sync.unit import IN_STOCK, UnitState, carried

UNITWISE: Final = ("serial", "lpn", "implicit", "made_to_order")
"""Modes in which each unit is known by itself."""
UNITS_MAX: Final = 500_000
"""Units in stock of one product that a change is made for."""
UNITS_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What has to be done in one place."""

    place: str | None
    """The bin or carton where it stands; its location is looked up by whoever shows it."""
    subject: str
    """The item or lot whose pieces are to be told apart, or a unit that lacks a plate or a number."""
    quantity: int


def needs(connection: sa.Connection, site: str, item: str, mode: str) -> list[Need]:
    """What is in stock of a product and is not yet as this mode has it; by place."""
    if mode not in UNITWISE:
        return []
    found = [
        Need(place=level["place"], subject=level["subject"], quantity=level["quantity"])
        for level in inventory.levels(connection, site, item=item)
        if level["quantity"] > 0
    ]
    if mode == "implicit":
        return sorted(found, key=_order)
    domain = site_codes.load(connection, site).domain
    units = (each for some in in_stock(connection, site, item) for each in some.items())
    for unit, state in units:
        plated = any(_is_plate(name, domain) for name in state.identifiers) or _serial(unit).startswith("LPN")
        numbered = not _serial(unit).startswith("LPN") or any(not _is_plate(n, domain) for n in state.identifiers)
        if not (plated if mode == "lpn" else numbered):
            found.append(Need(place=state.place, subject=unit, quantity=1))
    return sorted(found, key=_order)


def in_stock(
    connection: sa.Connection, site: str, item: str, *, at_once: int = UNITS_AT_ONCE
) -> Iterator[dict[str, UnitState]]:
    """Units of a product in stock, and what is known of each, as its container has it; so many at a time, by name."""
    t = unit_states.c
    query = sa.select(unit_states).where(
        t.site == site, t.item == item, t.status.in_(taken_along.TAKEN_ALONG), t.unit > sa.bindparam("after")
    )
    query, after = query.order_by(t.unit).limit(at_once), ""
    while own := {row["unit"]: state_of(row) for row in connection.execute(query, {"after": after}).mappings()}:
        after = max(own)
        around = taken_along.containers(connection, site, (state.place for state in own.values()))
        now = {unit: carried(state, around.get(state.place or "")) for unit, state in own.items()}
        yield {unit: state for unit, state in now.items() if state.status in IN_STOCK}


def units_of(connection: sa.Connection, site: str, item: str) -> int:
    """How many units of a product may be in stock."""
    t = unit_states.c
    query = sa.select(sa.func.count()).where(t.site == site, t.item == item, t.status.in_(taken_along.TAKEN_ALONG))
    return int(connection.execute(query).scalar_one())


def on_hand(connection: sa.Connection, site: str, items: Iterable[str]) -> set[str]:
    """Those of these products of which something is in stock."""
    found: set[str] = set()
    t = unit_states.c
    for chunk in in_chunks(items):
        query = sa.select(t.item).where(t.site == site, t.item.in_(chunk), t.status.in_(IN_STOCK)).distinct()
        found.update(connection.execute(query).scalars())
    pieces = {item for item in set(items) if any(inventory.levels(connection, site, item=item))}
    return found | pieces


def _order(need: Need) -> tuple[str, str]:
    return need.place or "", need.subject


def _serial(unit: str) -> str:
    return split_key(unit).value("21") or ""


def _is_plate(name: str, domain: str) -> bool:
    parts = split_key(name)
    return parts.kind is Kind.PLATE and parts.domain == domain
