"""A SQLite file that a disk spoilt is noticed as a whole, before anybody believes what is in it."""

import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from server.backup import back_up
from server.database import db, sqlite_module
from server.tables import unit_states
from tests.server.office import NOW, office, rows, stock_up

SPOIL = pytest.mark.parametrize(
    "spoil", [bytes, lambda size: random.Random(1).randbytes(size)], ids=["zeroed", "random"]
)


def page_of(file: Path, name: str) -> slice:
    """Where the first page of a table or an index lies in a SQLite file."""
    with closing(sqlite_module().connect(file)) as c:
        (size,) = c.execute("PRAGMA page_size").fetchone()
        (page,) = c.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [name]).fetchone()
    return slice((page - 1) * size, page * size)


def overwrite(file: Path, name: str, content: Callable[[int], bytes]) -> None:
    """Put something else, of the given length, in the place of the first page of a table or an index."""
    page, whole = page_of(file, name), bytearray(file.read_bytes())
    whole[page] = content(page.stop - page.start)
    file.write_bytes(whole)


@SPOIL
def test_a_backup_with_a_spoilt_page_is_refused_and_an_older_one_is_asked_for(
    tmp_path: Path, spoil: Callable[[int], bytes]
) -> None:
    with office(f"sqlite:///{tmp_path / 'live.sqlite3'}", tmp_path) as app:
        stock_up()
        back_up(tmp_path / "copy", now_ms=NOW)
        overwrite(tmp_path / "copy", "document_rows", spoil)
        before = rows(unit_states, "unit", "place")
        done = app.test_cli_runner().invoke(args=["restore", str(tmp_path / "copy"), "--yes"])
        assert done.exit_code == 1
        assert "copy is damaged (" in done.output
        assert "***" not in done.output
        assert done.output.endswith("The database is as it was: take an older backup.\n")
        assert rows(unit_states, "unit", "place") == before
        assert list(tmp_path.glob("*.restoring")) + list(tmp_path.glob("*.before-*")) == []


@SPOIL
def test_verify_of_a_database_with_a_spoilt_page_says_to_restore_a_backup(
    tmp_path: Path, spoil: Callable[[int], bytes]
) -> None:
    file = tmp_path / "live.sqlite3"
    with office(f"sqlite:///{file}", tmp_path) as app:
        stock_up()
        db.engine.dispose()
        overwrite(file, "document_rows", spoil)
        done = app.test_cli_runner().invoke(args=["verify"])
        assert done.exit_code == 1
        assert done.output.startswith(f"Error: The database file {file} is damaged (")
        assert done.output.endswith("). Stop the server and restore the latest backup.\n")


def test_verify_of_a_file_that_is_no_database_any_longer_says_so(tmp_path: Path) -> None:
    file = tmp_path / "live.sqlite3"
    with office(f"sqlite:///{file}", tmp_path) as app:
        db.engine.dispose()
        file.write_bytes(b"lightning " * 10_000)
        done = app.test_cli_runner().invoke(args=["verify"])
        assert done.output == (
            f"Error: The database file {file} is damaged (file is not a database). "
            "Stop the server and restore the latest backup.\n"
        )


@SPOIL
@pytest.mark.parametrize(
    "words", ["trail S1", "rebuild --all", "labels bins --on a4-3x8", "backup {folder}/copy --portable"]
)
def test_whoever_types_a_command_at_a_spoilt_database_hears_to_restore_a_backup(
    tmp_path: Path, spoil: Callable[[int], bytes], words: str
) -> None:
    file = tmp_path / "live.sqlite3"
    with office(f"sqlite:///{file}", tmp_path) as app:
        stock_up()
        db.engine.dispose()
        for table in ("unit_states", "reference"):
            overwrite(file, table, spoil)
        done = app.test_cli_runner().invoke(args=words.format(folder=tmp_path).split())
        assert done.output == (
            f"Error: The database file {file} is damaged (database disk image is malformed). "
            "Stop the server and restore the latest backup.\n"
        )


@pytest.mark.parametrize("words", ["cases", "people list", "init", "backup copy", "serve", "deliver-webhooks --once"])
def test_whoever_types_a_command_at_a_file_that_is_no_database_hears_to_restore_a_backup(
    tmp_path: Path, words: str
) -> None:
    file = tmp_path / "live.sqlite3"
    with office(f"sqlite:///{file}", tmp_path) as app:
        db.engine.dispose()
        file.write_bytes(b"lightning " * 10_000)
        done = app.test_cli_runner().invoke(args=words.split())
        assert done.output == (
            f"Error: The database file {file} is damaged (file is not a database). "
            "Stop the server and restore the latest backup.\n"
        )


def test_a_text_that_a_disk_spoilt_is_said_to_be_damage(tmp_path: Path) -> None:
    file = tmp_path / "live.sqlite3"
    with office(f"sqlite:///{file}", tmp_path) as app:
        db.engine.dispose()
        with closing(sqlite_module().connect(file)) as c, c:
            c.execute("UPDATE people SET name = CAST(x'41ff42' AS TEXT)")
        done = app.test_cli_runner().invoke(args=["people", "list"])
        assert done.output.startswith(
            f"Error: The database file {file} is damaged (Could not decode to UTF-8 column 'name'"
        )
        assert done.output.endswith("). Stop the server and restore the latest backup.\n")


@SPOIL
def test_of_a_spoilt_database_no_backup_is_made_and_the_one_before_stays(
    tmp_path: Path, spoil: Callable[[int], bytes]
) -> None:
    file = tmp_path / "live.sqlite3"
    with office(f"sqlite:///{file}", tmp_path) as app:
        stock_up()
        back_up(tmp_path / "copy", now_ms=NOW)
        before = (tmp_path / "copy").read_bytes()
        db.engine.dispose()
        overwrite(file, "document_rows", spoil)
        done = app.test_cli_runner().invoke(args=["backup", "--replace", str(tmp_path / "copy")])
        assert done.output.startswith("Error: No backup was made, for the copy is damaged (")
        assert done.output.endswith("`flask --app server verify` says whether the database is, and what to do.\n")
        assert (tmp_path / "copy").read_bytes() == before


def test_verify_names_the_rows_that_an_index_lacks_and_reindexing_mends_it(tmp_path: Path) -> None:
    file, index = tmp_path / "live.sqlite3", "ix_unit_states_place"
    with office(f"sqlite:///{file}", tmp_path) as app:
        db.engine.dispose()
        empty = file.read_bytes()[page_of(file, index)]
        stock_up()
        db.engine.dispose()
        overwrite(file, index, lambda _: empty)  # as where the disk lost that one write
        done = app.test_cli_runner().invoke(args=["verify"])
        assert done.exit_code == 1
        assert f"row 1 missing from index {index}" in done.output
        assert "run `REINDEX`" in done.output
        with closing(sqlite_module().connect(file)) as c:
            c.execute("REINDEX")
        assert "Everything fits" in app.test_cli_runner().invoke(args=["verify"]).output
