"""A carton that was handed over for a transfer is announced to the site that it goes to, in the same transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import sqlalchemy as sa

from server import contents
from server.database import lock
from server.identifiers import owners
from server.ledger import read_fact
from server.orders.book import read_said
from server.orders.progress import came_back, read_progress
from server.orders.standing import OrderUnit
from server.tables import sites
from server.transfers.arrival import arrived, carried_states, tell_arrived
from server.transfers.hand_overs import handed_over, orders_of
from server.transfers.notices import Line, Told, last_told, line_of, other_sites, tell, told_of
from server.transfers.tracking import tell_names
from server.transfers.withdrawal import withdraw
from server.unit_rows import states_of
from sync.event import TEXT_MAX, ScanEvent
from sync.history import Fact
from sync.identity import is_container, is_stock
from sync.unit import Status, UnitState

_CONCERNING: Final = ("ship", "pack", "unpack", "parcel_back", "label_parcel", "unlink")
"""Actions that may change what another site is to know of a transfer."""
_PUTTING: Final = frozenset({"put_away", "move", "quarantine", "pick", "pack"})
"""Actions that may too, of what was put somewhere or taken for another order before that site was told that it left."""

_About = tuple[Fact, ScanEvent, str]
"""A fact, what it says or undoes, and a thing that this is about."""


def destinations(connection: sa.Connection, site: str, numbers: Iterable[str]) -> dict[str, str]:
    """Those of a site's orders that are transfers, and the sites that they go to."""
    return read_said(connection, site, numbers, "to_site")


def announce(connection: sa.Connection, site: str, facts: Sequence[Fact], now_ms: int) -> None:
    """Tell each site what these facts handed over to it, and that what they took back is not coming after all.

    What has arrived there stays as it was told, however its hand-over was undone: then both sites have it, and this one
    hears of it. What is in a carton may be heard of after its hand-over, who packed had no network: also that something
    is not in it. So may its tracking number. One that comes back undelivered is awaited no longer.
    """
    concerned = _concerned(connection, site, facts)
    for number, to in destinations(connection, site, concerned).items():
        known = connection.execute(sa.select(sites.c.site).where(sites.c.site == to)).first()
        if known is None:
            continue  # the import refuses such a transfer; a site is never taken away
        lock(connection, to, [number])
        _tell_of(connection, site, to, number, concerned[number], now_ms)


def _tell_of(
    connection: sa.Connection, site: str, to: str, number: str, concerned: Mapping[str, Fact], now_ms: int
) -> None:
    """Let the other site know of these things of one transfer what is so by now."""
    told = told_of(connection, site, to, number, concerned)
    around = {key for line in told for key in line[:2]} | {
        s.place for s in states_of(connection, site, concerned).values()
    }
    things = concerned.keys() | {key for key in around if key is not None and is_container(key)}
    if things != concerned.keys():  # what else was told of the cartons that these were in, or are
        told = told_of(connection, site, to, number, things)
    left = handed_over(connection, site, number)  # all of it: of a pallet's other cartons it was told too
    rows = _rows(connection, site, number, things & left, now_ms)
    first = next(iter(concerned.values()))
    if gone := _no_more_so(connection, site, left, told, rows):
        because = next((concerned[key] for line in gone for key in line[:2] if key and key in concerned), first)
        _take_back(connection, site, to, [told[line] for line in gone], left, because, now_ms)
        told = told_of(connection, site, to, number, things)
    operator = first.event.operator
    if new := _beyond(rows, told):
        boxes = {row["subject"]: row for row in rows if is_container(row["subject"])}
        tell(connection, site, to, number, new, told, boxes, operator=operator, now_ms=now_ms)
        told = told_of(connection, site, to, number, things)
    under = {line[0]: one.notice for line, one in told.items() if line[0] in concerned and line[0] in left}
    for notice in sorted({*under.values()}):
        cartons = [key for key in under if is_container(key) and under[key] == notice]
        tell_names(connection, site=site, to=to, notice=notice, cartons=cartons, operator=operator, now_ms=now_ms)


def _beyond(rows: Iterable[dict[str, Any]], told: Mapping[Line, Told]) -> list[dict[str, Any]]:
    """Of these rows what is not told yet; of pieces so many as are lacking."""
    found = []
    for row in rows:
        one = told.get(line_of(row))
        if one is None:
            found.append(row)
        elif row["quantity"] is not None and row["quantity"] > one.quantity:
            found.append(row | {"quantity": row["quantity"] - one.quantity})
    return found


def _no_more_so(
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


def _concerned(connection: sa.Connection, site: str, facts: Sequence[Fact]) -> dict[str, dict[str, Fact]]:
    """By order, what these facts hand over, take back or name anew for it, each with the first that does."""
    handed: list[_About] = []
    put: list[_About] = []
    firsts: dict[str, ScanEvent] = {}
    for fact in facts:
        event = _first(connection, fact, firsts)
        stacks = event.action == "move" and event.container is not None and is_container(event.subject or "")
        if event.action in _CONCERNING or stacks:
            handed += [(fact, event, key) for key in _about(event)]
        if event.action in _PUTTING and not stacks and event.subject is not None and not is_stock(event.subject):
            put.append((fact, event, event.subject))
    elsewhere = _put_before_it_left(connection, site, put)
    own = owners(connection, site, {key for _, _, key in handed + elsewhere})
    moved = {own.get(key, key) for _, event, key in handed if event.action in ("ship", "parcel_back")}
    stacked = contents.stacked(connection, site, filter(is_container, moved))
    for_order = {own.get(key, key) for _, event, key in handed if not _names_its_order(event)}
    for_order |= {own.get(key, key) for _, _, key in elsewhere}
    for_order |= {carton for cartons in stacked.values() for carton in cartons}
    orders = orders_of(connection, site, for_order) if for_order else {}
    concerned: dict[str, dict[str, Fact]] = defaultdict(dict)
    for fact, event, key in handed:
        thing = own.get(key, key)
        numbers = {str(event.document)} if _names_its_order(event) else orders.get(thing, set())
        for number in sorted(numbers):
            concerned[number].setdefault(thing, fact)
        for carton in sorted(stacked.get(thing, ())):
            for number in sorted(orders.get(carton, ())):
                concerned[number].setdefault(carton, fact)
                concerned[number].setdefault(thing, fact)
    for fact, _, key in elsewhere:
        thing = own.get(key, key)
        for number in sorted(orders.get(thing, ())):  # whatever order the scan names, if any
            concerned[number].setdefault(thing, fact)
    return concerned


def _put_before_it_left(connection: sa.Connection, site: str, put: Sequence[_About]) -> list[_About]:
    """Those of these things that lay somewhere before another site was told of them; and what undoes that of any."""
    if not put or not other_sites(connection, site):
        return []  # most pushes, in most warehouses
    own = owners(connection, site, {key for *_, key in put})
    told_ms = last_told(connection, site, {own.get(key, key) for *_, key in put})
    return [
        (fact, event, key)
        for fact, event, key in put
        if (since := told_ms.get(own.get(key, key))) is not None and (fact.event.voids or fact.event_ms < since)
    ]


def _about(event: ScanEvent) -> list[str]:
    """What is handed over, named or filled: of what goes into a carton or out of it both."""
    about = [event.subject]
    if event.action in ("pack", "unpack"):
        about = [event.container or event.origin, None if is_stock(event.subject or "") else event.subject]
    return [key for key in about if key is not None]


def _names_its_order(event: ScanEvent) -> bool:
    return event.action in ("ship", "pack") and event.document is not None


def _first(connection: sa.Connection, fact: Fact, known: dict[str, ScanEvent]) -> ScanEvent:
    """What a fact says; of an undo what it undoes, and of an undo of that the same.

    Args:
        known: what was found of others already, by name: a long chain of undos is walked once.
    """
    event = fact.event
    walked: set[str] = set()
    while (name := event.voids) is not None and name not in walked:
        if name in known:
            event = known[name]
            break
        undone = read_fact(connection, name)
        if undone is None:
            break
        walked.add(name)
        event = undone.event
    known.update(dict.fromkeys(walked, event))
    return event


def _take_back(
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
        here = arrived(connection, to, {key for row in rows for key in (row["subject"], row["container"]) if key})
        seen = states_of(connection, to, {row["subject"] for row in rows})
        stays = [row for row in rows if _has_arrived(row, here, left, seen)]
        if awaited := [row for row in rows if row not in stays]:
            withdraw(
                connection,
                site=to,
                number=number,
                rows=awaited,
                operator=event.operator,
                reason=f"{_name_of(connection, site)} has it back: {event.reason or ''}"[:TEXT_MAX],
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


def _rows(
    connection: sa.Connection, site: str, number: str, subjects: Iterable[str], now_ms: int
) -> list[dict[str, Any]]:
    """The notice's rows: each carton, and what is in it; or what was handed over with no carton."""
    wanted = set(subjects)
    order = read_progress(connection, site, [number], now_ms).get(number)
    if order is None:
        return []
    said = {"supplier": _name_of(connection, site), "transfer": number, "from_site": site}
    cartons = sorted(filter(is_container, wanted))
    on = {
        carton: state.place for carton, state in states_of(connection, site, cartons).items() if state.place in wanted
    }
    rows: list[dict[str, Any]] = [
        {"subject": c, "container": on.get(c), "quantity": None, "attributes": said, "stated": True} for c in cartons
    ]
    things: list[tuple[OrderUnit, str | None]] = [
        (one, parcel.container) for parcel in order.parcels if parcel.container in wanted for one in parcel.contents
    ]
    alone = (one for one in order.units if one.subject in wanted and one.container not in wanted)
    things += [(one, None) for one in alone if not is_container(one.subject)]
    expiries = states_of(connection, site, [one.subject for one, _ in things])
    return rows + [_row(one, carton, expiries, said) for one, carton in things]


def _row(one: OrderUnit, carton: str | None, states: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    state = states.get(one.subject)
    pieces = is_stock(one.subject)
    return {
        "subject": one.subject,
        "container": carton,
        "quantity": one.quantity if pieces else None,
        "lot": one.lot,
        "expiry": state.expiry if state else None,
        "attributes": dict(said),
        "stated": not pieces or carton is not None,  # pieces that no carton brings come in by a scan alone
    }


def _name_of(connection: sa.Connection, site: str) -> str:
    return str(connection.execute(sa.select(sites.c.name).where(sites.c.site == site)).scalar_one())
