"""Pieces in a bin whatever comes between: put in, taken, counted, closed, recounted, refused, by two handhelds.

A clerk who sees everything keeps the same books by hand: what moved, and what each accepted count found. The clerk is
told the true order of things as well as the clocks can tell it, so that nothing but the rule decides. And where nothing
was lost since the bin was last counted without a move, the books say what physically lies there.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from server.counts.closing import close_count
from server.counts.plan import CountError
from server.counts.recount import open_recount
from server.database import reading, stamp, writing
from server.rebuild import rebuild
from server.tables import events, stock_levels
from sync.event import ScanEvent, format_name
from tests.handheld import BIN_A, CABLE, DAY, Chain
from tests.server.counting import begin
from tests.server.site import SITE, differences, enrol, folded, push, site

DEVICES = (1, 2)
EXAMPLES = 12
GAPS_MS = st.sampled_from([300, 1_500, 120_000])
"""Between one thing and the next: less than the clocks can tell apart, at their limit, and far beyond it."""

MEANWHILE = st.lists(st.tuples(st.integers(-3, 3), GAPS_MS), max_size=2)
"""Pieces that come or go while the bin is counted, and how long after the thing before."""


@dataclass
class Sweep:
    """One person counts the bin once."""

    device: int
    refused: bool
    opened: ScanEvent
    found: int
    finished: ScanEvent


class Bin(RuleBasedStateMachine):
    """One bin with cables in it."""

    clean: ClassVar[int] = 0
    moved_meanwhile: ClassVar[int] = 0
    refused_met: ClassVar[int] = 0
    compared: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.stack.enter_context(site(f"sqlite:///{folder / 'warehouse.sqlite3'}"))
        self.chains = {number: Chain(number) for number in DEVICES}
        self.sent = dict.fromkeys(DEVICES, 0)
        for number in DEVICES:
            enrol(number)
        self.now_ms = DAY
        self.lying = 0
        self.lost_ms = 0
        self.moves: list[tuple[ScanEvent, int]] = []
        self.number = 0
        self.recounts = 0
        self.due: tuple[str, str] | None = None
        self.sweeps: list[Sweep] = []
        self.accepted: dict[int, Sweep] = {}
        self._moves(1, "receive", 20, 1_000)
        self.now_ms += 600_000
        self._next_count()

    def teardown(self) -> None:
        for device in DEVICES:
            self._send(device)
        self.the_books_are_the_clerks()
        before = folded()
        with writing() as c:
            rebuild(c, SITE, [CABLE], stamp(c))
        assert differences(before, folded()) == [], "folded anew they say the same"
        self.stack.close()

    # What happens.

    @rule(device=st.sampled_from(DEVICES), pieces=st.integers(1, 5), gap=GAPS_MS)
    def somebody_puts_some_in(self, device: int, pieces: int, gap: int) -> None:
        self._moves(device, "receive", pieces, gap)

    @precondition(lambda self: self.lying > 0)
    @rule(device=st.sampled_from(DEVICES), pieces=st.integers(1, 5), gap=GAPS_MS)
    def somebody_picks_some(self, device: int, pieces: int, gap: int) -> None:
        self._moves(device, "pick", -min(pieces, self.lying), gap)

    @precondition(lambda self: self.lying > 0)
    @rule(gap=GAPS_MS)
    def one_is_stolen(self, gap: int) -> None:
        self.now_ms += gap
        self.lying -= 1
        self.lost_ms = self.now_ms

    @precondition(lambda self: self.due)
    @rule(device=st.sampled_from(DEVICES), gap=GAPS_MS, meanwhile=MEANWHILE, looks_after=st.integers(0, 2))
    def the_bin_is_counted(self, device: int, gap: int, meanwhile: list[tuple[int, int]], looks_after: int) -> None:
        """The other handheld may move some, before and after the counter looks at them."""
        assert self.due
        (number, operator), self.due = self.due, None
        said = {"document": number, "operator": operator}
        opened = self._scan(device, "open_bin", None, gap, **said)
        found = None
        for at, (pieces, between) in enumerate([*meanwhile, (0, gap)]):
            if at == min(looks_after, len(meanwhile)):
                found = self.lying
                if found:
                    opening = format_name(opened.name)
                    self._scan(device, "count", CABLE, gap, quantity=found, opening=opening, **said)
            if pieces > -self.lying and pieces:
                self._moves(3 - device, "receive" if pieces > 0 else "pick", pieces, between)
        finished = self._scan(device, "finish_bin", None, gap, **said)
        refused = "-R" in number and operator == "Rosa"
        assert found is not None
        self.sweeps.append(Sweep(device=device, refused=refused, opened=opened, found=found, finished=finished))

    @rule(device=st.sampled_from(DEVICES))
    def a_handheld_syncs(self, device: int) -> None:
        self._send(device)

    @precondition(lambda self: self.sweeps)
    @rule()
    def the_supervisor_closes_the_count(self) -> None:
        for sweep in self.sweeps:
            self._send(sweep.device)  # moves of the other handheld may still be on their way
        self.now_ms += 1_000
        with suppress(CountError), writing() as c:
            close_count(c, site=SITE, number=self._count, operator="Sam", now_ms=self.now_ms)
            self.accepted[self.number] = [s for s in self.sweeps if not s.refused][-1]

    @precondition(lambda self: self.sweeps and not self.due)
    @rule(operator=st.sampled_from(["Rosa", "Ravi"]))
    def the_supervisor_has_it_counted_again(self, operator: str) -> None:
        for device in DEVICES:
            self._send(device)
        self.now_ms += 1_000
        with writing() as c:
            plan = open_recount(c, site=SITE, number=self._count, bins=[BIN_A], operator="Sam", now_ms=self.now_ms)
        self.recounts += 1
        self.due = (plan.number, operator if operator == "Rosa" else f"{operator} {self.recounts}")
        Bin.refused_met += operator == "Rosa"

    @precondition(lambda self: self.number in self.accepted and not self.due)
    @rule()
    def the_next_count_is_opened(self) -> None:
        self._next_count()

    # What the books must say.

    @invariant()
    def the_books_are_the_clerks(self) -> None:
        if any(self.sent[device] < len(self.chains[device].lines) for device in DEVICES):
            return
        with reading() as c:
            query = sa.select(stock_levels.c.quantity).where(stock_levels.c.place == BIN_A)
            books = c.execute(query).scalar() or 0
            times = {
                tuple(row[:3]): (row.event_ms, row.uncertainty_ms)
                for row in c.execute(
                    sa.select(
                        events.c.device_no, events.c.epoch, events.c.seq, events.c.event_ms, events.c.uncertainty_ms
                    )
                )
            }
        clerk, counted = self._clerk(times)
        Bin.compared += 1
        assert books == clerk
        if self.lost_ms == 0 or (counted is not None and self.lost_ms < counted.opened.wall_ms):
            assert books == self.lying

    def _clerk(self, times: dict[tuple[int, ...], tuple[int, int]]) -> tuple[int, Sweep | None]:
        """What moved, on top of the last accepted count during which nothing can have moved; and that count."""
        for _, sweep in sorted(self.accepted.items(), reverse=True):
            (opened, before), (finished, after) = times[sweep.opened.name], times[sweep.finished.name]
            since = 0
            for move, pieces in self.moves:
                moment, unsure = times[move.name]
                if moment - unsure > finished + after:
                    since += pieces
                elif moment + unsure >= opened - before:
                    Bin.moved_meanwhile += 1
                    break
            else:
                Bin.clean += 1
                return sweep.found + since, sweep
        return sum(pieces for _, pieces in self.moves), None

    @property
    def _count(self) -> str:
        return f"CC-{self.number}"

    def _next_count(self) -> None:
        self.number += 1
        self.sweeps = []
        self.now_ms += 1_000
        begin(self._count, BIN_A, now_ms=self.now_ms)
        self.due = (self._count, "Rosa")

    def _moves(self, device: int, action: str, pieces: int, gap: int) -> None:
        self.lying += pieces
        self.moves.append((self._scan(device, action, CABLE, gap, quantity=abs(pieces)), pieces))

    def _scan(self, device: int, action: str, subject: str | None, gap: int, **fields: object) -> ScanEvent:
        self.now_ms += gap
        return self.chains[device].scan(self.now_ms, action, subject, location=BIN_A, **fields)

    def _send(self, device: int) -> None:
        self.now_ms += 500
        last = len(self.chains[device].lines)
        if last > self.sent[device]:
            push(self.chains[device], self.sent[device] + 1, last, now_ms=self.now_ms)
            self.sent[device] = last


def test_pieces_are_what_a_perfect_clerk_would_say_whatever_comes_between_a_count_and_its_close() -> None:
    Bin.compared = 0
    run_state_machine_as_test(
        Bin,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate),  # each step is a transaction: to shrink takes minutes
        ),
    )
    assert Bin.compared >= EXAMPLES, "each bin's books are compared when its day is over at the latest"


def test_the_clerk_knows_quiet_counts_counts_with_moves_and_refused_ones() -> None:
    Bin.clean = Bin.moved_meanwhile = Bin.refused_met = 0
    shelf = Bin()
    shelf.one_is_stolen(gap=120_000)
    shelf.the_bin_is_counted(device=1, gap=1_500, meanwhile=[], looks_after=0)
    shelf.the_supervisor_closes_the_count()
    shelf.the_books_are_the_clerks()
    assert (Bin.clean > 0, Bin.moved_meanwhile) == (True, 0)
    shelf.the_supervisor_has_it_counted_again(operator="Rosa")  # who counted it first: it is refused
    assert Bin.refused_met
    shelf.the_bin_is_counted(device=2, gap=1_500, meanwhile=[], looks_after=0)
    shelf.the_supervisor_has_it_counted_again(operator="Ravi")
    shelf.the_bin_is_counted(device=2, gap=1_500, meanwhile=[(-2, 300)], looks_after=0)
    shelf.the_supervisor_closes_the_count()
    for device in DEVICES:
        shelf.a_handheld_syncs(device=device)
    shelf.the_books_are_the_clerks()
    assert Bin.moved_meanwhile
    shelf.teardown()
