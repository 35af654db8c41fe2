"""A server in processes of its own, as `serve` starts it, that can be killed; and what its database then holds."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final, Self

import psutil
import sqlalchemy as sa

from server import create_app, enrolment
from server.context import now_ms
from server.database import db, sqlite_module, writing
from server.ledger import SERVER_DEVICE
from server.tables import chains, events
from sync.event import EventName
from tests import postgres
from tests.end_to_end import forked
from tests.end_to_end.queue_checker import ChainName, Stored

READY_SECONDS_MAX: Final = 90.0
SITE: Final = "main"


@dataclass(kw_only=True)
class Site:
    """One server on one database."""

    folder: Path
    database_url: str
    program: str = "flask"
    """The module that takes flask's words."""
    port: int = 0
    front: str = ""
    """Where handhelds reach it, if that is something before it and not its own port."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Further settings, by their names in the environment."""
    process: ForkServerProcess | None = field(default=None, init=False)
    restarts: list[str] = field(default_factory=list, init=False)
    """What a server said last that ended without being killed: it finds no database when it starts, say."""

    def __post_init__(self) -> None:
        self.port = self.port or free_port()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def reached_at(self) -> str:
        """The address that handhelds are told."""
        return self.front or self.address

    def flask(self, *words: str, typed: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of the server to its end."""
        return forked.run("flask", ["--app", "server", *words], self.environment(), typed=typed)

    def start(self) -> None:
        """Start the server; `wait_until_ready` says when it answers."""
        words = ["--app", "server", "serve", "--host", "127.0.0.1", "--no-announce"]
        log = self.folder / "server.log"
        self.process = forked.start(self.program, words, self.environment(), out=log, err=log)

    def wait_until_ready(self) -> None:
        """Wait until a worker answers and reaches the database; start a server that ended, as a supervisor does."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not self._is_ready():
            if time.monotonic() > deadline:
                raise TimeoutError(f"The server does not answer: {self.log()}")
            if self.process is None or self.process.exitcode is not None:
                self.restarts.append(self.log())
                self.start()
            time.sleep(0.05)  # nothing says when another process listens

    def log(self) -> str:
        """The last that the server said."""
        return (self.folder / "server.log").read_text()[-1000:]

    def kill(self) -> None:
        """End the whole server at once."""
        assert self.process is not None
        assert self.process.pid is not None
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            family = psutil.Process(self.process.pid).children(recursive=True)
            os.killpg(self.process.pid, signal.SIGKILL)
            psutil.wait_procs(family, timeout=READY_SECONDS_MAX)
        self.process.kill()  # it had no session of its own yet
        self.process.join()

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Started and ready; killed in the end, whatever happens."""
        self.start()
        try:
            self.wait_until_ready()
            yield self
        finally:
            self.kill()

    def kill_worker(self, rng: random.Random) -> None:
        """End one of the processes that answer; gunicorn starts another."""
        assert self.process is not None
        with suppress(psutil.NoSuchProcess):
            workers = psutil.Process(self.process.pid).children()
            if workers:
                victim = rng.choice(workers)
                victim.kill()
                victim.wait(READY_SECONDS_MAX)

    def invitations(self, count: int) -> list[str]:
        """One-time codes for so many handhelds."""
        settings = {
            "DATABASE_URL": self.database_url,
            "INSTANCE": self.folder / "instance",
            "ADDRESSES": (self.reached_at,),
        }
        app = create_app(settings)
        with app.app_context(), writing() as c:
            words = [
                enrolment.new_code(c, site=SITE, role="admin", operator=None, now_ms=now_ms()) for _ in range(count)
            ]
            texts = [enrolment.invitation(c, word, [self.reached_at]).text() for word in words]
        with app.app_context():
            db.engine.dispose()
        return texts

    def chains_beyond_their_events(self) -> list[str]:
        """Chains that are acknowledged further than the server's rows reach, at this moment."""
        prefix = sa.select(sa.func.count(events.c.seq.distinct())).where(
            events.c.device_no == chains.c.device_no,
            events.c.epoch == chains.c.epoch,
            events.c.seq <= chains.c.acked_through,
        )
        query = sa.select(chains.c.device_no, chains.c.epoch, chains.c.acked_through, prefix.scalar_subquery())
        with self._connected() as connection:
            return [
                f"Chain {device_no}.{epoch} was acknowledged through {acked} when {count} events of it were there."
                for device_no, epoch, acked, count in connection.execute(query)
                if count != acked
            ]

    def ledger(self) -> dict[EventName, list[Stored]]:
        """Every event that came from a handheld."""
        query = sa.select(
            events.c.device_no, events.c.epoch, events.c.seq, events.c.line, events.c.digest, events.c.outcome
        ).where(events.c.device_no != SERVER_DEVICE)
        found: dict[EventName, list[Stored]] = defaultdict(list)
        with self._connected() as connection:
            for device_no, epoch, seq, line, digest, outcome in connection.execute(query):
                found[device_no, epoch, seq].append(Stored(line=line, digest=digest, outcome=outcome))
        return found

    def marks(self) -> dict[ChainName, tuple[int, bytes]]:
        """How far each handheld's chain is acknowledged, and the digest there."""
        query = sa.select(chains.c.device_no, chains.c.epoch, chains.c.acked_through, chains.c.head).where(
            chains.c.device_no != SERVER_DEVICE
        )
        with self._connected() as connection:
            return {(device, epoch): (acked, head) for device, epoch, acked, head in connection.execute(query)}

    def _connected(self) -> sa.Connection:
        """A connection that leaves the database as it is."""
        options = {"module": sqlite_module()} if self.database_url.startswith("sqlite") else {}
        return sa.create_engine(self.database_url, poolclass=sa.NullPool, **options).connect()

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=10) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def environment(self) -> dict[str, str]:
        """What the server's programs are started with."""
        own = {
            "SCAN_INSTANCE": str(self.folder / "instance"),
            "SCAN_DATABASE_URL": self.database_url,
            "SCAN_ADDRESSES": self.reached_at,
            "SCAN_PORT": str(self.port),
        }
        return {**os.environ, **own, **self.settings}


def free_port() -> int:
    """A free port below those that the system hands out: no client may sit on it while the server is down."""
    ports = list(postgres.PORTS)
    random.SystemRandom().shuffle(ports)
    for port in ports:
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("No port is free.")
