"""A handheld's disk: it fills up, its owner copies it, and the process that writes to it dies at any statement."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from scanner_client.database import Database
from scanner_client.device import MARK_FILE
from scanner_client.handheld import QUEUE_FILE

Image = dict[str, bytes]
"""Files by name, as they lie there."""
PAGES_MAX: Final = 2**31 - 2
MARK: Final = MARK_FILE
QUEUE: Final = frozenset({QUEUE_FILE, f"{QUEUE_FILE}-wal"})


class Killed(BaseException):
    """The process ended here, between two of its steps. No `except Exception` sees it, as none sees SIGKILL."""


class Disk:
    """The folder of one handheld and the process that has it open."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.dies_after: int | None = None
        """Statements that the process still runs."""
        self.is_full = False
        self.was_full = False
        """Since somebody last asked to be told."""
        self._connection: sqlite3.Connection | None = None
        self._left: Image | None = None
        """What the killed process left behind."""

    def attach(self, database: Database) -> None:
        """Stand between a process that has just started and its file."""
        self._left, self.dies_after, self.is_full = None, None, False
        self._connection = database._connection
        database._connection = _Watched(self, database._connection)  # type: ignore[assignment]

    def image(self) -> Image:
        """A copy of everything, as it lies there."""
        return {path.name: path.read_bytes() for path in sorted(self.home.iterdir()) if path.is_file()}

    def lay(self, image: Image) -> None:
        """Put a copy in the place of everything."""
        for path in self.home.iterdir():
            if path.is_file():
                path.unlink()
        for name, content in image.items():
            (self.home / name).write_bytes(content)

    def kill(self) -> None:
        """End the process: the files stay as they lie, whatever closing them would still have written."""
        self._left = self._left or self.image()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self.lay(self._left)

    def fill(self, *, full: bool) -> None:
        """No page more fits on it, or there is room again."""
        if self._connection is None or self._left is not None:
            return
        self.is_full = full
        self.was_full |= full
        pages = self._connection.execute("PRAGMA page_count").fetchone()[0] if full else PAGES_MAX
        self._connection.execute(f"PRAGMA max_page_count={pages}").fetchall()

    def watch_from_now(self) -> None:
        """Whether it was full is asked of what comes after this."""
        self.was_full = self.is_full

    def step(self) -> None:
        """The process is about to run a statement."""
        if self._left is not None:
            raise Killed
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after < 0:
                self._left = self.image()
                raise Killed


class _Watched:
    """The handheld's connection; each statement is a step at which the process may die."""

    def __init__(self, disk: Disk, connection: sqlite3.Connection) -> None:
        self._disk, self._connection = disk, connection

    @property
    def in_transaction(self) -> bool:
        return self._disk._left is None and self._connection.in_transaction

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        self._disk.step()
        cursor = self._connection.execute(sql, values)
        self._disk.step()  # done, and nobody heard of it
        return cursor

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> sqlite3.Cursor:
        self._disk.step()
        cursor = self._connection.executemany(sql, rows)
        self._disk.step()
        return cursor

    def close(self) -> None:
        if self._disk._left is None:
            self._connection.close()
