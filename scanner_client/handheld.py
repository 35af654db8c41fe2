"""Opens a handheld's folder: its identity, its queue and its map, and decides whether the queue goes on as it was."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from scanner_client import VERSION, carried, device, map_rows, outbox, throttle
from scanner_client.clock import Clock
from scanner_client.control import who_runs
from scanner_client.database import Database, InUseError, open_database
from scanner_client.device import Device, DeviceError, Mark, MarkFile
from scanner_client.outbox import Outbox, Run
from scanner_client.own_scans import OwnScans
from scanner_client.site_map import SiteMap
from sync.event import ScanEvent, parse_name
from sync.protocol import SIGNED_PREFIX, PushHeader, pack

QUEUE_FILE: Final = "queue.sqlite3"


class Handheld:
    """One handheld in use: the threads of its process share it."""

    def __init__(self, home: Path, database: Database, mark: MarkFile, clock: Clock) -> None:
        self.home = home
        self.clock = clock
        self.database = database
        self.outbox = Outbox(database)
        self.site_map = SiteMap(database)
        self.own_scans = OwnScans(self.outbox)
        self._mark = mark
        self.renewed: str | None = None
        """Why the queue goes on under a new epoch since it was opened, in words; None where it does not."""
        self.device = self._identify()
        self._before = {epoch.epoch: epoch.last_seq for epoch in self.outbox.epochs()}

    def made_since_opening(self, name: str) -> bool:
        """Whether the event with this written name was committed since the folder was opened, and not before."""
        _, epoch, seq = parse_name(name)
        return seq > self._before.get(epoch, 0)

    def envelope(self, run: Run, *, carried: bool) -> tuple[bytes, bytes]:
        """Body and signature of the envelope of a run.

        Args:
            carried: it travels as a file, so that its clocks and its cursor say nothing of when it arrives.
        """
        cursor = self.site_map.cursor()
        header = PushHeader(
            device_no=run.epoch.device_no,
            epoch=run.epoch.epoch,
            first=run.first,
            count=len(run.lines),
            before=run.before.hex(),
            after=run.after.hex(),
            predecessor=run.epoch.predecessor,
            predecessor_last=self.outbox.last_of(run.epoch.predecessor),
            lost_epoch=run.epoch.lost_epoch,
            lost_through=run.epoch.lost_through,
            cursor=None if carried else cursor.cursor,
            incarnation=None if carried else cursor.incarnation,
            heard_ms=None if carried else self.site_map.heard_ms(),
            wall_ms=self.clock.wall_ms(),
            boot=self.clock.boot,
            boot_ms=self.clock.boot_ms(),
            client=VERSION,
            waiting=self.outbox.waiting(),
            carried=carried,
            altered=run.altered or None,
        )
        body = pack(header, run.lines)
        return body, self.device.sign(SIGNED_PREFIX + body)

    def commit(self, events: list[ScanEvent]) -> list[ScanEvent]:
        """Put events in the queue for good; when this returns, they may beep."""
        with self.database.snapshot():
            named = self.outbox.append(events)
            with suppress(DeviceError):  # they are kept, and a mark that lags behind says nothing
                self._mark.write(Mark(epoch=named[-1].epoch, seq=named[-1].seq))
        return named

    def renew(self, reason: str) -> None:
        """Go on under a new epoch that names the one before; what the old one owes is still sent."""
        with self.database.snapshot():
            fresh = replace(self.device, epoch=device.new_epoch(), predecessor=self.outbox.epoch)
            self._begin(fresh, reason)

    def change(self, changed: Device) -> None:
        """Replace what ``device.json`` says."""
        device.save_device(self.home, changed)
        self.device = changed

    def _identify(self) -> Device:
        machine = device.machine_fingerprint()
        known = device.load_device(self.home)
        epochs = self.outbox.epochs()
        if known is None:
            if epochs:
                raise DeviceError(
                    f"{self.home} holds a queue, but not the key of the handheld that made it. "
                    f"Put its {device.DEVICE_FILE} back, or move {QUEUE_FILE} away."
                )
            self.device = device.new_device(os.environ.get("SCANNER_NAME") or platform.node() or "handheld", machine)
            self._begin(self.device, None)
            return self.device
        if any(e.device_no != known.device_no for e in epochs):
            raise DeviceError(f"The queue in {self.home} belongs to another handheld: move {QUEUE_FILE} away.")
        self.device = known
        newest = epochs[-1] if epochs else None
        mark = self._mark.read()
        reason = why_new_epoch(
            queue=Mark(epoch=newest.epoch, seq=newest.last_seq) if newest else None,
            known=frozenset(e.epoch for e in epochs),
            device_epoch=known.epoch,
            mark=mark,
            moved=known.machine != machine,
        )
        if reason:
            fresh = replace(known, machine=machine, epoch=device.new_epoch())
            # Where the queue itself is new, the last epoch that this folder remembers came before.
            self._begin(replace(fresh, predecessor=newest.epoch if newest else known.epoch), reason, self._lost(mark))
        elif newest and known.epoch != newest.epoch:  # power failed between the queue and device.json
            self.change(replace(known, epoch=newest.epoch, predecessor=newest.predecessor))
        return self.device

    def _lost(self, mark: Mark | None) -> tuple[int, int] | None:
        """The epoch and number of a mark that is ahead of the queue: up to there scans had been committed."""
        if mark is None or mark.seq <= (self.outbox.last_of(mark.epoch) or 0):
            return None
        return mark.epoch, mark.seq

    def _begin(self, fresh: Device, reason: str | None, lost: tuple[int, int] | None = None) -> None:
        # The key is on the disk before the queue names it; the epoch is in the queue before the folder counts on it.
        if device.load_device(self.home) is None:
            device.save_device(self.home, fresh)
        self.outbox.begin_epoch(fresh.epoch, device_no=fresh.device_no, predecessor=fresh.predecessor, lost=lost)
        self.change(fresh)
        self._mark.write(Mark(epoch=fresh.epoch, seq=0))
        self.renewed = reason


def why_new_epoch(
    *, queue: Mark | None, known: frozenset[int], device_epoch: int, mark: Mark | None, moved: bool
) -> str | None:
    """Why a queue may not go on under its epoch, in a sentence; None where it may.

    Args:
        queue: newest epoch of the queue and the last event in it; None where the queue is new.
        known: all epochs of the queue.
        device_epoch: the epoch that ``device.json`` names.
        mark: the last event that is known to have been committed; it may lag behind the queue.
        moved: whether the folder was last used on another machine.
    """
    if queue is None:
        return "the queue is new"
    if moved:
        return "the folder was copied to this machine from another"
    if device_epoch not in known or (mark is not None and mark.epoch not in known):
        return "the queue is an older copy"
    if mark is not None and mark.epoch == queue.epoch and mark.seq > queue.seq:
        return f"the queue is an older copy: it ends at {queue.seq}, and {mark.seq} had been committed"
    return None


@contextmanager
def open_handheld(home: Path, clock: Clock) -> Iterator[Handheld]:
    """The handheld of this folder, for this process alone; a new one where the folder is new.

    Raises:
        DatabaseError, DeviceError, OutboxError: it cannot be used; each says why.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DeviceError(f"{home} cannot be a handheld's folder: {error.strerror}.") from error
    schema = (*outbox.SCHEMA, *carried.SCHEMA, *map_rows.SCHEMA, *throttle.SCHEMA)
    try:
        database = open_database(home / QUEUE_FILE, schema)
    except InUseError as error:
        runs = who_runs(home)
        holder = f"by `{runs.command}` (process {runs.pid})" if runs else "in another process"
        raise InUseError(f"The queue in {home} is open {holder}: end that first.") from error
    with closing(database), closing(MarkFile(home)) as mark:
        yield Handheld(home, database, mark, clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a person asks of a handheld: who it is and how its queue stands."""

    device_no: int
    name: str
    site: str | None
    epoch: int
    waiting: int
    carried: int
    """Events of other handhelds that wait here."""
    enrolled: bool
    age_ms: int | None
    """Age of the reference data; None where it cannot be told."""
    has_data: bool
    units: int
    unread: int
    """What the server told that this handheld cannot take over."""
    addresses: tuple[str, ...]
    renewed: str | None


def standing(handheld: Handheld) -> Standing:
    """How this handheld stands now."""
    return Standing(
        device_no=handheld.device.device_no,
        name=handheld.device.name,
        site=handheld.device.site,
        epoch=handheld.outbox.epoch,
        waiting=handheld.outbox.waiting(),
        carried=carried.waiting_events(handheld.database),
        enrolled=handheld.device.server_key is not None,
        age_ms=handheld.site_map.age_ms(handheld.clock),
        has_data=handheld.site_map.cursor().cursor is not None,
        units=handheld.site_map.size(),
        unread=handheld.site_map.unread.count(),
        addresses=handheld.device.addresses,
        renewed=handheld.renewed,
    )
