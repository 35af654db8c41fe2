"""gunicorn's settings: `gunicorn --config python:server.gunicorn_conf 'server:create_app()'`.

SQLite has one writer, so one process with some threads queues fairly at one lock; PostgreSQL takes several processes.
Where gunicorn does not run (Windows), `waitress-serve --threads=8 --call server:create_app` does.
"""

from __future__ import annotations

import os
from typing import Any

import sqlalchemy as sa

from server import metrics, serving
from server.config import database_url, load, place
from server.database import db

_settings = load()

bind = place(_settings.host, _settings.port)
worker_class = "server.slow_clients.Worker"
workers = 1 if database_url(_settings).startswith("sqlite") else min(8, 2 * (os.cpu_count() or 1))
threads = 8
timeout = 60
"""Seconds without a sign of life after which a worker is replaced."""
graceful_timeout = 30
keepalive = 15
"""Seconds: handhelds sync about as often, and save a handshake."""
limit_request_line = 8_190
limit_request_fields = 50
max_requests = 50_000
max_requests_jitter = 5_000
"""Workers are replaced some time, so that a leak in a library stays small; not all at once."""
preload_app = False
"""Each worker opens connections of its own."""
logger_class = "server.gunicorn_log.Log"
access_log_format = '%(h)s %(t)s "%(m)s %(U)s" %(s)s %(b)s "%(a)s"'
"""Where an access log is turned on: without the name of HTTP's Basic, in which some send their key, and without what
stands behind the ? of an address, where others put it and where people look for a customer."""
control_socket_disable = True
"""Its socket has one place for all servers of a user; two sites on one machine would fight over it."""


def on_starting(arbiter: Any) -> None:
    """Before the first worker: several of them count together, and a SQLite file is this server's alone."""
    try:
        serving.take_file(sa.make_url(database_url(_settings)))
    except serving.ServedError as refused:
        raise SystemExit(f"Error: {refused}") from None
    arbiter.metrics = metrics.share() if arbiter.cfg.workers > 1 else None


def post_worker_init(worker: Any) -> None:
    """When a worker can answer."""
    with worker.wsgi.app_context():
        serving.share(db.engine)


def child_exit(_arbiter: Any, worker: Any) -> None:
    """After a worker has ended."""
    metrics.forget(worker.pid)


def on_exit(arbiter: Any) -> None:
    """When the last worker has ended."""
    if arbiter.metrics is not None:
        metrics.unshare(arbiter.metrics)
