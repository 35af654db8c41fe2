"""The books of a perfect clerk: every scan at its true moment, in its true order, none lost and none late.

Where a scan contradicts these books, it exposes a fault, and a case must be open for it. That is the measure that the
real system, with its outages and wrong clocks, is held against. What each scan exposes, and why:

| scan or act | against the books | a case of | why |
|---|---|---|---|
| count, inspect, pick in a bin | in stock, in another place | `misplaced` | it is ours, and lies elsewhere |
| the same | shipped | `shipped_already` | the customer should have it |
| the same | announced, or written off | `not_in_stock` | here, and no stock by the books |
| the same | never heard of | `unknown` | nobody says that it is ours |
| count in a bin | picked, so in somebody's hands | `left_behind` | another box was taken, or it was put back |
| inspect | seen elsewhere by another handheld at most two seconds before | `conflicting_claims` | nobody is so fast |
| a count is closed | in the bin from its opening to its finishing, not seen by this count, nor by any other scan since the opening, nor known to lie elsewhere | `missing` | the sweep is the scan: it passed the place |
| receive | never announced | `unexpected_receipt` | |
| receive | announced in another carton | `wrong_carton` | |
| receive | in stock already, from another document or carton | `duplicate` | |
| receive | shipped | `shipped_already` | |
| a receipt is closed | announced by it, and nothing more was heard of it | `short` | |
| pack | never heard of, shipped | `unknown`, `shipped_already` | |
| pick, pack | picked or packed for another order | `claimed_twice` | one customer would get nothing |
| refused pick or pack | shipped | `shipped_already` | other refusals are told to the person, and nothing happened |
| refused pick | stored, and belongs elsewhere | `misplaced` | it was seen there, and stays |

A pick compares only what is stored: what is still at the dock by the books was put away without a scan, and picking
it mends that. Put-away and move compare nothing: they say where it belongs from now on.
"""  # noqa: E501 - a table

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from sync.unit import IN_STOCK, Status
from tests.simulation.truth import Exposure, Fault

TAKEN = frozenset({Status.PICKED, Status.PACKED})
Blame = Callable[[str, str, int], Fault | None]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the books say of one label from a moment on."""

    at_ms: int
    status: Status
    belongs: str | None = None
    """A bin, a station, or a carton."""
    place: str | None = None
    """Where it was seen last."""
    seen_ms: int | None = None
    document: str | None = None
    receipts: int = 0
    announced_in: str | None = None
    announced_by: str | None = None


@dataclass(kw_only=True)
class BinCount:
    """One bin under one count."""

    opened_ms: int
    finished_ms: int | None = None


@dataclass(kw_only=True)
class Count:
    """One count: its bins, and what it saw."""

    bins: dict[str, BinCount | None]
    seen_in: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By bin, as it was counted last: a recount says all of it anew."""

    @property
    def seen(self) -> set[str]:
        return {label for labels in self.seen_in.values() for label in labels}


class Books:
    """The clerk."""

    def __init__(self, blame: Blame) -> None:
        self.exposures: list[Exposure] = []
        self.counts: dict[str, Count] = {}
        self._blame = blame
        self._history: dict[str, list[Entry]] = defaultdict(list)
        self._stands: dict[str, str] = {}
        """Where each carton stands."""
        self._shipped: dict[str, int] = {}
        self._announced: dict[str, dict[str, str]] = defaultdict(dict)
        self._inside: dict[str, set[str]] = defaultdict(set)
        self._binned: dict[str, set[str]] = defaultdict(set)
        """By place, every label that ever belonged there."""

    def entry(self, label: str) -> Entry | None:
        """What the books say now."""
        history = self._history.get(label)
        return history[-1] if history else None

    def entry_at(self, label: str, at_ms: int) -> Entry | None:
        """What they said at a moment."""
        return next((e for e in reversed(self._history.get(label, ())) if e.at_ms <= at_ms), None)

    def labels(self) -> set[str]:
        """Every label that they speak of."""
        return set(self._history)

    def history(self, label: str) -> list[Entry]:
        """Everything that they ever said."""
        return self._history.get(label, [])

    def stored_in(self, place: str) -> list[str]:
        """Labels that belong in a bin now."""
        found = []
        for label in sorted(self._binned[place]):
            entry = self._history[label][-1]
            if entry.belongs == place and entry.status is Status.STORED:
                found.append(label)
        return found

    # Papers.

    def lists(self, at_ms: int, label: str, place: str) -> None:
        """A stock list puts it there."""
        self._write(label, Entry(at_ms=at_ms, status=Status.STORED, belongs=place, place=place))

    def announces(self, at_ms: int, label: str, carton: str, document: str) -> None:
        """A supplier says that it is in this carton."""
        self._announced[document][label] = carton
        old = self.entry(label)
        told = {"announced_in": carton, "announced_by": document, "at_ms": at_ms}
        if old is None or old.status in (Status.SEEN, Status.SHIPPED, Status.MISSING):
            old = replace(old, belongs=None) if old else Entry(at_ms=at_ms, status=Status.ANNOUNCED)
            self._write(label, replace(old, status=Status.ANNOUNCED, place=carton, **told))  # type: ignore[arg-type]
        else:
            self._write(label, replace(old, **told))  # type: ignore[arg-type]

    # Scans.

    def carton_stands(self, carton: str, place: str) -> None:
        """A carton was received or packed here."""
        self._stands[carton] = place

    def receives(self, at_ms: int, label: str, carton: str, document: str) -> None:
        """Received out of this carton."""
        old = self.entry(label)
        status = old.status if old else Status.SEEN
        if old is None or status is Status.SEEN:
            self._exposes(at_ms, "unexpected_receipt", label, None, carton)
        elif status is Status.SHIPPED:
            self._exposes(at_ms, "shipped_already", label, None, carton)
        elif status in IN_STOCK:
            if (old.document, old.place) != (document, carton):
                self._exposes(at_ms, "duplicate", label, old.place, carton)
        elif old.announced_by != document:
            self._exposes(at_ms, "unexpected_receipt", label, old.announced_in, carton)
        elif old.announced_in != carton:
            self._exposes(at_ms, "wrong_carton", label, old.announced_in, carton)
        if old is not None and status in IN_STOCK and (status, old.document) != (Status.RECEIVED, document):
            self._write(label, replace(old, at_ms=at_ms, place=carton, seen_ms=at_ms))  # the one in stock stays so
            return
        receipts = (old.receipts if old else 0) + 1
        self._arrives(at_ms, label, carton, Status.RECEIVED, document=document, receipts=receipts)

    def puts_away(self, at_ms: int, label: str, place: str) -> None:
        """It belongs in this bin from now on."""
        self._arrives(at_ms, label, place, Status.STORED)

    def counts_unit(self, at_ms: int, label: str, place: str, count: str) -> None:
        """Seen in this bin by a count."""
        self.counts[count].seen_in[place].add(label)
        old = self.entry(label)
        if old is not None and old.status in IN_STOCK and old.belongs is None:
            self._exposes(at_ms, "left_behind", label, None, place)
        self._sees(at_ms, label, place)

    def inspects(self, at_ms: int, label: str, place: str) -> None:
        """Seen in this bin, by another handheld than the one before."""
        old = self.entry(label)
        if old is not None and old.seen_ms is not None and at_ms - old.seen_ms <= 2_000 and old.place != place:
            self._exposes(at_ms, "conflicting_claims", label, old.place, place)
        self._sees(at_ms, label, place)

    def picks(self, at_ms: int, label: str, place: str, document: str) -> None:
        """Taken from this bin for an order."""
        old = self.entry(label)
        if old is None or old.status not in IN_STOCK or old.status is Status.STORED:
            self._compares(at_ms, label, place)
        elif old.status in TAKEN and old.document != document:
            self._exposes(at_ms, "claimed_twice", label, None, place)
        self._arrives(at_ms, label, None, Status.PICKED, document=document, place=place)

    def packs(self, at_ms: int, label: str, carton: str, station: str, document: str) -> None:
        """Put into a carton that goes to a customer."""
        old = self.entry(label)
        if old is None or old.status is Status.SEEN:
            self._exposes(at_ms, "unknown", label, None, station)
        elif old.status is Status.SHIPPED:
            self._exposes(at_ms, "shipped_already", label, None, station)
        elif old.status in TAKEN and old.document != document:
            self._exposes(at_ms, "claimed_twice", label, None, carton)
        self._inside[carton].add(label)
        self.carton_stands(carton, station)
        self._arrives(at_ms, label, carton, Status.PACKED, document=document)

    def refuses(self, at_ms: int, label: str, place: str, reason: str) -> None:
        """The handheld said at once that it must not go on, and nobody went on."""
        old = self.entry(label)
        if reason == "known_elsewhere" and old is not None and old.status in IN_STOCK:
            self._compares(at_ms, label, place)
            self._write(label, replace(old, at_ms=at_ms, seen_ms=at_ms))
        if reason == "shipped_already" and old is not None and old.status is Status.SHIPPED:
            self._exposes(at_ms, "shipped_already", label, None, place)

    def ships(self, at_ms: int, carton: str) -> None:
        """The carrier has the carton, and what is in it."""
        self._stands.pop(carton, None)
        for label in sorted(self._inside[carton]):
            old = self._history[label][-1]
            if old.belongs == carton:
                self._write(label, replace(old, at_ms=at_ms, status=Status.SHIPPED, belongs=None, place=None))

    # Counts and receipts.

    def opens_count(self, number: str, bins: Iterable[str]) -> None:
        """These bins are to be counted."""
        self.counts[number] = Count(bins=dict.fromkeys(bins))

    def opens_bin(self, at_ms: int, place: str, count: str) -> None:
        """The sweep of a bin begins; of one that was counted before, somebody else's."""
        self.counts[count].bins[place] = BinCount(opened_ms=at_ms)
        self.counts[count].seen_in[place].clear()

    def finishes_bin(self, at_ms: int, place: str, count: str) -> None:
        """The sweep of a bin ends."""
        bin_count = self.counts[count].bins[place]
        assert bin_count is not None
        bin_count.finished_ms = at_ms

    def closes_count(self, at_ms: int, number: str) -> None:
        """The result is frozen: what was not seen is missing, unless the books say better."""
        count = self.counts[number]
        seen = count.seen
        for place, swept in count.bins.items():
            assert swept is not None
            assert swept.finished_ms is not None
            for label in sorted(self._binned[place] - seen):
                if self._is_missing(label, place, swept.opened_ms, swept.finished_ms):
                    self._exposes(at_ms, "missing", label, place, None)

    def closes_receipt(self, at_ms: int, document: str) -> None:
        """No more of it is awaited."""
        for label, carton in self._announced[document].items():
            entry = self._history[label][-1]
            if not entry.receipts and entry.status is Status.ANNOUNCED:
                self._exposes(at_ms, "short", label, carton, None)

    def settles(self, at_ms: int, label: str, resolution: str) -> None:
        """A person decided."""
        old = self._history[label][-1]
        if resolution == "stays" and old.place is not None:
            status = old.status if old.status in IN_STOCK else Status.STORED
            self._write(label, replace(old, at_ms=at_ms, status=status, belongs=old.place))
        elif resolution == "write_off" and old.status in IN_STOCK:
            self._write(label, replace(old, at_ms=at_ms, status=Status.MISSING, belongs=None, place=None))

    def stands(self, place: str | None) -> str | None:
        """The location of a place: of a carton, where it stands."""
        return self._stands.get(place, place) if place is not None else None

    def _is_missing(self, label: str, place: str, opened_ms: int, finished_ms: int) -> bool:
        before, after = self.entry_at(label, opened_ms), self.entry_at(label, finished_ms)
        if not (self._is_due(before, place) and self._is_due(after, place)):
            return False
        now = self._history[label][-1]
        assert before is not None
        if before.place != place:
            return False  # known to lie elsewhere, and a case says so already
        return now.seen_ms is None or now.seen_ms < opened_ms

    def _is_due(self, entry: Entry | None, place: str) -> bool:
        return entry is not None and entry.status in IN_STOCK and entry.belongs == place

    def _sees(self, at_ms: int, label: str, place: str) -> None:
        self._compares(at_ms, label, place)
        old = self.entry(label) or Entry(at_ms=at_ms, status=Status.SEEN)
        self._write(label, replace(old, at_ms=at_ms, place=place, seen_ms=at_ms))

    def _compares(self, at_ms: int, label: str, place: str) -> None:
        old = self.entry(label)
        if old is None or old.status is Status.SEEN:
            self._exposes(at_ms, "unknown", label, None, place)
        elif old.status is Status.SHIPPED:
            self._exposes(at_ms, "shipped_already", label, None, place)
        elif old.status not in IN_STOCK:
            self._exposes(at_ms, "not_in_stock", label, None, place)
        elif old.belongs is not None and self.stands(old.belongs) != place:
            self._exposes(at_ms, "misplaced", label, self.stands(old.belongs), place)

    def _arrives(
        self,
        at_ms: int,
        label: str,
        belongs: str | None,
        status: Status,
        *,
        document: str | None = None,
        receipts: int | None = None,
        place: str | None = None,
    ) -> None:
        old = self.entry(label) or Entry(at_ms=at_ms, status=status)
        self._write(
            label,
            replace(
                old,
                at_ms=at_ms,
                status=status,
                belongs=belongs,
                place=place or belongs,
                seen_ms=at_ms,
                document=document or old.document,
                receipts=old.receipts if receipts is None else receipts,
            ),
        )

    def _write(self, label: str, entry: Entry) -> None:
        self._history[label].append(entry)
        if entry.belongs is not None:
            self._binned[entry.belongs].add(label)

    def _exposes(self, at_ms: int, rule: str, label: str, expected: str | None, seen: str | None) -> None:
        fault = self._blame(rule, label, at_ms)
        found = Exposure(rule=rule, unit=label, expected=expected, seen=seen, at_ms=at_ms, fault=fault)
        self.exposures.append(found)
        if fault is not None:
            fault.exposures.append(found)
