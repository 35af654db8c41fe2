"""One simulated handheld: the real client on a real queue file; its clock, its network and its battery fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from random import Random

from flask import Flask

from scanner_client import carried, device, map_rows, outbox
from scanner_client.assignment import task_of
from scanner_client.clock import Clock
from scanner_client.database import open_database
from scanner_client.device import Device
from scanner_client.enrol_command import enrol
from scanner_client.handheld import QUEUE_FILE, Handheld, open_handheld
from scanner_client.outbox import Outbox
from scanner_client.session import Session
from scanner_client.sighting import Sighting, Told
from scanner_client.task import Assignment
from scanner_client.transport import Answer, Transport, TransportError
from scanner_client.uploader import SyncError, Uploader
from sync.event import INT_MAX, ScanEvent, format_name

ADDRESS = "http://server.simulated"


class Network(Transport):
    """Requests go straight into the server's Flask app, unless there is no network just now."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self.online = True
        self.lose_next_reply = False
        self._client = app.test_client()

    def _request(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        if not self.online:
            raise TransportError("There is no network.")
        answer = self._client.open(url.removeprefix(ADDRESS), method=method, data=body, headers=dict(headers))
        if self.lose_next_reply:
            self.lose_next_reply = False
            raise TransportError("The reply was lost.")
        return Answer(status=answer.status_code, headers=dict(answer.headers), body=answer.data)


class Station:
    """A handheld and its faults. Its key and epoch are drawn from the seed, so that a run can be repeated."""

    def __init__(self, name: str, home: Path, app: Flask, now: Callable[[], float], rng: Random, drift: float) -> None:
        self.name = name
        self.scans: dict[str, ScanEvent] = {}
        self.wall_error_ms = 0
        self.in_use = False
        self.network = Network(app)
        self._home = home
        self._now = now
        self._rng = rng
        self._rate = 1 + drift / 1_000_000
        self._boots = 0
        self._stack = ExitStack()
        self._session: Session | None = None
        self._assignment: Assignment | None = None
        furnish(home, name, rng)
        self._start()

    @property
    def handheld(self) -> Handheld:
        return self._handheld

    def enrol(self, invitation: str) -> None:
        """Make the server known to it, and fetch its map."""
        enrol(self._handheld, invitation, self.network, name=self.name)
        self.sync()

    def begin(
        self, action: str, *, document: str | None = None, location: str | None = None, origin: str | None = None
    ) -> None:
        """A person sets out to do something."""
        self._assignment = Assignment(
            action=action, document=document, location=location, origin=origin, operator=self.name
        )
        self._session = Session(self._handheld, task_of(self._assignment, self._handheld.site_map))

    def scan(self, sighting: Sighting) -> list[Told]:
        """What the person is told of a scan."""
        assert self._session is not None
        return self.keep(self._session.scan(sighting))

    def hands_over(self, *cartons: Sighting) -> list[Told]:
        """What the person is told last of these: each is scanned, the server is asked once, and who hears it goes."""
        told = [self.scan(carton)[-1] for carton in cartons]
        heard = self.sync()
        return [*(one for one in told if one.event is not None), *self.keep(self.session.go_on(heard=heard))]

    @property
    def session(self) -> Session:
        """The work that somebody set out to do."""
        assert self._session is not None
        return self._session

    def pieces(self, sighting: Sighting, quantity: int) -> ScanEvent:
        """So many of one label; what was kept."""
        assert self._session is not None
        self._session.counts(quantity)
        event = self.scan(sighting)[-1].event
        assert event is not None
        return event

    def finish(self) -> list[Told]:
        """The bin is done."""
        assert self._session is not None
        told = self._session.finish()
        if self._session.opening is not None:  # nothing was scanned, and the person says that it is empty
            told += self._session.finish()
        return self.keep(told)

    def sync(self) -> bool:
        """Push and pull until nothing waits; False where the network did not let it."""
        try:
            for _ in self._uploader.drain():
                pass
        except SyncError as error:
            if error.code != "unreachable":
                raise
            return False
        return True

    def reboot(self) -> None:
        """The battery is changed: the boot clock begins anew. What is on the disk is still there."""
        self._stack.close()
        self._start()

    def close(self) -> None:
        """Put it into its cradle."""
        self._stack.close()

    def _start(self) -> None:
        self._boots += 1
        booted = self._now()
        clock = Clock(
            wall_ms=lambda: max(0, int(self._now()) + self.wall_error_ms),
            boot_ms=lambda: int((self._now() - booted) * self._rate),
            boot=f"{self.name}-{self._boots}",
        )
        self._stack = ExitStack()
        self._handheld = self._stack.enter_context(open_handheld(self._home, clock))
        self._uploader = Uploader(self._handheld, self.network)
        self._session = None

    def keep(self, told: list[Told]) -> list[Told]:
        """Note what was kept of what a person was told."""
        for one in told:
            if one.event is not None:
                self.scans[format_name(one.event.name)] = one.event
        return told


def furnish(home: Path, name: str, rng: Random) -> None:
    """A handheld's folder with the key and the first epoch that the seed gives it."""
    home.mkdir(parents=True)
    identity = Device(
        private_key=rng.randbytes(32),
        name=name,
        machine=device.machine_fingerprint(),
        epoch=rng.randrange(1, INT_MAX),
    )
    database = open_database(home / QUEUE_FILE, (*outbox.SCHEMA, *carried.SCHEMA, *map_rows.SCHEMA))
    Outbox(database).begin_epoch(identity.epoch, device_no=identity.device_no, predecessor=None)
    database.close()
    device.save_device(home, identity)
