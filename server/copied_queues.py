"""Handhelds whose queue was copied or put back from a copy: how a push shows it, and since when each is known to be.

A handheld that notices goes on under a new epoch, and says in its pushes how far it had come in the one before. What
stands there beyond that number, somebody else made under its name. Whichever of the two comes later is marked
`forked`: the first event beyond that number, or the first event of the new epoch. That one is marked too where the
handheld's mark says that more had been committed than its queue holds now, and it never came here: it was lost.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Final

import sqlalchemy as sa

from server.chain_mark import CHAIN
from server.ledger import begin_chain, name_in
from server.tables import cases, chains, events
from sync.protocol import Outcome, PushHeader

_BEFORE: Final = sa.select(chains.c.last_seq, chains.c.left_at).where(CHAIN).with_for_update()
_OTHERS: Final = sa.select(chains.c.epoch).where(
    chains.c.device_no == sa.bindparam("device"),
    chains.c.predecessor == sa.bindparam("of_epoch"),
    chains.c.epoch != sa.bindparam("but"),
)


def is_parted(
    connection: sa.Connection, site: str, header: PushHeader, known_predecessor: int | None, now_ms: int
) -> bool:
    """Whether a push begins an epoch after another queue went on from the one before too, or after scans were lost.

    Writes down where the epoch before was left. Both queues wait for the row of the epoch that they share, so that one
    of them sees the other.

    Args:
        known_predecessor: what is stored as the epoch before this one.
    """
    lacks = _lacks(connection, site, header, now_ms)  # any push says it anew: a restored server may have forgotten it
    lost = header.first == 1 and lacks
    before, last = header.predecessor, header.predecessor_last
    if before is None or last is None or (header.first > 1 and known_predecessor == before):
        return lost
    asked = {"device": header.device_no, "of_epoch": before}
    begin_chain(connection, site, header.device_no, before)  # it may be carried here by somebody else, later than this
    row = connection.execute(_BEFORE, asked).one()
    if row.left_at is None or last < row.left_at:
        connection.execute(chains.update().where(CHAIN).values(left_at=last), asked)
    if known_predecessor != before:
        own = {"device": header.device_no, "of_epoch": header.epoch}
        connection.execute(chains.update().where(CHAIN).values(predecessor=before), own)
    others = connection.execute(_OTHERS, asked | {"but": header.epoch}).first()
    return lost or row.last_seq > last or others is not None


_LOST_ROW: Final = sa.select(chains.c.acked_through, chains.c.lost_through).where(CHAIN).with_for_update()


def _lacks(connection: sa.Connection, site: str, header: PushHeader, now_ms: int) -> bool:
    """Whether scans are neither in a handheld's queue any more nor here. Writes down how many there were."""
    if header.lost_epoch is None or header.lost_through is None:
        return False
    asked = {"device": header.device_no, "of_epoch": header.lost_epoch}
    begin_chain(connection, site, header.device_no, header.lost_epoch)  # perhaps nothing of it ever came
    row = connection.execute(_LOST_ROW, asked).one()
    if header.lost_through > (row.lost_through or 0):
        said = {"lost_through": header.lost_through, "lost_ms": now_ms}
        connection.execute(chains.update().where(CHAIN).values(**said), asked)
    return bool(row.acked_through < header.lost_through)


_FORKED: Final = sa.and_(
    events.c.site == sa.bindparam("site"),
    sa.text("events.outcome <> 'accepted'"),  # in the partial index's own words, so that it is used
    events.c.outcome == Outcome.FORKED,
)
_OPEN: Final = ~sa.exists().where(
    cases.c.site == events.c.site,
    cases.c.rule == "forked",
    cases.c.episode == name_in(events),
    cases.c.status != "open",
)
_NOTED: Final = sa.select(events.c.device_no, sa.func.min(events.c.received_ms)).group_by(events.c.device_no)
_FIRST_BEYOND: Final = (
    sa.select(sa.func.min(events.c.received_ms))
    .where(events.c.device_no == chains.c.device_no, events.c.epoch == chains.c.epoch)
    .where(events.c.seq > chains.c.left_at)
    .correlate(chains)
    .scalar_subquery()
)
_BEYOND: Final = sa.select(chains.c.device_no, _FIRST_BEYOND).where(
    chains.c.site == sa.bindparam("site"), chains.c.last_seq > chains.c.left_at
)

_LACKS: Final = sa.and_(chains.c.site == sa.bindparam("site"), chains.c.lost_through > chains.c.acked_through)
_LACKING_SINCE: Final = (
    sa.select(chains.c.device_no, sa.func.min(chains.c.lost_ms)).where(_LACKS).group_by(chains.c.device_no)
)
_LACKING: Final = (
    sa.select(chains.c.device_no, sa.cast(sa.func.sum(chains.c.lost_through - chains.c.acked_through), sa.BigInteger))
    .where(_LACKS)
    .group_by(chains.c.device_no)
)


def known_since(connection: sa.Connection, site: str) -> dict[int, int]:
    """Numbers of the handhelds whose queue was copied or put back from a copy, with the moment of the first sign.

    A sign counts until its case is closed.
    """
    asked: dict[str, Any] = {"site": site}
    since: dict[int, int] = dict(connection.execute(_NOTED.where(_FORKED, _OPEN), asked).all())
    told = {no for no, _ in connection.execute(_NOTED.where(_FORKED), asked)}
    # Where the new epoch has no scan of its own yet that could be marked.
    signs = [(no, ms) for no, ms in connection.execute(_BEYOND, asked) if ms is not None]
    beyond = sorted(signs, key=itemgetter(1), reverse=True)  # of two queues of a handheld the first sign counts
    silent = [*beyond, *connection.execute(_LACKING_SINCE, asked)]
    return {no: ms for no, ms in silent if no not in told} | since


def lacking(connection: sa.Connection, site: str) -> dict[int, int]:
    """How many scans each handheld is known to have lost before they came here, by its number."""
    return dict(connection.execute(_LACKING, {"site": site}).all())
