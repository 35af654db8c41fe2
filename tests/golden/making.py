"""Make the golden files of a release: its database as a backup, a handheld that owes scans, and an exported queue.

`make golden` writes them anew, just before a release, and never again for that release: `tests/golden/1.0.0/` is what
the first one left in the field. Every later version has to open, upgrade, verify, rebuild and drain them.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any, Final

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from scanner_client import carried, map_rows, outbox, throttle
from scanner_client.control import ask
from server import create_app, enrolment
from server.context import now_ms
from server.database import db, writing
from tests.end_to_end.site import SITE
from tests.end_to_end.station import ROOT

RELEASE: Final = "1.0.0"
FOLDER: Final = Path(__file__).parent / RELEASE
DATABASE, HANDHELD, QUEUE, MADE_OF = "warehouse.bak.gz", "handheld", "queue.scan", "made_of"
MIGRATIONS: Final = ROOT / "server" / "migrations" / "versions"
WAIT_SECONDS_MAX: Final = 120.0
FILES: Final = {
    "products": "gtin,name,sku,mode\n09506000134352,Phone 12,P12,serial\n00614141000036,Cable 2 m,C2,lot\n",
    "locations": "code,zone\nDOCK,in\nA-01,small\nA-02,small\n",
    "asn": "number,supplier,sscc,gtin,serial\n"
    + "".join(f"ASN-1,Acme,395060001343520018,09506000134352,S{n}\n" for n in range(1, 9)),
    "stock": "gtin,lot,quantity,location\n00614141000036,C1,40,A-02\n",
    "order": "number,gtin,quantity,customer,address\nSO-1,09506000134352,1,Mia,1 Main Street\n",
}
SENT: Final = [
    ("receive", "ASN-1", "LOC:DOCK", [f"]d2010950600013435221S{n}" for n in range(1, 7)]),
    ("put_away", None, "LOC:A-01", [f"]d2010950600013435221S{n}" for n in range(1, 4)]),
    ("inspect", None, "LOC:A-02", ["]d2010950600013435221S1", "/undo", "]d2010950600013435221S2"]),
]
OWED: Final = [
    ("put_away", None, "LOC:A-02", ["]d2010950600013435221S4", "]d2010950600013435221S5"]),
    ("receive", "ASN-1", "LOC:DOCK", ["]d2010950600013435221S7", "/unreadable", "]d2010950600013435221S99"]),
]
"""Scanned with no network: the server has none of it."""


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The app behind a socket of this machine; its address."""

    class Quiet(WSGIRequestHandler):
        def log(self, *_: Any, **__: Any) -> None:
            pass

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def command(app: Flask, *words: str) -> str:
    """Run one of the server's commands, which must succeed; what it said."""
    done = app.test_cli_runner().invoke(args=list(words))
    assert done.exit_code == 0, done.output
    return done.output


def fingerprint() -> str:
    """What this version's databases are made of, on either side."""
    made = hashlib.sha256()
    for file in sorted(MIGRATIONS.glob("*.py")):
        made.update(file.read_bytes())
    made.update(repr((*outbox.SCHEMA, *carried.SCHEMA, *map_rows.SCHEMA, *throttle.SCHEMA)).encode())
    return made.hexdigest()


def is_released() -> bool:
    """Whether there is a version after the first: then its golden files are what they are."""
    return len(list(MIGRATIONS.glob("*.py"))) > 1


def make(folder: Path) -> None:
    """Write the golden files of this version into an empty folder."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        app = create_app({"INSTANCE": work / "instance", "DATABASE_URL": f"sqlite:///{work / 'warehouse.sqlite3'}"})
        with app.app_context():
            command(app, "init")
            for kind, content in FILES.items():
                (work / f"{kind}.csv").write_text(content)
                command(app, "import", kind, str(work / f"{kind}.csv"))
        home = work / HANDHELD
        with served(app) as address:
            _client("enrol", "--home", str(home), "--code", _invitation(app, address), "--name", "dock-1")
            for shift in SENT:
                _scan(home, *shift, until_sent=True)
        for shift in OWED:
            _scan(home, *shift, until_sent=False)
        _client("export", str(folder / QUEUE), "--home", str(home))
        with app.app_context():
            command(app, "backup", str(work / "warehouse.bak"))
            db.engine.dispose()
        (folder / DATABASE).write_bytes(gzip.compress((work / "warehouse.bak").read_bytes(), mtime=0))
        shutil.copytree(
            home, folder / HANDHELD, ignore=shutil.ignore_patterns("*.lock", "*.sock", "evidence", "control*")
        )
    (folder / MADE_OF).write_text(fingerprint())


def _invitation(app: Flask, address: str) -> str:
    with app.app_context(), writing() as c:
        word = enrolment.new_code(c, site=SITE, role="admin", operator=None, now_ms=now_ms())
        return enrolment.invitation(c, word, [address]).text()


def _client(*words: str, typed: str = "") -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scanner_client", *words],
        cwd=ROOT,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _scan(home: Path, action: str, document: str | None, location: str, lines: list[str], *, until_sent: bool) -> None:
    words = ["scan", "--home", str(home), "--action", action, "--location", location]
    words += ["--document", document] if document else []
    with subprocess.Popen(
        [sys.executable, "-m", "scanner_client", *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        process.stdin.write("".join(f"{line}\n" for line in lines))
        process.stdin.flush()
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while until_sent and not _is_sent(home) and time.monotonic() < deadline:
            time.sleep(0.2)  # nothing outside the process says when it is through
        process.communicate()


def _is_sent(home: Path) -> bool:
    with suppress(OSError):
        return (ask(home, {"do": "status"}) or {}).get("waiting") == 0
    return False


if __name__ == "__main__":
    if is_released():
        sys.exit(f"{RELEASE} is out: its golden files stay as they are.")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    make(FOLDER)
