"""Promise 9: a closed version of a count never changes, and each late scan is in exactly one exception.

Three handhelds count, move and undo, and sync whatever part of their queue gets through, in any order and with gaps;
somebody closes the count whenever it can be closed. The check is trusted because it fails where it must: see the last
test, which changes one row behind the server's back.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from server.counts.closing import close_count
from server.counts.plan import CountError
from server.counts.still import PACKED
from server.database import writing
from server.tables import document_rows
from sync.event import decode, format_name
from tests.handheld import BIN_A, BIN_B, BIN_C, DAY, Chain, unit
from tests.server.closed_counts import frozen, late_marks, misplaced_exceptions
from tests.server.counting import NOW, Counting, begin
from tests.server.site import SITE, enrol, push, site, state_document

UNITS = [unit(f"U{n}") for n in range(4)]
STRANGERS = [unit(f"S{n}") for n in range(2)]
"""Units that the count knows nothing of."""
DEVICES = (1, 2, 3)
PLACES = st.sampled_from([BIN_A, BIN_B])
MOMENTS = st.integers(-15, 60)
"""Minutes from when the first bin is opened; it takes three for both."""
PARTS = st.sampled_from(["all", "later half", "nothing", "first half"])
"""What of a queue gets through after a scan."""


class ClosedCount(RuleBasedStateMachine):
    """A count of two bins, the first counter through with both."""

    late_met: ClassVar[int] = 0
    """Late scans that the invariant has looked at, in all examples."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.stack.enter_context(site(f"sqlite:///{folder / 'warehouse.sqlite3'}"))
        rows = [{"subject": u, "location": BIN_A if n % 2 else BIN_B} for n, u in enumerate(UNITS)]
        state_document("stock", "STOCK", rows, now_ms=DAY - 100_000)
        begin()
        self.chains = {number: Chain(number) for number in DEVICES}
        for number in DEVICES:
            enrol(number)
        count = Counting(self.chains[1])
        count(BIN_A, UNITS[1])
        count(BIN_B, UNITS[0])
        self.sent = {number: set[int]() for number in DEVICES}
        self.now_ms = NOW
        self.closed: dict[str, list[str]] = {}
        self.send(1, 1, len(self.chains[1].lines))
        self.close()

    def teardown(self) -> None:
        self.stack.close()

    def send(self, device: int, first: int, last: int) -> None:
        self.now_ms += 1_000
        push(self.chains[device], first, last, now_ms=self.now_ms)
        self.sent[device] |= set(range(first, last + 1))

    @rule(device=st.sampled_from(DEVICES), subject=st.sampled_from(UNITS), place=PLACES, part=PARTS)
    def count_late(self, device: int, subject: str, place: str, part: str) -> None:
        moment = DAY + 60_000 * (1 + len(self.chains[device].lines))
        self.chains[device].scan(moment, "count", subject, location=place, document="CC-1")
        self.sync(device, part)

    @rule(device=st.sampled_from(DEVICES), subject=st.sampled_from(UNITS), part=PARTS)
    def move(self, device: int, subject: str, part: str) -> None:
        moment = DAY + 60_000 * (1 + len(self.chains[device].lines))
        self.chains[device].scan(moment, "move", subject, location=BIN_B)
        self.sync(device, part)

    @rule(
        device=st.sampled_from(DEVICES),
        subject=st.sampled_from([*STRANGERS, UNITS[0]]),
        place=st.sampled_from([BIN_A, BIN_B, BIN_C]),
        minute=MOMENTS,
        part=PARTS,
    )
    def put(self, device: int, subject: str, place: str, minute: int, part: str) -> None:
        self.chains[device].scan(DAY + 60_000 * minute, "put_away", subject, location=place)
        self.sync(device, part)

    @rule(
        device=st.sampled_from(DEVICES),
        subject=st.sampled_from([STRANGERS[1], *UNITS[:2]]),
        minute=MOMENTS,
        word=st.sampled_from(["link", "link", "unlink"]),
        part=PARTS,
    )
    def relabel(self, device: int, subject: str, minute: int, word: str, part: str) -> None:
        """The first stranger is a further name of this unit, or is not."""
        said = {"identifiers": (STRANGERS[0],), "reason": "relabelled"}
        self.chains[device].scan(DAY + 60_000 * minute, word, subject, **said)
        self.sync(device, part)

    @rule(device=st.sampled_from(DEVICES))
    def change_battery(self, device: int) -> None:
        """What it has not sent yet is known to within five minutes from then on."""
        self.chains[device].boot += "'"

    @rule(device=st.sampled_from(DEVICES), back=st.integers(1, 3), part=PARTS)
    def take_back(self, device: int, back: int, part: str) -> None:
        """An undo of any scan, as a handheld says it."""
        chain = self.chains[device]
        undone = decode(chain.lines[-back]) if len(chain.lines) >= back else None
        if undone is not None and undone.action != "void":
            voids = format_name((device, chain.epoch, len(chain.lines) + 1 - back))
            said = {"location": undone.location, "document": undone.document, "reason": "mistake"}
            chain.scan(DAY + 3_000_000, "void", undone.subject, voids=voids, **said)
            self.sync(device, part)

    @rule(device=st.sampled_from(DEVICES), back=st.integers(1, 3), part=PARTS)
    def undo(self, device: int, back: int, part: str) -> None:
        chain = self.chains[device]
        if len(chain.lines) >= back:
            voids = format_name((device, chain.epoch, len(chain.lines) + 1 - back))
            chain.scan(DAY + 3_000_000, "void", None, voids=voids, reason="mistake", document="CC-1")
            self.sync(device, part)

    def sync(self, device: int, part: str) -> None:
        last = len(self.chains[device].lines)
        waiting = [n for n in range(1, last + 1) if n not in self.sent[device]]
        if waiting and part != "nothing":
            first = waiting[0]
            middle = (first + last) // 2
            runs = {"all": (first, last), "first half": (first, middle), "later half": (min(last, middle + 1), last)}
            self.send(device, *runs[part])

    @rule()
    def close(self) -> None:
        self.now_ms += 1_000
        with suppress(CountError), writing() as c:
            close_count(c, site=SITE, number="CC-1", operator="Sam", now_ms=self.now_ms)

    @invariant()
    def no_version_has_changed(self) -> None:
        now = frozen()
        assert {number: now.get(number) for number in self.closed} == self.closed
        self.closed = now

    @invariant()
    def each_late_scan_is_in_exactly_one_exception(self) -> None:
        ClosedCount.late_met += len(late_marks("CC-1"))
        assert misplaced_exceptions("CC-1") is None


def test_a_closed_count_never_changes_and_each_late_scan_is_in_exactly_one_exception() -> None:
    run_state_machine_as_test(
        ClosedCount,
        settings=settings(
            max_examples=6,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate),  # each step is a transaction: to shrink takes minutes
        ),
    )
    assert ClosedCount.late_met, "no scan ever came late, so this shows nothing"


def test_the_check_notices_a_row_that_was_changed_behind_the_servers_back() -> None:
    machine = ClosedCount()
    try:
        machine.no_version_has_changed()
        with writing() as c:
            row = (document_rows.c.subject == BIN_B) & document_rows.c.attributes[PACKED].isnot(None)
            c.execute(document_rows.update().where(row).values(location=BIN_A))
        with pytest.raises(AssertionError):
            machine.no_version_has_changed()
    finally:
        machine.teardown()
