"""What follows from facts that were just appended to the ledger: one entrance for all, whoever brings them in.

Each step reads what the steps before it stored:

1. `follow`: what the server had said because of a scan that is undone now is undone too, and folded with the rest.
2. `advance`: units, cartons, pieces, bins and orders, with their cases.
3. Orders' cases, by what was decided.
4. What handhelds are told: which bins of a count are done, what the returns desk has to know.
5. Other sites: what was handed over to them, and by now stands here as handed over.
6. Cases of closed receipts, transfers and counts, by what was scanned or decided. Who closes one waits for whoever got
   so far, so this comes last: behind it nothing is asked for that a closing may hold.

Rows of an imported document are no facts that are appended, but counted from its import on: `rebuild_stated`.
What step 5 itself tells another site is folded there by `rebuild_stated` and `advance`: nobody scanned or decided it.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from server import piece_cases
from server.counts import exceptions, meanwhile
from server.counts.progress import publish_progress
from server.follow import follow
from server.orders import surplus
from server.rebuild import advance
from server.returns import published
from server.transfers.announce import announce
from sync.actions import ACTIONS
from sync.history import Fact


def take_effect(connection: sa.Connection, site: str, facts: Sequence[Fact], now_ms: int, at: int) -> None:
    """Fold facts that were just appended to the ledger and what follows from them, and tell who has to know.

    Args:
        now_ms: moment of what the server says because of them.
        at: stamp of this transaction.
    """
    every = [*facts, *follow(connection, site, facts, now_ms)]
    advance(connection, site, every, at)
    surplus.refold_after(connection, site, every, at)
    publish_progress(connection, site, every, at)
    published.tell(connection, site, at)
    announce(connection, site, every, now_ms)
    if any(ACTIONS[fact.event.action].roles for fact in every):
        meanwhile.look(connection, site)
    piece_cases.refold_after(connection, site, every, at)
    exceptions.refold_after(connection, site, every, at)
