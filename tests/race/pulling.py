"""Four write at once, each in transactions of its own length; meanwhile one pulls by the cursor, and one naively."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa
from flask import Flask

from server.changes import publish_all, pull
from server.database import reading, stamp, writing
from server.tables import reference
from tests.server.site import SITE

WRITERS: Final = 4
ROWS_MAX: Final = 400
"""Of one transaction: a long one begins before a short one, and commits after it."""
PULLS_MAX: Final = 10**6


@dataclass(slots=True)
class Report:
    """What came of it."""

    changes: int
    pulls: int = 0
    pulled: set[str] = field(default_factory=set)
    naive: set[str] = field(default_factory=set)

    @property
    def skipped(self) -> int:
        """Changes that no pull by the cursor has brought."""
        return self.changes - len(self.pulled)

    @property
    def naively_skipped(self) -> int:
        """Likewise, by a cursor that remembers the highest stamp it has seen."""
        return self.changes - len(self.naive)


def race(app: Flask, changes: int, seed: int) -> Report:
    """Write so many changes, a row each, and pull all the while and once more at the end."""
    report, shares = Report(changes), [changes // WRITERS + (n < changes % WRITERS) for n in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(_write, app, n, share, random.Random(f"{seed} {n}")) for n, share in enumerate(shares)]
        for _ in _pulling(report, writers):
            report.pulls += 1
    for writer in writers:
        writer.result()
    return report


def _write(app: Flask, writer: int, share: int, chance: random.Random) -> None:
    with app.app_context():
        done = 0
        while done < share:
            rows = min(chance.choice((1, 1, 1, 10, ROWS_MAX)), share - done)
            with writing() as connection:
                at = stamp(connection)
                said = {f"{writer}-{n}": {"v": n} for n in range(done, done + rows)}
                publish_all(connection, SITE, "document", said, at)
            done += rows


def _pulling(report: Report, writers: list[Future[None]]) -> Iterator[None]:
    cursor, highest = None, 0
    for _ in range(PULLS_MAX):
        over = all(writer.done() for writer in writers)  # asked before the last look, not after it
        with reading() as connection:
            found, cursor, more = pull(connection, SITE, cursor)
        report.pulled.update(key for _, key, _ in found)
        with reading() as connection:
            seen = sa.select(reference.c.key, reference.c.stamp).where(reference.c.stamp > highest)
            rows = connection.execute(seen).all()
        report.naive.update(key for key, _ in rows)
        highest = max([highest, *(at for _, at in rows)])
        yield
        if over and not more:
            return
