"""A shift of scanning and syncing, the power cut at any moment of it, and the handheld on the morning after."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from scanner_client import device
from scanner_client.clock import Clock
from scanner_client.database import Database, DatabaseError
from scanner_client.device import DEVICE_FILE, Device, DeviceError
from scanner_client.handheld import QUEUE_FILE, Handheld, open_handheld
from scanner_client.outbox import Outbox, OutboxError
from scanner_client.site_map import Cursor
from sync.event import GENESIS, ScanEvent, chain, encode
from sync.protocol import Reply
from tests.handheld import BIN_A, BIN_B, unit
from tests.power_cut.disk import Answer, Beep, Disk, Operation
from tests.power_cut.recording import RecordedMark, recording

EPOCH: Final = 77
KNOWN: Final = Device(
    private_key=bytes(32), name="Handheld 1", machine=device.machine_fingerprint(), epoch=EPOCH, site="main"
)
CLOCK: Final = Clock(wall_ms=lambda: 1_780_000_000_000, boot_ms=lambda: 1_000, boot="boot")
SCANS: Final = 160
LABEL_BYTES: Final = 3_000
"""As long as a label may be, so that one shift fills the write-ahead log (1,000 pages) and moves it to the database."""
SYNC_EVERY: Final = 20
SENT_AT_ONCE: Final = 15
"""Fewer than were scanned since, so that some always wait."""
DAYS_MS: Final = 2 * 24 * 3_600_000
"""Between two syncs."""
KEPT_SYNCS: Final = 4
"""What is acknowledged is kept for seven days, so that the fourth sync after it may let it go."""
BACKUP_EVERY: Final = 5
"""Syncs, so that now the days decide what may go, and now the backup."""
UNITS: Final = 40
ROWS_A_PAGE: Final = 12


@dataclass(slots=True)
class Shift:
    """What was asked of the disk, and what was scanned and pulled."""

    log: list[Operation] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    """The scans, in canonical bytes."""
    maps: dict[str | None, list[tuple[Any, ...]]] = field(default_factory=dict)
    """Cursor -> all rows of the map, when it was taken over."""
    device: bytes = b""
    """``device.json``; it was written and synced long before."""


@dataclass(slots=True)
class Report:
    """What the mornings after looked like."""

    cuts: int = 0
    lost: list[str] = field(default_factory=list)
    """A sentence for each cut that lost something which had beeped, or left a handheld that cannot be trusted."""
    newer: int = 0
    """Cuts that kept a scan which had not beeped yet: it is sent, and its picker scans it again."""
    let_go: int = 0
    """Cuts after which the first scans were gone, as they may: they are in a backup."""
    pulled: int = 0
    """Cuts after which the map had a cursor."""


def work(seed: int, *, weakened: bool = False) -> Shift:
    """Scan for a shift, as the handheld does; now and then it syncs: what is sent is acknowledged, a page is pulled."""
    chance, shift, syncs = random.Random(seed), Shift(), 0
    with tempfile.TemporaryDirectory() as folder, recording(shift.log, QUEUE_FILE, weakened=weakened) as database:
        home = Path(folder)
        device.save_device(home, KNOWN)
        shift.device = (home / DEVICE_FILE).read_bytes()
        Outbox(database).begin_epoch(EPOCH, device_no=KNOWN.device_no, predecessor=None)
        shift.maps[None] = _map(database)
        with closing(RecordedMark(home, shift.log)) as mark:
            handheld = Handheld(home, database, mark, CLOCK)
            while len(shift.lines) < SCANS:
                shift.lines += map(encode, handheld.commit([_scan(chance) for _ in range(chance.choice((1, 1, 1, 5)))]))
                shift.log.append(Beep(len(shift.lines)))
                if len(shift.lines) >= (syncs + 1) * SYNC_EVERY:
                    syncs += 1
                    _sync(handheld, shift, syncs, chance)
    return shift


def _sync(handheld: Handheld, shift: Shift, number: int, chance: random.Random) -> None:
    """One exchange, as the uploader has it: first the server's mark, then a page of changes and its cursor."""
    run, server_ms = handheld.outbox.next_run(SENT_AT_ONCE), CLOCK.wall_ms() + number * DAYS_MS
    safe = (number - 1) // BACKUP_EVERY * BACKUP_EVERY * SENT_AT_ONCE
    shift.log.append(Answer(acked=run.last, may_go=min(safe, max(0, number - KEPT_SYNCS) * SENT_AT_ONCE)))
    handheld.outbox.acknowledge(run, _reply(run.last, run.after, safe=safe, server_ms=server_ms))
    cursor = Cursor(cursor=str(number), incarnation="i")
    handheld.site_map.apply(_page(number, chance), cursor, more=number % 3 == 1, clock=CLOCK, server_ms=server_ms)
    shift.maps[cursor.cursor] = _map(handheld.database)


def _page(number: int, chance: random.Random) -> list[list[Any]]:
    """Changes of units and documents; each document says which page told of it last."""
    changes: list[list[Any]] = []
    for one in chance.sample(range(UNITS), ROWS_A_PAGE):
        at = chance.choice((BIN_A, BIN_B))
        row = ["stored", at, at, None, None, None]
        changes.append(["unit", unit(f"U{one}"), chance.choice((row, row, None))])
        changes.append(["document", f"D-{one}", {"kind": "count", "note": f"page {number} " + "x" * 600}])
    return changes


def cut(shift: Shift, cuts: int, seed: int) -> Report:
    """Cut the power at so many moments, each another, and hold what each morning finds against what had been told.

    Where there are fewer moments, at all of them.
    """
    chance, report, disk = random.Random(seed), Report(), Disk()
    moments = set(chance.sample(range(len(shift.log)), min(cuts, len(shift.log))))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        for number, operation in enumerate(shift.log):
            disk.take(operation)
            if number in moments:
                home.mkdir()
                (home / DEVICE_FILE).write_bytes(shift.device)
                for name, content in disk.after_cut(chance).items():
                    (home / name).write_bytes(content)
                report.cuts += 1
                wrong = _morning(shift, disk, home, report)
                report.lost += [f"Cut after operation {number}: {one}" for one in wrong[:1]]
                shutil.rmtree(home)
    return report


def _morning(shift: Shift, disk: Disk, home: Path, report: Report) -> list[str]:
    """Open what is left, as the handheld does; what is wrong with it."""
    try:
        with open_handheld(home, CLOCK) as handheld:
            return [*_wrong_queue(handheld, shift, disk, report), *_wrong_map(handheld, shift, report)]
    except (DatabaseError, DeviceError, OutboxError) as error:
        return [str(error)]


def _wrong_queue(handheld: Handheld, shift: Shift, disk: Disk, report: Report) -> Iterator[str]:
    at = next((epoch for epoch in handheld.outbox.epochs() if epoch.epoch == EPOCH), None)
    if at is None:
        if disk.beeped:
            yield f"{disk.beeped} had beeped, and the queue is new."
        return
    rows = handheld.database.rows("SELECT line, digest FROM events WHERE epoch=? ORDER BY seq", EPOCH)
    last = at.base_seq + len(rows)
    if last < disk.beeped:
        yield f"{disk.beeped} had beeped, {last} are there."
    if [line for line, _ in rows] != shift.lines[at.base_seq : last]:
        yield "What is there is not what was scanned."
    digests = [GENESIS, *chain(GENESIS, shift.lines)]
    if [at.base_digest, *(digest for _, digest in rows)] != digests[at.base_seq : last + 1]:
        yield "The chain does not fit its lines."
    if at.base_seq > disk.may_go:
        yield f"The scans up to {at.base_seq} were let go, and those up to {disk.may_go} may go."
    if at.acked_through > disk.acked:
        yield f"The server is said to have {at.acked_through}, and has acknowledged {disk.acked}."
    if handheld.renewed:
        yield f"The handheld goes on under a new epoch: {handheld.renewed}."
        return
    [after] = handheld.commit([_scan(random.Random(0))])
    if (after.epoch, after.seq) != (EPOCH, last + 1):
        yield f"The next scan is number {after.seq}, after {last}."
    report.newer += last > disk.beeped
    report.let_go += at.base_seq > 0


def _wrong_map(handheld: Handheld, shift: Shift, report: Report) -> Iterator[str]:
    cursor = handheld.site_map.cursor().cursor
    if _map(handheld.database) != shift.maps[cursor]:
        yield f"The cursor says {cursor}, and the rows of the map are others."
    report.pulled += cursor is not None


def _map(database: Database) -> list[tuple[Any, ...]]:
    """Everything that was pulled and stands in the map."""
    return [
        *database.rows("SELECT kind, key, generation, row FROM entries ORDER BY kind, key"),
        *database.rows("SELECT tail, status, generation, expected FROM units ORDER BY tail"),
        *database.rows("SELECT no, name FROM names ORDER BY no"),
    ]


def _scan(chance: random.Random) -> ScanEvent:
    return ScanEvent(
        device_no=0,
        epoch=0,
        seq=0,
        action="unreadable",
        barcode=chance.randbytes(LABEL_BYTES),
        wall_ms=1_780_000_000_000,
        boot="boot",
        boot_ms=chance.randrange(10**9),
    )


def _reply(through: int, head: bytes, *, safe: int, server_ms: int) -> Reply:
    return Reply(
        incarnation="i",
        acked_through=through,
        head=head.hex(),
        last_seq=through,
        missing=[],
        accepted=0,
        duplicate=0,
        exceptions=[],
        safe_through=safe,
        server_ms=server_ms,
        addresses=[],
        changes=[],
        cursor="",
        more=False,
    )
