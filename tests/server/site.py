"""A server's database with one site and some handhelds, and the rows that it folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from flask import Flask

from server.database import db, engine_options, prepare, reading, stamp, writing
from server.ingest import Ingested, ingest
from server.papers import write
from server.rebuild import rebuild
from server.tables import (
    cases,
    devices,
    document_rows,
    identifier_claims,
    server_state,
    sites,
    stock_levels,
    unit_states,
)
from tests.handheld import DAY, Chain
from tests.server import ready_statements, ready_tables

SITE = "main"
FOLDED = (unit_states, cases, stock_levels, identifier_claims)


@contextmanager
def site(database_url: str) -> Iterator[Flask]:
    """The least app that has the database: one with no row, inside an app context."""
    app = Flask(__name__)
    app.config.update(SQLALCHEMY_DATABASE_URI=database_url, SQLALCHEMY_ENGINE_OPTIONS=engine_options(database_url))
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)
        ready_statements.share(db.engine)
        ready_tables.lay(db.engine)
        with writing() as c:
            c.execute(
                server_state.insert().values(
                    id=1, incarnation="inc1", private_key=bytes(32), site=SITE, stamp=0, fold_version="1"
                )
            )
            c.execute(sites.insert().values(site=SITE, name=SITE, codes={}))
        yield app
        db.engine.dispose()


def enrol(device_no: int, *, name: str | None = None, enrolled_ms: int = DAY - 10_000_000) -> None:
    with writing() as c:
        c.execute(
            devices.insert().values(
                device_no=device_no,
                site=SITE,
                name=name or f"HH-{device_no}",
                role="receiver",
                public_key=bytes(32),
                enrolled_ms=enrolled_ms,
            )
        )


def push(chain: Chain, first: int = 1, last: int | None = None, *, now_ms: int, **header: Any) -> Ingested:
    """Send a run of a chain to the server."""
    head, lines = chain.push(first, last or len(chain.lines), now_ms=now_ms, **header)
    with writing() as c:
        device = c.execute(sa.select(devices).where(devices.c.device_no == chain.device_no)).mappings().one()
        return ingest(c, device, head, lines, now_ms=now_ms)


def state_document(kind: str, number: str, rows: Sequence[dict[str, Any]], *, now_ms: int, where: str = SITE) -> None:
    """Take in a stock list or a notice."""
    with writing() as c:
        digest = write(
            c,
            site=where,
            kind=kind,
            number=number,
            action="import",
            reason=kind,
            rows=[r | {"stated": True} for r in rows],
            operator="office",
            now_ms=now_ms,
        )
        touched = list(
            c.execute(sa.select(document_rows.c.subject).where(document_rows.c.document == digest)).scalars()
        )
        rebuild(c, where, touched, stamp(c))


def rows(table: sa.Table, *leave_out: str) -> list[tuple[Any, ...]]:
    """Every row of a table, sorted, without the named columns."""
    columns = [c for c in table.c if c.name not in leave_out]
    with reading() as c:
        return sorted(tuple(map(repr, r)) for r in c.execute(sa.select(*columns)))


def folded() -> dict[str, list[tuple[Any, ...]]]:
    """Everything that is folded, without the stamps."""
    return {t.name: rows(t, "stamp") for t in FOLDED}


def differences(one: dict[str, list[tuple[Any, ...]]], other: dict[str, list[tuple[Any, ...]]]) -> list[str]:
    """Rows that stand in only one of the two, each with its table."""
    return [
        f"{sign} {table} {' '.join(map(str, row[1:]))}"
        for table in one
        for sign, mine, theirs in (("-", one, other), ("+", other, one))
        for row in sorted(set(mine[table]) - set(theirs[table]))
    ]


def assert_a_rebuild_changes_nothing(*subjects: str) -> None:
    """Fold all of these anew from the ledger, and see that the same is stored as before."""
    before = folded()
    with writing() as c:
        rebuild(c, SITE, subjects, stamp(c))
    assert differences(before, folded()) == []
