"""`shop_year` and `shop_month`: a ledger that a story test can stand on, built once for the whole run of tests."""

from __future__ import annotations

import fcntl
import pickle
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from flask import Flask

from server.database import db, writing
from server.tables import people
from tests.server.ready_made import create_app
from tests.server.running import HASH, Client
from tests.simulation.shop.hand import Hand
from tests.simulation.shop.scene import Walk
from tests.simulation.shop.stockroom import SITE
from tests.simulation.shop.truth import Truth
from tests.simulation.shop.year import Size, build

SEED = "a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A shop's ledger, this test's own copy, and what truly happened in it."""

    database_url: str
    folder: Path
    truth: Truth
    """Plain data that the server has never seen; read it only to check."""

    @contextmanager
    def open(self, *, now_ms: int | None = None) -> Iterator[Flask]:
        """The server on it, in an app context, with the clock at the end of the year unless another is given.

        Everyone of `staff.ROLES` may sign in with `tests.server.running.PASSWORD`: `sign_in(app, "Omar")`.
        """
        now = self.truth.end_ms if now_ms is None else now_ms
        overrides = {"DATABASE_URL": self.database_url, "INSTANCE": self.folder, "SITE": SITE, "SECRET_KEY": "test"}
        overrides |= {"ADDRESSES": ("http://server.test",), "TESTING": True}
        app = create_app(overrides, now_ms=lambda: now)
        app.test_client_class = Client
        with app.app_context():
            try:
                with writing() as c:
                    c.execute(people.update().values(password_hash=HASH))
                yield app
            finally:
                db.engine.dispose()

    def visitor(self, operator: str) -> Walk:
        """Someone with a handheld of their own, from the end of the year on; `walk.hand.send(now_ms)` sends."""
        return Walk(Hand(f"{operator}'s", SITE, Random(operator), self.truth.end_ms), operator, self.truth.end_ms)


def built(shared: Path, name: str, size: Size) -> Path:
    """The folder of a shop that some worker of this run has built, or builds now while the others wait."""
    folder = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "truth").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            truth = build(folder / "shop.sqlite3", seed=SEED, size=size)
            (folder / "truth").write_bytes(pickle.dumps(truth))
    return folder


@contextmanager
def copied(folder: Path, into: Path) -> Iterator[Shop]:
    """A copy of it for one test, gone when the test is over."""
    copy = into / "shop.sqlite3"
    shutil.copyfile(folder / "shop.sqlite3", copy)
    try:
        truth = pickle.loads((folder / "truth").read_bytes())
        yield Shop(database_url=f"sqlite:///{copy}", folder=into, truth=truth)
    finally:
        for each in into.glob("shop.sqlite3*"):
            each.unlink()
