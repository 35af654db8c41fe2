"""`serve`: start the server for use; on a fresh machine that is the only command there is."""

from __future__ import annotations

import atexit
import errno
import importlib.util
import os
import socket
import subprocess
import sys
import time
from typing import Any

import click
import sqlalchemy as sa

from server import config, context, database, delivery, discovery, documents, serving
from server.cli.command import command
from server.cli.setup import say
from server.context import now_ms, settings
from server.database import db, reading
from server.setup import is_ready, set_up

_WAITRESS_THREADS = 8
_PATIENCE_S = 60
_SAY_EVERY_S = 15
_STARTING = (
    "Connection refused",
    "Is the server running",
    "starting up",
    "shutting down",
    "recovery",
    "not yet accepting connections",
    "closed the connection unexpectedly",
    "Connection reset",
    "timeout expired",
    "timed out",
    "Temporary failure in name resolution",
)
"""Words of PostgreSQL and its library that pass when the server has come up."""


@command("serve")
@click.option("--host", help="Address to listen at; handhelds have to reach it.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port to listen at.")
@click.option("--announce/--no-announce", default=True, help="Say on the local network where this server is.")
def serve(*, host: str | None, port: int | None, announce: bool) -> None:
    """Start the server: gunicorn where it runs, else waitress. An empty database is made ready first."""
    host, port = host or settings().host, port or settings().port
    # Gunicorn listens by these, and the workers guess this server's address from them.
    os.environ[f"{config.PREFIX}PORT"] = str(port)
    os.environ[f"{config.PREFIX}HOST"] = host
    _wait_for_database()
    serving.take_file(db.engine.url)
    _check_port(host, port)
    if not is_ready():
        say(set_up(settings(), now_ms=now_ms()))
    if db.engine.dialect.name == "sqlite" and not database.wal_is_safe():
        version = database.sqlite_module().sqlite_version
        click.echo(f"SQLite {version} has the WAL-reset bug: it runs with journal mode DELETE, which is slower.")
    _resume_imports()
    click.echo(f"Open {config.addresses(config.load())[0]} in a browser. Ctrl-C stops the server.")
    trouble = config.unreachable(config.load())
    if trouble:
        click.echo(trouble)
    sys.stdout.flush()
    db.engine.dispose()  # no connection is shared with a worker
    announce = announce and not trouble
    if importlib.util.find_spec("fcntl") is None:
        _waitress(host, port, announce=announce)
    else:
        _gunicorn(announce=announce)


def _wait_for_database() -> None:
    """Both may be starting after a power cut, and PostgreSQL takes its time to recover.

    Raises:
        sqlalchemy.exc.OperationalError: it does not answer in time, or waiting would not help.
    """
    for second in range(_PATIENCE_S + 1):
        try:
            with reading():
                return
        except sa.exc.OperationalError as error:
            if second == _PATIENCE_S or not may_come(str(error.orig)):
                raise
            if second % _SAY_EVERY_S == 0:
                click.echo(f"Waiting for the database, {_PATIENCE_S - second} s more: {str(error.orig).strip()}")
                sys.stdout.flush()
            time.sleep(1)


def may_come(told: str) -> bool:
    """Whether a database that could not be reached may be reached in a moment, by what PostgreSQL's library says.

    What the server itself refuses (FATAL: no such database, wrong password) stays refused, unless it is starting.
    """
    refused = [line for line in told.splitlines() if "FATAL:" in line]
    return all(any(word in line for word in _STARTING) for line in refused or [told])


def _check_port(host: str, port: int) -> None:
    """Raises a sentence where nothing can listen there; gunicorn would try for some seconds, and print each try."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ValueError(
                f"Port {port} is in use already: stop what listens there, or name another --port."
            ) from None
        raise ValueError(f"This server cannot listen at {host}, port {port}: {error.strerror}.") from None


def _resume_imports() -> None:
    """Let a process of its own finish the imports that were killed, while this one serves."""
    with reading() as connection:
        waiting = documents.unfinished(connection, settings().site)
    if waiting:
        click.echo(f"Going on with {len(waiting)} imports that were not finished.")
        subprocess.Popen([sys.executable, "-m", "flask", "--app", "server", "import", "--resume"])


def start_announcing() -> None:
    """Announce this process's server until the process ends."""
    with reading() as connection:
        me = context.identity(connection)
    addresses = config.addresses(settings())
    try:
        info = discovery.service(me.incarnation, me.site, addresses)
    except OSError:
        click.echo(f"{addresses[0]} has no IP address here, so handhelds cannot find it by themselves.")
        return
    atexit.register(discovery.announce(info, settings().instance / "announcing.lock"))


def _waitress(host: str, port: int, *, announce: bool) -> None:
    import waitress  # noqa: PLC0415  # only where gunicorn does not run

    from server import create_app  # noqa: PLC0415  # it imports this module

    if announce:
        start_announcing()
    app = create_app()
    with app.app_context():
        serving.share(db.engine)
    delivery.start(app)
    waitress.serve(app, host=host, port=port, threads=_WAITRESS_THREADS)  # type: ignore[no-untyped-call]


def _gunicorn(*, announce: bool) -> None:
    from gunicorn.app.base import Application  # type: ignore[import-untyped]  # noqa: PLC0415  # not on Windows

    from server import create_app  # noqa: PLC0415  # it imports this module

    class Server(Application):  # type: ignore[misc]  # gunicorn has no types
        """gunicorn takes its settings and its app from a subclass."""

        def load_config(self) -> None:
            self.load_config_from_module_name_or_filename("python:server.gunicorn_conf")
            self.cfg.set("control_socket_disable", True)  # noqa: FBT003  # its one place would be fought over
            self.cfg.set("post_worker_init", _work_beside if announce else _deliver_beside)

        def load(self) -> Any:
            return create_app()

    sys.argv = [sys.argv[0]]  # gunicorn would read this command's options as its own
    Server().run()


def _work_beside(worker: Any) -> None:
    _deliver_beside(worker)
    with worker.wsgi.app_context():
        start_announcing()


def _deliver_beside(worker: Any) -> None:
    with worker.wsgi.app_context():
        serving.share(db.engine)
    delivery.start(worker.wsgi)  # every worker tries, and one of them holds the lock


COMMANDS = (serve,)
