"""A carton that was handed over for a transfer is announced to the site that it goes to, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import sqlalchemy as sa

from server.database import lock
from server.orders.book import read_said
from server.tables import sites
from server.transfers.concerned import concerned_by
from server.transfers.hand_overs import handed_over
from server.transfers.notices import Line, Told, line_of, sent_once_more, tell, told_of
from server.transfers.rows import rows_of
from server.transfers.tracking import tell_names
from server.transfers.withdrawal import no_more_so, take_back
from server.unit_rows import states_of
from sync.history import Fact
from sync.identity import is_container


def destinations(connection: sa.Connection, site: str, numbers: Iterable[str]) -> dict[str, str]:
    """Those of a site's orders that are transfers, and the sites that they go to."""
    return read_said(connection, site, numbers, "to_site")


def announce(connection: sa.Connection, site: str, facts: Sequence[Fact], now_ms: int) -> None:
    """Tell each site what these facts handed over to it, and that what they took back is not coming after all.

    What has arrived there stays as it was told, however its hand-over was undone: then both sites have it, and this one
    hears of it. What is in a carton may be heard of after its hand-over, who packed had no network: also that something
    is not in it. So may its tracking number. One that comes back undelivered is awaited no longer.
    """
    concerned = concerned_by(connection, site, facts)
    for number, to in destinations(connection, site, concerned).items():
        known = connection.execute(sa.select(sites.c.site).where(sites.c.site == to)).first()
        if known is None:
            continue  # the import refuses such a transfer; a site is never taken away
        lock(connection, to, [number])
        _tell_of(connection, site, to, number, concerned[number], now_ms)


def _tell_of(
    connection: sa.Connection, site: str, to: str, number: str, concerned: Mapping[str, Fact], now_ms: int
) -> None:
    """Let the other site know of these things of one transfer what is so by now.

    What it was told and is not so is taken back, what is so and it was not told is told, and then cartons have the
    names there that they have here.
    """
    first = next(iter(concerned.values()))
    operator = first.event.operator
    told = told_of(connection, site, to, number, concerned)
    things = concerned.keys() | _cartons_around(connection, site, concerned, told)
    if things != concerned.keys():
        told = told_of(connection, site, to, number, things)
    left = handed_over(connection, site, number, things | {key for line in told for key in line[:2] if key})
    rows = rows_of(connection, site, number, things & left, now_ms)
    if gone := no_more_so(connection, site, left, told, rows):
        because = next((concerned[key] for line in gone for key in line[:2] if key and key in concerned), first)
        take_back(connection, site, to, [told[line] for line in gone], left, because, now_ms)
        told = told_of(connection, site, to, number, things)
    boxes = {row["subject"]: row for row in rows if is_container(row["subject"])}
    new = _beyond(rows, told)
    shipped = {key for key, fact in concerned.items() if key in boxes and _hands_over(fact, number)}
    again = sent_once_more(connection, site, to, shipped, told) if shipped else set()
    # what is in it may be heard of later, who packed it had no network
    new += [boxes[carton] for carton in sorted(again) if boxes[carton] not in new]
    if new:
        tell(connection, site, to, number, new, told, boxes, operator=operator, now_ms=now_ms)
        told = told_of(connection, site, to, number, things)
    _name_alike(connection, site, to, concerned.keys() & left, told, operator, now_ms)


def _hands_over(fact: Fact, number: str) -> bool:
    """Whether it is a hand-over under this number: what its pallet took along may stand there no more."""
    return fact.event.action == "ship" and fact.event.document == number


def _cartons_around(connection: sa.Connection, site: str, things: Iterable[str], told: Iterable[Line]) -> set[str]:
    """The containers that these things are in here, or that the other site was told of with them."""
    around = {state.place for state in states_of(connection, site, things).values()}
    around |= {key for subject, container, _ in told for key in (subject, container)}
    return {key for key in around if key is not None and is_container(key)}


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


def _name_alike(
    connection: sa.Connection,
    site: str,
    to: str,
    things: AbstractSet[str],
    told: Mapping[Line, Told],
    operator: str | None,
    now_ms: int,
) -> None:
    """Let the cartons among these have the names at the other site that they have here, by the notice of each."""
    under = {line[0]: one.notice for line, one in told.items() if line[0] in things}
    for notice in sorted({*under.values()}):
        cartons = [key for key in under if is_container(key) and under[key] == notice]
        tell_names(connection, site=site, to=to, notice=notice, cartons=cartons, operator=operator, now_ms=now_ms)
