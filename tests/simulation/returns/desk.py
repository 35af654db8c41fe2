"""One run: a shop sells, a thousand parcels come back, and the desk deals with them, online or after days away."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from server.database import reading, transact, writing
from server.recalls.asked import Asked
from server.recalls.book import begin
from server.returns.facts import judge
from server.returns.limits import Limits, set_limits
from sync.because import Outcome
from sync.identity import item_key
from tests.simulation.layout import SITE
from tests.simulation.office import NAME, Office, open_office
from tests.simulation.returns.clerk import Clerk, Handled
from tests.simulation.returns.shop import BAD_LOTS, BAG, LOST, LOTS, PHONE, Shop, Time, Unit
from tests.simulation.returns.things import HONEST, MIX, NEVER_RESTOCKED, Kind, Return, Thing, box_of
from tests.simulation.station import Station

OFFLINE_DAYS: Final = 3.0
LATE: Final = 0.35
"""Share of what was sold, and of what was announced, since the desk's handheld last synced."""
WORN: Final = ("grade_b", "grade_c", "incomplete", "damaged", "wet")


@dataclass
class Outcomes:
    """How often each kind came to what, and what must never be."""

    table: dict[Kind, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in Kind})
    wrongly_restocked: list[str] = field(default_factory=list)
    honest_rejected: list[str] = field(default_factory=list)
    slipped: list[str] = field(default_factory=list)
    counted_wrongly: list[str] = field(default_factory=list)
    """Parcels that were no return, and were counted as one."""
    differing: list[str] = field(default_factory=list)
    """Where the server, knowing everything, restocks what the handheld did not, or the other way round, wrongly."""
    why: dict[Kind, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in Kind})
    """How often each reason was given for each kind."""

    @property
    def faults(self) -> list[str]:
        """Everything that must not be."""
        return self.wrongly_restocked + self.honest_rejected + self.slipped + self.counted_wrongly + self.differing

    def note(self, back: Return, handled: Handled) -> None:
        self.table[back.kind][handled.outcome] += 1
        self.why[back.kind].update(handled.because)
        told = f"{back.kind}: {back.unit} {handled.outcome} {', '.join(handled.because)}"
        if handled.outcome == Outcome.RESTOCK and back.kind in NEVER_RESTOCKED:
            self.wrongly_restocked.append(told)
        if handled.outcome == Outcome.REJECT and back.kind in HONEST:
            self.honest_rejected.append(told)
        if handled.slipped:
            self.slipped.append(told)


@dataclass(frozen=True, slots=True)
class Ran:
    """Both verdicts on the same parcels."""

    at_the_desk: Outcomes
    at_the_office: Outcomes


def run(seed: str, count: int, *, online: bool) -> Ran:
    """So many returns from one seed; the same parcels whether or not the desk is online."""
    with tempfile.TemporaryDirectory() as folder:
        time = Time()
        home = Path(folder) / "server"
        home.mkdir()
        with open_office(f"sqlite:///{home}/shop.sqlite3", home, time.now_ms) as office, office.app.app_context():
            return _Run(seed, count, office, time, Path(folder), online=online).ran()


class _Run:
    def __init__(self, seed: str, count: int, office: Office, time: Time, folder: Path, *, online: bool) -> None:
        self._rng = Random(f"{seed} truth")
        self._online, self._office, self._time = online, office, time
        hands = [Station(name, folder / name, office.app, lambda: time.now, Random(f"{seed} {name}"), 0.0)
                 for name in ("warehouse", "desk")]  # fmt: skip
        for hand in hands:
            hand.enrol(office.invitation())
        self.shop = Shop(office, hands[0], time, self._rng)
        self._desk = hands[1]
        self._clerk = Clerk(self._desk, Random(f"{seed} clerk"))
        self._wanted = {kind: round(share * count / 1000) or 1 for kind, share in MIX.items()}
        self._rows: list[dict[str, str]] = []
        self._unannounced: list[dict[str, str]] = []

    def ran(self) -> Ran:
        self.shop.open()
        self._rules()
        early = [back for kind in Kind for back in self._returns(kind, self._early(kind))]
        self._import(self._rows)
        self._desk.sync()
        late = [back for kind in Kind for back in self._returns(kind, self._wanted[kind] - self._early(kind))]
        self._import(self._rows + self._unannounced)
        self.shop.days_pass(OFFLINE_DAYS)
        if self._online:
            self._desk.sync()
        found, office = Outcomes(), Outcomes()
        backs = early + late
        self._rng.shuffle(backs)
        for back in backs:
            found.note(back, self._clerk.handle(back.thing))
            self._time.passes(90)
            if self._online:
                self._desk.sync()
        self._desk.sync()
        self._at_the_office(backs, found, office)
        for hand in (self.shop.hand, self._desk):
            hand.close()
        return Ran(at_the_desk=found, at_the_office=office)

    def _early(self, kind: Kind) -> int:
        return self._wanted[kind] - int(self._wanted[kind] * LATE)

    def _rules(self) -> None:
        limits = Limits(always=True)
        transact(
            lambda c: set_limits(
                c, site=SITE, item=item_key(BAG), limits=limits, operator=NAME, now_ms=self._time.now_ms()
            )
        )

    def _import(self, rows: list[dict[str, str]]) -> None:
        if rows:
            self._office.imports("rma", rows)
        self._rows = []

    def _slip(self, unit: Unit, reason: str = "fit", **other: str) -> str:
        """The number on the slip: mostly a return that was announced, some only once the desk has gone offline."""
        row = self.shop.announce(unit, reason, **other)
        (self._unannounced if self._rng.random() < LATE else self._rows).append(row)
        return row["number"]

    # What comes back.

    def _returns(self, kind: Kind, count: int) -> Iterator[Return]:
        if count <= 0:
            return
        make: Callable[[int], Iterator[Return]] = getattr(self, f"_{kind.name.lower()}")
        yield from make(count)

    def _sold(self, count: int, gtin: str | None = None, *, lots: Sequence[str] = LOTS) -> list[Unit]:
        units = self.shop.units(count, gtin, lots=lots)
        self.shop.sell(units)
        return units

    def _as_bought(self, kind: Kind, unit: Unit, **thing: object) -> Return:
        given = {"box": unit.box, "device": unit.own_number} | thing
        given["slip"] = given["slip"] if "slip" in given else self._slip(unit)
        return Return(kind=kind, unit=unit.key, thing=Thing(**given))  # type: ignore[arg-type]

    def _honest(self, count: int) -> Iterator[Return]:
        for unit in self._sold(count):
            by_order = {"slip": unit.order} if self._rng.random() < 0.2 else {}
            condition = self._rng.choice(("opened", "grade_a"))
            reason = self._rng.choice(("fit", "unwanted", "wrong_item"))
            yield self._as_bought(Kind.HONEST, unit, condition=condition, reason=reason, **by_order)

    def _honest_sealed(self, count: int) -> Iterator[Return]:
        for unit in self._sold(count):
            yield self._as_bought(Kind.HONEST_SEALED, unit, device=None, seal="intact", condition="new")

    def _honest_worn(self, count: int) -> Iterator[Return]:
        for unit in self._sold(count):
            yield self._as_bought(Kind.HONEST_WORN, unit, condition=self._rng.choice(WORN))

    def _honest_defect(self, count: int) -> Iterator[Return]:
        for unit in self._sold(count, lots=BAD_LOTS):
            yield self._as_bought(Kind.HONEST_DEFECT, unit, reason="defect", slip=self._slip(unit, "defect"))

    def _honest_no_paper(self, count: int) -> Iterator[Return]:
        for unit in self._sold(count):
            yield self._as_bought(Kind.HONEST_NO_PAPER, unit, slip=None)

    def _honest_no_box(self, count: int) -> Iterator[Return]:
        for unit in self._sold(count, PHONE):
            yield self._as_bought(Kind.HONEST_NO_BOX, unit, box=())

    def _honest_loop(self, count: int) -> Iterator[Return]:
        """Twice before the desk released it, it was put back and sold again, to another customer."""
        units = self._sold(count)
        for _ in range(2):
            backs = [self._as_bought(Kind.HONEST_LOOP, unit, slip=unit.order) for unit in units]
            for unit, back in zip(units, backs, strict=True):
                self._clerk_before(back)
                self.shop.puts_back(unit)
            self.shop.sell(units)
        yield from (self._as_bought(Kind.HONEST_LOOP, unit) for unit in units)

    def _clerk_before(self, back: Return) -> Handled:
        """A return of an earlier day, with the desk online."""
        self.shop.days_pass(2)
        self._desk.sync()
        handled = self._clerk.handle(back.thing)
        self._desk.sync()
        return handled

    def _undelivered(self, count: int) -> Iterator[Return]:
        for unit in self._sold(count):
            yield Return(kind=Kind.UNDELIVERED, unit=unit.key, thing=Thing(parcel=unit.carton))

    def _counterfeit(self, count: int) -> Iterator[Return]:
        for unit in self._sold(count):
            fake = self.shop.serials.next()
            number = self.shop.imei() if unit.gtin == PHONE else fake
            yield self._as_bought(Kind.COUNTERFEIT, unit, box=box_of(unit.gtin, fake), device=number)

    def _fake_in_box(self, count: int) -> Iterator[Return]:
        for unit in self._sold(count):
            number = self.shop.imei() if unit.gtin == PHONE else self.shop.serials.next()
            yield self._as_bought(Kind.FAKE_IN_BOX, unit, device=number)

    def _dummy_in_box(self, count: int) -> Iterator[Return]:
        for unit in self._sold(count):
            yield self._as_bought(Kind.DUMMY_IN_BOX, unit, device=None)

    def _perfect_copy(self, count: int) -> Iterator[Return]:
        for unit in self._sold(count, BAG):
            yield self._as_bought(Kind.PERFECT_COPY, unit)

    def _clone_on_shelf(self, count: int) -> Iterator[Return]:
        shelf = self.shop.units(count)
        for unit, bought in zip(shelf, self._sold(count), strict=True):
            yield self._as_bought(Kind.CLONE_ON_SHELF, unit, slip=self._slip(bought))

    def _clone_returned(self, count: int) -> Iterator[Return]:
        """The genuine one came back worn, and waits; then its number comes once more."""
        units = self._sold(count)
        first = [self._as_bought(Kind.HONEST_WORN, unit, condition="grade_b", slip=unit.order) for unit in units]
        for back in first:
            self._clerk_before(back)
        for unit, bought in zip(units, self._sold(count), strict=True):
            yield self._as_bought(Kind.CLONE_RETURNED, unit, slip=self._slip(bought))

    def _wrong_customer(self, count: int) -> Iterator[Return]:
        for unit, own in zip(self._sold(count), self._sold(count), strict=True):
            slip = own.order if self._rng.random() < 0.3 else self._slip(own)
            yield self._as_bought(Kind.WRONG_CUSTOMER, unit, slip=slip)

    def _old_for_new(self, count: int) -> Iterator[Return]:
        for old in self._sold(count):
            [new] = self.shop.units(1, old.gtin)
            self.shop.sell([new], old.customer)
            yield self._as_bought(Kind.OLD_FOR_NEW, old, slip=self._slip(new))

    def _stolen_from_shelf(self, count: int) -> Iterator[Return]:
        shelf = self.shop.units(count)
        for unit, bought in zip(shelf, self._sold(count), strict=True):
            yield self._as_bought(Kind.STOLEN_FROM_SHELF, unit, slip=self._slip(bought))

    def _written_off(self, count: int) -> Iterator[Return]:
        shelf = self.shop.units(count, place=LOST)
        self.shop.writes_off(shelf)
        for unit, bought in zip(shelf, self._sold(count), strict=True):
            yield self._as_bought(Kind.WRITTEN_OFF, unit, slip=self._slip(bought))

    def _recalled(self, count: int) -> Iterator[Return]:
        units = self._sold(count)
        asked = Asked(reason="battery", serials=[unit.key for unit in units])
        with writing() as c:
            begin(c, site=SITE, asked=asked, operator=NAME, now_ms=self._time.now_ms())
        yield from (self._as_bought(Kind.RECALLED, unit) for unit in units)

    # What the office makes of it.

    def _at_the_office(self, backs: list[Return], found: Outcomes, office: Outcomes) -> None:
        with reading() as c:
            judged = judge(c, SITE, [back.unit for back in backs if back.unit], self._time.now_ms())
        for back in backs:
            one = judged.get(back.unit or "")
            if one is None or back.kind is Kind.COUNTERFEIT:
                continue  # what its box says is no unit of ours
            state = one.state
            if back.kind is Kind.UNDELIVERED:
                office.table[back.kind]["parcel back" if not state.returns else "return"] += 1
                if state.returns:
                    office.counted_wrongly.append(f"{back.kind}: {back.unit}")
                continue
            released = state.disposal == "restock" and back.kind is not Kind.HONEST_LOOP
            outcome = Outcome.RESTOCK.value if released else one.verdict.outcome.value
            because = () if released else tuple(why.value for why in one.verdict.because)
            office.note(back, Handled(outcome, because))
