"""What is known of a unit now: what the map says, and what was scanned here since the map was filled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scanner_client.handheld import Handheld
from scanner_client.packed_here import packed_here
from sync.event import ScanEvent
from sync.history import Fact, step
from sync.identity import is_container
from sync.marks import SOME_REASON
from sync.unit import UnitState, is_emptied
from sync.verdict import Known


def known_now(handheld: Handheld, key: str) -> Known | None:
    """What a verdict needs to know of a unit or container; None where neither the map nor the queue knows it."""
    found = handheld.site_map.find(key)
    if found is None and is_container(key):
        return packed_here(handheld.outbox, key)
    own = handheld.own_scans.of(found.key if found else key)
    if not own:
        return found.known if found else None
    before = _state(found.known, found.place) if found else UnitState()
    return _carried_on(handheld, before, own, found.known if found else None)


def _carried_on(handheld: Handheld, state: UnitState, own: Sequence[ScanEvent], known: Known | None) -> Known:
    came_in, now_ms = False, handheld.site_map.now_ms(handheld.clock)
    for event in own:
        before, state = state, step(state, Fact(0, event.name, 0, b"", 0, event))
        came_in |= state.receipts > before.receipts
    return replace(
        known or Known(status=state.status),
        status=state.status,
        expected=state.expected,
        expected_location=handheld.site_map.location_of(state.expected),
        document=state.document,
        lot=state.lot,
        expiry=state.expiry,
        held=state.held is not None,
        condition=state.condition,
        doubted=bool(state.doubts),
        closed=state.closed,
        emptied=is_emptied(state),
        notice=state.came_under or state.announced_by,
        place=state.place,
        received=(now_ms, now_ms) if came_in else known.received if known else None,
    )


def _state(known: Known, place: str | None) -> UnitState:
    return UnitState(
        status=known.status,
        status_ms=int(known.emptied),  # of moments no more matters here
        turns=(1,) if known.emptied else (),
        expected=known.expected,
        place=place,
        document=known.document,
        came_under=known.notice,
        lot=known.lot,
        expiry=known.expiry,
        held=SOME_REASON if known.held else None,
        condition=known.condition,
        closed=known.closed,
    )
