"""Open a count: its plan is frozen as a paper, and the handhelds are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from server import naming, papers
from server.counts import blind as blind_bins
from server.counts import plan, standing
from server.counts.plan import CountError, Plan, Share, Sort
from server.database import lock, stamp
from server.rebuild import rebuild
from server.tables import events
from sync.walking import walking_order

NUMBER_CHARS_MAX: Final = 100


def open_count(
    connection: sa.Connection,
    *,
    site: str,
    number: str,
    bins: Sequence[str],
    blind: bool = False,
    shares: Sequence[Share] = (),
    sort: Sort = Sort.CYCLE,
    chosen: Mapping[str, Any] | None = None,
    of: str | None = None,
    operator: str | None,
    now_ms: int,
) -> Plan:
    """Open a count of these bins (location keys) and tell the handhelds.

    Args:
        blind: of every bin; `shares` may say it bin by bin.
        shares: whose each bin is; one that is not among them is anyone's.
        chosen: how the bins were chosen.
        of: the count that a recount recounts.

    Raises:
        CountError: there is a count of that number, it is no number, or the count names no bin.
    """
    _claim(connection, site, number, is_given=of is not None)
    if not bins:
        raise CountError(f"Count {number} names no bin.")
    ours = tuple(_shares(connection, site, bins, shares, blind=blind))
    made = Plan(number=number, sort=sort, chosen=chosen or {"by": "bins"}, of=of, shares=ours, opened_ms=now_ms)
    papers.write(
        connection,
        site=site,
        kind="count",
        number=number,
        action="open_count",
        rows=plan.rows(made),
        operator=operator,
        now_ms=now_ms,
    )
    at = stamp(connection)
    standing.tell(connection, site, [number], at)
    blind_bins.hide(connection, site, made, at)
    if sort is Sort.TAKE_ON:  # what was scanned for it before it was opened is no case either
        early = sa.select(events.c.subject).where(events.c.site == site, events.c.document == number)
        rebuild(connection, site, {s for s in connection.execute(early).scalars() if s}, at)
    return made


def _claim(connection: sa.Connection, site: str, number: str, *, is_given: bool) -> None:
    """See that the number is one, and is this count's alone.

    Args:
        is_given: whether it was made here, and not by a person.
    """
    if not is_given and not (number.isprintable() and 1 <= len(number.strip()) == len(number) <= NUMBER_CHARS_MAX):
        raise CountError(f"{number!r:.60} is no number: 1 to {NUMBER_CHARS_MAX} characters that can be printed.")
    lock(connection, site, [number])
    taken = papers.taken_by(connection, site, number)
    if taken:
        raise CountError(f"There is {taken} {number} already: give the count another number.")


def _shares(
    connection: sa.Connection, site: str, bins: Sequence[str], said: Iterable[Share], *, blind: bool
) -> Iterator[Share]:
    """The share of each bin, in walking order."""
    known = {share.place: share for share in said}
    names = naming.read(connection, site, bins)
    for place in sorted(dict.fromkeys(bins), key=lambda place: walking_order(names(place).text)):
        share = known.get(place, Share(place=place))
        yield replace(share, blind=share.blind or blind)
