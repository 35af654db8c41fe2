"""One afternoon: handhelds, a server and the office between troubles; then these end, and everything must drain."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from scanner_client.database import DatabaseError
from scanner_client.device import DeviceError
from scanner_client.enrol_command import EnrolmentError
from scanner_client.outbox import OutboxError
from sync.event import ScanEvent, encode
from tests.simulation.clockwork import Clockwork, Process
from tests.simulation.faults import audit, ending
from tests.simulation.faults.chance import seeded
from tests.simulation.faults.device import Device
from tests.simulation.faults.disk import Killed
from tests.simulation.faults.network import Link, Request
from tests.simulation.faults.plan import HANDHELDS, Plan, Trouble
from tests.simulation.faults.server import NAMES, Server
from tests.simulation.faults.troubles import BEFALL
from tests.simulation.faults.witness import Finding, Witness
from tests.simulation.faults.work import Worker

ROUNDS_MAX: Final = 40
DRAINED_MS_MAX: Final = 3_600_000
"""Rounds of syncing, and how long, in which a queue has to drain once nothing goes wrong any more."""
UNKNOWN: Final = frozenset({"unknown_device", "not_enrolled"})
RESTART_S_MAX: Final = 20.0
CANNOT_OPEN: Final = (DatabaseError, DeviceError, OutboxError)


@dataclass(slots=True)
class Hand:
    """A handheld, who works with it, and what they can swear to."""

    device: Device
    worker: Worker
    beeped: set[tuple[tuple[int, int, int], bytes]]
    """What beeped and is on this disk."""
    lately: deque[ScanEvent]
    recalls: set[str]
    """Numbers of the recalls that it has heard of."""
    is_broken: bool = False
    mark_is_old: bool = False
    """The power was cut, and nothing was kept since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a plan."""

    plan: Plan
    findings: tuple[Finding, ...]
    witness: Witness
    scans: int


class World:
    """Everything that happens in one plan."""

    def __init__(self, plan: Plan, server: Server, folder: Path) -> None:
        self.plan, self.server, self.folder = plan, server, folder
        self.time, self.witness = Clockwork(), Witness()
        self.hands: list[Hand] = []
        self.backups: list[Path] = []
        self.counts: list[str] = []
        self.settling = False
        self._mended_ms = 0.0
        self._working = 0
        self._chance = Random(f"pauses {plan.seed}")
        server.lay_out(self.time.now_ms)
        server.died = self._server_died
        self.look = server.look()

    def run(self) -> None:
        """From the first scan until nobody waits any more."""
        for name in NAMES[:HANDHELDS]:
            self.hire(name, self.server.home(name, self.folder / name), self.plan.scans)
        for trouble in self.plan.troubles:
            self.time.start(self._befalls(trouble), self.time.now + trouble.at_s * 1000)
        self.time.run()
        ending.last_round(self)
        ending.check(self)
        self.look.close()
        for hand in self.hands:
            hand.device.kill()

    def hire(self, name: str, home: Path, scans: int) -> Hand:
        """Somebody begins to work with the handheld in this folder."""
        chance = Random(f"{self.plan.seed} {name}")
        link = Link(self.server, self._later)
        device = Device(name, home, link, self.time.now_ms, chance.random)
        hand = Hand(device, Worker(name, chance), set(), deque(maxlen=5), set())
        link.arrives = lambda request: audit.arriving(self, request)
        link.seen = lambda request, answer: audit.replied(self, request, answer)
        self.hands.append(hand)
        self._working += 1
        self.start(hand)
        self.time.start(self._scanning(hand, scans))
        return hand

    def start(self, hand: Hand) -> None:
        """Its program begins."""
        if hand.device.handheld is not None:
            return
        try:
            hand.device.start(self.plan.idle_s)
        except CANNOT_OPEN as error:
            hand.is_broken = True
            self.witness.check(1, holds=False, else_say=f"{hand.device.name} does not open: {error}")
            return
        audit.reopened(self, hand)
        self.time.start(self._syncing(hand, hand.device.runs))

    def die(self, hand: Hand) -> None:
        """Its program ends at once, and somebody starts it again."""
        self.note(f"{hand.device.name} dies")
        hand.device.kill()
        self.time.start(self._restarting(hand))

    def note(self, text: str) -> None:
        """What happens now."""
        self.witness.note(f"{self.time.now:.0f} {text}")

    def mend(self) -> None:
        """The troubles end."""
        self.settling, self._mended_ms = True, self.time.now
        self.note("the troubles end")
        self.server.dies_after, self.server.is_full, self.server.is_up = None, False, True
        self.server.upgrade()
        for hand in self.hands:
            hand.device.link.mend()
            hand.device.disk.dies_after = None
            hand.device.disk.fill(full=False)
            self.start(hand)

    def _scanning(self, hand: Hand, scans: int) -> Process:
        for _ in range(scans):
            yield self.plan.gap_s * hand.worker.pace()
            while hand.device.handheld is None and not hand.is_broken:
                yield 1.0
            if hand.is_broken:
                break
            self.scan(hand)
        self._working -= 1
        if not self._working:
            self.mend()

    def scan(self, hand: Hand) -> None:
        """A label is read; it beeps if it was kept."""
        said = hand.worker.next(hand.lately)
        event = ScanEvent(device_no=0, epoch=0, seq=0, symbology="]d2", **hand.device.clocks(), **said)
        self.witness.typed.add(said["barcode"])
        self.witness.happened_ms[said["barcode"]] = self.time.now_ms()
        try:
            kept = hand.device.commit(event)
        except Killed:
            self.die(hand)
        except (DatabaseError, DeviceError) as error:
            self.note(f"{hand.device.name} does not beep: {type(error).__name__}")
            foreseen = hand.device.disk.is_full
            self.witness.check(6, holds=foreseen, else_say=f"{hand.device.name} keeps no scan: {error}")
        else:
            self.beep(hand, kept)

    def beep(self, hand: Hand, kept: ScanEvent) -> None:
        """It is kept, says the handheld."""
        self.note(f"{hand.device.name} beeps {kept.name} {kept.action}")
        hand.mark_is_old = False
        hand.lately.append(kept)
        self.witness.beeped += 1
        there = (kept.name, encode(kept))
        hand.beeped.add(there)
        self.witness.committed.add(there)

    def _syncing(self, hand: Hand, run: int) -> Process:
        device, rounds = hand.device, 0
        yield self._chance.random() * self.plan.idle_s
        while device.runs == run:
            try:
                pause_s = yield from device.syncs_once()
                if device.runs != run:
                    return
                audit.after_round(self, hand)  # it reads the handheld's disk, and that is a moment to die as well
            except Killed:
                self.die(hand)
                return
            rounds += self.settling
            if self.settling and (rounds > ROUNDS_MAX or self.time.now > self._mended_ms + DRAINED_MS_MAX):
                self.witness.check(6, holds=False, else_say=f"{device.name} does not drain in time: {device.trouble}")
                return
            if self.settling and (device.trouble is None or device.is_revoked) and not device.owes:
                return
            if device.trouble in UNKNOWN and self.server.is_up:
                yield from self._enrolling(hand)
            yield pause_s

    def _enrolling(self, hand: Hand) -> Process:
        invitation: list[str] = []
        if self.office(lambda: invitation.append(self.server.office.invitation())):
            try:
                yield from hand.device.enrols(invitation[0])
            except EnrolmentError as error:
                self.note(f"{hand.device.name} is not enrolled: {error}")
            except Killed:
                self.die(hand)

    def _restarting(self, hand: Hand) -> Process:
        yield 1 + self._chance.random() * RESTART_S_MAX
        self.start(hand)

    def _befalls(self, trouble: Trouble) -> Process:
        if self.settling:
            return
        hand = self.hands[trouble.device]
        self.note(f"trouble: {trouble.fault.name} of {hand.device.name}")
        self.witness.injected[trouble.fault] += 1
        try:
            yield from BEFALL[trouble.fault](self, hand, trouble.chance())
        except Killed:  # whatever looks into its queue may be the step at which it dies
            self.die(hand)

    def _later(self, delay_s: float, request: Request) -> None:
        self.time.start(self._arriving(request), self.time.now + delay_s * 1000)

    def _arriving(self, request: Request) -> Process:
        if self.server.is_up:
            audit.late_arrival(self, request)
        yield from ()

    def office(self, act: Callable[[], object]) -> bool:
        """Somebody in the office does something; False where the server did not let them."""
        return self.server.does(act)

    def _server_died(self) -> None:
        self.note("the server dies")
        self.time.start(self._server_comes_back())

    def _server_comes_back(self) -> Process:
        yield 1 + self._chance.random() * RESTART_S_MAX
        self.server.start()


def run(plan: Plan, server: Server, folder: Path) -> Result:
    """Let a plan happen; the same plan is the same afternoon."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with seeded(f"machines {plan.seed}"):
        world = World(plan, server, folder)
        world.run()
    witness = world.witness
    return Result(plan=plan, findings=tuple(witness.findings), witness=witness, scans=len(witness.typed))
