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
from typing import Final

from scanner_client import bin_labels, count_list, judging, parcel
from scanner_client.assignment import AssignmentError, place_key, unknown_document_text
from scanner_client.box_scan import BoxScans
from scanner_client.hand_over import HandOver
from scanner_client.handheld import Handheld
from scanner_client.keeping import Keeping
from scanner_client.lone_serial import labels_of
from scanner_client.long_label import too_long
from scanner_client.packed_here import was_closed_here
from scanner_client.packing import Packed, packed_so_far
from scanner_client.pairing import Read, pairs
from scanner_client.past import PastScan
from scanner_client.pick_list import PickList, PickLists
from scanner_client.plating import TELL_APART
from scanner_client.put_back import Back, PutBacks
from scanner_client.returns_desk import ReturnsDesk
from scanner_client.sighting import Sighting, Symbol, Told, Tone, printable, with_symbols
from scanner_client.task import QUANTITY_MAX, Task
from scanner_client.unit_now import known_now
from scanner_client.wording import action_words, say
from sync.actions import ACTIONS, Stock
from sync.condition import CONDITIONS
from sync.event import ScanEvent
from sync.identity import Kind, split_key
from sync.labels import Label, Refusal, parse

SWITCHING: Final = frozenset({Kind.LOCATION, Kind.CONTAINER, Kind.DOCUMENT, Kind.BADGE})
"""Labels that say what the next scans belong to; they never belong to a box beside them."""
PLACING: Final = frozenset({Stock.ARRIVES, Stock.MOVES})


class Session:
    """Give it every sighting, in order; it tells what each led to."""

    def __init__(self, handheld: Handheld, task: Task) -> None:
        self.keeping = Keeping(handheld, task)
        self.codes = judging.site_codes(handheld.site_map)
        self.picks = PickLists(handheld)
        """What is still to be taken for an order."""
        self.put_backs = PutBacks(handheld)
        """What goes back to the shelf, of orders that were cancelled."""
        self.hand_over = HandOver(handheld)
        self.desk = ReturnsDesk(self.keeping)
        """What came back, and is being examined."""
        self._boxes = BoxScans(
            self.keeping, codes=self.codes, picks=self.picks, hand_over=self.hand_over, desk=self.desk
        )
        self._switches: dict[Kind, Callable[[Sighting, Read], list[Told]]] = {
            Kind.LOCATION: self._enter_location,
            Kind.CONTAINER: self._enter_container,
            Kind.DOCUMENT: self._enter_document,
            Kind.BADGE: self._enter_badge,
        }

    def scan(self, sighting: Sighting) -> list[Told]:
        """Take in what was read on one box."""
        told = self._scan(sighting)
        self.keeping.note_unkept(sighting, told, waits=self.hand_over.awaits(sighting))
        return told

    def _scan(self, sighting: Sighting) -> list[Told]:
        if len(sighting.symbols) == 1:
            return self._scan_symbol(sighting, sighting.symbols[0])
        return self._scan_read(
            sighting, [(s, too_long(s) or parse(s.data, s.symbology, self.codes)) for s in sighting.symbols]
        )

    def _scan_symbol(self, sighting: Sighting, symbol: Symbol) -> list[Told]:
        """One symbol may list many units: each of them is a scan of its own."""
        awaited = (self._boxes.product_in_hand is not None and sighting.entry is not None) or self.desk.awaits(())
        refused = too_long(symbol)
        known = None if refused else parcel.parcel_of(self.handheld, self.task.action, symbol, self.codes)
        if known:
            return self._enter_container(sighting, Read(symbol, parcel.as_label(known)))
        if self.task.action == parcel.LABELLING and self.task.container and not refused:
            return self._label_parcel(sighting, symbol)
        listed = (refused,) if refused else labels_of(symbol, self.codes, self.handheld.site_map, awaited=awaited)
        if len(listed) > 1:
            sighting = replace(sighting, box=None)
        return [told for label in listed for told in self._scan_read(sighting, [(symbol, label)])]

    def _scan_read(self, sighting: Sighting, read: Sequence[tuple[Symbol, Label | Refusal]]) -> list[Told]:
        good = [Read(symbol, label) for symbol, label in read if isinstance(label, Label)]
        if not good:
            refusal = next(label for _, label in read if isinstance(label, Refusal))
            return self.keeping.unreadable(sighting, refusal.reason)
        switch = self._switches.get(good[0].label.kind)
        if switch and len(read) == 1:
            return switch(sighting, good[0])
        if self.desk.awaits(good):
            return self.desk.number(sighting, good)
        return self._boxes.pair(sighting, good) if pairs(self.task.action) else self._boxes.scan(sighting, good)

    # What switches the context.

    def _enter_location(self, sighting: Sighting, read: Read) -> list[Told]:
        if self.keeping.is_counting:
            return bin_labels.count_at(self.keeping, sighting, read)
        self.keeping.task = replace(self.task, location=read.label.key, container=None)
        told = [bin_labels.entered(self.keeping, read.label.key)]
        in_hand, self._boxes.in_hand = self._boxes.in_hand, None
        if in_hand is None:
            return told
        told += self.scan(in_hand)
        self.keeping.task = replace(self.task, location=None)  # who scans the unit first scans a bin for each
        return told

    def _enter_container(self, sighting: Sighting, read: Read) -> list[Told]:
        what = ACTIONS[self.task.action]
        parcel_ = self.desk.parcel(sighting, read.label.key)
        if parcel_ is not None:
            return parcel_
        if self.task.action == TELL_APART and self.task.location is None:
            return [Told(tone=Tone.ASK, text=say("scan.bin_first"), thing=self.keeping.place(read.label.key))]
        if "container" in what.needs or self.task.action == TELL_APART:  # what the next are in, not itself scanned
            self.keeping.task = replace(self.task, container=read.label.key)
            return [Told(tone=Tone.INFO, text=say("place.carton", carton=self.keeping.place(read.label.key)))]
        if self.task.action == parcel.LABELLING:
            self.keeping.task = replace(self.task, container=read.label.key)
            return [Told(tone=Tone.INFO, text=say("parcel.scan_tracking", carton=self.keeping.place(read.label.key)))]
        before = self.task
        self.keeping.task = replace(before, container=None)
        told = self._boxes.scan(sighting, [read])
        holds_units = what.stock in PLACING and told[-1].tone is not Tone.ASK
        self.keeping.task = replace(self.task, container=read.label.key if holds_units else before.container)
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
        event = self.keeping.event(self.task.action, subject=carton, identifiers=(key,))
        [kept] = self.keeping.keep([with_symbols(event, sighting, symbol)])
        self.keeping.recent.remember(kept, sighting.box, self.keeping.place(carton))
        self.keeping.task = replace(self.task, container=None)
        text = say("parcel.labelled", tracking=judging.number_text(key))
        return [Told(tone=Tone.GOOD, text=text, thing=self.keeping.place(carton), event=kept)]

    def _enter_document(self, _: Sighting, read: Read) -> list[Told]:
        told = self.leave()
        number = split_key(read.label.key).elements[-1][1]
        self.keeping.task = replace(self.task, document=number)
        if self.desk.in_hand is not None:
            return [*told, *self.desk.document(number)]
        unknown = unknown_document_text(self.task, self.handheld.site_map)
        if unknown is not None:
            return [*told, Told(tone=Tone.LOOK, text=unknown)]
        return [*told, Told(tone=Tone.INFO, text=say("place.document", document=number))]

    def _enter_badge(self, _: Sighting, read: Read) -> list[Told]:
        operator = split_key(read.label.key).elements[-1][1]
        self.keeping.task = replace(self.task, operator=operator)
        return [Told(tone=Tone.INFO, text=say("place.operator", operator=operator))]

    # What a person says.

    def counts(self, quantity: int) -> Told:
        """The next sighting of a product or lot counts so many pieces."""
        if not 1 <= quantity <= QUANTITY_MAX:
            return Told(tone=Tone.ASK, text=say("scan.too_many", quantity=quantity, most=QUANTITY_MAX))
        self.keeping.task = replace(self.task, quantity=quantity)
        return Told(tone=Tone.INFO, text=say("scan.multiplier", quantity=quantity))

    def comes_from(self, text: str) -> list[Told]:
        """Where the next pieces are taken from: a bin or a carton, by label or code; empty: not said any more."""
        label = parse(text.strip().encode(), None, self.codes)
        kind = Kind.CONTAINER if isinstance(label, Label) and label.kind is Kind.CONTAINER else Kind.LOCATION
        try:
            origin = place_key(text.strip(), kind, self.handheld.site_map) if text.strip() else None
        except AssignmentError as error:
            return [Told(tone=Tone.ASK, text=str(error))]
        self.keeping.task = replace(self.task, origin=origin)
        words = say("place.from", place=self.keeping.place(origin)) if origin else say("place.from_nowhere")
        return [Told(tone=Tone.INFO, text=words)]

    def grade(self, condition: str, *, last: bool) -> Told:
        """In what condition the last scan's unit is, or the next one's."""
        if condition not in CONDITIONS:
            known = ", ".join(CONDITIONS)
            return Told(tone=Tone.ASK, text=say("condition.unknown", text=printable(condition), conditions=known))
        if not last:
            self._boxes.grades_next, self.keeping.task = True, replace(self.task, condition=condition)
            return Told(tone=Tone.INFO, text=say("condition.next", condition=CONDITIONS[condition]))
        newest = self.keeping.recent.newest
        if newest is None or newest[0].subject is None:
            return Told(tone=Tone.ASK, text=say("condition.no_scan"))
        [kept] = self.keeping.keep([self.keeping.event("grade", subject=newest[0].subject, condition=condition)])
        text = say("condition.kept", condition=CONDITIONS[condition])
        return self.desk.graded(Told(tone=Tone.INFO, text=text, thing=newest[1], event=kept))

    def undo(self) -> Told:
        """Take back the last scan of this session; both stay in the history. One that was not kept is only dropped."""
        unkept, self.keeping.unkept = self.keeping.unkept, None
        if unkept is not None:
            return self._drop(*unkept)
        last = self.keeping.recent.take_back()
        if last is None:
            return Told(tone=Tone.ASK, text=say("scan.nothing_to_undo"))
        event, thing, box = last
        [kept] = self.keeping.keep([self.keeping.undoing(event, "undone at the handheld")])
        # The tracker follows a box for minutes, and deals what it has dealt no second time so long.
        text = say("scan.undone") if event.entry else say("scan.undone_seen")
        return Told(tone=Tone.INFO, text=text, thing=thing, event=kept, undone_box=box)

    def _drop(self, sighting: Sighting, thing: str) -> Told:
        """What was scanned last was not kept: it waits for nothing any more, and what was kept before it stands."""
        self._boxes.drop()
        self.hand_over.drop(sighting)
        newest = self.last_kept
        if newest is None:
            return Told(tone=Tone.ASK, text=say("scan.undo_unkept"), thing=thing)
        kept = f"{action_words(newest[0].action)[0]} {newest[1]}".strip()
        return Told(tone=Tone.ASK, text=say("scan.undo_last_kept", kept=kept), thing=thing)

    def take_back(self, past: PastScan, reason: str) -> Told:
        """Undo any scan of this handheld, or an undo, synced or not; both stay in the history."""
        if past.undone:
            return Told(tone=Tone.ASK, text=say("past.undone_already"), thing=past.thing)
        [kept] = self.keeping.keep([self.keeping.undoing(past.event, printable(reason))])
        self.keeping.stands_again(past.event)
        box = self.keeping.recent.forget(past.event)
        if past.name == self.keeping.bin.opening:
            self.keeping.bin.finished()
            self.keeping.task = replace(self.task, location=None)
        text = say("past.back_again") if past.event.voids else say("past.undone", what=past.title)
        return Told(tone=Tone.INFO, text=text, thing=past.thing, event=kept, undone_box=box)

    def unreadable(self) -> list[Told]:
        """A person says that there is a label here which nobody can read."""
        return self.keeping.unreadable(Sighting(symbols=(), entry="keyed"), say("scan.nobody_reads_it"))

    def short(self, reason: str) -> list[Told]:
        """What the list asks for next cannot be found: the order does without, and what was promised is free again."""
        found = self.pick_list
        if found is None or not found.stops:
            order = found.order.number if found else None
            words = say("picks.nothing_left", order=order) if order else say("picks.none")
            return [Told(tone=Tone.ASK, text=words)]
        if not reason.strip():
            return [Told(tone=Tone.ASK, text=say("picks.why"))]
        values = found.shortage(self.task.location) | {"reason": printable(reason.strip()), "entry": "keyed"}
        [kept] = self.keeping.keep([self.keeping.event("short_pick", **values)])
        thing = judging.thing_text(self.handheld.site_map, kept.subject or "")
        self.keeping.recent.remember(kept, None, thing)
        text = say("picks.short", quantity=kept.quantity)
        if kept.location:
            text = say("picks.short_in", place=self.keeping.place(kept.location), quantity=kept.quantity)
        return [Told(tone=Tone.LOOK, text=text, thing=thing, event=kept)]

    def close_carton(self) -> list[Told]:
        """The carton in hand is full: it is sealed for its order, and what the order still lacks is said."""
        carton, number = self.task.container, self.task.document
        if carton is None or number is None:
            return [Told(tone=Tone.ASK, text=say("scan.document_first") if carton else say("scan.carton_first"))]
        if parcel.holds_nothing(self.handheld, carton, number):
            words = say("packing.empty", carton=self.keeping.place(carton))
            return [Told(tone=Tone.ASK, text=words, thing=self.keeping.place(carton))]
        known = known_now(self.handheld, carton)
        if known is not None and known.closed and was_closed_here(self.handheld.outbox, carton, number):
            self.keeping.task = replace(self.task, container=None)
            words = say("packing.closed_before", order=number)
            return [Told(tone=Tone.INFO, text=words, thing=self.keeping.place(carton))]
        event = self.keeping.event("close_carton", subject=carton, container=None, entry="keyed")
        told = self._boxes.keep(event, Sighting(symbols=(), entry="keyed"), self.keeping.place(carton))
        self.keeping.task = replace(self.task, container=None)
        return [told]

    def go_on(self, *, heard: bool = True) -> list[Told]:
        """After a sync: what waited for the server's answer goes, or is to be held.

        Args:
            heard: whether the server answered; False as well where nothing more is waited for, as when the work ends.
        """
        gone, now = [], self.keeping.task
        for one in self.hand_over.answered():
            self.keeping.task = one.task
            gone += self.scan(one.sighting)
        self.keeping.task = now
        return [*gone, *self.hand_over.unanswered(heard=heard)]

    def finish(self) -> list[Told]:
        """Everything in the open bin has been scanned, or it is empty; that it is empty has to be said twice."""
        return bin_labels.finish(self.keeping)

    def leave(self) -> list[Told]:
        """The person goes on to something else: an open bin is finished, but never called empty by that alone."""
        return bin_labels.leave(self.keeping)

    # How far it is.

    @property
    def handheld(self) -> Handheld:
        """Where the scans are kept."""
        return self.keeping.handheld

    @property
    def task(self) -> Task:
        """Where the person is with it now."""
        return self.keeping.task

    @property
    def kept(self) -> int:
        """What was committed and stands: neither an undo nor what it undid."""
        return self.keeping.kept

    @property
    def last_kept(self) -> tuple[ScanEvent, str] | None:
        """The newest scan that stands, and what people call it; None before the first."""
        newest = self.keeping.recent.newest
        return newest[:2] if newest else None

    @property
    def opening(self) -> str | None:
        """Name of the scan that opened the bin which is being counted; None where none is open."""
        return self.keeping.bin.opening

    @property
    def pick_list(self) -> PickList | None:
        """The list of the order that is being picked; None for other work, or where the handheld does not know it."""
        return self.picks.of(self.task.document) if self.task.action == "pick" else None

    @property
    def put_back(self) -> list[Back] | None:
        """What goes back to the shelf, for who puts away; None for other work."""
        return self.put_backs.of(self.task.document) if self.task.action == "put_away" else None

    def listed(self) -> list[Told]:
        """The list of the work in hand: what to put back, or what to pick."""
        if self.keeping.is_counting:
            return count_list.told(self.handheld, self.task)
        if self.put_back is not None:
            return self.put_backs.told(self.put_back)
        return self.picks.told(self.pick_list)

    @property
    def packed(self) -> Packed | None:
        """How far the packing of the order in hand is; None for other work, or where the handheld does not know it."""
        mine = self.task.action == "pack"
        return packed_so_far(self.handheld, self.task.document, self.task.container) if mine else None
