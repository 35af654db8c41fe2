"""A disk that is full, or makes no writes durable.

On a handheld what beeped is kept, and nothing else beeps; on the server nothing is acknowledged that is not kept.
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count, islice
from pathlib import Path
from typing import Any

import psutil
import pytest

from scanner_client import outbox
from scanner_client.control import ask
from scanner_client.database import open_database
from scanner_client.handheld import QUEUE_FILE
from sync.event import EventName, decode, parse_name
from tests.end_to_end.crash import CLIENT, Report, compare
from tests.end_to_end.site import Site
from tests.end_to_end.station import ROOT, Station

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="limits, tmpfs and preloading are Linux's"),
]

TYPED = 400
BYTES_MAX = 400_000
"""An empty queue has 86,000; each scan adds some 12,000 to the write-ahead log before it is moved over."""
SERVER_DISK = "24m"
FULL = "The server's disk is full; nothing was taken."
ACKNOWLEDGED, TYPED_MAX = 20, 1_000
FAILING_SYNC = """
#include <errno.h>
#include <stdlib.h>
static int left = -1;
static int fails(void) {
    if (left < 0) left = atoi(getenv("SYNCS"));
    if (left > 0) { left--; return 0; }
    errno = EIO;
    return -1;
}
int fsync(int file) { return fails(); }
int fdatasync(int file) { return fails(); }
"""
"""The first so many succeed without waiting for a disk; then each fails, as on a disk that is about to die."""


def scan(
    home: Path, count: int, *, environment: dict[str, str] | None = None, limit: Callable[[], None] | None = None
) -> tuple[int, set[EventName], str]:
    """Type so many labels; the exit code, the events that beeped, and what it said at last."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "scanner_client",
            "scan",
            "--home",
            str(home),
            "--action",
            "move",
            "--location",
            "LOC:A-01",
            "--json",
        ],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **(environment or {})},
        input="".join(f"]d2010950600013435221S{n}\n" for n in range(count)),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )
    told = [line for line in done.stdout.splitlines(keepends=True) if line.endswith("\n")]
    return done.returncode, {parse_name(json.loads(line)["event"]) for line in told}, done.stderr


def kept(home: Path) -> set[EventName]:
    """The names in the queue, each of whose lines can be read."""
    with closing(open_database(home / QUEUE_FILE, outbox.SCHEMA)) as database:
        return {decode(line).name for (line,) in database.rows("SELECT line FROM events")}


def full_by_limit(_: Path) -> tuple[dict[str, str], Callable[[], None]]:
    """No file may grow beyond a size: writes fail as on a full disk."""
    return {}, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (BYTES_MAX, BYTES_MAX))


def no_sync(folder: Path) -> tuple[dict[str, str], None]:
    """`fsync` fails, from the sixtieth call on."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler is here to make a failing fsync with")
    (folder / "sync.c").write_text(FAILING_SYNC)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", folder / "sync.so", folder / "sync.c"], check=True)
    return {"LD_PRELOAD": str(folder / "sync.so"), "SYNCS": "60"}, None


@pytest.mark.parametrize("way", [full_by_limit, no_sync])
def test_what_beeped_on_a_failing_disk_is_kept_and_the_work_goes_on_once_it_is_mended(
    tmp_path: Path, way: Callable[[Path], tuple[dict[str, str], Callable[[], None] | None]]
) -> None:
    home = tmp_path / "home"
    environment, limit = way(tmp_path)
    code, beeped, said = scan(home, TYPED, environment=environment, limit=limit)
    assert (code, "queue.sqlite3 cannot be used" in said) == (1, True)
    assert 0 < len(beeped) < TYPED
    assert not beeped - kept(home)
    _goes_on(home, beeped)


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("nothing may be mounted here; the first test limits the size of a handheld's files instead")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """With room for little more than an empty queue."""
    with mounted(tmp_path / "disk", "400k") as folder:
        yield folder


def test_what_beeped_on_a_full_disk_is_kept_and_the_work_goes_on_once_there_is_room(small_disk: Path) -> None:
    code, beeped, said = scan(small_disk / "home", TYPED)
    subprocess.run(["mount", "-o", "remount,size=20m", small_disk], check=True)
    assert (code, "queue.sqlite3 cannot be used" in said) == (1, True)
    assert 0 < len(beeped) < TYPED
    assert not beeped - kept(small_disk / "home")
    _goes_on(small_disk / "home", beeped)


def _goes_on(home: Path, beeped: set[EventName]) -> None:
    there = kept(home)
    assert len(there - beeped) <= 1  # one may be durable, and its beep not have come any more
    again, more, _ = scan(home, 3)
    assert (again, len(more)) == (0, 3)
    assert kept(home) == there | more


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A server whose database, files and log lie on a small disk."""
    with (
        mounted(tmp_path / "server", SERVER_DISK) as folder,
        Site(folder=folder, database_url=f"sqlite:///{folder / 'warehouse.sqlite3'}").running() as site,
    ):
        yield site


def fill(disk: Path) -> Path:
    """Take all the room that is left; the file to take away for it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4_096)
    return filler


def workers(site: Site) -> set[int]:
    assert site.process is not None
    return {worker.pid for worker in psutil.Process(site.process.pid).children()}


def status(station: Station) -> dict[str, Any]:
    answered = ask(station.home, {"do": "status"})
    assert answered is not None
    return answered


def test_a_server_with_a_full_disk_acknowledges_nothing_more_and_takes_all_once_there_is_room(
    site: Site, tmp_path: Path
) -> None:
    station = Station(1, tmp_path / "station", "receive", rng=random.Random(1), program=CLIENT)
    station.enrol(*site.invitations(1))
    labels = (b"010950600013435221S%04d" % n for n in count())
    with station.scanning() as keys:
        for label in islice(labels, ACKNOWLEDGED):
            station.scan(keys, label)
        station.wait_until_drained()
        at_first, filler = workers(site), fill(site.folder)
        told = status(station)
        while not told["sync"]["trouble"] and len(station.beeped) < TYPED_MAX:
            station.scan(keys, next(labels))
            told = status(station)
        assert (told["sync"]["code"], told["sync"]["trouble"]) == ("unavailable", FULL)  # the word of a 503
        assert len(site.ledger()) == len(station.beeped) - told["waiting"] >= ACKNOWLEDGED
        station.scan(keys, next(labels))
        filler.unlink()
        station.wait_until_drained()  # nobody scans any more
        assert workers(site) == at_first
    report = Report()
    assert compare(site, [station], report) == []
    assert report.typed == report.beeped == report.events
    verified = site.flask("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
