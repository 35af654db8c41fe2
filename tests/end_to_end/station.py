"""A handheld at work in a process of its own: it is typed into like a wedge, killed, and started again."""

from __future__ import annotations

import base64
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import IO, Final

from scanner_client import VERSION, outbox
from scanner_client.clock import system_clock
from scanner_client.control import ask
from scanner_client.database import Database, open_database
from scanner_client.device import load_device
from scanner_client.handheld import QUEUE_FILE
from scanner_client.outbox import Outbox, Run
from scanner_client.transport import Transport, TransportError
from sync.event import EventName, parse_name
from sync.protocol import MEDIA_TYPE, SIGNED_PREFIX, SYNC_PATH, PushHeader, pack
from tests.end_to_end.queue_checker import UNDO, ChainName

ROOT: Final = Path(__file__).parents[2]
SHIFT_SECONDS_MAX: Final = 2.0
"""A shift ends with a kill."""
STARTED_SHARE: Final = 0.85
"""Of the shifts so many count their length from the first beep; the others may end while the program starts."""
START_SECONDS_MAX: Final = 20.0
CARRIED_SHARE: Final = 0.6
PAUSE_SECONDS_MAX: Final = 0.3
BURST_MAX: Final = 6
LAST_BURST_MAX: Final = 40
LAST_PAUSE_SECONDS_MAX: Final = 0.08
"""Between the last burst and the kill, so that most kills find a commit under way."""
DRAIN_SECONDS_MAX: Final = 120.0
UNITS, BINS = 500, 12
"""Few enough that stations meet each other's units, and histories get late facts, claims and cases."""


class Station(Thread):
    """One handheld, its folder, and whoever types."""

    def __init__(self, number: int, home: Path, action: str, *, rng: random.Random, program: tuple[str, ...]) -> None:
        super().__init__(name=f"station-{number}", daemon=True)
        self.home = home
        self.typed: Counter[bytes] = Counter()
        self.beeped: dict[EventName, str | None] = {}
        self.kills = 0
        self.carried = 0
        """Envelopes that reached the server by another way, before what came earlier."""
        self.failure: BaseException | None = None
        self._number = number
        self._action = action
        self._rng = rng
        self._program = program
        self._log = home.with_suffix(".log")
        self._ending = Event()
        self._heard = Event()
        self._again: bytes | None = None

    def enrol(self, invitation: str) -> None:
        """Make the server known to this handheld."""
        words = ["enrol", "--home", str(self.home), "--code", invitation, "--name", self.name]
        subprocess.run([sys.executable, "-m", "scanner_client", *words], cwd=ROOT, check=True, capture_output=True)

    def run(self) -> None:
        """Shift after shift until `finish` is called."""
        try:
            while not self._ending.is_set():
                self._shift()
        except BaseException as error:
            self.failure = error
            raise

    def finish(self) -> None:
        """Let the shift under way be the last."""
        self._ending.set()
        self.join()

    def drain(self) -> None:
        """Start once more, scan nothing, and wait until nothing waits; then one more kill."""
        with self.scanning():
            self.wait_until_drained()

    def scan(self, keys: IO[bytes], label: bytes) -> None:
        """Scan one label, and wait for its beep."""
        self._heard.clear()
        self.typed[label] += 1
        keys.write(b"]d2" + label + b"\n")
        keys.flush()
        if not self._heard.wait(START_SECONDS_MAX):
            raise TimeoutError(f"{self.name} did not beep: {self._log.read_text()[-500:]}")

    def wait_until_drained(self) -> None:
        """Wait until the program at work owes the server nothing more."""
        deadline = time.monotonic() + DRAIN_SECONDS_MAX
        while (ask(self.home, {"do": "status"}) or {"waiting": -1})["waiting"] != 0:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} did not drain by itself: {self._log.read_text()[-500:]}")
            time.sleep(0.1)  # nothing outside the process says when it is through

    def queue(self) -> tuple[dict[EventName, bytes], dict[ChainName, int]]:
        """The lines that it committed, and up to where it believes each chain to be on the server."""
        with tempfile.TemporaryDirectory() as copy, closing(self._copied_to(copy)) as database:
            chains = database.rows("SELECT device_no, epoch, acked_through FROM epochs")
            owner = {epoch: device_no for device_no, epoch, _ in chains}
            rows = database.rows("SELECT epoch, seq, line FROM events")
            return (
                {(owner[epoch], epoch, seq): line for epoch, seq, line in rows},
                {(device_no, epoch): acked for device_no, epoch, acked in chains},
            )

    def _shift(self) -> None:
        rng = self._rng
        self._heard.clear()
        with self.scanning() as keys:
            self._type(keys, 1)
            if rng.random() < STARTED_SHARE:
                self._heard.wait(START_SECONDS_MAX)
            until = time.monotonic() + rng.uniform(0, SHIFT_SECONDS_MAX)
            while time.monotonic() < until and not self._ending.is_set():
                self._type(keys, rng.randint(1, BURST_MAX))
                self._ending.wait(rng.uniform(0, PAUSE_SECONDS_MAX))
            self._type(keys, rng.randint(1, LAST_BURST_MAX))
            time.sleep(rng.uniform(0, LAST_PAUSE_SECONDS_MAX))
        if rng.random() < CARRIED_SHARE:
            self._carry_the_later_half()

    @contextmanager
    def scanning(self) -> Iterator[IO[bytes]]:
        """The program at work; it takes what is typed, and is killed at the end of the block."""
        words = ["scan", "--home", str(self.home), "--action", self._action, "--location", "LOC:A-01", "--json"]
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *self._program, *words],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert process.stdin is not None
        assert process.stdout is not None
        listener = Thread(target=self._listen, args=(process.stdout,), daemon=True)
        listener.start()
        try:
            yield process.stdin
            if process.poll() is not None:
                raise RuntimeError(f"{self.name} ended by itself: {self._log.read_text()[-500:]}")
        finally:
            process.kill()
            process.wait()
            listener.join()  # what was written before the kill still stands in the pipe
            process.stdout.close()
            with suppress(BrokenPipeError):
                process.stdin.close()
        self.kills += 1

    def _listen(self, out: IO[bytes]) -> None:
        for line in out:
            if line.endswith(b"\n"):  # half a line is no beep yet
                told = json.loads(line)
                self.beeped[parse_name(told["event"])] = told["subject"]
                self._heard.set()

    def _type(self, keys: IO[bytes], count: int) -> None:
        keys.write(b"".join(self._label() + b"\n" for _ in range(count)))
        keys.flush()

    def _label(self) -> bytes:
        """What is scanned next: mostly a unit, with a number of its own (AI 99) that tells each typing from others."""
        rng = self._rng
        if self._again is None and rng.random() < 0.15:
            return b"LOC:B-%02d" % rng.randrange(BINS)
        if self._again is None and rng.random() < 0.03:
            self.typed[UNDO] += 1
            return UNDO
        unit = b"010950600013435221S%04d\x1d99%d-%d" % (rng.randrange(UNITS), self._number, self.typed.total())
        label, self._again = self._again or unit, None
        if rng.random() < 0.05:
            self._again = label  # nobody heard the beep, so it is scanned once more
        self.typed[label] += 1
        return b"]d2" + label

    def _carry_the_later_half(self) -> None:
        """Bring the later half of what waits to the server by another way: it arrives with a gap before it."""
        with tempfile.TemporaryDirectory() as copy, closing(self._copied_to(copy)) as database:
            queue = Outbox(database)
            waiting = queue.state(queue.epoch).waiting
            runs = queue.runs(queue.epoch, max(1, min(waiting // 2, 500)))
        if len(runs) > 1:
            self._carry(runs[-1])

    def _carry(self, run: Run) -> None:
        device, clock = load_device(self.home), system_clock()
        assert device is not None
        header = PushHeader(
            device_no=device.device_no,
            epoch=run.epoch.epoch,
            first=run.first,
            count=len(run.lines),
            before=run.before.hex(),
            after=run.after.hex(),
            wall_ms=clock.wall_ms(),
            boot=clock.boot,
            boot_ms=clock.boot_ms(),
            client=VERSION,
            carried=True,
        )
        body = pack(header, run.lines)
        signature = base64.urlsafe_b64encode(device.sign(SIGNED_PREFIX + body)).decode()
        headers = {"Content-Type": MEDIA_TYPE, "Authorization": f"Ed25519 {device.device_no} {signature}"}
        with suppress(TransportError):  # the server is down just now
            self.carried += Transport().post(device.addresses[0], SYNC_PATH, body, headers).status == 200

    def _copied_to(self, folder: str) -> Database:
        """The queue as the last kill left it, copied: opening the original would do the recovery in its place."""
        for file in self.home.glob(f"{QUEUE_FILE}*"):
            shutil.copy(file, folder)
        return open_database(Path(folder) / QUEUE_FILE, outbox.SCHEMA)
