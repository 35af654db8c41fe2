"""One bin, or one open carton: what this handheld expects in it against what has been scanned there so far.

Gather (`expectation`: what the map puts there), decide (`BinCheck.told`: what each outcome of the session means for
the bin), show (`summary`, `lines`, and a mark for each label on the picture).

A blind count is told nothing: it gets no expectation, and no verdict but a recall.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from scanner_client import judging
from scanner_client.handheld import Handheld
from scanner_client.pieces_now import pieces_in
from scanner_client.sighting import Told, Tone
from scanner_client.site_map import SiteMap
from scanner_client.task import Task
from scanner_client.vision.mark import MarkTone
from scanner_client.wording import say
from sync.actions import ACTIONS, Compare, Stock
from sync.event import ScanEvent, format_name
from sync.identity import is_stock
from sync.verdict import ALWAYS_TOLD, REFUSED, Verdict

NAMES_MAX: Final = 20
"""Names in one list; the others are counted."""
SCANS_MAX: Final = 20_000
"""More than anyone scans in one bin; further ones are kept as ever, but this check does not know of them."""


WRONG: Final = (
    Verdict.STOLEN,
    Verdict.RECALLED,
    Verdict.SHIPPED_ALREADY,
    *sorted(REFUSED - {Verdict.STOLEN, Verdict.RECALLED, Verdict.SHIPPED_ALREADY}),
    Verdict.CLOSED_ALREADY,
    Verdict.KNOWN_ELSEWHERE,
    Verdict.NOT_EXPECTED,
)
"""The most urgent first: those of `judging.TONES` that must not go on."""

_MARKS: Final = {
    Tone.GOOD: MarkTone.RIGHT,
    Tone.LOOK: MarkTone.LOOK,
    Tone.STOP: MarkTone.WRONG,
    Tone.ALARM: MarkTone.WRONG,
}
"""The picture says of a verdict what the page and the sound say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the handheld's data put into one place, and what it takes to speak of it."""

    action: str
    document: str | None
    opening: str | None
    """Name of the scan that opened the bin: who opens it anew counts it anew."""
    place: str | None
    """The bin or the carton; None where the task names none."""
    units: frozenset[str]
    """By canonical name; empty where nothing is compared."""
    pieces: Mapping[str, int]
    """How many of each product or lot that has no units."""
    compared: bool
    """Whether what is not among the units is missing: not for blind counts, nor where one takes or brings things."""
    blind: bool
    name: Callable[[str], str]
    """What people call a unit."""
    place_name: Callable[[str], str]
    own_name: Callable[[str], str]
    """The canonical name of a unit that was scanned by a further identifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """One scan that stands, of one unit or of pieces."""

    unit: str
    verdict: Verdict | None
    """None where none is given: a blind count, a label that could not be used."""
    thing: str
    belongs: str | None = None
    """Where it belongs instead."""
    quantity: int = 1


def expectation(handheld: Handheld, task: Task, opening: str | None) -> Expectation:
    """What is expected where the task is now.

    An open carton that is being received is expected to hold what its supplier announced; a bin, or a carton in it,
    what the records put there. Who picks, moves or packs is not told that the rest of the bin is missing.
    """
    site_map, what = handheld.site_map, ACTIONS[task.action]
    blind = judging.is_blind(site_map, task.document, task.location)
    place = _place(task)
    units: list[str] | None = None
    pieces: Mapping[str, int] = {}
    if place is not None and not blind and what.compare is not Compare.NOTHING and what.stock is not Stock.TAKEN:
        announced = what.compare is Compare.ANNOUNCED
        units = site_map.announced_in(place) if announced else site_map.expected_in(place)
        pieces = site_map.pieces.announced_in(place) if announced else pieces_in(handheld, place) or {}
    return Expectation(
        action=task.action,
        document=task.document,
        opening=opening,
        place=place,
        units=frozenset(units or ()),
        pieces=pieces,
        compared=units is not None,
        blind=blind,
        name=partial(judging.thing_text, site_map),
        place_name=partial(judging.place_text, site_map),
        own_name=partial(_own_name, site_map),
    )


class BinCheck:
    """Begin one whenever a bin or a carton is opened (`is_for`), and give it every outcome of the session."""

    def __init__(self, expected: Expectation) -> None:
        self.expected = expected
        self._scans: dict[str, Scanned] = {}
        """By the event's name."""
        self._box_events: dict[int, str] = {}
        self._missing = set(expected.units)

    def is_for(self, task: Task, opening: str | None) -> bool:
        """Whether the task is still in the place that is being checked, for the same document and in one opening."""
        mine = self.expected
        here = (task.action, task.document, _place(task), opening)
        return here == (mine.action, mine.document, mine.place, mine.opening)

    def told(self, told: Told, box: int | None = None) -> None:
        """Take in one outcome.

        Args:
            told: what was said, in the order in which it was said.
            box: the tracker's number of the box; a later outcome of the same box replaces the earlier one, for it rests
                on more of its labels.
        """
        event = told.event
        if event is None:
            return
        if event.voids:
            self._forget(event.voids)
        elif event.subject and event.subject != self.expected.place:  # a carton's own label opens it
            if box is not None:
                self._forget(self._box_events.get(box, ""))
                self._box_events[box] = format_name(event.name)
            if len(self._scans) < SCANS_MAX:
                self._take_in(event, told)

    def mark(self, told: Told) -> tuple[MarkTone, str]:
        """How the labels of the box that led to this outcome are marked, and the few words beside them."""
        if told.event is None:
            earlier = [scan for scan in self._scans.values() if scan.thing == told.thing and told.tone is Tone.INFO]
            return self._mark_of(earlier[-1]) if earlier else (_tone(told), "")
        scan = self._scans.get(format_name(told.event.name))
        return self._mark_of(scan) if scan else (_tone(told), "")

    @property
    def missing(self) -> list[str]:
        """Names of the first units and pieces that are still missing, and how many more there are."""
        names = [self.expected.name(unit) for unit in sorted(self._missing)[:NAMES_MAX]]
        short = self._off(-1)
        names += [self._amount(*one) for one in sorted(short.items())[: NAMES_MAX - len(names)]]
        return _bounded(names, len(self._missing) + len(short))

    @property
    def wrong(self) -> list[str]:
        """What must not be here, the most urgent first, each with the reason; bounded like `missing`."""
        found = [scan for verdict in WRONG for scan in self._judged(verdict)]
        shown = [say("check.wrong", thing=scan.thing, reason=self._reason(scan)) for scan in found[:NAMES_MAX]]
        over = self._off(1)
        shown += [
            say("check.over", amount=self._amount(*one)) for one in sorted(over.items())[: NAMES_MAX - len(shown)]
        ]
        return _bounded(shown, len(found) + len(over))

    @property
    def read(self) -> int:
        """How many things were scanned here: units each once, and pieces."""
        units = {scan.unit for scan in self._scans.values() if not is_stock(scan.unit)}
        return len(units) + sum(scan.quantity for scan in self._scans.values() if is_stock(scan.unit))

    def _off(self, sign: int) -> dict[str, int]:
        """Pieces that are over (1) or still missing (-1), by product or lot; none where nothing is compared."""
        scanned: Counter[str] = Counter()
        for scan in self._scans.values() if self.expected.compared else ():
            scanned[scan.unit] += scan.quantity if is_stock(scan.unit) else 0
        subjects = (self.expected.pieces.keys() | +scanned) if self.expected.compared else ()
        found = {subject: sign * (scanned[subject] - self.expected.pieces.get(subject, 0)) for subject in subjects}
        return {subject: pieces for subject, pieces in found.items() if pieces > 0}

    def _amount(self, subject: str, pieces: int) -> str:
        return say("picks.take", quantity=pieces, thing=self.expected.name(subject))

    def summary(self, unread: int = 0) -> str:
        """How the bin stands, in one sentence.

        Args:
            unread: labels that were seen here and not read.
        """
        return "; ".join([self._read_words(unread), *self._missing_words(), *self._wrong_words()]) + "."

    def lines(self, unread: int = 0) -> list[str]:
        """What stands at the foot of the saved picture: the place, the sentence, and what is wrong."""
        place = self.expected.place
        sentence = self.summary(unread)
        if place:
            sentence = say("check.place", place=self.expected.place_name(place), summary=sentence)
        return [sentence, *self.wrong]

    def _take_in(self, event: ScanEvent, told: Told) -> None:
        unit = self.expected.own_name(event.subject or "")
        verdict = told.judgement.verdict if told.judgement else None
        if self.expected.blind and verdict not in ALWAYS_TOLD:
            verdict = None
        belongs = told.judgement.belongs if told.judgement and verdict is Verdict.KNOWN_ELSEWHERE else None
        scan = Scanned(unit=unit, verdict=verdict, thing=told.thing or self.expected.name(unit), belongs=belongs)
        scan = replace(scan, quantity=1 if event.quantity is None else event.quantity)
        self._scans[format_name(event.name)] = scan
        self._missing.discard(unit)

    def _forget(self, event: str) -> None:
        """The scan was undone: its unit is missing again, unless another scan of it stands."""
        scan = self._scans.pop(event, None)
        if scan and scan.unit in self.expected.units and all(s.unit != scan.unit for s in self._scans.values()):
            self._missing.add(scan.unit)

    def _judged(self, verdict: Verdict) -> list[Scanned]:
        return list({scan.unit: scan for scan in self._scans.values() if scan.verdict is verdict}.values())

    def _mark_of(self, scan: Scanned) -> tuple[MarkTone, str]:
        caption = scan.thing.rpartition(" ")[2]  # the number that tells it apart; the box says what it is
        if scan.verdict is None:
            return MarkTone.KEPT, caption
        if scan.verdict in WRONG:
            caption = self._reason(scan)
        return _MARKS[judging.TONES[scan.verdict]], caption

    def _reason(self, scan: Scanned) -> str:
        if scan.verdict is Verdict.KNOWN_ELSEWHERE:
            return say("check.belongs", place=self._place_of(scan))
        return say(f"wrong.{(scan.verdict or Verdict.NOT_EXPECTED).value}")

    def _place_of(self, scan: Scanned) -> str:
        return self.expected.place_name(scan.belongs) if scan.belongs else say("check.another_place")

    def _read_words(self, unread: int) -> str:
        if unread:
            return say("check.read_of", read=self.read, seen=self.read + unread)
        return say("check.read", read=self.read)

    def _missing_words(self) -> list[str]:
        if not self.expected.compared:
            return []
        count = len(self._missing) + sum(self._off(-1).values())
        if count:
            return [say("check.missing", count=count, names=", ".join(self.missing))]
        expects = self.expected.units or self.expected.pieces
        return [say("check.none_missing") if expects else say("check.none_expected")]

    def _wrong_words(self) -> list[str]:
        stolen, recalled = self._judged(Verdict.STOLEN), self._judged(Verdict.RECALLED)
        shipped = self._judged(Verdict.SHIPPED_ALREADY)
        strange, untold = self._judged(Verdict.NOT_EXPECTED), self._judged(Verdict.CANNOT_TELL)
        return [
            *([say("check.stolen_count", count=len(stolen))] if stolen else []),
            *([say("check.recalled_count", count=len(recalled))] if recalled else []),
            *([say("check.shipped_count", count=len(shipped))] if shipped else []),
            *self._elsewhere_words(),
            *([say("check.not_expected_count", count=len(strange))] if strange else []),
            *([say("check.over_count", count=sum(self._off(1).values()))] if self._off(1) else []),
            *([say("check.cannot_tell_count", count=len(untold))] if untold else []),
        ]

    def _elsewhere_words(self) -> list[str]:
        """A sentence for each place that things belong in instead, the first places by name."""
        places: dict[str, int] = {}
        for scan in self._judged(Verdict.KNOWN_ELSEWHERE):
            name = self._place_of(scan)
            places[name] = places.get(name, 0) + 1
        words = [
            say("check.one_belongs", place=name) if count == 1 else say("check.belong", count=count, place=name)
            for name, count in sorted(places.items())[:NAMES_MAX]
        ]
        return _bounded(words, len(places))


def _place(task: Task) -> str | None:
    """The place that is checked: an open carton, or else the bin; an announcement says only what is in cartons."""
    announced = ACTIONS[task.action].compare is Compare.ANNOUNCED
    return task.container or (None if announced else task.location)


def legend() -> dict[MarkTone, str]:
    """What each sign on a picture means, in words."""
    return {
        MarkTone.RIGHT: say("check.legend_right"),
        MarkTone.WRONG: say("check.legend_wrong"),
        MarkTone.LOOK: say("check.legend_look"),
        MarkTone.KEPT: say("check.legend_kept"),
        MarkTone.UNREAD: say("check.legend_unread"),
    }


def _tone(told: Told) -> MarkTone:
    """The mark of what is no scan of a unit: a bin's label, something unreadable, what was not kept."""
    tones = {
        Tone.GOOD: MarkTone.KEPT,
        Tone.INFO: MarkTone.KEPT,
        Tone.STOP: MarkTone.WRONG,
        Tone.ALARM: MarkTone.WRONG,
    }
    return tones.get(told.tone, MarkTone.LOOK)


def _own_name(site_map: SiteMap, subject: str) -> str:
    found = site_map.find(subject)
    return found.key if found else subject


def _bounded(names: Sequence[str], count: int) -> list[str]:
    more = count - len(names)
    return [*names, say("check.more", count=more)] if more > 0 else list(names)
