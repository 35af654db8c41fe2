from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from scanner_client.database import SCHEMA_VERSION, DatabaseError, InUseError, Remembered, open_database

SCHEMA = ("CREATE TABLE t (n INTEGER)",)


def test_what_was_committed_is_there_after_reopening(tmp_path: Path) -> None:
    database = open_database(tmp_path / "q", SCHEMA)
    with database.transaction():
        database.run("INSERT INTO t VALUES (?)", 7)
    database.close()
    assert open_database(tmp_path / "q", SCHEMA).rows("SELECT n FROM t") == [(7,)]


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    database = open_database(tmp_path / "q", SCHEMA)

    def fail() -> None:
        with database.transaction():
            database.run("INSERT INTO t VALUES (1)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert database.rows("SELECT n FROM t") == []
    with database.transaction():
        database.run("INSERT INTO t VALUES (2)")
    assert database.rows("SELECT n FROM t") == [(2,)]


def test_another_process_is_told_that_the_queue_is_taken(tmp_path: Path) -> None:
    holder = open_database(tmp_path / "q", SCHEMA)
    program = (
        "import sys; from pathlib import Path; from scanner_client.database import *\n"
        "try: open_database(Path(sys.argv[1]), ())\n"
        "except InUseError as error: print(error); sys.exit(9)\n"
    )
    other = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "q")], capture_output=True, text=True, check=False
    )
    assert (other.returncode, other.stdout) == (9, f"{tmp_path / 'q'} is open in another process.\n")
    holder.close()
    open_database(tmp_path / "q", SCHEMA).close()


def test_every_commit_is_synced_and_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    database = open_database(tmp_path / "q", SCHEMA)
    assert database.row("PRAGMA synchronous") == (2,)
    assert database.row("PRAGMA journal_mode") == ("wal",)
    assert database.row("PRAGMA locking_mode") == ("exclusive",)
    assert (tmp_path / "q").stat().st_mode & 0o077 == 0


def test_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    database = open_database(tmp_path / "q", SCHEMA)
    database.run(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    database.close()
    with pytest.raises(DatabaseError, match=r"was written by a newer version of this program \(file version 2\)"):
        open_database(tmp_path / "q", SCHEMA)


def test_file_that_is_no_database_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "q").write_bytes(b"not a database" * 100)
    with pytest.raises(DatabaseError, match="cannot be used: file is not a database"):
        open_database(tmp_path / "q", SCHEMA)
    with pytest.raises(DatabaseError, match="cannot be opened"):
        open_database(tmp_path / "no" / "q", SCHEMA)


def test_threads_take_turns_without_a_lost_write(tmp_path: Path) -> None:
    database = open_database(tmp_path / "q", SCHEMA)

    def write() -> None:
        for number in range(20):
            with database.transaction():
                database.run("INSERT INTO t VALUES (?)", number)

    threads = [Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.row("SELECT count(*) FROM t") == (80,)
    assert issubclass(InUseError, DatabaseError)


def test_what_was_read_before_anothers_commit_is_not_kept_after_it() -> None:
    recalls, arriving = ["R-1"], ["R-2"]

    def read() -> list[str]:
        known = list(recalls)
        if arriving:  # the rows are read, and another thread commits before they are kept
            recalls.append(arriving.pop())
            remembered.forget()
        return known

    remembered = Remembered(read)
    assert remembered.get() == ["R-1"]
    assert remembered.get() == ["R-1", "R-2"]
    assert remembered.get() is remembered.get()
