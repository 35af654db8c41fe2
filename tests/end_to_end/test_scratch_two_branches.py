"""Two queues that went on from one, and a server that is restored: what beeped and is still in a queue arrives once.

Real queue files in two folders, copied as they lie, and the real server with its own backups, in this process.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from scanner_client.clock import Clock
from scanner_client.enrol_command import enrol
from scanner_client.handheld import Handheld, open_handheld
from scanner_client.outbox import MARK_EVERY_MS
from scanner_client.uploader import SyncError, Uploader
from server import backup, enrolment, upkeep
from server.database import db, reading, writing
from server.tables import events
from sync.protocol import RETENTION_MS
from tests.scanner_client.scans import scan_of
from tests.server import office
from tests.simulation.faults.seeds import SHARED_MEMORY
from tests.simulation.station import ADDRESS, Network

ORIGINAL, COPY = 0, 1
BOOTED_MS: Final = office.NOW - 1_000_000
PUSHES_MAX: Final = 60
"""Of one sync here: a handheld that needs more presses a server that has nothing new to say."""


class Scene:
    """One server, and the folders of a handheld and of its copy. Time stands still until somebody waits."""

    def __init__(self, app: Flask, folder: Path) -> None:
        self.folder = folder
        self.now_ms = office.NOW
        self.network = Network(app)
        self._file = Path(str(db.engine.url.database))
        self.scanned = self.backups = 0

    def begins_at_length(self) -> None:
        """A handheld that has let go of what an old backup lacks: of ten scans the first five are in the oldest."""
        self.scans(ORIGINAL, 5)
        self.syncs(ORIGINAL)
        self.backs_up()
        self.scans(ORIGINAL, 5)
        self.lets_go(ORIGINAL)
        assert self.base(ORIGINAL) == 10

    def keeps(self, kept: Path) -> None:
        """Remember how everything is."""
        db.engine.dispose()
        self._kept = kept, self.now_ms, self.scanned, self.backups
        shutil.copytree(self.home(ORIGINAL), kept / "home")  # makes the folder
        shutil.copy(self._file, kept)

    def begins_anew(self) -> None:
        """Everything is as it was kept, and the copy was just made."""
        kept, self.now_ms, self.scanned, self.backups = self._kept
        db.engine.dispose()
        for path in self._file.parent.glob(f"{self._file.name}*"):
            path.unlink()
        shutil.copy(kept / self._file.name, self._file)
        for branch in (ORIGINAL, COPY):
            shutil.rmtree(self.home(branch), ignore_errors=True)
        shutil.copytree(kept / "home", self.home(ORIGINAL))
        self.is_copied()

    def home(self, branch: int) -> Path:
        return self.folder / f"home-{branch}"

    @contextmanager
    def opened(self, branch: int) -> Iterator[Handheld]:
        """The program runs on one of the two."""
        clock = Clock(wall_ms=lambda: self.now_ms, boot_ms=lambda: self.now_ms - BOOTED_MS, boot="boot-1")
        with open_handheld(self.home(branch), clock) as handheld:
            yield handheld

    def scans(self, branch: int, count: int) -> None:
        """So many beeps, each of a unit of its own."""
        with self.opened(branch) as handheld:
            handheld.commit([scan_of(f"{branch}-{self.scanned + n}") for n in range(count)])
        self.scanned += count

    def syncs(self, branch: int, *, pushes: int = PUSHES_MAX, at_once: int = 500) -> None:
        """Push until nothing waits, or so often, of so many scans."""
        with self.opened(branch) as handheld:
            uploader = Uploader(handheld, self.network)
            for _ in range(pushes):
                uploader._limit = at_once
                if not uploader.push_once().more:
                    return
        assert pushes < PUSHES_MAX, "it asks without end"

    def loses_a_reply(self, branch: int) -> None:
        """One push arrives, and its answer does not."""
        self.network.lose_next_reply = True
        with suppress(SyncError):
            self.syncs(branch, pushes=1)
        self.network.lose_next_reply = False

    def is_copied(self) -> None:
        """The folder of the original is copied to a machine that looks the same, over what the copy was before."""
        shutil.rmtree(self.home(COPY), ignore_errors=True)
        shutil.copytree(self.home(ORIGINAL), self.home(COPY))

    def backs_up(self) -> None:
        backup.back_up(self.folder / f"backup-{self.backups}", now_ms=self.now_ms)
        self.backups += 1

    def restores(self, number: int) -> None:
        """As the command does it, with the server stopped."""
        db.engine.dispose()
        kept = backup.restore(self.folder / f"backup-{number}").kept_at
        assert kept is not None
        kept.unlink()

    def waits_for_the_retention(self) -> None:
        """What a backup has may be let go after it."""
        self.now_ms += RETENTION_MS + MARK_EVERY_MS

    def lets_go(self, branch: int) -> None:
        """All that it has sent by now is in a backup, and the retention has passed."""
        self.syncs(branch)
        self.backs_up()
        self.syncs(branch)
        self.waits_for_the_retention()
        self.syncs(branch)

    @property
    def branches(self) -> list[int]:
        return [branch for branch in (ORIGINAL, COPY) if self.home(branch).exists()]

    def base(self, branch: int) -> int:
        """How far it has let go of the epoch that both had at first."""
        with self.opened(branch) as handheld:
            return handheld.outbox.epochs()[0].base_seq

    def astray(self) -> list[str]:
        """What is still in a queue, and is not at the server once under its own digest."""
        with reading() as c:
            query = sa.select(events.c.device_no, events.c.epoch, events.c.seq, events.c.digest, events.c.line)
            here = [tuple(row) for row in c.execute(query)]
        found = []
        for branch in self.branches:
            with self.opened(branch) as handheld:
                rows = handheld.database.rows(
                    "SELECT device_no, epoch, seq, digest, line FROM events JOIN epochs USING (epoch)"
                )
            found += [
                f"{branch}: {row[2]} of {row[1]}, {here.count(row)} times" for row in rows if here.count(row) != 1
            ]
        return found

    def wrong(self) -> list[str]:
        """What does not fit once everybody has synced."""
        for _ in range(2):
            for branch in self.branches:
                self.syncs(branch)
        owing = []
        for branch in self.branches:
            with self.opened(branch) as handheld:
                owing += [f"{branch} owes {e.epoch}" for e in handheld.outbox.epochs() if e.waiting or not e.confirmed]
        return owing + self.astray() + list(upkeep.verify(office.SITE, lambda _: None))


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory, where that can be had: each of a thousand steps waits for the disk several times."""
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None) as made:
        yield Path(made)


@pytest.fixture
def here(folder: Path) -> Iterator[Scene]:
    """A server's own file, and one handheld that has let go of scans."""
    found: list[Scene] = []
    url = f"sqlite:///{folder / 'warehouse.sqlite3'}"

    def now_ms() -> int:
        return found[0].now_ms if found else office.NOW

    with office.office(url, folder, now_ms=now_ms, ADDRESSES=(ADDRESS,)) as app:
        found.append(Scene(app, folder))
        with writing() as c:
            code = enrolment.new_code(c, site=office.SITE, role="receiver", operator=None, now_ms=office.NOW)
            invitation = enrolment.invitation(c, code, [ADDRESS]).text()
        with found[0].opened(ORIGINAL) as handheld:
            enrol(handheld, invitation, found[0].network, name="dock")
        found[0].begins_at_length()
        yield found[0]


def test_the_scans_of_a_copy_are_not_taken_for_the_originals_by_a_server_from_before_all_that_it_keeps(
    here: Scene,
) -> None:
    """By numbers alone all of the original's are there."""
    here.is_copied()
    here.scans(ORIGINAL, 3)
    here.syncs(ORIGINAL)
    here.restores(0)
    here.scans(COPY, 5)
    here.syncs(COPY)
    here.syncs(ORIGINAL)
    assert here.wrong() == []


def test_a_handheld_that_knows_of_its_copy_sends_what_waits_to_a_server_from_before_all_that_it_keeps(
    here: Scene,
) -> None:
    """The server's mark stands before what is gone, and will never reach what waits."""
    here.is_copied()
    for branch in (COPY, ORIGINAL):
        here.scans(branch, 3)
        here.syncs(branch)
    here.restores(0)
    assert here.wrong() == []


@dataclass(frozen=True, slots=True)
class Work:
    """Somebody scans, and then the network is there, or for a moment, or not."""

    branch: int
    scans: int
    heard: str

    def happens(self, here: Scene) -> None:
        if self.scans:
            here.scans(self.branch, self.scans)
        if self.heard == "all":
            here.syncs(self.branch)
        elif self.heard == "one push":
            here.syncs(self.branch, pushes=1, at_once=2)
        elif self.heard == "no reply":
            here.loses_a_reply(self.branch)


@dataclass(frozen=True, slots=True)
class LetGo:
    """All that a branch has by now is in a backup, and a week passes."""

    branch: int

    def happens(self, here: Scene) -> None:
        here.lets_go(self.branch)


@dataclass(frozen=True, slots=True)
class Copy:
    """The copy is made anew from the original."""

    def happens(self, here: Scene) -> None:
        here.is_copied()


@dataclass(frozen=True, slots=True)
class Restore:
    """The oldest backup, which lacks what the original has let go at the beginning, or the latest."""

    oldest: bool

    def happens(self, here: Scene) -> None:
        here.restores(0 if self.oldest else here.backups - 1)


BRANCH = st.sampled_from([ORIGINAL, COPY])
WORK = st.builds(Work, BRANCH, st.integers(0, 3), st.sampled_from(["all", "all", "one push", "no reply", "nothing"]))
STEP = st.one_of(
    WORK, WORK, WORK, WORK, WORK, st.builds(Restore, st.booleans()), st.builds(LetGo, BRANCH), st.builds(Copy)
)


def test_of_two_branches_no_scan_is_lost_or_there_twice_whatever_is_copied_let_go_and_restored(
    here: Scene, folder: Path
) -> None:
    here.keeps(folder / "kept")

    # A dozen steps are read as they are; to make them fewer would take many times as long.
    @settings(max_examples=500, phases=[Phase.generate])
    @given(st.lists(STEP, min_size=8, max_size=20))
    def holds(steps: list[Work | LetGo | Copy | Restore]) -> None:
        here.begins_anew()
        for step in steps:
            step.happens(here)
        assert here.wrong() == []

    holds()
