"""What the released version left in the field is opened, upgraded, verified, folded anew and drained by this one."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from scanner_client.clock import system_clock
from scanner_client.device import DEVICE_FILE
from scanner_client.handheld import QUEUE_FILE, open_handheld, standing
from scanner_client.transport import Transport
from scanner_client.uploader import Uploader
from server import create_app
from server.database import db, reading
from server.ledger import SERVER_DEVICE
from server.tables import cases, events, unit_states
from sync.event import decode
from tests.golden.making import (
    DATABASE,
    FOLDER,
    HANDHELD,
    MADE_OF,
    OWED,
    QUEUE,
    command,
    fingerprint,
    is_released,
    make,
    served,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("golden")]

OWES = sum(len(labels) for *_, labels in OWED)


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release's files. Until it is out a changed schema makes them anew: nobody has any of the old ones."""
    if is_released() or (FOLDER / MADE_OF).read_text() == fingerprint():
        return FOLDER
    folder: Path = tmp_path_factory.mktemp("golden")
    make(folder)
    return folder


@contextmanager
def restored(golden: Path, folder: Path, url: str) -> Iterator[Flask]:
    """The release's database on a new machine, brought up to this version."""
    backup = folder / "warehouse.bak"
    backup.write_bytes(gzip.decompress((golden / DATABASE).read_bytes()))
    app = create_app({"INSTANCE": folder / "instance", "DATABASE_URL": url})
    with app.app_context():
        command(app, "restore", str(backup), "--yes")
        command(app, "init")
        yield app
        db.engine.dispose()


@pytest.fixture
def app(golden: Path, tmp_path: Path) -> Iterator[Flask]:
    with restored(golden, tmp_path, f"sqlite:///{tmp_path / 'warehouse.sqlite3'}") as app:
        yield app


def rows(table: sa.Table) -> list[tuple[object, ...]]:
    """Everything but the stamps."""
    with reading() as c:
        found = c.execute(sa.select(*(column for column in table.c if column.name != "stamp")))
        return sorted((tuple(row) for row in found), key=str)


def from_handhelds() -> int:
    with reading() as c:
        query = sa.select(sa.func.count()).select_from(events).where(events.c.device_no != SERVER_DEVICE)
        return int(c.execute(query).scalar_one())


def test_the_released_database_fits_and_folds_anew_to_the_same_rows(app: Flask) -> None:
    assert "fits" in command(app, "verify")
    before = rows(unit_states), rows(cases)
    assert len(before[0]) > 6
    command(app, "rebuild", "--all")
    assert (rows(unit_states), rows(cases)) == before


def test_a_released_handheld_sends_every_scan_that_it_owed(app: Flask, golden: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(golden / HANDHELD, home)
    there = from_handhelds()
    with served(app) as address:
        device = json.loads((home / DEVICE_FILE).read_text())
        (home / DEVICE_FILE).write_text(json.dumps(device | {"addresses": [address]}))  # the server has moved
        with open_handheld(home, system_clock()) as handheld:
            list(Uploader(handheld, Transport()).drain())
            assert standing(handheld).waiting == 0
    assert from_handhelds() == there + OWES
    assert "fits" in command(app, "verify")


def test_a_released_queue_that_came_as_a_file_is_taken_in(app: Flask, golden: Path) -> None:
    there = from_handhelds()
    command(app, "import-file", str(golden / QUEUE))
    assert from_handhelds() == there + OWES
    assert "fits" in command(app, "verify")


def test_the_lines_of_a_released_queue_are_read_as_they_were_written(golden: Path, tmp_path: Path) -> None:
    copy = shutil.copy(golden / HANDHELD / QUEUE_FILE, tmp_path)
    engine = sa.create_engine(f"sqlite:///{copy}")
    with engine.connect() as connection:
        lines = [bytes(line) for (line,) in connection.execute(sa.text("SELECT line FROM events ORDER BY seq"))]
    engine.dispose()
    assert [decode(line).action for line in lines][-OWES:] == ["put_away"] * 2 + ["receive", "unreadable", "receive"]
