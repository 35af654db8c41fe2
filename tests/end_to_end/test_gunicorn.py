"""The server as it runs at a site: real processes, real sockets."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa

from server import create_app, upkeep
from server.backup import back_up
from server.database import db, reading
from server.tables import events
from sync import protocol
from tests.conftest import DATABASES
from tests.handheld import BIN_A, BIN_B, unit
from tests.server.running import NOW, SITE, Handheld, running_server

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("gunicorn")]

START_SECONDS_MAX = 60.0
ROOT = Path(__file__).parents[2]
WRITERS, BATCHES, BATCH = 4, 6, 10


@dataclass(frozen=True)
class Site:
    """Where gunicorn listens, and what its database is."""

    port: int
    database_url: str
    folder: Path


@pytest.fixture(scope="module", params=DATABASES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """gunicorn with the server's own settings, on a database that is set up: of PostgreSQL several processes."""
    folder = tmp_path_factory.mktemp("gunicorn")
    if request.param == "sqlite":
        yield from _served(f"sqlite:///{folder / 'warehouse.sqlite3'}", folder, [])
        return
    postgres = request.getfixturevalue("postgres")
    yield from _served(postgres.new_database("gunicorn"), folder, ["--workers", str(WRITERS)])
    postgres.drop_database("gunicorn")


def _served(database_url: str, folder: Path, more: list[str]) -> Iterator[Site]:
    with running_server(database_url, folder):
        pass
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {
        "SCAN_DATABASE_URL": database_url,
        "SCAN_INSTANCE": str(folder / "instance"),
        "SCAN_PORT": str(port),
        "SCAN_SITE": SITE,
    }
    command = ["-m", "gunicorn", "--config", "python:server.gunicorn_conf", "--bind", f"127.0.0.1:{port}", *more]
    with subprocess.Popen(
        [sys.executable, *command, "server:create_app()"],
        cwd=ROOT,
        env=os.environ | environment,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            _wait(port, process)
            yield Site(port, database_url, folder)
        finally:
            process.terminate()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        assert process.poll() is None, process.stderr and process.stderr.read().decode()
        try:
            if _ask(port, "GET", "/readyz", None) == 200:
                return
        except OSError:
            time.sleep(0.05)  # nothing says when another process listens
    pytest.fail("gunicorn did not start in time.")


def _ask(port: int, method: str, path: str, body: bytes | Iterator[bytes] | None) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        headers = {"Content-Type": protocol.MEDIA_TYPE} if body is not None else {}
        connection.request(method, path, body=body, headers=headers, encode_chunked=not isinstance(body, bytes))
        return connection.getresponse().status


def test_bodies_without_a_length_or_over_the_limit_are_refused_and_the_server_goes_on(site: Site) -> None:
    assert _ask(site.port, "POST", "/api/v1/sync", iter([b"x" * 1_000] * 3)) == 413
    assert _ask(site.port, "POST", "/api/v1/sync", b"x" * (protocol.BODY_BYTES_MAX + 1)) == 413
    assert _ask(site.port, "POST", "/api/v1/sync", b"x") == 401
    assert _ask(site.port, "GET", "/readyz", None) == 200


def test_four_who_push_the_same_batches_at_once_bring_each_scan_once(site: Site) -> None:
    app = create_app({"DATABASE_URL": site.database_url, "INSTANCE": site.folder / "instance", "SITE": SITE})
    with app.app_context():
        handheld = Handheld(app).enrol()
        for n in range(BATCHES * BATCH):
            handheld.scan(["put_away", "move"][n % 2], unit(f"G{n % 7}"), location=[BIN_A, BIN_B][n % 3 % 2])
        together = Barrier(WRITERS)

        def push_all(_: int) -> list[int]:
            return [_push(site.port, handheld, first, together) for first in range(1, BATCHES * BATCH, BATCH)]

        with ThreadPoolExecutor(WRITERS) as writers:
            acknowledged = list(writers.map(push_all, range(WRITERS)))
        assert acknowledged == [list(range(BATCH, BATCHES * BATCH + 1, BATCH))] * WRITERS
        with reading() as c:
            here = sa.select(events.c.seq, events.c.outcome).where(events.c.device_no == handheld.chain.device_no)
            stored = Counter(tuple(row) for row in c.execute(here))
        assert stored == Counter((seq, "accepted") for seq in range(1, BATCHES * BATCH + 1))
        assert list(upkeep.verify(SITE, lambda _: None)) == []
        db.engine.dispose()


def test_every_scrape_of_the_figures_counts_all_workers(site: Site) -> None:
    app = create_app({"DATABASE_URL": site.database_url, "INSTANCE": site.folder / "instance", "SITE": SITE})
    with app.app_context():
        handheld = Handheld(app).enrol()
        before = _scraped(site.port)
        for n in range(3):
            handheld.scan("put_away", unit(f"M{n}"), location=BIN_A)
            assert _push(site.port, handheld, n + 1, Barrier(1), length=1) == n + 1
        assert {_scraped(site.port) for _ in range(3 * WRITERS)} == {before + 3}
        db.engine.dispose()


def test_nothing_is_restored_under_a_running_server_nor_one_file_served_twice(site: Site, tmp_path: Path) -> None:
    app = create_app({"DATABASE_URL": site.database_url, "INSTANCE": site.folder / "instance", "SITE": SITE})
    with app.app_context():
        back_up(tmp_path / "copy", now_ms=NOW)
        refused = app.test_cli_runner().invoke(args=["restore", str(tmp_path / "copy"), "--yes"])
        assert (refused.exit_code, refused.output) == (
            1,
            "Error: A server runs on this database: stop it first. Nothing was changed.\n",
        )
        if db.engine.dialect.name == "sqlite":
            second = app.test_cli_runner().invoke(args=["serve", "--no-announce"])
            assert second.exit_code == 1
            assert "one file takes one server" in second.output
        db.engine.dispose()
    assert _ask(site.port, "GET", "/readyz", None) == 200


def _scraped(port: int) -> float:
    """How many scans were taken, as whichever worker takes a new connection says."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    (figure,) = [line.split()[-1] for line in lines if line.startswith('scan_events_total{outcome="accepted"}')]
    return float(figure)


def _push(port: int, handheld: Handheld, first: int, together: Barrier, *, length: int = BATCH) -> int:
    """Send one batch when the others send it too; how far the server has everything then."""
    head, lines = handheld.chain.push(first, first + length - 1, now_ms=NOW)
    body = protocol.pack(head, lines)
    signature = protocol.write_signature(handheld.sign(body))
    headers = {
        "Content-Type": protocol.MEDIA_TYPE,
        "Authorization": f"Ed25519 {handheld.chain.device_no} {signature}",
    }
    together.wait(60)
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", protocol.SYNC_PATH, body=body, headers=headers)
        answer = connection.getresponse()
        content = answer.read()
    assert answer.status == 200, content
    return int(json.loads(content)["acked_through"])
