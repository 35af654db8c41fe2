"""A carton that was handed over for a transfer is announced to the site that it goes to, in the same transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from server import catalogue, changes, contents, stock_levels
from server.database import lock, stamp
from server.document_file import canonical_row, new_digest
from server.identifiers import owners
from server.ledger import in_chunks, read_fact, record
from server.orders.book import read_said
from server.orders.progress import read_progress
from server.orders.standing import OrderUnit
from server.rebuild import rebuild, rebuild_stated
from server.tables import document_rows, documents, reference, sites
from server.transfers.arrival import arrived, tell_arrived
from server.transfers.hand_overs import handed_over, orders_of
from server.transfers.tracking import tell_names
from server.transfers.withdrawal import withdraw
from server.transfers.withdrawn import Line, withdrawn
from server.unit_rows import states_of
from sync.event import TEXT_MAX, ScanEvent, format_name
from sync.history import Fact
from sync.identity import is_container, is_stock, item_of

DIGITS_MAX: Final = 9
"""Longer ends of numbers are somebody's own, and count no hand-over."""
_CONCERNING: Final = ("ship", "pack", "parcel_back", "label_parcel", "unlink")
"""Actions that may change what another site is to know of a transfer."""
_FIELDS: Final = ("location", "container", "quantity", "lot", "expiry", "attributes")


def destinations(connection: sa.Connection, site: str, numbers: Iterable[str]) -> dict[str, str]:
    """Those of a site's orders that are transfers, and the sites that they go to."""
    return read_said(connection, site, numbers, "to_site")


def announce(connection: sa.Connection, site: str, facts: Sequence[Fact], now_ms: int) -> None:
    """Tell each site what these facts handed over to it, and that what they took back is not coming after all.

    What it was told of already stays as it was told. So does what has arrived there, however its hand-over was undone:
    then both sites have it, and this one hears of it. A carton's contents may be heard of after its hand-over, who
    packed had no network; so may its tracking number. One that comes back undelivered is awaited no longer.
    """
    concerned = _concerned(connection, site, facts)
    for number, to in destinations(connection, site, concerned).items():
        known = connection.execute(sa.select(sites.c.site).where(sites.c.site == to)).first()
        if known is None:
            continue  # the import refuses such a transfer; a site is never taken away
        lock(connection, to, [number])
        subjects = concerned[number]
        left = subjects.keys() & handed_over(connection, site, number)
        told = _told(connection, to, number, subjects)
        because = next(iter(subjects.values()))
        rows = _rows(connection, site, number, left, now_ms)
        rows = [row for row in rows if (row["subject"], row.get("container")) not in told]
        if rows:
            operator = because.event.operator
            _state(connection, to, _notice_number(connection, to, number), rows, operator=operator, now_ms=now_ms)
            told = _told(connection, to, number, subjects)
        announced = {subject: notice for (subject, _), notice in told.items() if subject in subjects}
        for carton in sorted(filter(is_container, announced.keys() & left)):
            tell_names(
                connection, site=site, to=to, notice=announced[carton], cartons=[carton],
                operator=because.event.operator, now_ms=now_ms,
            )  # fmt: skip
        for subject in sorted(announced.keys() - left):
            _take_back(connection, site, to, announced[subject], subject, subjects[subject], now_ms)


def _concerned(connection: sa.Connection, site: str, facts: Sequence[Fact]) -> dict[str, dict[str, Fact]]:
    """By order, what these facts hand over, take back or name anew for it, each with the first that does."""
    handed: list[tuple[Fact, ScanEvent, str]] = []
    firsts: dict[str, ScanEvent] = {}
    for fact in facts:
        event = _first(connection, fact, firsts)
        key = event.container if event.action == "pack" else event.subject
        stacks = event.action == "move" and event.container is not None and is_container(key or "")
        if key is not None and (event.action in _CONCERNING or stacks):
            handed.append((fact, event, key))
    own = owners(connection, site, {key for _, _, key in handed})
    moved = {own.get(key, key) for _, event, key in handed if event.action in ("ship", "parcel_back")}
    stacked = contents.stacked(connection, site, filter(is_container, moved))
    for_order = {own.get(key, key) for _, event, key in handed if not _names_its_order(event)}
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
    return concerned


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


def _told(connection: sa.Connection, to: str, number: str, subjects: Iterable[str]) -> dict[Line, str]:
    """What this transfer has announced there of these and of what is in them, and in which notice.

    Not what was taken back again; a tote or a unit may come with another transfer again.
    """
    d, r = documents.c, document_rows.c
    found: list[Any] = []
    for chunk in in_chunks(subjects):
        query = (
            sa.select(r.subject, r.container, r.attributes, d.number)
            .join(documents, d.digest == r.document)
            .where(r.site == to, r.subject.in_(chunk) | r.container.in_(chunk), d.kind == "asn")
        )
        found += [row for row in connection.execute(query) if (row.attributes or {}).get("transfer") == number]
    gone = {notice: withdrawn(connection, to, notice) for notice in {row.number for row in found}}
    lines = {(row.subject, row.container): row.number for row in found}
    return {line: notice for line, notice in lines.items() if line not in gone[notice]}


def _take_back(
    connection: sa.Connection, site: str, to: str, notice: str, subject: str, because: Fact, now_ms: int
) -> None:
    """Withdraw what a notice said of a carton or unit and of what is in it, but for what has arrived."""
    d, r = documents.c, document_rows.c
    query = (
        sa.select(document_rows, d.event)
        .join(documents, d.digest == r.document)
        .where(d.site == to, d.kind == "asn", d.number == notice, (r.subject == subject) | (r.container == subject))
    )
    gone = withdrawn(connection, to, notice)
    rows = [row for row in connection.execute(query).mappings() if (row["subject"], row["container"]) not in gone]
    here = arrived(connection, to, {row["subject"] for row in rows} | {subject})
    awaited = [row for row in rows if not {row["subject"], row["container"]} & here]
    event = because.event
    if awaited:
        withdraw(
            connection,
            site=to,
            number=notice,
            rows=awaited,
            operator=event.operator,
            reason=f"{_name_of(connection, site)} has it back: {event.reason or ''}"[:TEXT_MAX],
            now_ms=now_ms,
        )
    tell_arrived(connection, home=site, to=to, number=notice, things=here, operator=event.operator, now_ms=now_ms)


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
    rows = [{"subject": c, "container": on.get(c), "attributes": said, "stated": True} for c in cartons]
    things: list[tuple[OrderUnit, str | None]] = [
        (one, parcel.container) for parcel in order.parcels if parcel.container in wanted for one in parcel.contents
    ]
    things += [(one, None) for one in order.units if one.subject in wanted and not is_container(one.subject)]
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
        "stated": not pieces,
    }


def _state(
    connection: sa.Connection,
    to: str,
    number: str,
    rows: Sequence[dict[str, Any]],
    *,
    operator: str | None,
    now_ms: int,
) -> None:
    """Take in a notice that the server itself writes, as an import does, but in this transaction."""
    lines: list[dict[str, Any]] = [dict.fromkeys(_FIELDS) | row for row in rows]
    hashed = new_digest(to, "asn", number)
    for line in lines:
        hashed.update(canonical_row(line))
    digest = hashed.hexdigest()
    fact = record(
        connection,
        site=to,
        action="import",
        operator=operator,
        now_ms=now_ms,
        document=number,
        reason="asn",
        evidence=digest,
    )
    connection.execute(
        documents.insert().values(
            digest=digest,
            site=to,
            kind="asn",
            number=number,
            rows=len(lines),
            event=format_name(fact.name),
            event_ms=fact.event_ms,
            folded_rows=len(lines),
        )
    )
    connection.execute(
        document_rows.insert(), [{"site": to, "document": digest, "row": n, **line} for n, line in enumerate(lines, 1)]
    )
    document = connection.execute(sa.select(documents).where(documents.c.digest == digest)).one()
    at = stamp(connection)
    origin = str(lines[0]["attributes"]["from_site"])
    _bring_products(connection, to, {item_of(line["subject"]) for line in lines}, origin, at)
    catalogue.publish_document(connection, to, document, at)
    rebuild_stated(connection, to, {line["subject"] for line in lines if line["stated"]}, at, document)


def _bring_products(connection: sa.Connection, to: str, items: set[str | None], site: str, at: int) -> None:
    """Products that the other site does not know yet come with what is sent of them."""
    t = reference.c
    modes = stock_levels.modes_of(connection, to, filter(None, items))
    for item in sorted(modes):
        rows = connection.execute(
            sa.select(t.site, t.row).where(t.site.in_((site, to)), t.kind == "item", t.key == item)
        ).all()
        known = {row.site: row.row for row in rows}
        if known.get(to) is None and known.get(site) is not None:
            changes.publish(connection, to, "item", item, known[site] | {"zone": None}, at)
    rebuild(connection, to, stock_levels.told_otherwise(connection, to, modes), at)


def _notice_number(connection: sa.Connection, to: str, number: str) -> str:
    """The transfer's own number for its first hand-over; `TRANSFER-1-2` for the next."""
    of_it = (documents.c.number == number) | documents.c.number.startswith(f"{number}-", autoescape=True)
    taken = set(connection.execute(sa.select(documents.c.number).where(documents.c.site == to, of_it)).scalars())
    if number not in taken:
        return number
    ends = (one.removeprefix(f"{number}-") for one in taken)
    counted = [int(end) for end in ends if end.isascii() and end.isdigit() and len(end) <= DIGITS_MAX]
    return f"{number}-{max(counted, default=1) + 1}"


def _name_of(connection: sa.Connection, site: str) -> str:
    return str(connection.execute(sa.select(sites.c.name).where(sites.c.site == site)).scalar_one())
