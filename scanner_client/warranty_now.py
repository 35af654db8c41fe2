"""Whether the one who brings a unit may claim under its warranty, by what this handheld knows.

The terms and the day of the sale travel with the map. What the warranty desk wrote of a unit does not: of what was
repaired, replaced or passed on only the office can tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from scanner_client.handheld import Handheld
from scanner_client.judging import site_codes
from scanner_client.return_now import claim_of
from scanner_client.wording import say
from sync.event import ScanEvent
from sync.identity import is_container, item_of, lot_key
from sync.labels import Label, parse
from sync.order import TRANSFER
from sync.unit import Status, UnitState
from sync.verdict import day
from sync.warranty import Answer, Claim, Dates, Said, answer, holding

ASKED_AT: Final = frozenset({"inspect", "take_back"})
"""Actions by which somebody who stands there with it may ask."""


def warranty_words(handheld: Handheld, event: ScanEvent) -> str:
    """The answer for what was scanned; empty where nobody asked, and of what is not known here as sold."""
    found = handheld.site_map.state(event.subject or "") if event.action in ASKED_AT else None
    if found is None or is_container(found[0]) or found[1].status is not Status.SHIPPED:
        return ""
    unit, state = found
    if (state.document or "").startswith(TRANSFER):
        return ""  # it went to another site of ours
    told = _answer(handheld, unit, state, event)
    return say(f"warranty.{told.claim.value}", since=told.since, until=told.until, order=state.document or "?")


def _answer(handheld: Handheld, unit: str, state: UnitState, event: ScanEvent) -> Answer:
    if state.serviced:
        return Answer(claim=Claim.CANNOT_TELL)
    if _bought_on(handheld, event) not in (None, state.document):
        return Answer(claim=Claim.ANOTHER_OWNER)
    site_map = handheld.site_map
    said = next(_said(handheld, unit, state._replace(lot=event.lot or state.lot)), None)
    label = parse(event.barcode, event.symbology, site_codes(site_map)) if event.barcode else None
    made = label.made if isinstance(label, Label) else None
    dates = Dates(
        sale=day(state.status_ms) if state.status_ms else None,
        receipt=day(state.received_ms) if state.received_ms else None,
        manufacture=made or (said.made if said else None),
    )
    return answer(said.term if said else None, dates, today=day(site_map.now_ms(handheld.clock)))


def _bought_on(handheld: Handheld, event: ScanEvent) -> str | None:
    """The order that the claimant shows, by the document in hand; None where that says none."""
    number = event.document
    claim = claim_of(handheld.site_map.entry("document", number), number) if number else None
    return claim.order if claim else None


def _said(handheld: Handheld, unit: str, state: UnitState) -> Iterator[Said]:
    """The terms that hold of the unit, of its lot, of its product, as far as any are known."""
    item = item_of(unit)
    for place in (unit, lot_key(item, state.lot) if item and state.lot else None, item):
        row = handheld.site_map.entry("warranty", place) if place else None
        words = [Said.from_row(word) for word in (row or {}).get("said") or ()]
        if words:
            yield words[holding([word.at_ms for word in words], own=place == unit, sold_ms=state.status_ms or None)]
