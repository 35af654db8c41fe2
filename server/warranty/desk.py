"""What is done at the warranty desk, one fact in the ledger each: repairs, loans, replacements, other owners."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any, Final

import sqlalchemy as sa

from server import ledger, parties
from server.database import lock, stamp
from server.effects import take_effect
from server.ledger import record
from server.queries import UnitView, read_unit
from server.recalls.reach import bitten
from server.tables import documents, events
from server.warranty.life import Repair, read_repairs
from sync.actions import ACTIONS
from sync.identity import is_stock, item_of
from sync.unit import IN_STOCK, Status

REASON_MAX: Final = 200
NUMBER_MAX: Final = 40
REPAIRS_MAX: Final = 10_000
"""In a list."""


class DeskError(ValueError):
    """It cannot be done; the message says why."""


def open_repair(
    connection: sa.Connection,
    *,
    site: str,
    unit: str,
    location: str,
    fault: str,
    number: str | None = None,
    operator: str,
    now_ms: int,
) -> str:
    """Take a unit in for repair; returns the repair's number.

    Args:
        number: of the repair; None takes the next one.

    Raises:
        DeskError: it is not sold and not ours, is being repaired, or the number is taken.
    """
    lock(connection, site, [unit])
    view = _known(connection, site, unit, now_ms)
    if view.state.status is Status.IN_REPAIR:
        raise DeskError(f"It is here for repair already{_under(connection, site, unit)}.")
    if view.state.status is not Status.SHIPPED and view.state.status not in IN_STOCK:
        raise DeskError("By the records it is neither a customer's nor in stock: see its page first.")
    if not fault.strip():
        raise DeskError("Say what is wrong with it.")
    number = _free(connection, site, number, "RPR")
    facts = {"subject": unit, "location": location, "document": number, "reason": fault.strip()[:REASON_MAX]}
    _say(connection, site, operator, now_ms, [{"action": "open_repair", **facts}])
    return number


def close_repair(
    connection: sa.Connection,
    *,
    site: str,
    number: str,
    done: str,
    gone: Sequence[str] = (),
    new: Sequence[str] = (),
    operator: str,
    now_ms: int,
) -> tuple[str, ...]:
    """Give the unit back to its owner; returns what was lent meanwhile and has not come back.

    Args:
        done: what was done.
        gone: further names that it lost, such as the IMEI of the board that was taken out; canonical.
        new: further names that it got.

    Raises:
        DeskError: there is no such repair under way, the unit may not go out, or a name that is gone was never its own.
    """
    repair = _under_way(connection, site, number)
    lock(connection, site, [repair.unit])
    view = _known(connection, site, repair.unit, now_ms)
    if view.state.status is Status.IN_REPAIR:  # one of our own goes to nobody by this
        _refuse_held(connection, site, view, now_ms)
    known = view.state.identifiers
    strange = [name for name in gone if name not in known]
    if strange:
        raise DeskError(f"It does not bear {strange[0]!r}: see its page for the names that it bears.")
    if not done.strip():
        raise DeskError("Say what was done.")
    shared = {"subject": repair.unit, "document": number, "reason": done.strip()[:REASON_MAX]}
    said = [{"action": "unlink", "identifiers": tuple(gone), **shared}] if gone else []
    said += [{"action": "link", "identifiers": tuple(new), **shared}] if new else []
    _say(connection, site, operator, now_ms, [*said, {"action": "close_repair", **shared}])
    return repair.out


def lend(connection: sa.Connection, *, site: str, number: str, unit: str, operator: str, now_ms: int) -> None:
    """Lend a unit of ours while a repair is under way.

    Raises:
        DeskError: there is no such repair of a customer's unit under way, or the unit may not go out.
    """
    repair = _under_way(connection, site, number)
    _may_go_out(connection, site, unit, repair, "lend", now_ms)
    _say(connection, site, operator, now_ms, [{"action": "lend", "subject": unit, "document": number}])


def end_loan(connection: sa.Connection, *, site: str, unit: str, location: str, operator: str, now_ms: int) -> None:
    """Take a lent unit in again.

    Raises:
        DeskError: it is not lent.
    """
    if _known(connection, site, unit, now_ms).state.status is not Status.LENT:
        raise DeskError("By the records it is not lent to anybody.")
    _say(connection, site, operator, now_ms, [{"action": "end_loan", "subject": unit, "location": location}])


def give_replacement(
    connection: sa.Connection,
    *,
    site: str,
    number: str,
    unit: str,
    reason: str = "",
    operator: str,
    now_ms: int,
) -> tuple[str, ...]:
    """Give another unit for the one in repair, which is ours from now on: the warranty goes along with the new one.

    Returns what was lent meanwhile and has not come back.

    Args:
        reason: why it is one of another product, if it is.

    Raises:
        DeskError: there is no such repair of a customer's unit under way, the unit may not go out, or it is of another
            product and nobody says why.
    """
    repair = _under_way(connection, site, number)
    _may_go_out(connection, site, unit, repair, "give_replacement", now_ms)
    why = reason.strip()[:REASON_MAX] or None
    if why is None and item_of(unit) != item_of(repair.unit):
        raise DeskError(
            "It is another product than the one in repair. If it is to be given all the same, say why: "
            "its model is made no more, for one."
        )
    facts: list[dict[str, Any]] = [
        {"action": "give_replacement", "subject": unit, "document": number} | ({"reason": why} if why else {}),
        {"action": "keep_replaced", "subject": repair.unit, "location": repair.location, "document": number},
    ]
    _say(connection, site, operator, now_ms, facts)
    return repair.out


def transfer_title(
    connection: sa.Connection,
    *,
    site: str,
    unit: str,
    reason: str,
    number: str | None = None,
    party: tuple[str, str | None] | None = None,
    operator: str,
    now_ms: int,
) -> str:
    """Write down that a sold unit has another owner; returns the number that proves it.

    Args:
        number: of the transfer; None takes the next one.
        party: name and address of the new owner, kept outside the ledger.

    Raises:
        DeskError: it is not a customer's, or the number is taken.
    """
    lock(connection, site, [unit])
    if _known(connection, site, unit, now_ms).state.status not in (Status.SHIPPED, Status.IN_REPAIR):
        raise DeskError("By the records it is no customer's, so that nobody can pass it on.")
    if not reason.strip():
        raise DeskError("Say what shows that it was passed on, such as a bill of sale.")
    number = _free(connection, site, number, "TITLE")
    if party is not None:
        parties.remember(connection, site, number, *party)
    facts = {"subject": unit, "document": number, "reason": reason.strip()[:REASON_MAX]}
    _say(connection, site, operator, now_ms, [{"action": "transfer_title", **facts}])
    return number


def list_repairs(connection: sa.Connection, site: str, *, limit: int = REPAIRS_MAX) -> list[Repair]:
    """Repairs, those under way first, then the latest."""
    query = (
        sa.select(events.c.document, sa.func.max(events.c.event_ms).label("at_ms"))
        .where(events.c.site == site, events.c.action == "open_repair", events.c.outcome.in_(ledger.FOLDED))
        .group_by(events.c.document)
        .order_by(sa.desc("at_ms"), events.c.document)
        .limit(limit)
    )
    found = read_repairs(connection, site, [row.document for row in connection.execute(query) if row.document])
    return sorted(found, key=lambda repair: (repair.until_ms is not None, -repair.since_ms, repair.number))


def _known(connection: sa.Connection, site: str, unit: str, now_ms: int) -> UnitView:
    view = None if is_stock(unit) else read_unit(connection, site, unit, now_ms)
    if view is None:
        raise DeskError("Nothing is known of this unit here.")
    return view


def _under(connection: sa.Connection, site: str, unit: str) -> str:
    e = events.c
    query = sa.select(e.document).distinct().where(e.site == site, e.subject == unit, e.action == "open_repair")
    found = read_repairs(connection, site, [number for number in connection.execute(query).scalars() if number])
    numbers = [repair.number for repair in found if not repair.done]
    return f" under {numbers[0]}" if numbers else ""


def _under_way(connection: sa.Connection, site: str, number: str) -> Repair:
    lock(connection, site, [number])
    found = read_repairs(connection, site, [number])
    if not found:
        raise DeskError(f"There is no repair {number!r:.40}.")
    if found[0].done is not None:
        raise DeskError(f"Repair {number} has ended: {found[0].done}.")
    return found[0]


def _may_go_out(connection: sa.Connection, site: str, unit: str, repair: Repair, action: str, now_ms: int) -> None:
    """Refuse what may not be given to a customer.

    Raises:
        DeskError: says why.
    """
    if not repair.of_customer:
        raise DeskError(f"{repair.number} repairs a unit of our own: no customer waits for another one.")
    lock(connection, site, [unit])
    view = _known(connection, site, unit, now_ms)
    state = view.state
    if unit == repair.unit:
        raise DeskError("That is the unit that is being repaired.")
    if state.held is None and state.status not in ACTIONS[action].expects:
        raise DeskError("By the records it is not free: only what is in stock can be given out.")
    _refuse_held(connection, site, view, now_ms)


def _refuse_held(connection: sa.Connection, site: str, view: UnitView, now_ms: int) -> None:
    """Refuse what quality or a recall keeps from every customer, its owner too.

    Raises:
        DeskError: says which.
    """
    if view.state.held is not None:
        raise DeskError(f"Quality holds it back: {view.state.held}.")
    stopped = bitten(connection, site, view.key, view.state, now_ms)
    if stopped is not None:
        raise DeskError(f"Recall {stopped.recall.number} holds it back: {stopped.recall.reason}.")


def _free(connection: sa.Connection, site: str, number: str | None, prefix: str) -> str:
    """The number, or the next of this prefix; nothing else bears it."""
    lock(connection, site, [prefix])
    wanted = (number or "").strip()
    if not wanted:
        following = (f"{prefix}-{n}" for n in count(_count(connection, site, prefix) + 1))
        return next(number for number in following if not _is_taken(connection, site, number))
    if len(wanted) > NUMBER_MAX or not wanted.isprintable():
        raise DeskError(f"{wanted!r:.50} is no number: 1 to {NUMBER_MAX} characters that can be printed.")
    if _is_taken(connection, site, wanted):
        raise DeskError(f"There is something with the number {wanted} already: take another.")
    return wanted


def _count(connection: sa.Connection, site: str, prefix: str) -> int:
    query = sa.select(sa.func.count(sa.distinct(events.c.document))).where(
        events.c.site == site, events.c.document.startswith(f"{prefix}-", autoescape=True)
    )
    return int(connection.execute(query).scalar_one())


def _is_taken(connection: sa.Connection, site: str, number: str) -> bool:
    used = sa.select(events.c.document).where(events.c.site == site, events.c.document == number).limit(1)
    named = sa.select(documents.c.number).where(documents.c.site == site, documents.c.number == number).limit(1)
    return connection.execute(sa.union_all(used.subquery().select(), named.subquery().select())).first() is not None


def _say(connection: sa.Connection, site: str, operator: str, now_ms: int, said: Sequence[dict[str, Any]]) -> None:
    """Record these facts in this order, and fold them.

    Raises:
        DeskError: a place or a name among them is none.
    """
    try:
        facts = [record(connection, site=site, operator=operator, now_ms=now_ms, **fields) for fields in said]
    except ValueError as error:
        raise DeskError(str(error)) from None
    take_effect(connection, site, facts, now_ms, stamp(connection))
