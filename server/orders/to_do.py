"""Orders that somebody has to do something for: pick, pack, hand over, or put back what does not go out.

They are those that handhelds have; an order leaves these with its last parcel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from server.orders.progress import read_progress
from server.orders.standing import OrderProgress
from server.tables import reference
from sync.order import Order

ORDERS_MAX: Final = 1_000
"""So many are looked at, those whose turn comes first."""


class Step(StrEnum):
    """What an order waits for."""

    PICK = "pick"
    PACK = "pack"
    SHIP = "ship"
    PUT_BACK = "put_back"


_STEP_OF: Final = {"open": Step.PICK, "begun": Step.PICK, "picked": Step.PACK, "packed": Step.SHIP}


def steps(one: OrderProgress) -> frozenset[Step]:
    """What an order waits for; of a cancelled one, and of a parcel that came back, that it is put back."""
    next_one = {_STEP_OF[one.standing]} if one.standing in _STEP_OF else set()
    return frozenset(next_one | ({Step.PUT_BACK} if one.to_put_back else set()))


def read_to_do(
    connection: sa.Connection, site: str, now_ms: int, *, only: Collection[Step] = tuple(Step)
) -> list[OrderProgress]:
    """Orders that wait for one of these steps, in their rank: priority, due date, number; at most `ORDERS_MAX`."""
    t = reference.c
    query = sa.select(t.key, t.row).where(
        t.site == site, t.kind == "document", t.row.isnot(None), t.row["kind"].as_string() == "order"
    )
    ranked = sorted((Order.from_row(number, row) for number, row in connection.execute(query)), key=_rank)
    found = read_progress(connection, site, [order.number for order in ranked[:ORDERS_MAX]], now_ms)
    return [one for one in found.values() if steps(one) & set(only)]


def _rank(order: Order) -> tuple[int, str, str]:
    return order.rank


def waiting(orders: Iterable[OrderProgress]) -> Mapping[Step, int]:
    """How many orders wait for each step; one may wait for two."""
    return Counter(step for one in orders for step in steps(one))
