"""Whose each bin of a count is: dealt when it is opened, and anew while it is open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa

from server import papers
from server.counts import blind, plan, selection, standing
from server.counts.choosing import Choice
from server.counts.holdings import holdings
from server.counts.listing import state_of
from server.counts.plan import CountError, Plan, Share
from server.counts.progress import done_bins
from server.database import lock, stamp
from server.tables import devices, people


def share_out(
    choice: Choice,
    *,
    blind: bool = False,
    counters: Sequence[Share] = (),
    shares: Sequence[Share] = (),
) -> list[Share]:
    """Whose each bin is.

    Args:
        blind: every bin.
        counters: people or handhelds (`Share.place` does not matter) who have a stretch of the way each.
        shares: bin by bin; they go before `counters`.
    """
    said = {share.place: share for share in shares}
    names = [str(number) for number in range(len(counters))]
    dealt = selection.deal(choice.bins, names) if counters else {}
    found = []
    for holding in choice.bins:
        share = said.get(holding.place)
        if share is None and holding.place in dealt:
            share = replace(counters[int(dealt[holding.place])], place=holding.place)
        share = share or Share(place=holding.place)
        found.append(replace(share, blind=share.blind or blind))
    return found


def read_shares(connection: sa.Connection, site: str, choice: Choice, said: Iterable[Mapping[str, Any]]) -> list[Share]:
    """Shares as people write them: `bin` (code or key), `counter` (name, or nothing) and `blind`.

    Raises:
        CountError: a bin is not among those that were chosen.
    """
    places = {name: holding.place for holding in choice.bins for name in (holding.place, holding.code)}
    found = []
    for row in said:
        if row["bin"] not in places:
            raise CountError(f"Bin {row['bin']!r:.80} is not among those of the count.")
        whose = counter(connection, site, row["counter"]) if row["counter"] else Share(place="")
        found.append(replace(whose, place=places[row["bin"]], blind=row["blind"]))
    return found


def counter(connection: sa.Connection, site: str, name: str) -> Share:
    """A counter as people say it: a handheld of that name in use, else a person who may sign in.

    Raises:
        CountError: nobody is called so.
    """
    name = name.strip()
    if not (name and name.isprintable() and len(name) <= 100):
        raise CountError(f"{name!r:.80} can be no counter: give a person's name or a handheld's.")
    query = sa.select(devices.c.device_no).where(
        devices.c.site == site, devices.c.name == name, devices.c.revoked_ms.is_(None)
    )
    device_no = connection.execute(query).scalar()
    if device_no is not None:
        return Share(place="", device_no=device_no)
    t = people.c
    query = sa.select(t.name).where(t.site == site, t.active, sa.func.lower(t.name) == name.lower())
    person = connection.execute(query).scalar()
    if person is None:
        raise CountError(f"Nobody and no handheld here is called {name!r}: add the person under People first.")
    return Share(place="", person=person)


def share_anew(
    connection: sa.Connection,
    *,
    site: str,
    number: str,
    counters: Sequence[str],
    operator: str | None,
    now_ms: int,
) -> Plan:
    """Deal the bins of an open count that nobody has finished among other people or handhelds, a stretch each.

    Args:
        counters: names; none: whoever comes first counts them.

    Raises:
        CountError: there is no such count, it is not open, nothing is left to count, or nobody is called so.
    """
    lock(connection, site, [number])
    planned = plan.read(connection, site, number)
    if state_of(connection, site, number) != "open":
        raise CountError(f"Count {number} is not open, so that nobody counts for it any more.")
    done = done_bins(connection, site, planned)
    left = [share for share in planned.shares if share.place not in done]
    if not left:
        raise CountError(f"Every bin of count {number} is finished: there is nothing to share out.")
    whose = [counter(connection, site, name) for name in counters]
    wanted = {share.place for share in left}
    lying = [holding for holding in holdings(connection, site) if holding.place in wanted]
    dealt = selection.deal(lying, [str(n) for n in range(len(whose))]) if whose else {}
    anyone = Share(place="")
    shares = []
    for share in planned.shares:
        if share.place not in wanted:
            shares.append(share)
            continue
        given = whose[int(dealt[share.place])] if share.place in dealt else anyone
        if given.person and share.is_refused(given.person):
            raise CountError(f"{given.person} counted one of these bins before: somebody else has to do it.")
        shares.append(replace(share, person=given.person, device_no=given.device_no))
    made = replace(planned, shares=tuple(shares))
    papers.write(
        connection,
        site=site,
        kind=plan.SHARED,
        number=number,
        action="share_count",
        rows=[{"subject": s.place, "location": s.place, "attributes": asdict(s)} for s in made.shares],
        operator=operator,
        now_ms=now_ms,
    )
    at = stamp(connection)
    standing.tell(connection, site, [number], at)
    blind.reveal(connection, site, number, at)
    blind.hide(connection, site, made, at)
    return made
