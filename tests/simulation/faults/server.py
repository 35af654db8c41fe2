"""The real server in this process, on a SQLite file that is laid out anew for each seed; it dies at any statement."""

from __future__ import annotations

import io
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa

from scanner_client.transport import Answer, TransportError
from server import backup, ledger, pushed_lines, set_aside, shut_again
from server.backup import BackupError, Restored
from server.database import db, sqlite_module, transact
from server.recalls.asked import RecallError
from sync.event import NewerSchema, ScanEvent
from tests.simulation.clockwork import START_MS
from tests.simulation.faults.chance import seeded
from tests.simulation.faults.device import settle_on_machine
from tests.simulation.faults.disk import PAGES_MAX, Killed
from tests.simulation.faults.network import Request
from tests.simulation.layout import SITE, box_label, build, product
from tests.simulation.office import Office, OfficeError, open_office
from tests.simulation.station import Station

UNITS = 60
LAYOUT = build(160)
NAMES = tuple(f"hand-{n}" for n in range(4))
"""Handhelds that the server knows from the beginning."""
STOCK = tuple((LAYOUT.gtins[n % 4], f"{n:06d}Z", LAYOUT.bins[n % len(LAYOUT.bins)]) for n in range(UNITS))


class Server:
    """The server's process and its file."""

    def __init__(self, folder: Path, office: Office) -> None:
        self.office = office
        self.now_ms: Callable[[], int] = lambda: START_MS
        self.is_up = True
        self.dies_after: int | None = None
        self.rival_after: int | None = None
        """Statements until another process, a command say, tries to write as well."""
        self.is_full = self.was_full = False
        self.is_behind = False
        """It cannot read what handhelds of a newer release write."""
        self.died: Callable[[], None] = lambda: None
        """Told when a process dies by itself; who kills it knows."""
        self._file = folder / "server.sqlite3"
        self._virgin = folder / "virgin.sqlite3"
        self._homes = folder / "homes"
        self._dead = False
        self._engine = db.engine

    @property
    def file(self) -> Path:
        return self._file

    def home(self, name: str, target: Path) -> Path:
        """The folder of a handheld that is enrolled already."""
        shutil.copytree(self._homes / name, target)
        return target

    def lay_out(self, now_ms: Callable[[], int]) -> None:
        """A new morning: nothing has been scanned."""
        self.now_ms, self.is_up, self.is_full, self.dies_after, self._dead = now_ms, True, False, None, False
        self.office.goes_home()
        self.was_full, self.rival_after, self.is_behind = False, None, False
        self._end_process()
        for path in self._file.parent.glob(f"{self._file.name}*"):
            path.unlink()
        shutil.copy(self._virgin, self._file)

    def handle(self, request: Request) -> Answer:
        """One request at the WSGI application."""
        if not self.is_up:
            raise TransportError("The connection was refused.")
        found: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], _exc: Any = None, /) -> Callable[[bytes], object]:
            found.update(status=int(status[:3]), headers=dict(headers))
            return lambda _: None

        try:
            with self._reading():
                body = b"".join(self.office.app(_environ(request), start))
        except Killed:
            self._die()
            raise TransportError("The connection was reset.") from None
        return Answer(status=found["status"], headers=found["headers"], body=body)

    def does(self, act: Callable[[], object]) -> bool:
        """Somebody in the office does something; False where the server was away, died of it, or would not."""
        if not self.is_up:
            return False
        try:
            act()
        except Killed:
            self._die()
        except (OfficeError, RecallError, sa.exc.OperationalError, BackupError):
            pass
        else:
            return True
        return False

    def _die(self) -> None:
        self.kill()
        self.died()

    def kill(self) -> None:
        """The process is gone; what was committed is in the file."""
        self.is_up, self.dies_after, self._dead = False, None, False
        self._end_process()

    def start(self) -> None:
        """Another process."""
        self.is_up = True

    def upgrade(self) -> None:
        """As `init` of the newer release does it; where it fails it is tried again when the troubles end."""
        self.is_behind = False
        self.does(lambda: set_aside.release_held(SITE, now_ms=self.now_ms()))

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """A server that is behind reads no event of its handhelds."""
        true: Callable[[bytes], ScanEvent] = vars(pushed_lines)["decode"]

        def behind(line: bytes) -> ScanEvent:
            event = true(line)
            raise NewerSchema(f"It was written with event schema {event.schema}, as if that were a newer one.")

        setattr(pushed_lines, "decode", behind if self.is_behind else true)  # noqa: B010  # as a module it has no such name
        try:
            yield
        finally:
            setattr(pushed_lines, "decode", true)  # noqa: B010

    def back_up(self, target: Path) -> None:
        """As the command does it."""
        backup.back_up(target, now_ms=self.now_ms())

    def restore(self, source: Path) -> Restored:
        """As the command does it, the server stopped meanwhile."""
        self._end_process()
        self.dies_after = self.rival_after = None  # they were about the process which is stopped now
        done = backup.restore(source)
        if done.shut is not None:
            was = done.shut
            transact(lambda c: shut_again.shut(c, was, operator="Sam", now_ms=self.now_ms()))
        self._end_process()
        if done.kept_at is not None:
            done.kept_at.unlink()
        return done

    def look(self) -> Any:
        """A connection of one's own, which sees what is committed and nothing else."""
        return sqlite_module().connect(f"file:{self._file}?mode=ro", uri=True)

    @contextmanager
    def unharmed(self) -> Iterator[None]:
        """The checks read meanwhile: they are no process of the server's, and nothing befalls them."""
        armed = self.dies_after, self.rival_after
        self.dies_after = self.rival_after = None
        try:
            yield
        finally:
            self.dies_after, self.rival_after = armed

    def _end_process(self) -> None:
        self._engine.dispose()
        ledger._process.cache_clear()  # the next one makes its facts on a chain of its own

    def _meet_the_rival(self) -> None:
        if self.rival_after is None:
            return
        self.rival_after -= 1
        if self.rival_after >= 0:
            return
        self.rival_after = None
        rival = sqlite_module().connect(self._file, timeout=0)
        with closing(rival), suppress(sqlite_module().OperationalError):  # this server writes just now: it has to wait
            rival.execute("UPDATE server_state SET stamp = stamp + 1")
            rival.commit()

    def watch(self) -> None:
        """Each statement is a step at which it may die, and at which the disk may be full."""

        @sa.event.listens_for(self._engine, "before_cursor_execute")
        def step(*_: Any) -> None:
            if self._dead:
                raise Killed
            self._meet_the_rival()
            if self.dies_after is not None:
                self.dies_after -= 1
                if self.dies_after < 0:
                    self._dead = True
                    raise Killed

        @sa.event.listens_for(self._engine, "begin")
        def fill(connection: sa.Connection) -> None:
            if not self.was_full:
                return  # nothing is to be taken back: each seed begins with connections of its own
            raw: Any = connection.connection.driver_connection
            pages = raw.execute("PRAGMA page_count").fetchone()[0] if self.is_full else PAGES_MAX
            raw.execute(f"PRAGMA max_page_count={pages}").fetchall()


def _environ(request: Request) -> dict[str, Any]:
    path, _, query = request.path.partition("?")
    environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "server.simulated",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "10.0.0.7",
        "HTTP_HOST": "server.simulated",
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return environ


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server whose stock, bins and handhelds are known, ready to be laid out; one in a process."""
    holder: list[Server] = []
    with seeded("the server"):
        file = folder / "server.sqlite3"

        def now_ms() -> int:
            return holder[0].now_ms() if holder else START_MS

        with open_office(f"sqlite:///{file}", folder / "instance", now_ms) as office, office.app.app_context():
            _furnish(office, folder / "homes")
            server = Server(folder, office)
            office.app.testing = False  # what fails is answered, as it is outside of tests
            logging.getLogger(office.app.name).setLevel(logging.CRITICAL + 1)
            db.engine.dispose()
            shutil.copy(file, folder / "virgin.sqlite3")
            server.watch()
            holder.append(server)
            yield server


def _furnish(office: Office, homes: Path) -> None:
    office.imports("products", [{"gtin": g, "name": f"Product {g[-5:]}", "mode": "serial"} for g in LAYOUT.gtins])
    office.imports("locations", [{"code": code, "zone": code[:1]} for code in LAYOUT.locations])
    rows = [{"gtin": gtin, "serial": serial, "location": code} for gtin, serial, code in STOCK]
    office.imports("stock", rows, "STOCK-1")
    chance = Random("keys")
    for name in NAMES:
        station = Station(name, homes / name, office.app, lambda: START_MS, chance, 0.0)
        station.enrol(office.invitation())
        station.close()
        settle_on_machine(homes / name)


def unit(n: int) -> str:
    """The canonical name of a unit in stock."""
    gtin, serial, _ = STOCK[n]
    return box_label(gtin, serial)


__all__ = ["LAYOUT", "NAMES", "UNITS", "Server", "product", "serving", "unit"]
