"""Blind bins: what handhelds are not sent while these are counted.

A handheld that may count a bin blind is sent no expectations for it: `server/changes.py` leaves out where the bin's
units belong and where they are, and has what it told of pieces there forgotten. Where the bin is one handheld's, only
that one goes without; where it is a person's, or anyone's, any handheld may come to count it, so that all go without.
Opening and closing give the bins' units and pieces a new stamp, so that each handheld hears of them again behind its
cursor.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

from server.counts.plan import Plan
from server.database import SITE, alone, db
from server.ledger import in_chunks
from server.tables import stock_levels, unit_states

ANY_HANDHELD: Final = 0

blind_bins = sa.Table(
    "blind_bins",
    db.metadata,
    sa.Column("site", sa.Text, primary_key=True),
    sa.Column("place", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, primary_key=True, comment="the open count that it is in"),
    sa.Column("device_no", sa.BigInteger, nullable=False, comment="the handheld that is told nothing; 0 for all"),
    comment="Bins whose units' places are not sent, from the opening of a blind count to its close.",
)


def hide(connection: sa.Connection, site: str, plan: Plan, at: int) -> None:
    """From now on tell nobody who may count them blind what belongs in these bins.

    Args:
        at: stamp of this transaction.
    """
    hidden = bins_of(plan)
    if hidden:
        alone(connection)
        rows = [{"site": site, "place": p, "number": plan.number, "device_no": whose} for p, whose in hidden.items()]
        connection.execute(blind_bins.insert(), rows)
        _tell_again(connection, site, hidden, at)


def bins_of(plan: Plan) -> dict[str, int]:
    """The bins that a count hides until it is closed, each with the handheld that it hides them from."""
    return {s.place: s.device_no or ANY_HANDHELD for s in plan.shares if s.blind}


def reveal(connection: sa.Connection, site: str, number: str, at: int) -> None:
    """Tell everyone again what belongs in the bins of this count; see `hide`."""
    t = blind_bins.c
    of = (t.site == site) & (t.number == number)
    places = list(connection.execute(sa.select(t.place).where(of)).scalars())
    if places:
        alone(connection)
        connection.execute(blind_bins.delete().where(of))
        _tell_again(connection, site, places, at)


_HIDDEN: Final = sa.select(blind_bins.c.place).where(
    blind_bins.c.site == SITE, blind_bins.c.device_no.in_((ANY_HANDHELD, sa.bindparam("device", type_=sa.BigInteger)))
)


def hidden_from(connection: sa.Connection, site: str, device_no: int | None) -> frozenset[str]:
    """The bins whose contents this handheld is not told; without a number, those that no handheld is told."""
    asked = {"site": site, "device": device_no or ANY_HANDHELD}
    return frozenset(connection.execute(_HIDDEN, asked).scalars())


def _tell_again(connection: sa.Connection, site: str, places: Iterable[str], at: int) -> None:
    u, s = unit_states.c, stock_levels.c
    for chunk in in_chunks(places):
        here = u.expected.in_(chunk) | u.place.in_(chunk)
        connection.execute(unit_states.update().where(u.site == site, here).values(stamp=at))
        connection.execute(stock_levels.update().where(s.site == site, s.place.in_(chunk)).values(stamp=at))
