"""What this handheld knows of something that came back: its map, its documents, and what was scanned here since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from scanner_client.handheld import Handheld
from scanner_client.stolen import is_stolen
from scanner_client.unit_now import known_now
from sync.event import ScanEvent
from sync.history import Fact, effective, step
from sync.identity import is_stock, item_of
from sync.looked_at import looked_at
from sync.recall import bite, traits_of
from sync.returning import SITE_WIDE, Claim, Inspected, ReturnFacts
from sync.unit import UnitState
from sync.verdict import day

STALE_MS: Final = 24 * 3_600_000
"""Older data than this do not say that something is in our stock: it may have been sold since."""


def facts_of(handheld: Handheld, unit: str) -> ReturnFacts:
    """The facts of a return as they are known here; `unit` is its own name (`own_name`)."""
    site_map = handheld.site_map
    events = handheld.own_scans.of(unit)
    state = _folded(handheld, unit, events)
    item = item_of(unit)
    said = (e.document for e in reversed(events) if e.action in ("take_back", "examine") and e.document)
    document = next(said, state.document if state else None)
    traits = traits_of(unit, known_now(handheld, unit), site_map.now_ms(handheld.clock), events[-1] if events else None)
    age = site_map.age_ms(handheld.clock)
    return ReturnFacts(
        unit=unit,
        state=state,
        apart=looked_at(state, _since_back(handheld, unit)) if state and state.doubts else None,
        whole=False,
        stale=age is None or age > STALE_MS,
        serialised=not is_stock(unit),
        document=document,
        claim=claim_of(site_map.entry("document", document), document) if document else None,
        sold_to=_buyer(handheld, state.sold_on if state else None),
        rules=_rules(handheld, item),
        recalled=bite(site_map.recalls(), traits) is not None,
        stolen=is_stolen(handheld, unit, events),
        number_of=_another(handheld, unit, events),
        today=day(site_map.now_ms(handheld.clock)),
    )


def own_name(handheld: Handheld, key: str) -> str:
    """The unit's own name, where the map knows it by this further one."""
    found = handheld.site_map.state(key)
    return found[0] if found else key


def _folded(handheld: Handheld, unit: str, events: Sequence[ScanEvent]) -> UnitState | None:
    found = handheld.site_map.state(unit)
    if found is None and not events:
        return None
    state = found[1] if found else UnitState()
    read = dict.fromkeys(number for event in events for number in event.numbers or ())
    ours = tuple(number for number in read if own_name(handheld, number) == unit)
    state = state._replace(identifiers=(*ours, *state.identifiers))
    for event in events:
        state = step(state, Fact(0, event.name, 0, b"", 0, event))
    return state


def _since_back(handheld: Handheld, unit: str) -> list[Fact]:
    """What was scanned here since its box was taken back last, that scan first, whether or not the server has it."""
    facts = effective(Fact(0, event.name, 0, b"", 0, event) for event in handheld.outbox.naming(unit))
    backs = [at for at, fact in enumerate(facts) if fact.event.action == "take_back"]
    return facts[backs[-1] :] if backs else []


def _another(handheld: Handheld, unit: str, events: Sequence[ScanEvent]) -> str | None:
    """Another unit of ours that one of the numbers read on it belongs to."""
    for event in events:
        for number in event.numbers or ():
            found = handheld.site_map.state(number)
            if found is not None and found[0] != unit:
                return found[0]
    return None


def claim_of(row: dict[str, Any] | None, number: str) -> Claim | None:
    """What a return's or an order's document says; None where it is neither, or the map does not hold it."""
    kind = (row or {}).get("kind")
    if row is None or kind not in ("order", "rma"):
        return None
    if kind == "order":
        pieces = sum(line.get("quantity") or 1 for line in row.get("lines") or ())
        return Claim(order=number, customer=row.get("customer"), pieces=pieces)
    return Claim(
        order=row.get("order"),
        customer=row.get("customer"),
        units=tuple(row.get("units") or ()),
        reason=row.get("reason"),
        pieces=int(row.get("pieces") or 1),
    )


def _buyer(handheld: Handheld, order: str | None) -> str | None:
    row = handheld.site_map.entry("document", order) if order else None
    return (row or {}).get("customer")


def _rules(handheld: Handheld, item: str | None) -> Inspected:
    """The site's rules, with what is said of this product."""
    entry = handheld.site_map.entry
    return Inspected.from_rows(entry("returns", SITE_WIDE), entry("returns", item) if item else None)
