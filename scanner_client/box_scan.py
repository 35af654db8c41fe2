"""What is a scan of a box: its labels name one thing, which is judged, committed, and only then told.

What lacks something (a bin, the serial beside a product's barcode) is not kept: a person is asked for it first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from scanner_client import judging
from scanner_client.hand_over import HandOver
from scanner_client.into_itself import into_itself
from scanner_client.keeping import Keeping
from scanner_client.lone_serial import looks_like_a_serial, own_items
from scanner_client.origin import Origins
from scanner_client.packing import is_empty_parcel, packed_so_far, unfinished_parcel
from scanner_client.pairing import Pairing, Read, by_own_name, contradict, is_whole
from scanner_client.pick_list import PickLists
from scanner_client.plating import TELL_APART, told_apart
from scanner_client.received_again import received_just_now
from scanner_client.returns_desk import TAKING_BACK, ReturnsDesk
from scanner_client.sample import Sample
from scanner_client.shelf import Shelf
from scanner_client.sighting import Sighting, Told, Tone, rank, with_symbols
from scanner_client.stolen import reported_alone
from scanner_client.warranty_now import warranty_words
from scanner_client.wording import say
from sync.actions import ACTIONS
from sync.event import LIST_MAX, ScanEvent
from sync.identity import Kind, is_stock, item_of
from sync.labels import Label, SiteCodes
from sync.labels.box import Box, Question, Unclear, identify, plated
from sync.recall import sets_apart
from sync.verdict import ALWAYS_TOLD, NOT_TAKEN, STOPPED, Judgement, Verdict

PUT_AWAY: Final = "put_away"
SERIALS_COMPARED: Final = 500
"""So many of a product's serial numbers tell what the others look like."""


class BoxScans:
    """The boxes of one session, and what is held in mind from one to the next."""

    def __init__(
        self, keeping: Keeping, *, codes: SiteCodes, picks: PickLists, hand_over: HandOver, desk: ReturnsDesk
    ) -> None:
        self.in_hand: Sighting | None = None
        self._in_hand_thing = ""
        """What is to be put away, and lacks nothing but its bin."""
        self.product_in_hand: str | None = None
        """The product whose barcode was read and whose serial is awaited."""
        self.grades_next = False
        """Whether the task's condition is meant for the next scan alone."""
        self._supposed: str | None = None
        """The product of the unit that is scanned, where nothing but the document in hand says it."""
        self._keeping = keeping
        self._site_map = keeping.handheld.site_map
        self._codes = codes
        self._picks = picks
        self._hand_over = hand_over
        self._desk = desk
        self._shelf = Shelf(self._site_map)
        self._sample = Sample(self._site_map, keeping.handheld.outbox)
        self._pairing = Pairing()
        self._origins = Origins(keeping.handheld)

    def scan(self, sighting: Sighting, good: Sequence[Read]) -> list[Told]:
        """One box, by all that was read on it."""
        if self._is_miscounted(sighting, good):
            words = say("scan.counts_a_product", text=good[0].label.serial, quantity=self._keeping.task.quantity)
            return [Told(tone=Tone.ASK, text=words)]
        self._supposed = None
        box = self._identify(good)
        if box.key is None and box.identifiers and not box.question:
            # Nothing but an IMEI, say: it is a name of the unit as well, and the server knows of which.
            box = replace(box, key=box.identifiers[0], identifiers=box.identifiers[1:])
        if box.key is None:
            box = replace(box, key=reported_alone(self._keeping.handheld, [read.label for read in good]))
        if box.key is None:
            question = judging.question_text(self._site_map, box.question)
            return self._keeping.unreadable(sighting, question or say("scan.not_ours", key=good[0].label.key))
        thing = judging.thing_text(self._site_map, box.key)
        half = self._lacks_its_number(box.key, thing)
        if half:
            return self._half_a_scan(sighting, box.key, half)
        self.product_in_hand = None
        event, lacking = self._lacking(self._desk.box_event(self._box_event(sighting, good, box)))
        if lacking and not self._was_just_put_away(event):
            return self._lacks(sighting, event, lacking, thing)
        if lacking or self._keeping.is_repeated(event, sighting):
            return [Told(tone=Tone.INFO, text=say("scan.already"), thing=thing)]
        stays = self._stays(event, sighting, thing)
        if stays:
            return [stays]
        told = self.keep(event, sighting, thing)
        return [self._desk.begun(told, sighting) if told.event and told.event.action == TAKING_BACK else told]

    def _stays(self, event: ScanEvent, sighting: Sighting, thing: str) -> Told | None:
        """Why it is not handed over, for now; nothing is kept then. What is refused is no question for the server."""
        if is_empty_parcel(self._keeping.handheld, event):
            return Told(tone=Tone.ASK, text=say("packing.empty", carton=thing), thing=thing)
        goes = ACTIONS[event.action].hands_over and not _is_refused(event, self._judged(event).judgement.verdict)
        held = self._hand_over.held(sighting, thing, self._keeping.task) if goes else None
        if held:
            self._keeping.task = replace(self._keeping.task, quantity=1)
        return held

    def drop(self) -> None:
        """Nothing is held in mind any more of what was scanned and not kept."""
        self.in_hand = self.product_in_hand = None
        self._pairing.clear()

    def _lacking(self, event: ScanEvent) -> tuple[ScanEvent, str | None]:
        """The event with where its pieces are taken from, and what has to be scanned or said before it can be kept."""
        closed = self._keeping.is_counting and self._keeping.bin.opening is None
        circular = into_itself(self._site_map, event)
        lacking = say("scan.bin_first") if closed else circular or judging.lacking(event)
        if lacking:
            return event, lacking
        origin, ask = self._origins.of(event)
        return replace(event, origin=origin), ask or None

    def _is_miscounted(self, sighting: Sighting, good: Sequence[Read]) -> bool:
        """Whether a person said how many, and then typed what may be a product's code but is none of ours."""
        typed = sighting.entry is not None and self.product_in_hand is None
        return typed and self._keeping.task.quantity > 1 and [read.label.kind for read in good] == [Kind.SERIAL]

    def _lacks_its_number(self, key: str, thing: str) -> str:
        """What to ask for where only the product of a unit was read that has a number; empty where nothing lacks."""
        item = item_of(key) if is_stock(key) else None
        if judging.needs_serial(self._site_map, item):
            return say("scan.needs_serial", item=thing)
        return say("scan.needs_plate", item=thing) if judging.bears_plates(self._site_map, item) else ""

    def _half_a_scan(self, sighting: Sighting, item: str, reason: str) -> list[Told]:
        """A product's barcode without the serial: a person scans that next; a camera could not read it."""
        if sighting.entry is None:
            return self._keeping.unreadable(sighting, reason)
        self.product_in_hand = item_of(item)
        return [Told(tone=Tone.ASK, text=reason)]

    def _was_just_put_away(self, event: ScanEvent) -> bool:
        """Whether this is the unit that the bin's label has just put away: a second scan does not move it on."""
        newest = self._keeping.recent.newest
        if newest is None or is_stock(event.subject or ""):
            return False
        return event.action == PUT_AWAY == newest[0].action and newest[0].subject == event.subject

    def _lacks(self, sighting: Sighting, event: ScanEvent, lacking: str, thing: str) -> list[Told]:
        """Something has to be scanned first. What is put away is held in mind: its bin's label is all that lacks."""
        if event.action != PUT_AWAY or event.location is not None:
            self.in_hand = None
            return [Told(tone=Tone.ASK, text=lacking, thing=thing)]
        before, self.in_hand, self._in_hand_thing = self._waiting_for_its_bin(thing), sighting, thing
        where = self._where(event) or lacking
        return [Told(tone=Tone.ASK, text=f"{before} {where}".strip(), thing=thing)]

    def _waiting_for_its_bin(self, thing: str) -> str:
        """That what was scanned before was not put away: another thing was scanned in place of its bin."""
        left = self.in_hand is not None and self._in_hand_thing != thing
        return say("shelf.left", thing=self._in_hand_thing) if left else ""

    def _where(self, event: ScanEvent) -> str:
        """The bin that it may go into: what is recalled goes to one place alone."""
        judged = judging.judged(event, self._keeping.handheld)
        return judged.text if judged.judgement.verdict in STOPPED else self._shelf.text(event.subject)

    def pair(self, sighting: Sighting, read: Sequence[Read]) -> list[Told]:
        """Names of one unit, scanned one after another until there is something to join."""
        sighting, good = self._pairing.joined(sighting, read)
        box = self._identify(good)
        things = ", ".join(judging.thing_text(self._site_map, one.label.key) for one in good)
        if not is_whole(box):
            hopeless = contradict(good)
            if hopeless:
                self._pairing.clear()
            else:
                self._pairing.hold(sighting, good)
            question = judging.question_text(self._site_map, box.question)
            words = say("pair.two_units", question=question) if hopeless else say("pair.other", things=things)
            return [Told(tone=Tone.ASK, text=words, thing=things)]
        self._pairing.clear()
        event = self._box_event(sighting, good, by_own_name(box, self._site_map))
        lacking = judging.lacking(event)
        if lacking or self._keeping.is_repeated(event, sighting):
            return [Told(tone=Tone.ASK if lacking else Tone.INFO, text=lacking or say("scan.already"), thing=things)]
        told = self.keep(event, sighting, judging.thing_text(self._site_map, event.subject or ""))
        names = ", ".join(judging.thing_text(self._site_map, name) for name in event.identifiers or ())
        if event.action == "link":
            return [replace(told, text=say("pair.joined", names=names, text=told.text))]
        return [replace(told, text=say("pair.parted", names=names, text=told.text))]

    def _identify(self, good: Sequence[Read]) -> Box:
        labels = [read.label for read in good]
        if len(labels) == 1 and labels[0].kind is Kind.CONTAINER:
            return Box(key=labels[0].key)
        box = identify(labels, codes=self._codes, item_hint=self.product_in_hand)
        if box.question:
            box = self._by_document(labels)
        task = self._keeping.task
        if task.action == TELL_APART:
            return told_apart(box, self._site_map, task.document, task.container or task.location)
        item = box.item or self.product_in_hand
        box = plated(box, item) if judging.bears_plates(self._site_map, item) else box
        return by_own_name(box, self._site_map) if len(labels) == 1 and labels[0].kind is Kind.PLATE else box

    def _by_document(self, labels: Sequence[Label]) -> Box:
        """The unit of a serial number without its product.

        One that is known by this number, before all if the document announces it; else of the one product that the
        document lists, if it looks like one of its numbers.
        """
        document = self._keeping.task.document
        items = own_items(labels, self._site_map, document) or judging.serial_items(self._site_map, document)
        box = identify(labels, codes=self._codes, document_items=items)
        if box.key is None or box.item is None or box.serial is None or self._site_map.find(box.key):
            return box
        if not looks_like_a_serial(box.serial, self._site_map.serials(box.item, SERIALS_COMPARED)):
            return Box(key=None, question=Question(unclear=Unclear.UNLIKE, serial=box.serial, item=box.item))
        self._supposed = box.item
        return box

    def _box_event(self, sighting: Sighting, good: Sequence[Read], box: Box) -> ScanEvent:
        event = self._keeping.event(
            self._keeping.task.action,
            subject=box.key,
            identifiers=tuple(box.identifiers)[:LIST_MAX] or None,
            lot=box.lot,
            expiry=box.expiry,
            container=self._keeping.task.container,
            condition=self._keeping.task.condition,
            reason=self._keeping.task.reason if "reason" in ACTIONS[self._keeping.task.action].needs else None,
            opening=self._keeping.bin.opening if self._keeping.task.action == "count" else None,
        )
        if is_stock(box.key or ""):
            stated = next((read.label.quantity for read in good if read.label.quantity), 1)
            quantity = self._keeping.task.quantity if self._keeping.task.quantity > 1 else stated
            event = replace(event, quantity=quantity, origin=self._keeping.task.origin)
        main = min(good, key=lambda read: rank(read.label.kind))
        return with_symbols(event, sighting, main.symbol)

    def keep(self, event: ScanEvent, sighting: Sighting, thing: str) -> Told:
        """Judge a scan, commit it, and only then tell it."""
        instead = self._picks.instead(event)
        unfinished = unfinished_parcel(self._keeping.handheld, event)
        judged = self._judged(event)
        verdict = judged.judgement.verdict
        if _is_refused(event, verdict):
            event = replace(event, action="reject", reason=judged.judgement.verdict.value)
        *_, kept = self._keeping.keep([*self._keeping.withdrawn(sighting), event])
        self._keeping.recent.remember(kept, sighting.box, thing)
        if kept.quantity is not None:
            self._keeping.task = replace(self._keeping.task, quantity=1)
        if self.grades_next and kept.condition:
            self.grades_next, self._keeping.task = False, replace(self._keeping.task, condition=None)
        judgement: Judgement | None = judged.judgement
        tone, text = judged.tone, judged.text
        unsaid = judging.says_nothing(self._site_map, kept)
        if unsaid and verdict not in ALWAYS_TOLD:
            judgement, tone, text = None, Tone.GOOD, unsaid
        if kept.action == "reject" and judged.judgement.verdict is Verdict.KNOWN_ELSEWHERE:
            text = say("picks.elsewhere", text=text)
        if instead and kept.action == "pick" and judgement and judgement.verdict is Verdict.RIGHT:
            text = instead
        if unfinished and judgement and judgement.verdict in (Verdict.RIGHT, Verdict.CANNOT_TELL):
            tone, text = Tone.LOOK, unfinished
        if kept.action == "close_carton" and judged.judgement.verdict is not Verdict.CLOSED_ALREADY:
            tone, text = self._closed(kept)
        if kept.quantity and kept.quantity > 1:
            text = say("scan.times", text=text, quantity=kept.quantity)
        return Told(
            tone=tone, text=self._text(text, kept, tone, judgement), thing=thing, event=kept, judgement=judgement
        )

    def _judged(self, event: ScanEvent) -> judging.Judged:
        """The verdict; what the same person received a moment ago is no error."""
        judged = judging.judged(event, self._keeping.handheld)
        if judged.judgement.verdict is Verdict.NOT_EXPECTED and received_just_now(event, self._keeping.handheld):
            right = Judgement(verdict=Verdict.RIGHT)
            return judging.Judged(judgement=right, tone=Tone.INFO, text=say("scan.received_already"))
        return judged

    def _text(self, text: str, kept: ScanEvent, tone: Tone, judgement: Judgement | None) -> str:
        """The verdict's words, and what else there is to say of this scan."""
        warranty = warranty_words(self._keeping.handheld, kept)
        text = f"{text} {warranty}" if warranty else text
        chosen = kept.action == PUT_AWAY and not sets_apart(kept, self._site_map.recalls())
        other = self._shelf.other(kept.subject, kept.location) if chosen else ""
        text = say("sample.after", text=text, sample=other) if other else text
        sample = "" if judgement is None else self._sample.text(kept)
        text = say("sample.after", text=text, sample=sample) if sample else text
        if self._supposed and tone is not Tone.STOP:
            item = judging.thing_text(self._site_map, self._supposed)
            text = say("scan.taken_for", text=text, item=item, document=kept.document)
        return text

    def _closed(self, event: ScanEvent) -> tuple[Tone, str]:
        """What to say of a carton that was closed: whether its order has everything."""
        found = packed_so_far(self._keeping.handheld, event.document, None)
        if found is None:
            return Tone.LOOK, say("packing.closed")
        if found.missing:
            return Tone.LOOK, say("packing.closed_short", order=found.order, missing=", ".join(found.missing))
        return Tone.GOOD, say("packing.closed_whole", order=found.order)


def _is_refused(event: ScanEvent, verdict: Verdict) -> bool:
    """Whether the scan is kept as rejected, and the thing stays where it is."""
    what = ACTIONS[event.action]
    stops = verdict in STOPPED or verdict is Verdict.NOT_RELEASED
    return (what.guarded and verdict in NOT_TAKEN) or (what.stops_recalled and stops)
