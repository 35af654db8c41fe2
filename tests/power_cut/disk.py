"""A disk as the power cut leaves it: what was synced is there, of what was written since, anything.

A sector is written whole or not at all, and writing one harms no other; SQLite relies on no more
(https://www.sqlite.org/atomiccommit.html, "Hardware Assumptions"; https://www.sqlite.org/psow.html).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

SECTOR: Final = 512


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes that the program put into a file."""

    file: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """The file was cut to a length."""

    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """The program waited until the disk had the file."""

    file: str


@dataclass(frozen=True, slots=True)
class Delete:
    """The file was removed."""

    file: str


@dataclass(frozen=True, slots=True)
class Beep:
    """The handheld beeped: what it had kept by then may never be lost."""

    kept: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The server answered: from here on the handheld may believe that, and no sooner."""

    acked: int
    may_go: int
    """Up to where scans may be let go: they were acknowledged for long enough and are in a backup."""


Operation = Write | Truncate | Sync | Delete | Beep | Answer


@dataclass(slots=True)
class _File:
    durable: bytearray = field(default_factory=bytearray)
    is_there: bool = False
    """Whether its name is on the disk: at the latest since its first sync."""
    pending: list[Write | Truncate] = field(default_factory=list)

    def sync(self) -> None:
        for operation in self.pending:
            _apply(self.durable, operation)
        self.pending.clear()
        self.is_there = True


class Disk:
    """The files of one disk, while the program writes."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self.beeped = 0
        """How many scans have beeped by now."""
        self.acked = self.may_go = 0
        """What the server has answered by now."""

    def take(self, operation: Operation) -> None:
        """The next that the program asked for."""
        if isinstance(operation, Beep):
            self.beeped = operation.kept
            return
        if isinstance(operation, Answer):
            self.acked, self.may_go = operation.acked, operation.may_go
            return
        file = self._files.setdefault(operation.file, _File())
        if isinstance(operation, Sync):
            file.sync()
        elif isinstance(operation, Delete):
            del self._files[operation.file]
        else:
            file.pending.append(operation)

    def after_cut(self, chance: random.Random) -> dict[str, bytes]:
        """The files by name, when the power goes now."""
        there = {name: file for name, file in self._files.items() if file.is_there or chance.random() < 0.5}
        return {name: _left(file, chance) for name, file in there.items()}


def _left(file: _File, chance: random.Random) -> bytes:
    """The file with some of what was not synced: all of it, none, or any of its sectors."""
    content = bytearray(file.durable)
    share = chance.choice((0.0, 1.0, chance.random()))
    for operation in file.pending:
        if isinstance(operation, Truncate):
            if chance.random() < share:
                _apply(content, operation)
            continue
        for start in range(0, len(operation.data), SECTOR):
            if chance.random() < share:
                part = operation.data[start : start + SECTOR]
                _apply(content, Write(operation.file, operation.offset + start, part))
    return bytes(content)


def _apply(content: bytearray, operation: Write | Truncate) -> None:
    if isinstance(operation, Truncate):
        del content[operation.size :]
        return
    end = operation.offset + len(operation.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    content[operation.offset : end] = operation.data
