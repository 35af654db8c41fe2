"""Changes of a product's mode as they stand: how far each one is, and what handhelds may scan under it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server import changes, papers
from server.modes.plan import Need, needs
from server.tables import documents, events
from server.undone import read_undone
from sync.event import format_name
from sync.identity import lot_in

KIND: Final = "mode_change"
RESULT: Final = "mode_result"
CHANGES_MAX: Final = 200


class ModeError(ValueError):
    """The mode cannot be changed so; the message says why. Nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of mode, and how far it is."""

    number: str
    item: str
    before: str
    after: str
    opened_ms: int
    operator: str | None
    closed_ms: int | None
    outcome: str | None
    """`done`, `given up`, or the sentence that names the rest; None while it is open."""
    done: int
    """Pieces that were told apart, or units that got a plate, under it."""
    left: tuple[Need, ...]
    """What is still to be scanned; nothing once it is closed."""
    unfolded: int = 0
    """Rows of its result that no unit's own row says yet: the server is at it, or was stopped."""

    @property
    def is_open(self) -> bool:
        return self.closed_ms is None

    @property
    def total(self) -> int:
        return self.done + sum(need.quantity for need in self.left)


def read(connection: sa.Connection, site: str, number: str) -> Change:
    """One change.

    Raises:
        ModeError: there is none of this number.
    """
    found = next(iter(_read(connection, site, number)), None)
    if found is None:
        raise ModeError(f"There is no change of mode {number!r:.40}.")
    return found


def list_changes(connection: sa.Connection, site: str) -> list[Change]:
    """The latest first."""
    return _read(connection, site, None)


def open_changes(connection: sa.Connection, site: str) -> dict[str, Change]:
    """Product -> the change that is under way."""
    return {change.item: change for change in _read(connection, site, None) if change.is_open}


def _read(connection: sa.Connection, site: str, number: str | None) -> list[Change]:
    t, e = documents.c, events.c
    query = sa.select(t.number, t.digest, t.event_ms).where(t.site == site, t.kind == KIND)
    query = query.where(t.number == number) if number else query
    found = []
    unfolded = {row.number: row.rows - row.folded_rows for row in connection.execute(half_folded(site))}
    for row in connection.execute(query.order_by(t.event_ms.desc(), t.number.desc()).limit(CHANGES_MAX)).all():
        first = papers.rows_in(connection, row.digest)[0]
        said = sa.select(e.operator, e.action, e.event_ms, e.reason).where(e.site == site, e.document == row.number)
        acts = {act.action: act for act in connection.execute(said.where(e.action.in_(_ACTS)))}
        closed = acts.get("close_mode_change")
        after = first["attributes"]["after"]
        found.append(
            Change(
                number=row.number,
                item=first["subject"],
                before=first["attributes"]["before"],
                after=after,
                opened_ms=row.event_ms,
                operator=acts["open_mode_change"].operator,
                closed_ms=closed.event_ms if closed else None,
                outcome=closed.reason if closed else None,
                done=_done(connection, site, row.number),
                left=() if closed else tuple(needs(connection, site, first["subject"], after)),
                unfolded=unfolded.get(row.number, 0),
            )
        )
    return found


def half_folded(site: str) -> sa.Select[Any]:
    """Results that not all units' own rows say yet."""
    d = documents.c
    query = sa.select(d.number, d.rows, d.folded_rows)
    return query.where(d.site == site, d.kind == RESULT, d.folded_rows < d.rows)


_ACTS: Final = ("open_mode_change", "close_mode_change")


def _done(connection: sa.Connection, site: str, number: str) -> int:
    """Units that were told apart or got a name under this change."""
    e = events.c
    query = sa.select(e.device_no, e.epoch, e.seq, e.subject).where(
        e.site == site, e.document == number, e.action.in_(("tell_apart", "link")), e.outcome == "accepted"
    )
    said = {format_name(scan[:3]): scan.subject for scan in connection.execute(query)}
    undone = read_undone(connection, site, said)
    return len({subject for name, subject in said.items() if name not in undone})


def tell(connection: sa.Connection, site: str, number: str, at: int) -> None:
    """Let handhelds scan under it until it is closed: the product, and which of its lots lies where."""
    rows = papers.rows_of(connection, site, KIND, number)
    item = rows[0]["subject"]
    lines = [
        {"item": item, "lot": lot_in(row["subject"]), "quantity": row["quantity"] or 0, "location": row["location"]}
        for row in rows
    ]
    e = events.c
    closed = sa.select(e.seq).where(e.site == site, e.document == number, e.action == "close_mode_change").limit(1)
    state = "open" if connection.execute(closed).first() is None else "closed"
    offered = {"kind": KIND, "state": state, "lines": lines, "bins": [], "blind": False}
    changes.publish(connection, site, "document", number, offered, at)
