"""A counted part of a warehouse once more under other names, by SQL: other units, bins, handhelds, else the same rows.

All that the close of a count reads is copied: expectations, plan, scans with their chains, folded states and cases. A
copy's digests are its own, but no chain is computed anew, and its lines are those of the part.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from server.counts import standing
from server.database import stamp, writing
from server.tables import cases, chains, devices, document_rows, documents, events, unit_states
from tests.bench._databases import analyze
from tests.server.site import SITE

COPY: Final = sa.literal_column("copy.number", sa.BigInteger)


def copy_part(*, device_no: int, stock: str, count: str, copies: int) -> None:
    """Store what one handheld counted in its part of the warehouse once more for each number from 1 to `copies` - 1.

    Args:
        stock: number of the stock list that expects the part's units.
        count: number of the count of the part's bins.
    """
    e, u, r, c, d = events.c, unit_states.c, document_rows.c, cases.c, devices.c
    suffix = sa.literal("~") + sa.cast(COPY, sa.Text)
    number = sa.literal(device_no) + COPY
    prefix = sa.cast(number, sa.Text) + "."
    own = f"{device_no}."

    def renamed(name: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return sa.case((name.startswith(own), prefix + sa.func.substr(name, len(own) + 1)), else_=name)

    def beside(name: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return name + suffix

    with writing() as connection:
        sqlite = connection.dialect.name == "sqlite"
        digest = sa.func.randomblob(32) if sqlite else sa.func.sha256(e.digest.op("||")(sa.func.int8send(COPY)))
        papers = dict(connection.execute(sa.select(documents.c.number, documents.c.digest)).all())
        events_of = {"device_no": number, "subject": beside(e.subject), "location": beside(e.location)}
        _copy(
            connection, events, e.device_no == device_no, events_of | {"opening": renamed(e.opening), "digest": digest},
            copies,
        )  # fmt: skip
        names = {name: renamed(u[name]) for name in ("last_event", "seen_by")}
        places = {name: beside(u[name]) for name in ("unit", "place", "expected")}
        _copy(connection, unit_states, u.site == SITE, names | places, copies)
        places = {name: beside(c[name]) for name in ("unit", "expected", "seen")}
        _copy(connection, cases, c.site == SITE, places | {"episode": renamed(c.episode), "device_no": number}, copies)
        for paper, first in ((papers[stock], 0), (papers[count], 1)):
            rows = connection.execute(sa.select(sa.func.count()).where(r.document == paper)).scalar_one()
            other = {"subject": beside(r.subject), "location": beside(r.location)}
            after = r.row + (rows - first) * COPY
            _copy(connection, document_rows, (r.document == paper) & (r.row > first), other | {"row": after}, copies)
            whole = first + (rows - first) * copies
            connection.execute(
                documents.update().where(documents.c.digest == paper).values(rows=whole, folded_rows=whole)
            )
        _copy(connection, chains, chains.c.device_no == device_no, {"device_no": number}, copies)
        called = {"device_no": number, "name": beside(d.name)}
        _copy(connection, devices, d.device_no == device_no, called, copies)
        standing.tell(connection, SITE, [count], stamp(connection))
        analyze(connection)


def _copy(
    connection: sa.Connection,
    table: sa.Table,
    where: sa.ColumnElement[bool],
    other: dict[str, sa.ColumnElement[Any]],
    copies: int,
) -> None:
    numbers = sa.select(sa.literal(1).label("number")).where(sa.literal(copies) > 1).cte("copy", recursive=True)
    following = sa.select(numbers.c.number + 1).where(numbers.c.number < copies - 1)
    every = numbers.union_all(following)
    names = [column.name for column in table.c]
    chosen = sa.select(*(other.get(name, table.c[name]) for name in names)).where(where)
    chosen = chosen.join_from(every, table, sa.true()).order_by(every.c.number)
    connection.execute(table.insert().from_select(names, chosen, include_defaults=False))
