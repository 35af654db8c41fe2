"""A shift of scanning, the power cut at any moment of it, and the handheld on the morning after."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from scanner_client.database import DatabaseError, open_database
from scanner_client.outbox import Outbox, OutboxError
from sync.event import GENESIS, ScanEvent, chain, encode
from sync.protocol import Reply
from tests.power_cut.disk import Disk, Operation
from tests.power_cut.recording import QUEUE, SCHEMA, recording, scan

EPOCH: Final = 77
DEVICE: Final = 5
SCANS: Final = 160
LABEL_BYTES: Final = 3_000
"""As long as a label may be, so that one shift fills the write-ahead log (1,000 pages) and moves it to the database."""
ACKNOWLEDGE_EVERY: Final = 40


@dataclass(frozen=True, slots=True)
class Shift:
    """What was asked of the disk, and what was scanned, in canonical bytes."""

    log: list[Operation]
    lines: list[bytes]


@dataclass(slots=True)
class Report:
    """What the mornings after looked like."""

    cuts: int = 0
    lost: list[str] = field(default_factory=list)
    """A sentence for each cut that lost something which had beeped, or left a queue that cannot be used."""
    newer: int = 0
    """Cuts that kept a scan which had not beeped yet: it is sent, and its picker scans it again."""


def work(seed: int, *, weakened: bool = False) -> Shift:
    """Scan for a shift, some of it acknowledged in between."""
    chance = random.Random(seed)
    log: list[Operation] = []
    lines: list[bytes] = []
    with recording(log, weakened=weakened) as queue:
        queue.begin_epoch(EPOCH, device_no=DEVICE, predecessor=None)
        while len(lines) < SCANS:
            kept = scan(queue, log, [_scan(chance) for _ in range(chance.choice((1, 1, 1, 5)))])
            lines += map(encode, kept)
            if len(lines) % ACKNOWLEDGE_EVERY < 2:
                run = queue.next_run()
                queue.acknowledge(run, _reply(run.last, run.after))
    return Shift(log, lines)


def cut(shift: Shift, cuts: int, seed: int) -> Report:
    """Cut the power at so many moments, each time open what is left, and hold it against what had beeped."""
    chance, report, disk = random.Random(seed), Report(), Disk()
    moments = Counter(chance.randrange(len(shift.log)) for _ in range(cuts))
    with tempfile.TemporaryDirectory() as folder:
        for number, operation in enumerate(shift.log):
            disk.take(operation)
            for again in range(moments[number]):
                place = Path(folder) / f"{number}-{again}"
                place.mkdir()
                for name, content in disk.after_cut(chance).items():
                    (place / name).write_bytes(content)
                _morning(shift, disk.beeped, place / QUEUE, report, f"Cut after operation {number}")
                shutil.rmtree(place)
    return report


def _morning(shift: Shift, kept: int, path: Path, report: Report, called: str) -> None:
    report.cuts += 1
    try:
        database = open_database(path, SCHEMA)
        try:
            found = _lines_in(Outbox(database))
        finally:
            database.close()
    except (DatabaseError, OutboxError) as error:
        report.lost.append(f"{called}: {error}")
        return
    if len(found) < kept:
        report.lost.append(f"{called}: {kept} had beeped, {len(found)} are there.")
    elif found != shift.lines[: len(found)]:
        report.lost.append(f"{called}: what is there is not what was scanned.")
    report.newer += len(found) > kept


def _lines_in(queue: Outbox) -> list[bytes]:
    """Everything in the queue, its chain checked; and it takes another scan."""
    if not queue.epoch:
        return []
    rows = queue._database.rows("SELECT line, digest FROM events WHERE epoch=? ORDER BY seq", queue.epoch)
    lines = [line for line, _ in rows]
    if list(chain(GENESIS, lines)) != [digest for _, digest in rows]:
        raise OutboxError("The chain does not fit its lines.")
    after = queue.append([_scan(random.Random(0))])
    if after[0].seq != len(lines) + 1:
        raise OutboxError(f"The next scan is number {after[0].seq}, after {len(lines)}.")
    return lines


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


def _reply(through: int, head: bytes) -> Reply:
    return Reply(
        incarnation="i",
        acked_through=through,
        head=head.hex(),
        last_seq=through,
        missing=[],
        accepted=0,
        duplicate=0,
        exceptions=[],
        safe_through=0,
        server_ms=1_780_000_000_000,
        addresses=[],
        changes=[],
        cursor="",
        more=False,
    )
