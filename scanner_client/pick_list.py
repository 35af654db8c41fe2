"""What to take next for an order, bin by bin, with no network: what the map promises it, less what was taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from scanner_client import judging
from scanner_client.handheld import Handheld
from scanner_client.order_now import shortages, taken_for
from scanner_client.pieces_map import Lying
from scanner_client.pieces_now import pieces_of
from scanner_client.sighting import Told, Tone
from scanner_client.unit_now import known_now
from scanner_client.wording import say
from sync.condition import is_damage
from sync.event import ScanEvent
from sync.identity import is_location, is_stock, item_of, split_key
from sync.order import Available, Order, Wanted, filled, promise
from sync.recall import Recall, bite, traits_of
from sync.unit import NOT_TOLD, Status
from sync.verdict import day
from sync.walking import walking_order

NAMED_MAX: Final = 3
"""Serial numbers that one line of the list names; any other unit of the product will do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """So many of one product out of one bin."""

    want: Wanted
    quantity: int
    units: tuple[Available, ...]
    """The suggested ones, what should go first ahead: units, or the pieces of one product or lot in this bin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One bin on the way."""

    place: str | None
    """None for what this handheld's data have in no bin."""
    takes: tuple[Take, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PickList:
    """One order's way through the warehouse."""

    order: Order
    done: int
    """Pieces that were picked."""
    short: int
    """Pieces that somebody reported as not to be found."""
    stops: tuple[Stop, ...]

    @property
    def asked(self) -> int:
        return sum(line.quantity for line in self.order.lines)

    @property
    def suggested(self) -> dict[str, Available]:
        """Every unit that the list names."""
        found = (one for stop in self.stops for take in stop.takes for one in take.units)
        return {one.unit: one for one in found if not is_stock(one.unit)}

    def shortage(self, open_bin: str | None) -> dict[str, Any]:
        """What the list asks for in the open bin, or else next, as the fields of an event: it cannot be found."""
        here = (stop for stop in self.stops if stop.place is not None and stop.place == open_bin)
        stop = next(here, self.stops[0])
        take = stop.takes[0]
        line = take.want.line
        return {
            "subject": line.unit or line.item,
            "lot": line.lot,
            "location": stop.place if stop.place and is_location(stop.place) else None,
            "quantity": take.quantity,
        }


class PickLists:
    """Makes the list anew whenever it is asked for; what it reads of every unit is read once for each sync."""

    def __init__(self, handheld: Handheld) -> None:
        self._handheld = handheld
        self._stock: tuple[object, str, list[Available]] | None = None
        self._made: tuple[tuple[object, ...], PickList | None] | None = None

    def of(self, number: str | None) -> PickList | None:
        """The list of this order; None where this handheld does not know it."""
        handheld = self._handheld
        today = day(handheld.site_map.now_ms(handheld.clock))
        seen = (number, handheld.site_map.version, handheld.outbox.version, today)
        if self._made is None or self._made[0] != seen:  # asked for before each scan and after it
            self._made = (seen, self._make(number))
        return self._made[1]

    def _make(self, number: str | None) -> PickList | None:
        orders = self._handheld.site_map.orders()
        order = orders.get(number or "")
        if order is None:
            return None
        items = {line.item for line in order.lines}
        rivals = [one for one in orders.values() if any(line.item in items for line in one.lines)]
        taken = {
            one.number: [*taken_for(self._handheld, one, "pick"), *shortages(self._handheld, one)] for one in rivals
        }
        bin_of = self._handheld.site_map.location_of
        wants = promise(rivals, taken, self._available(order, orders), bin_of=bin_of).get(order.number, ())
        mine = taken_for(self._handheld, order, "pick")
        short = sum(one.quantity for one in shortages(self._handheld, order))
        return PickList(order=order, done=filled(order, mine), short=short, stops=self._stops(wants, order))

    def _available(self, order: Order, orders: Mapping[str, Order]) -> list[Available]:
        """Units of these products that may go out, as they stand now."""
        site_map, today = self._handheld.site_map, day(self._handheld.site_map.now_ms(self._handheld.clock))
        seen = (site_map.version, order.number)
        if self._stock is None or self._stock[:2] != seen:
            self._stock = (*seen, site_map.stored({line.item for line in order.lines}))
        own = {str(event.subject) for event in self._handheld.own_scans.all() if event.subject}
        recalls = site_map.recalls()
        apart = site_map.quarantine_bins()
        found = []
        for one in self._stock[2]:
            if site_map.location_of(one.place) in apart:
                continue  # set apart, held by a scan or not, until it is put away elsewhere
            if one.expiry is not None and one.expiry < today:
                continue
            if recalls and self._is_recalled(one, recalls):
                continue
            if one.unit in own:
                known = known_now(self._handheld, one.unit)
                if known is None or known.status is not Status.STORED or known.held or is_damage(known.condition):
                    continue
            found.append(one)
        lying = [one for item in {line.item for line in order.lines} for one in pieces_of(self._handheld, item)]
        shelved = [_pieces(one) for one in lying if one.quantity > 0 and one.shelved and one.place not in apart]
        fit = [one for one in shelved if one.expiry is None or one.expiry >= today]
        found += [one for one in fit if not (recalls and self._is_recalled(one, recalls))]
        return found

    def _is_recalled(self, one: Available, recalls: Sequence[Recall]) -> bool:
        now_ms = self._handheld.site_map.now_ms(self._handheld.clock)
        return bite(recalls, traits_of(one.unit, known_now(self._handheld, one.unit), now_ms)) is not None

    def _stops(self, wants: Iterable[Wanted], order: Order) -> tuple[Stop, ...]:
        by_place: dict[str | None, list[Take]] = {}
        for want in () if order.cancelled else wants:
            places: dict[str | None, list[Available]] = {}
            for one in want.units:
                place = self._handheld.site_map.location_of(one.place) or one.place
                places.setdefault(None if place == NOT_TOLD else place, []).append(one)  # its bin is counted blind
            for place, units in places.items():
                take = Take(want=want, quantity=sum(one.quantity for one in units), units=tuple(units))
                by_place.setdefault(place, []).append(take)
            if want.missing > want.promised:
                rest = Take(want=want, quantity=want.missing - want.promised, units=())
                by_place.setdefault(None, []).append(rest)
        ordered = sorted(
            by_place,
            key=lambda place: (place is None, walking_order(judging.place_text(self._handheld.site_map, place))),
        )
        return tuple(Stop(place=place, takes=tuple(by_place[place])) for place in ordered)

    def instead(self, event: ScanEvent) -> str | None:
        """What to say of a unit that is as good as the suggested one, in words; None where it is the suggested one."""
        found = self.of(event.document) if event.action == "pick" else None
        named = found.suggested if found else {}
        better = [one for one in named.values() if item_of(one.unit) == item_of(event.subject or "")]
        if not better or event.subject in named:
            return None
        site_map = self._handheld.site_map
        place = judging.place_text(site_map, site_map.location_of(better[0].place))
        return say("picks.instead", unit=judging.number_text(better[0].unit), place=place)

    def told(self, found: PickList | None) -> list[Told]:
        """The list in words: how far it is, then a line for each take."""
        if found is None:
            return [Told(tone=Tone.ASK, text=say("picks.none"))]
        lines = [progress_text(found)]
        for stop in found.stops:
            bin_ = say("picks.bin", place=self.place_words(stop)) if stop.place else self.place_words(stop)
            lines += [f"{bin_} {self.words(take)}" for take in stop.takes]
        return [Told(tone=Tone.INFO, text=line) for line in lines]

    def place_words(self, stop: Stop) -> str:
        """The bin as people call it."""
        return judging.place_text(self._handheld.site_map, stop.place) if stop.place else say("picks.no_bin")

    def words(self, take: Take) -> str:
        """One take as a person reads it."""
        site_map, line = self._handheld.site_map, take.want.line
        thing = judging.thing_text(site_map, line.unit or line.item)
        if line.unit is not None:
            return say("picks.made_for", thing=thing)
        text = say("picks.take", quantity=take.quantity, thing=thing)
        if line.lot is not None:
            text = say("picks.of_lot", take=text, lot=line.lot)
        pieces = {line.item, *(one.unit for one in take.units if line.lot is not None and is_stock(one.unit))}
        named_ones = [one for one in take.units if one.unit not in pieces]  # else the line has said it already
        if named_ones:
            named = ", ".join(map(_named, named_ones[:NAMED_MAX]))
            more = len(named_ones) - NAMED_MAX
            text = say(
                "picks.first", take=text, units=say("picks.more", units=named, count=more) if more > 0 else named
            )
        return text


def _named(one: Available) -> str:
    """A serial number; or a lot, with how many of it where that may not be all."""
    number = judging.number_text(one.unit)
    return say("picks.lot", lot=number, quantity=one.quantity) if is_stock(one.unit) else number


def _pieces(one: Lying) -> Available:
    return Available(
        unit=one.subject,
        place=one.place,
        lot=split_key(one.subject).value("10"),
        expiry=one.expiry,
        stocked_minute=one.stocked_minute,
        quantity=one.quantity,
    )


def progress_text(found: PickList) -> str:
    """How far it is: "3 of 7"."""
    if found.order.cancelled:
        return say("picks.cancelled", order=found.order.number)
    text = say("picks.progress", done=found.done, asked=found.asked)
    return say("picks.with_short", progress=text, short=found.short) if found.short else text
