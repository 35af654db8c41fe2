"""One simulated handheld: the real queue, mark, map and uploader; its process is started, killed and started again."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from greenlet import greenlet

from scanner_client import device as identity
from scanner_client.background import Background
from scanner_client.clock import Clock
from scanner_client.enrol_command import enrol
from scanner_client.handheld import Handheld, open_handheld
from scanner_client.uploader import Uploader
from sync.event import ScanEvent, digest
from tests.simulation.clockwork import Process
from tests.simulation.faults.disk import Disk, Image, Killed
from tests.simulation.faults.network import Link

MACHINE: Final = "machine-id"


class Device:
    """A handheld in somebody's hand."""

    def __init__(
        self, name: str, home: Path, link: Link, now_ms: Callable[[], float], chance: Callable[[], float]
    ) -> None:
        self.name, self.link = name, link
        self.disk = Disk(home)
        self.wall_error_ms = 0.0
        self.wall_rate = 1.0
        self.boots = 0
        self.runs = 0
        """Counts up with each process, so that what belonged to an earlier one ends."""
        self._now_ms, self._chance = now_ms, chance
        self._booted_ms = now_ms()
        self._wall_set_ms = now_ms()
        self._stack = ExitStack()
        self._task: greenlet | None = None
        self.handheld: Handheld | None = None
        self.number = 0

    # Its power.

    def reboot(self) -> None:
        """The operating system starts anew: its clock of the boot begins at nought."""
        self.boots += 1
        self._booted_ms = self._now_ms()

    def start(self, idle_s: float) -> None:
        """The program starts: it opens what is on the disk.

        Raises:
            DatabaseError, DeviceError, OutboxError: it cannot be used.
            Killed: it died of it.
        """
        self.runs += 1
        clock = Clock(
            wall_ms=self._wall_ms,
            boot_ms=lambda: int(self._now_ms() - self._booted_ms),
            boot=f"{self.name}-boot-{self.boots}",  # not one of those in which it was enrolled
        )
        self._stack = ExitStack()
        with _on_machine(self.disk.home / MACHINE):
            handheld = self._stack.enter_context(open_handheld(self.disk.home, clock))
        self.disk.attach(handheld.database)
        self.handheld, self.number = handheld, handheld.device.device_no
        self._background = Background(
            Uploader(handheld, self.link), wall_ms=clock.wall_ms, chance=self._chance, idle_ms=int(idle_s * 1000)
        )

    def kill(self) -> None:
        """The process is gone, whatever it was doing."""
        self.disk.kill()
        self.handheld = None
        self.runs += 1
        task, self._task = self._task, None
        if task is not None and not task.dead:
            with suppress(Killed):
                task.throw(Killed)
        self._stack.close()

    # Its work.

    @property
    def running(self) -> Handheld:
        """The handheld while its program runs."""
        assert self.handheld is not None
        return self.handheld

    def commit(self, event: ScanEvent) -> ScanEvent:
        """Keep a scan; when this returns, it beeps."""
        return self.running.commit([event])[0]

    def clocks(self) -> dict[str, Any]:
        """What a scan says of the time."""
        clock = self.running.clock
        return {"wall_ms": clock.wall_ms(), "boot": clock.boot, "boot_ms": clock.boot_ms()}

    def commit_line(self, line: bytes) -> tuple[int, int, int]:
        """What a broken release of the program would have put into its queue; under which name it lies there."""
        database, box = self.running.database, self.running.outbox
        with database.transaction():
            at = box.state(box.epoch)
            seq, head = at.last_seq + 1, digest(at.head, line)
            database.run("INSERT INTO events VALUES (?, ?, ?, ?)", at.epoch, seq, line, head)
            database.run("UPDATE epochs SET last_seq=?, head=? WHERE epoch=?", seq, head, at.epoch)
        self.running._mark.write(identity.Mark(epoch=at.epoch, seq=seq))
        return at.device_no, at.epoch, seq

    def syncs_once(self) -> Generator[float, None, float]:
        """One round of syncing, as its timer does it: yields each wait for the network, returns the pause after it."""
        self.disk.watch_from_now()
        pause_ms: int = yield from self._drive(self._background._round)
        return pause_ms / 1000

    def enrols(self, invitation: str) -> Process:
        """A person holds it before the console."""
        yield from self._drive(lambda: enrol(self.running, invitation, self.link, name=self.name))

    @property
    def trouble(self) -> str | None:
        """The word for why the last round failed; None where it did not."""
        return self._background.state.code

    @property
    def is_revoked(self) -> bool:
        """Whether the server said so in the last round: it takes what waits, and tells nothing."""
        return self.trouble == "revoked"

    @property
    def why(self) -> str | None:
        """Likewise, the sentence."""
        return self._background.state.trouble

    @property
    def owes(self) -> bool:
        """Whether anything waits for the server's word."""
        box = self.running.outbox
        return any(e.waiting or not e.confirmed for e in box.epochs())

    def lines(self) -> dict[tuple[int, int, int], bytes]:
        """Everything that is in its queue."""
        rows = self.running.database.rows("SELECT device_no, epoch, seq, line FROM events JOIN epochs USING (epoch)")
        return {(device_no, epoch, seq): line for device_no, epoch, seq, line in rows}

    def copied(self) -> Image:
        """What a copy of its folder holds."""
        return self.disk.image()

    def _drive(self, work: Callable[[], object]) -> Generator[float, None, Any]:
        task = self._task = greenlet(work)
        result = task.switch()
        while not task.dead:
            yield result
            if task is not self._task:
                return 0  # killed meanwhile
            result = task.switch()
        return result

    def _wall_ms(self) -> int:
        elapsed = self._now_ms() - self._wall_set_ms
        return max(0, int(self._wall_set_ms + self.wall_error_ms + elapsed * self.wall_rate))

    def set_clock(self, *, jump_ms: float = 0.0, rate: float = 1.0) -> None:
        """The wall clock jumps, and runs on so fast from here; backwards with a rate below nought."""
        now = self._now_ms()
        self.wall_error_ms = max(0.0, self._wall_ms() + jump_ms) - now  # no clock shows a year before 1970
        self._wall_set_ms, self.wall_rate = now, rate


def settle_on_machine(home: Path) -> None:
    """From now on this folder belongs to the simulated machine whose number lies in it."""
    (home / MACHINE).write_text(home.name)
    with _on_machine(home / MACHINE):
        known = identity.load_device(home)
        assert known is not None
        identity.save_device(home, replace(known, machine=identity.machine_fingerprint()))


@contextmanager
def _on_machine(file: Path) -> Iterator[None]:
    """The machine's own number lies in this file."""
    true = identity.MACHINE_ID_FILES
    setattr(identity, "MACHINE_ID_FILES", (file,))  # noqa: B010  # it is Final in the program
    try:
        yield
    finally:
        setattr(identity, "MACHINE_ID_FILES", true)  # noqa: B010
