"""The returns desk at a handheld: a box is taken back, then what is in it is examined, step by step.

Each step is committed by itself, so that nothing is lost where somebody is called away: the box's label, the device's
own number, the seal, the condition, why it came back, a picture. The verdict is told anew after each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from scanner_client import judging, return_words
from scanner_client.keeping import Keeping
from scanner_client.pairing import Read
from scanner_client.return_now import claim_of, facts_of, own_name
from scanner_client.sighting import Sighting, Told, Tone, rank, with_symbols
from scanner_client.warranty_now import warranty_words
from scanner_client.wording import say
from sync.because import Because, Outcome
from sync.event import LIST_MAX, ScanEvent
from sync.identity import Kind, is_container, is_stock
from sync.returning import REASONS, SEALS, ReturnVerdict, verdict
from sync.unit import Status

TAKING_BACK: Final = "take_back"
ACTIONS: Final = frozenset({TAKING_BACK, "examine"})
NUMBERS: Final = frozenset({Kind.UNIT, Kind.SERIAL, Kind.IDENTIFIER, Kind.PLATE})
"""Kinds of labels that can be a device's own number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InHand:
    """The return that is being examined."""

    unit: str
    thing: str
    box: int | None = None
    """The tracker's number of its box."""
    labels: frozenset[bytes] = frozenset()
    """What was read on its box."""


class ReturnsDesk:
    """One session's desk."""

    def __init__(self, keeping: Keeping) -> None:
        self.in_hand: InHand | None = None
        self._keeping = keeping
        self._doubted: tuple[bytes, ...] = ()
        """Labels that were just asked about: read once more, they are what stands on the device."""
        self._parcel: tuple[Sighting, str] | None = None
        self._document: tuple[str | None, int] = (None, 0)
        """The document in hand, and how many were taken back under it."""

    # The box.

    def box_event(self, event: ScanEvent) -> ScanEvent:
        """The event that takes a box back: what else stands on it is compared, and never joined."""
        if event.action not in ACTIONS or event.subject is None or is_stock(event.subject):
            return event
        own = own_name(self._keeping.handheld, event.subject)
        further = tuple(
            dict.fromkeys((*(event.identifiers or ()), *((event.subject,) if own != event.subject else ())))
        )
        return replace(
            event,
            subject=own,
            identifiers=None,
            numbers=further[:LIST_MAX] or None,
            reason=self._announced(),
            document=event.document or self._came_with(own),
        )

    def _came_with(self, unit: str) -> str | None:
        """The document under which it came back and is here: its box scanned again comes with no other."""
        known = facts_of(self._keeping.handheld, unit)
        return known.document if known.state is not None and known.state.status is Status.RETURNED else None

    def _announced(self) -> str | None:
        number = self._keeping.task.document
        claim = claim_of(self._keeping.handheld.site_map.entry("document", number), number) if number else None
        return claim.reason if claim else None

    def begun(self, told: Told, sighting: Sighting) -> Told:
        """This was taken back, and is in hand from now on."""
        event = told.event
        if event is None or event.subject is None:
            return told
        labels = frozenset(symbol.data for symbol in sighting.symbols)
        self._parcel = None
        self.in_hand = InHand(unit=event.subject, thing=told.thing, box=sighting.box, labels=labels)
        self._doubted = ()
        found = self._told(event, told.thing)
        self._count_document()
        warranty = warranty_words(self._keeping.handheld, event)
        return replace(found, judgement=told.judgement, text=f"{found.text} {warranty}".strip())

    def _count_document(self) -> None:
        """A document is about so many pieces: the next parcel's is another one, or none."""
        number, taken = self._keeping.task.document, self._document[1]
        taken = taken + 1 if number == self._document[0] else 1
        self._document = (number, taken)
        claim = claim_of(self._keeping.handheld.site_map.entry("document", number), number) if number else None
        if number and taken >= (claim.pieces if claim else 1):
            self._keeping.task, self._document = replace(self._keeping.task, document=None), (None, 0)

    def parcel(self, sighting: Sighting, carton: str) -> list[Told] | None:
        """A carton's own label among the returns: whether it was ever opened is for the person to say."""
        if self._keeping.task.action != TAKING_BACK or not is_container(carton):
            return None
        self._parcel = (sighting, carton)
        return [Told(tone=Tone.ASK, text=say("returns.parcel"), thing=self._keeping.place(carton))]

    @property
    def parcel_in_hand(self) -> str | None:
        """What people call the carton whose label was read and of which nobody has said yet whether it was opened."""
        return self._keeping.place(self._parcel[1]) if self._parcel else None

    def undelivered(self) -> list[Told]:
        """The parcel whose label was just read never reached anybody: it is no return."""
        if self._parcel is None:
            return [Told(tone=Tone.ASK, text=say("returns.no_parcel"))]
        (sighting, carton), self._parcel = self._parcel, None
        found = self._keeping.handheld.site_map.find(carton)
        event = self._keeping.event("parcel_back", subject=carton, reason="undelivered", container=None)
        event = with_symbols(event, sighting, sighting.symbols[0] if sighting.symbols else None)
        lacking = judging.lacking(event)
        if lacking:
            return [Told(tone=Tone.ASK, text=lacking)]
        [kept] = self._keeping.keep([event])
        thing = self._keeping.place(carton)
        self._keeping.recent.remember(kept, sighting.box, thing)
        if found is not None and found.known.status is Status.PACKED:
            return [Told(tone=Tone.LOOK, text=say("returns.never_left"), thing=thing, event=kept)]
        return [Told(tone=Tone.GOOD, text=say("returns.undelivered"), thing=thing, event=kept)]

    # What is in it.

    def awaits(self, good: Sequence[Read]) -> bool:
        """Whether a label that was just read is a number of what is in hand, and not the next box."""
        if self.in_hand is None or self._keeping.task.action not in ACTIONS:
            return False
        needed = self._verdict(self.in_hand.unit).needed
        if Because.NUMBER_MISSING in needed:
            return True
        return bool(needed) and bool(good) and all(read.label.kind is Kind.IDENTIFIER for read in good)

    def number(self, sighting: Sighting, good: Sequence[Read]) -> list[Told]:
        """The device's own number, read from the device; the box's label again has to be meant."""
        hand = self.in_hand
        numbers = [read for read in good if read.label.kind in NUMBERS]
        if hand is None or not numbers:
            return [Told(tone=Tone.ASK, text=say("because.number_missing"), thing=hand.thing if hand else "")]
        doubt = self._doubt(hand, sighting, numbers)
        if doubt:
            return [Told(tone=Tone.ASK, text=doubt, thing=hand.thing)]
        keys = tuple(dict.fromkeys(read.label.key for read in numbers))[:LIST_MAX]
        main = min(numbers, key=lambda read: rank(read.label.kind))
        event = with_symbols(self._keeping.event("examine", subject=hand.unit, numbers=keys), sighting, main.symbol)
        return [self._keep(event)]

    def _doubt(self, hand: InHand, sighting: Sighting, numbers: Sequence[Read]) -> str:
        """What is asked before these labels are taken for the device's own; empty where nothing is."""
        if sighting.box is not None and sighting.box == hand.box:
            return say("returns.box_again")
        read = tuple(sorted(one.symbol.data for one in numbers))
        sure, self._doubted = read == self._doubted or sighting.entry == "keyed", read
        if sure:
            return ""
        if set(read) <= hand.labels:
            return say("returns.box_again")
        other = any(one.label.kind is Kind.UNIT and one.label.key != hand.unit for one in numbers)
        return say("returns.other_box") if other else ""

    def seal(self, word: str) -> list[Told]:
        """How the maker's seal is."""
        if word not in SEALS:
            return [Told(tone=Tone.ASK, text=say("returns.no_seal", text=word, seals=", ".join(SEALS)))]
        return self._say(seal=word)

    def reason(self, word: str) -> list[Told]:
        """Why it came back."""
        if word not in REASONS:
            return [Told(tone=Tone.ASK, text=say("returns.no_reason", text=word, reasons=", ".join(REASONS)))]
        return self._say(reason=word)

    def pictured(self, digest: str) -> list[Told]:
        """A picture of it was kept."""
        return self._say(evidence=f"sha256:{digest}")

    def document(self, number: str) -> list[Told]:
        """The return or order that it came with, read after its box."""
        return self._say(document=number)

    def graded(self, told: Told) -> Told:
        """Its condition was said: the verdict beside it."""
        hand, event = self.in_hand, told.event
        if hand is None or event is None or event.subject != hand.unit:
            return told
        found = self._told(event, hand.thing)
        return replace(found, text=f"{told.text} {found.text}")

    def _say(self, **values: Any) -> list[Told]:
        if self.in_hand is None:
            return [Told(tone=Tone.ASK, text=say("returns.nothing_in_hand"))]
        entry = {"entry": "keyed"} if "evidence" not in values else {}
        return [self._keep(self._keeping.event("examine", subject=self.in_hand.unit, **values, **entry))]

    def _keep(self, event: ScanEvent) -> Told:
        thing = self.in_hand.thing if self.in_hand else ""
        [kept] = self._keeping.keep([event])
        self._keeping.recent.remember(kept, None, thing)
        return self._told(kept, thing)

    # What it comes to.

    def release(self) -> list[Told]:
        """What is in hand is restocked, where the verdict says so."""
        hand = self.in_hand
        if hand is None:
            return [Told(tone=Tone.ASK, text=say("returns.nothing_in_hand"))]
        found = self._verdict(hand.unit)
        if found.outcome is not Outcome.RESTOCK:
            return [Told(tone=Tone.ASK, text=return_words.words(found), thing=hand.thing, returned=found)]
        [kept] = self._keeping.keep([self._keeping.event("restock", subject=hand.unit, entry="keyed")])
        self._keeping.recent.remember(kept, None, hand.thing)
        self.in_hand = None
        return [Told(tone=Tone.GOOD, text=say("returns.released"), thing=hand.thing, event=kept)]

    def next(self) -> list[Told]:
        """What is in hand waits as it is: the next box comes."""
        hand, self.in_hand, self._doubted = self.in_hand, None, ()
        if hand is None:
            return [Told(tone=Tone.ASK, text=say("returns.nothing_in_hand"))]
        return [Told(tone=Tone.INFO, text=say("returns.waits"), thing=hand.thing)]

    def verdict_now(self) -> ReturnVerdict | None:
        """The verdict on what is in hand."""
        return self._verdict(self.in_hand.unit) if self.in_hand else None

    def _verdict(self, unit: str) -> ReturnVerdict:
        return verdict(facts_of(self._keeping.handheld, unit))

    def _told(self, event: ScanEvent, thing: str) -> Told:
        found = self._verdict(event.subject or "")
        text = return_words.words(found)
        return Told(tone=return_words.tone(found), text=text, thing=thing, event=event, returned=found)
