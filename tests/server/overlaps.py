"""Two transactions on PostgreSQL that are under way at once, one of them in the middle of the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from multiprocessing import get_context
from typing import Any

import sqlalchemy as sa
from flask import Flask

from server.database import db, engine_options, transact, writing
from server.ingest import ingest
from server.tables import devices
from tests.handheld import Chain

Write = Callable[[sa.Connection], Any]


def arriving(chain: Chain, first: int = 1, *, now_ms: int) -> Write:
    """A push of a chain from this event on."""
    head, lines = chain.push(first, len(chain.lines), now_ms=now_ms)

    def write(c: sa.Connection) -> None:
        device = c.execute(sa.select(devices).where(devices.c.device_no == chain.device_no)).mappings().one()
        ingest(c, device, head, lines, now_ms=now_ms)

    return write


def overlap(app: Flask, first: Write, second: Write) -> None:
    """Do both: the second begins when the first has written, which ends when the second is done or waits for it."""

    def run() -> None:
        with app.app_context():
            transact(second)

    with ThreadPoolExecutor(1) as pool:
        with writing() as c:
            first(c)
            running = pool.submit(run)
            _until_it_waits(running)
        running.result(timeout=60)


def overlap_between(url: str, first: Write, second: Write, *, after: str) -> None:
    """Do both: the second, in another worker, begins when the first has sent a statement that holds these words.

    The server's own facts are of one chain a worker, so that those of one worker wait for each other.
    """
    running: list[Future[None]] = []

    def sent(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if after in statement and not running:
            running.append(workers.submit(_work, url, second))
            _until_it_waits(running[0])

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as workers:
        with writing() as c:
            sa.event.listen(c, "after_cursor_execute", sent)
            first(c)
        running[0].result(timeout=60)


def _work(url: str, write: Write) -> None:
    app = Flask(__name__)
    app.config.update(SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_ENGINE_OPTIONS=engine_options(url))
    db.init_app(app)
    with app.app_context():
        transact(write)


def _until_it_waits(running: Future[None]) -> None:
    """Return when this is done, or waits for what somebody else holds."""
    with db.engine.connect() as c:
        while not running.done() and not c.execute(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar():
            wait([running], timeout=0.01)
