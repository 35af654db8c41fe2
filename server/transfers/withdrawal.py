"""What a transfer had announced and takes back: it was not handed over, or was not in its carton."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import sqlalchemy as sa

from server import catalogue, papers, piece_cases
from server.database import stamp
from server.nearby import carried_states
from server.orders.progress import came_back
from server.rebuild import rebuild_stated
from server.tables import documents
from server.transfers.arrival import arrived, tell_arrived
from server.transfers.notices import Line, Told, line_of
from server.transfers.rows import name_of
from server.transfers.withdrawn import WITHDRAWN
from server.unit_rows import states_of
from sync.event import TEXT_MAX
from sync.history import Fact
from sync.identity import is_container, is_stock
from sync.unit import Status, UnitState


def no_more_so(
    connection: sa.Connection,
    site: str,
    left: AbstractSet[str],
    told: Mapping[Line, Told],
    rows: Iterable[dict[str, Any]],
) -> list[Line]:
    """What was told and is not so by what is known now: it was not handed over, or is not in its carton.

    What became of it later says nothing of what was handed over: a unit is not in its carton where it lay elsewhere
    already when that left, or came back by itself.
    """
    so = {line_of(row): row["quantity"] or 0 for row in rows}
    gone = []
    missed: dict[str, list[Line]] = defaultdict(list)
    for line, one in told.items():
        subject, box, _ = line
        if (subject if box is None or is_container(subject) else box) not in left:
            gone.append(line)
        elif is_stock(subject):
            gone += [line] if so.get(line, 0) < one.quantity else []
        elif line not in so and not is_container(subject):
            missed[subject].append(line)
    if missed:
        back = came_back(connection, site, missed)
        boxes = {box for lines in missed.values() for _, box, _ in lines if box is not None}
        states = states_of(connection, site, missed.keys()) | carried_states(connection, site, boxes)
        gone += [
            line for unit, lines in missed.items() for line in lines if unit in back or _lay_elsewhere(states, line)
        ]
    return gone


def _lay_elsewhere(states: Mapping[str, UnitState], line: Line) -> bool:
    """Whether a unit was somewhere else already when its carton left; not, where that cannot be known any more."""
    unit, carton, _ = line
    own, box = states.get(unit), states.get(carton or "")
    if own is None or box is None or box.status is not Status.SHIPPED:
        return False
    return own.place != carton and own.place_ms < box.status_ms


def take_back(
    connection: sa.Connection,
    site: str,
    to: str,
    lines: Iterable[Told],
    left: AbstractSet[str],
    because: Fact,
    now_ms: int,
) -> None:
    """Withdraw what was told of these lines, but for what has arrived.

    What did not leave has arrived where its carton has, whatever anybody saw of it. What was not in a carton that did
    leave, only where it was seen itself.
    """
    by_notice: dict[str, list[sa.RowMapping]] = defaultdict(list)
    for row in (row for one in lines for row in one.rows):
        by_notice[row["number"]].append(row)
    event = because.event
    for number, rows in sorted(by_notice.items()):
        named = {key for row in rows for key in (row["subject"], row["container"]) if key}
        came = {key for key, state in carried_states(connection, to, named).items() if state.came_under == number}
        here = arrived(connection, to, named) | came  # a tote may have come with this, and be awaited once more
        seen = states_of(connection, to, {row["subject"] for row in rows})
        stays = [row for row in rows if _has_arrived(row, here, left, seen)]
        if awaited := [row for row in rows if row not in stays]:
            withdraw(
                connection,
                site=to,
                number=number,
                rows=awaited,
                operator=event.operator,
                reason=f"{name_of(connection, site)} has it back: {event.reason or ''}"[:TEXT_MAX],
                now_ms=now_ms,
            )
        things = {key for row in stays for key in (row["subject"], row["container"]) if key} & here
        tell_arrived(connection, home=site, to=to, number=number, things=things, operator=event.operator, now_ms=now_ms)


def _has_arrived(
    row: sa.RowMapping, here: AbstractSet[str], left: AbstractSet[str], seen: Mapping[str, UnitState]
) -> bool:
    subject, box = row["subject"], row["container"]
    if box in left and not is_stock(subject):
        return subject in seen and seen[subject].status not in (Status.SEEN, Status.ANNOUNCED)
    return bool({subject, box} & here)


def withdraw(
    connection: sa.Connection,
    *,
    site: str,
    number: str,
    rows: Iterable[sa.RowMapping],
    operator: str | None,
    reason: str,
    now_ms: int,
) -> None:
    """Take rows of a notice back at the site that they were announced to.

    Args:
        rows: of `document_rows`, each with the `event` that announced it.
    """
    rows = list(rows)
    undoing = [
        {
            "subject": row["subject"],
            "container": row["container"],
            "attributes": {"voids": row["event"], "reason": reason},
            "stated": row["stated"],
        }
        for row in rows
    ]
    digest = papers.write(
        connection,
        site=site,
        kind=WITHDRAWN,
        number=number,
        action="withdraw",
        rows=undoing,
        operator=operator,
        now_ms=now_ms,
        reason=reason,
    )
    document = connection.execute(sa.select(documents).where(documents.c.digest == digest)).one()
    at = stamp(connection)
    rebuild_stated(connection, site, {row["subject"] for row in rows if row["stated"]}, at, document)
    piece_cases.refold_told(connection, site, [number], at)
    catalogue.publish_notice(connection, site, number, at)
