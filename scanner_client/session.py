"""One person's work with one handheld: each sighting is understood, judged, committed, and only then told.

Labels of bins, cartons, documents and badges switch what the next scans belong to; everything else is a scan.
A refused or ambiguous label is kept as `unreadable` with its bytes and the reason. A scan that the action cannot
hold yet (a count with no bin) is not kept, and the tone says so: nothing beeps that is not on the disk.

The same unit seen again in the same place for the same action is told and not kept twice: a handheld that lingers
before a shelf would fill its queue. Across sessions it is kept again, for a repeated scan is a fact too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from scanner_client import count_list, judging, parcel
from scanner_client.hand_over import HandOver
from scanner_client.handheld import Handheld
from scanner_client.lone_serial import labels_of
from scanner_client.long_label import shortened, too_long
from scanner_client.moment import event_now, undoing
from scanner_client.open_bin import OpenBin
from scanner_client.packing import Packed, packed_so_far
from scanner_client.pairing import Pairing, Read, by_own_name, contradict, is_whole, pairs
from scanner_client.past import PastScan
from scanner_client.pick_list import PickList, PickLists
from scanner_client.recent import Recent
from scanner_client.sample import Sample
from scanner_client.shelf import Shelf
from scanner_client.sighting import Sighting, Symbol, Told, Tone, printable, rank, with_symbols
from scanner_client.task import QUANTITY_MAX, Task
from scanner_client.wording import say
from sync.actions import ACTIONS, Stock
from sync.condition import CONDITIONS
from sync.event import LIST_MAX, ScanEvent
from sync.identity import Kind, is_stock, item_of, split_key
from sync.labels import Label, Refusal, parse
from sync.labels.box import Box, identify
from sync.verdict import REFUSED, Judgement, Verdict

SWITCHING: Final = frozenset({Kind.LOCATION, Kind.CONTAINER, Kind.DOCUMENT, Kind.BADGE})
"""Labels that say what the next scans belong to; they never belong to a box beside them."""
PUT_AWAY: Final = "put_away"
PLACING: Final = frozenset({Stock.ARRIVES, Stock.MOVES})


class Session:
    """Give it every sighting, in order; it tells what each led to."""

    def __init__(self, handheld: Handheld, task: Task) -> None:
        self.task = task
        self.kept = 0
        """What was committed and stands: neither an undo nor what it undid."""
        self.codes = judging.site_codes(handheld.site_map)
        self._handheld = handheld
        self._site_map = handheld.site_map
        self._recent = Recent()
        self._bin = OpenBin()
        self._next_condition = False
        self._shelf = Shelf(handheld.site_map)
        self._in_hand: Sighting | None = None
        self._sample = Sample(handheld.site_map, handheld.outbox)
        self._picks = PickLists(handheld)
        self.hand_over = HandOver(handheld)
        self._product_in_hand: str | None = None
        self._pairing = Pairing()
        self._switches: dict[Kind, Callable[[Sighting, Read], list[Told]]] = {
            Kind.LOCATION: self._enter_location,
            Kind.CONTAINER: self._enter_container,
            Kind.DOCUMENT: self._enter_document,
            Kind.BADGE: self._enter_badge,
        }

    @property
    def handheld(self) -> Handheld:
        """Where the scans are kept."""
        return self._handheld

    @property
    def picks(self) -> PickLists:
        """What is still to be taken for an order."""
        return self._picks

    @property
    def pick_list(self) -> PickList | None:
        """The list of the order that is being picked; None for other work, or where the handheld does not know it."""
        return self._picks.of(self.task.document) if self.task.action == "pick" else None

    @property
    def packed(self) -> Packed | None:
        """How far the packing of the order in hand is; None for other work, or where the handheld does not know it."""
        mine = self.task.action == "pack"
        return packed_so_far(self._handheld, self.task.document, self.task.container) if mine else None

    def short(self, reason: str) -> list[Told]:
        """What the list asks for next cannot be found: the order does without, and what was promised is free again."""
        found = self.pick_list
        if found is None or not found.stops or not reason.strip():
            return [Told(tone=Tone.ASK, text=say("picks.why") if found and found.stops else say("picks.none"))]
        values = found.shortage() | {"reason": printable(reason.strip()), "entry": "keyed"}
        [kept] = self._keep([self._event("short_pick", **values)])
        thing = judging.thing_text(self._site_map, kept.subject or "")
        self._recent.remember(kept, None, thing)
        return [Told(tone=Tone.LOOK, text=say("picks.short", quantity=kept.quantity), thing=thing, event=kept)]

    @property
    def opening(self) -> str | None:
        """Name of the scan that opened the bin which is being counted; None where none is open."""
        return self._bin.opening

    def scan(self, sighting: Sighting) -> list[Told]:
        """Take in what was read on one box."""
        if len(sighting.symbols) == 1:
            return self._scan_symbol(sighting, sighting.symbols[0])
        return self._scan_read(
            sighting, [(s, too_long(s) or parse(s.data, s.symbology, self.codes)) for s in sighting.symbols]
        )

    def counts(self, quantity: int) -> Told:
        """The next sighting of a product or lot counts so many pieces."""
        if not 1 <= quantity <= QUANTITY_MAX:
            return Told(tone=Tone.ASK, text=say("scan.too_many", quantity=quantity, most=QUANTITY_MAX))
        self.task = replace(self.task, quantity=quantity)
        return Told(tone=Tone.INFO, text=say("scan.multiplier", quantity=quantity))

    def undo(self) -> Told:
        """Take back the last scan of this session; both stay in the history."""
        last = self._recent.take_back()
        if last is None:
            return Told(tone=Tone.ASK, text=say("scan.nothing_to_undo"))
        event, thing, box = last
        [kept] = self._keep([self._undoing(event, "undone at the handheld")])
        # The tracker follows a box for minutes, and deals what it has dealt no second time so long.
        text = say("scan.undone") if event.entry else say("scan.undone_seen")
        return Told(tone=Tone.INFO, text=text, thing=thing, event=kept, undone_box=box)

    def take_back(self, past: PastScan, reason: str) -> Told:
        """Undo any scan of this handheld, or an undo, synced or not; both stay in the history."""
        if past.undone:
            return Told(tone=Tone.ASK, text=say("past.undone_already"), thing=past.thing)
        [kept] = self._keep([self._undoing(past.event, printable(reason))])
        self.kept += 2 if past.event.voids else 0  # what an undo had taken away stands again
        box = self._recent.forget(past.event)
        if past.name == self.opening:
            self._bin.finished()
            self.task = replace(self.task, location=None)
        text = say("past.back_again") if past.event.voids else say("past.undone", what=past.title)
        return Told(tone=Tone.INFO, text=text, thing=past.thing, event=kept, undone_box=box)

    def grade(self, condition: str, *, last: bool) -> Told:
        """In what condition the last scan's unit is, or the next one's."""
        if condition not in CONDITIONS:
            known = ", ".join(CONDITIONS)
            return Told(tone=Tone.ASK, text=say("condition.unknown", text=printable(condition), conditions=known))
        if not last:
            self._next_condition, self.task = True, replace(self.task, condition=condition)
            return Told(tone=Tone.INFO, text=say("condition.next", condition=CONDITIONS[condition]))
        newest = self._recent.newest
        if newest is None or newest[0].subject is None:
            return Told(tone=Tone.ASK, text=say("condition.no_scan"))
        [kept] = self._keep([self._event("grade", subject=newest[0].subject, condition=condition)])
        return Told(
            tone=Tone.INFO, text=say("condition.kept", condition=CONDITIONS[condition]), thing=newest[1], event=kept
        )

    @property
    def last_kept(self) -> tuple[ScanEvent, str] | None:
        """The newest scan that stands, and what people call it; None before the first."""
        newest = self._recent.newest
        return newest[:2] if newest else None

    def unreadable(self) -> list[Told]:
        """A person says that there is a label here which nobody can read."""
        return self._unreadable(Sighting(symbols=(), entry="keyed"), say("scan.nobody_reads_it"))

    def finish(self) -> list[Told]:
        """Everything in the open bin has been scanned, or it is empty; that it is empty has to be said twice."""
        if self._bin.asks_whether_empty():
            return [self._ask_whether_empty()]
        closing = self._closing()
        return [self._told_bin(event) for event in self._keep(closing)] if closing else []

    def leave(self) -> list[Told]:
        """The person goes on to something else: an open bin is finished, but never called empty by that alone."""
        if not self._bin.is_empty:
            return self.finish()
        place = self._place(self.task.location)
        self._bin.finished()
        self.task = replace(self.task, location=None)
        return [Told(tone=Tone.INFO, text=say("place.left_bin", place=place))]

    def _scan_symbol(self, sighting: Sighting, symbol: Symbol) -> list[Told]:
        """One symbol may list many units: each of them is a scan of its own."""
        awaited = self._product_in_hand is not None and sighting.entry is not None
        refused = too_long(symbol)
        known = None if refused else parcel.parcel_of(self._handheld, self.task.action, symbol, self.codes)
        if known:
            return self._enter_container(sighting, Read(symbol, parcel.as_label(known)))
        if self.task.action == parcel.LABELLING and self.task.container and not refused:
            return self._label_parcel(sighting, symbol)
        listed = (refused,) if refused else labels_of(symbol, self.codes, self._site_map, awaited=awaited)
        if len(listed) > 1:
            sighting = replace(sighting, box=None)
        return [told for label in listed for told in self._scan_read(sighting, [(symbol, label)])]

    def _scan_read(self, sighting: Sighting, read: Sequence[tuple[Symbol, Label | Refusal]]) -> list[Told]:
        good = [Read(symbol, label) for symbol, label in read if isinstance(label, Label)]
        if not good:
            refusal = next(label for _, label in read if isinstance(label, Refusal))
            return self._unreadable(sighting, refusal.reason)
        switch = self._switches.get(good[0].label.kind)
        if switch and len(read) == 1:
            return switch(sighting, good[0])
        return self._pair(sighting, good) if pairs(self.task.action) else self._scan_box(sighting, good)

    # What switches the context.

    def _enter_location(self, sighting: Sighting, read: Read) -> list[Told]:
        if self._is_counting():
            return self._count_location(sighting, read)
        self.task = replace(self.task, location=read.label.key, container=None)
        told = [Told(tone=Tone.INFO, text=say("place.bin", place=self._place(read.label.key)))]
        in_hand, self._in_hand = self._in_hand, None
        return [*told, *(self.scan(in_hand) if in_hand else ())]

    def _count_location(self, sighting: Sighting, read: Read) -> list[Told]:
        """Bins are opened and finished by their label: the same one again, or the next one, finishes."""
        is_same = self.opening is not None and self.task.location == read.label.key
        if self._bin.label_flickers(sighting.frame) and is_same:
            return []
        refused = None if is_same else count_list.refusal(self._handheld, self.task, read.label.key)
        if refused:
            return [Told(tone=Tone.ASK, text=refused)]
        if self._bin.asks_whether_empty():
            return [self._ask_whether_empty()]
        events = self._closing()
        if not is_same:
            self.task = replace(self.task, location=read.label.key, container=None)
            events.append(with_symbols(self._event("open_bin"), sighting, read.symbol))
        kept = self._keep(events)
        if not is_same:
            self._bin.opened(kept[-1])
        return [self._told_bin(event) for event in kept]

    def _enter_container(self, sighting: Sighting, read: Read) -> list[Told]:
        what = ACTIONS[self.task.action]
        if "container" in what.needs:  # the carton that the next units go into, not itself what is scanned
            self.task = replace(self.task, container=read.label.key)
            return [Told(tone=Tone.INFO, text=say("place.carton", carton=self._place(read.label.key)))]
        if self.task.action == parcel.LABELLING:
            self.task = replace(self.task, container=read.label.key)
            return [Told(tone=Tone.INFO, text=say("parcel.scan_tracking", carton=self._place(read.label.key)))]
        before = self.task
        self.task = replace(before, container=None)
        told = self._scan_box(sighting, [read])
        holds_units = what.stock in PLACING and told[-1].tone is not Tone.ASK
        self.task = replace(self.task, container=read.label.key if holds_units else before.container)
        return told

    def _label_parcel(self, sighting: Sighting, symbol: Symbol) -> list[Told]:
        """The carrier's label of the carton in hand; another carton's own label takes that one up instead."""
        label = parse(symbol.data, symbol.symbology, self.codes)
        if isinstance(label, Label) and label.kind is Kind.CONTAINER:
            return self._enter_container(sighting, Read(symbol, label))
        key = parcel.tracking_of(symbol, label, self.codes)
        carton = self.task.container
        if key is None or carton is None:
            return [Told(tone=Tone.ASK, text=say("parcel.no_tracking"))]
        event = self._event(self.task.action, subject=carton, identifiers=(key,))
        [kept] = self._keep([with_symbols(event, sighting, symbol)])
        self._recent.remember(kept, sighting.box, self._place(carton))
        self.task = replace(self.task, container=None)
        text = say("parcel.labelled", tracking=judging.number_text(key))
        return [Told(tone=Tone.GOOD, text=text, thing=self._place(carton), event=kept)]

    def close_carton(self) -> list[Told]:
        """The carton in hand is full: it is sealed for its order, and what the order still lacks is said."""
        carton, number = self.task.container, self.task.document
        if carton is None or number is None:
            return [Told(tone=Tone.ASK, text=say("scan.document_first") if carton else say("scan.carton_first"))]
        event = self._event("close_carton", subject=carton, container=None, entry="keyed")
        told = self._keep_scan(event, Sighting(symbols=(), entry="keyed"), self._place(carton))
        self.task = replace(self.task, container=None)
        return [told]

    def go_on(self) -> list[Told]:
        """Cartons that waited for a sync, and may be handed over now."""
        return [told for sighting in self.hand_over.released() for told in self.scan(sighting)]

    def _enter_document(self, _: Sighting, read: Read) -> list[Told]:
        told = self.leave()
        number = split_key(read.label.key).elements[-1][1]
        self.task = replace(self.task, document=number)
        return [*told, Told(tone=Tone.INFO, text=say("place.document", document=number))]

    def _enter_badge(self, _: Sighting, read: Read) -> list[Told]:
        operator = split_key(read.label.key).elements[-1][1]
        self.task = replace(self.task, operator=operator)
        return [Told(tone=Tone.INFO, text=say("place.operator", operator=operator))]

    # What is a scan.

    def _scan_box(self, sighting: Sighting, good: Sequence[Read]) -> list[Told]:
        if self._is_miscounted(sighting, good):
            words = say("scan.counts_a_product", text=good[0].label.serial, quantity=self.task.quantity)
            return [Told(tone=Tone.ASK, text=words)]
        box = self._identify(good)
        if box.key is None and box.identifiers and not box.question:
            # Nothing but an IMEI, say: it is a name of the unit as well, and the server knows of which.
            box = replace(box, key=box.identifiers[0], identifiers=box.identifiers[1:])
        if box.key is None:
            return self._unreadable(sighting, box.question or say("scan.not_ours", key=good[0].label.key))
        thing = judging.thing_text(self._site_map, box.key)
        if is_stock(box.key) and judging.needs_serial(self._site_map, item_of(box.key)):
            return self._half_a_scan(sighting, box.key, say("scan.needs_serial", item=thing))
        self._product_in_hand = None
        event = self._box_event(sighting, good, box)
        lacking = say("scan.bin_first") if self._is_counting() and self.opening is None else judging.lacking(event)
        if lacking:
            return self._lacks(sighting, event, lacking, thing)
        if self._is_repeated(event, sighting):
            return [Told(tone=Tone.INFO, text=say("scan.already"), thing=thing)]
        stale = self.hand_over.stale(event.action)
        if stale:
            self.hand_over.wait(sighting)
            return [Told(tone=Tone.STOP, text=stale, thing=thing)]
        return [self._keep_scan(event, sighting, thing)]

    def _lacks(self, sighting: Sighting, event: ScanEvent, lacking: str, thing: str) -> list[Told]:
        """Something has to be scanned first. What is put away is held in mind: its bin's label is all that lacks."""
        where = self._shelf.text(event.subject) if event.action == PUT_AWAY and event.location is None else ""
        self._in_hand = sighting if event.action == PUT_AWAY and event.location is None else None
        return [Told(tone=Tone.ASK, text=where or lacking, thing=thing)]

    def _pair(self, sighting: Sighting, read: Sequence[Read]) -> list[Told]:
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
            words = say("pair.two_units", question=box.question) if hopeless else say("pair.other", things=things)
            return [Told(tone=Tone.ASK, text=words, thing=things)]
        self._pairing.clear()
        event = self._box_event(sighting, good, by_own_name(box, self._site_map))
        lacking = judging.lacking(event)
        if lacking or self._is_repeated(event, sighting):
            return [Told(tone=Tone.ASK if lacking else Tone.INFO, text=lacking or say("scan.already"), thing=things)]
        told = self._keep_scan(event, sighting, judging.thing_text(self._site_map, event.subject or ""))
        names = ", ".join(judging.thing_text(self._site_map, name) for name in event.identifiers or ())
        if event.action == "link":
            return [replace(told, text=say("pair.joined", names=names, text=told.text))]
        return [replace(told, text=say("pair.parted", names=names, text=told.text))]

    def _is_counting(self) -> bool:
        return ACTIONS[self.task.action].stock is Stock.COUNTED and self.task.document is not None

    def _is_miscounted(self, sighting: Sighting, good: Sequence[Read]) -> bool:
        """Whether a person said how many, and then typed what may be a product's code but is none of ours."""
        typed = sighting.entry is not None and self._product_in_hand is None
        return typed and self.task.quantity > 1 and [read.label.kind for read in good] == [Kind.SERIAL]

    def _identify(self, good: Sequence[Read]) -> Box:
        labels = [read.label for read in good]
        if len(labels) == 1 and labels[0].kind is Kind.CONTAINER:
            return Box(key=labels[0].key)
        items = judging.serial_items(self._site_map, self.task.document)
        return identify(labels, codes=self.codes, item_hint=self._product_in_hand, document_items=items)

    def _box_event(self, sighting: Sighting, good: Sequence[Read], box: Box) -> ScanEvent:
        event = self._event(
            self.task.action,
            subject=box.key,
            identifiers=tuple(box.identifiers)[:LIST_MAX] or None,
            lot=box.lot,
            expiry=box.expiry,
            container=self.task.container,
            condition=self.task.condition,
            reason=self.task.reason if "reason" in ACTIONS[self.task.action].needs else None,
            opening=self.opening if self.task.action == "count" else None,
        )
        if is_stock(box.key or ""):
            stated = next((read.label.quantity for read in good if read.label.quantity), 1)
            quantity = self.task.quantity if self.task.quantity > 1 else stated
            event = replace(event, quantity=quantity, origin=self.task.origin)
        main = min(good, key=lambda read: rank(read.label.kind))
        return with_symbols(event, sighting, main.symbol)

    def _keep_scan(self, event: ScanEvent, sighting: Sighting, thing: str) -> Told:
        instead = self._picks.instead(event)
        judged = judging.judged(event, self._handheld)
        if ACTIONS[event.action].guarded and judged.judgement.verdict in REFUSED:
            event = replace(event, action="reject", reason=judged.judgement.verdict.value)
        *_, kept = self._keep([*self._withdrawn(sighting), event])
        self._recent.remember(kept, sighting.box, thing)
        if kept.quantity is not None:
            self.task = replace(self.task, quantity=1)
        if self._next_condition and kept.condition:
            self._next_condition, self.task = False, replace(self.task, condition=None)
        judgement: Judgement | None = judged.judgement
        tone, text = judged.tone, judged.text
        unsaid = judging.says_nothing(self._site_map, kept)
        if unsaid and judged.judgement.verdict is not Verdict.RECALLED:
            judgement, tone, text = None, Tone.GOOD, unsaid
        if instead and kept.action == "pick" and judgement and judgement.verdict is Verdict.RIGHT:
            text = instead
        if kept.action == "close_carton" and judged.judgement.verdict is not Verdict.CLOSED_ALREADY:
            tone, text = self._closed(kept)
        if kept.quantity and kept.quantity > 1:
            text = say("scan.times", text=text, quantity=kept.quantity)
        other = self._shelf.other(kept.subject, kept.location) if kept.action == PUT_AWAY else ""
        text = say("sample.after", text=text, sample=other) if other else text
        sample = "" if judgement is None else self._sample.text(kept)
        text = say("sample.after", text=text, sample=sample) if sample else text
        return Told(tone=tone, text=text, thing=thing, event=kept, judgement=judgement)

    def _closed(self, event: ScanEvent) -> tuple[Tone, str]:
        """What to say of a carton that was closed: whether its order has everything."""
        found = packed_so_far(self._handheld, event.document, None)
        if found is None:
            return Tone.LOOK, say("packing.closed")
        if found.missing:
            return Tone.LOOK, say("packing.closed_short", order=found.order, missing=", ".join(found.missing))
        return Tone.GOOD, say("packing.closed_whole", order=found.order)

    def _half_a_scan(self, sighting: Sighting, item: str, reason: str) -> list[Told]:
        """A product's barcode without the serial: a person scans that next; a camera could not read it."""
        if sighting.entry is None:
            return self._unreadable(sighting, reason)
        self._product_in_hand = item_of(item)
        return [Told(tone=Tone.ASK, text=reason)]

    def _unreadable(self, sighting: Sighting, reason: str) -> list[Told]:
        if self._recent.of_box(sighting.box):
            return []  # a further label on a box that was kept already
        event = self._event("unreadable", reason=printable(reason), container=self.task.container)
        first = sighting.symbols[0] if sighting.symbols else None
        [kept] = self._keep([with_symbols(event, sighting, first)])
        self._recent.remember(kept, sighting.box, reason)
        return [Told(tone=Tone.LOOK, text=say("scan.unreadable", reason=reason), event=kept)]

    def _is_repeated(self, event: ScanEvent, sighting: Sighting) -> bool:
        """Whether this very scan is kept already: the same box again, or the same unit in the same place."""
        earlier = self._recent.of_box(sighting.box)
        if earlier is not None:
            return earlier.subject == event.subject
        return not is_stock(event.subject or "") and self._recent.is_there_already(event)

    def _withdrawn(self, sighting: Sighting) -> list[ScanEvent]:
        """What was kept of this box before a further label of it was read, undone."""
        earlier = self._recent.of_box(sighting.box)
        return [self._undoing(earlier, "a further label of the box was read")] if earlier else []

    def _undoing(self, event: ScanEvent, reason: str) -> ScanEvent:
        return undoing(self._handheld, self.task, event, reason)

    def _closing(self) -> list[ScanEvent]:
        if self.opening is None:
            return []
        finished = self._event("finish_bin")
        self._bin.finished()
        self.task = replace(self.task, location=None)  # who goes on counting opens a bin
        return [finished]

    def _keep(self, events: list[ScanEvent]) -> list[ScanEvent]:
        kept = self._handheld.commit([shortened(event) for event in events])
        self.kept += sum(-1 if event.voids else 1 for event in kept)
        for event in kept:
            if event.action not in ("open_bin", "finish_bin"):
                self._bin.scanned(event)
        return kept

    def _event(self, action: str, **values: Any) -> ScanEvent:
        return event_now(self._handheld, self.task, action, **values)

    def _told_bin(self, event: ScanEvent) -> Told:
        words = say(f"place.{event.action}", place=self._place(event.location))
        if event.action == "finish_bin":
            following = count_list.next_words(self._handheld, self.task)
            return Told(tone=Tone.INFO, text=f"{words} {following}" if following else words, event=event)
        stranger = count_list.stranger(self._handheld, self.task, event.location or "")
        tone = Tone.LOOK if stranger else Tone.INFO
        return Told(tone=tone, text=f"{words} {stranger}" if stranger else words, event=event)

    def _ask_whether_empty(self) -> Told:
        return Told(tone=Tone.ASK, text=say("place.is_it_empty", place=self._place(self.task.location)))

    def _place(self, key: str | None) -> str:
        return judging.place_text(self._site_map, key)
