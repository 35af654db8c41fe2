"""The handheld's database on a file system that writes down what it is asked for.

The file system is APSW's way to write one in Python, so that here it runs on APSW's SQLite; `Database` is the
handheld's own, and so are its pragmas. What a cut leaves is opened by the handheld's own SQLite.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import apsw

from scanner_client import carried, map_rows, outbox, throttle
from scanner_client import database as client_database
from scanner_client.database import Database
from scanner_client.device import MARK_FILE, Mark, MarkFile
from tests.power_cut.disk import Delete, Operation, Sync, Truncate, Write

SCHEMA: Final = (*outbox.SCHEMA, *carried.SCHEMA, *map_rows.SCHEMA, *throttle.SCHEMA)
_SECTOR_BYTES: Final = 4_096  # what SQLite's own file system for Unix says


class _File(apsw.VFSFile):
    """One open file, in memory; every change of it is written down."""

    def __init__(self, name: str, content: bytearray, log: list[Operation]) -> None:
        self.name, self.content, self.log = name, content, log

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self.content[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self.log.append(Write(self.name, offset, bytes(data)))
        if len(self.content) < offset:
            self.content.extend(bytes(offset - len(self.content)))
        self.content[offset : offset + len(data)] = data

    def xTruncate(self, newsize: int) -> None:
        self.log.append(Truncate(self.name, newsize))
        del self.content[newsize:]

    def xSync(self, flags: int) -> None:
        self.log.append(Sync(self.name))

    def xFileSize(self) -> int:
        return len(self.content)

    def xSectorSize(self) -> int:
        return _SECTOR_BYTES

    def xDeviceCharacteristics(self) -> int:
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE

    def xLock(self, level: int) -> None: ...

    def xUnlock(self, level: int) -> None: ...

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, op: int, ptr: int) -> bool:
        return False

    def xClose(self) -> None: ...


class _FileSystem(apsw.VFS):
    """Files in memory, for one process."""

    def __init__(self, name: str, log: list[Operation]) -> None:
        super().__init__(name, base="")
        self.name = name
        self._files: dict[str, bytearray] = {}
        self._log = log

    def xOpen(self, name: Any, flags: list[int]) -> _File:
        called = name.filename() if isinstance(name, apsw.URIFilename) else name
        if called is None:  # a temporary file means nothing after a cut
            return _File("", bytearray(), [])
        flags[1] = flags[0]
        return _File(str(called), self._files.setdefault(str(called), bytearray()), self._log)

    def xAccess(self, pathname: str, flags: int) -> bool:
        return pathname in self._files

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self._files.pop(filename)
        self._log.append(Delete(filename))

    def xFullPathname(self, name: str) -> str:
        return name


class _Connection:
    """APSW's connection as `Database` speaks to one."""

    def __init__(self, connection: apsw.Connection, pragmas: dict[str, str]) -> None:
        self._connection, self._pragmas = connection, pragmas

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def execute(self, sql: str, values: Sequence[Any] = ()) -> _Cursor:
        return _Cursor(self._connection, list(self._connection.execute(self._pragmas.get(sql, sql), tuple(values))))

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._connection.executemany(sql, [tuple(row) for row in rows])


class _Cursor:
    def __init__(self, connection: apsw.Connection, rows: list[Any]) -> None:
        self.rowcount, self._rows = connection.changes(), rows

    def fetchall(self) -> list[Any]:
        return self._rows

    def fetchone(self) -> Any:
        return self._rows[0] if self._rows else None


class RecordedMark(MarkFile):
    """The handheld's mark beside its database, written down in the same order; like the handheld it never syncs."""

    def __init__(self, home: Path, log: list[Operation]) -> None:
        super().__init__(home)
        self._home, self._log = home, log

    def write(self, mark: Mark) -> None:
        super().write(mark)
        self._log.append(Write(MARK_FILE, 0, (self._home / MARK_FILE).read_bytes()))


@contextmanager
def recording(log: list[Operation], name: str, *, weakened: bool = False) -> Iterator[Database]:
    """A handheld's new database of that name, whose disk writes down in `log` what it is asked for.

    Args:
        weakened: as a careless program would have it, with `synchronous=NORMAL`.
    """
    system = _FileSystem(f"recording-{id(log)}", log)
    connection = apsw.Connection(name, vfs=system.name)
    try:
        pragmas = {"PRAGMA synchronous=FULL": "PRAGMA synchronous=NORMAL"} if weakened else {}
        adapted: Any = _Connection(connection, pragmas)
        client_database._prepare(adapted, Path(name), SCHEMA)
        yield Database(adapted, Path(name))
    finally:
        connection.close()
        system.unregister()
