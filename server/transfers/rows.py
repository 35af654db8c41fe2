"""The rows of a transfer's notice: what was handed over for it, as its order has it by now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from server.orders.progress import read_progress
from server.orders.standing import OrderUnit
from server.tables import sites
from server.transfers.notices import Line, line_of
from server.unit_rows import states_of
from sync.identity import is_container, is_stock
from sync.unit import IN_STOCK, Status, UnitState, is_emptied


def rows_of(
    connection: sa.Connection, site: str, number: str, subjects: Iterable[str], now_ms: int
) -> list[dict[str, Any]]:
    """Each of these cartons, and what is in it; or what was handed over with no carton."""
    wanted = set(subjects)
    order = read_progress(connection, site, [number], now_ms).get(number)
    if order is None:
        return []
    said = {"supplier": name_of(connection, site), "transfer": number, "from_site": site}
    cartons = sorted(filter(is_container, wanted))
    boxes = states_of(connection, site, cartons)
    on = {carton: state.place for carton, state in boxes.items() if state.place in wanted}
    rows: list[dict[str, Any]] = [
        {"subject": c, "container": on.get(c), "quantity": None, "attributes": said, "stated": True} for c in cartons
    ]
    things: list[tuple[OrderUnit, str | None]] = [
        (one, parcel.container)
        for parcel in order.parcels
        if parcel.container in wanted
        for one in parcel.contents
        if not _waits(one, boxes.get(parcel.container))
    ]
    alone = (one for one in order.units if one.subject in wanted and one.container not in wanted)
    things += [(one, None) for one in alone if not is_container(one.subject)]
    expiries = states_of(connection, site, [one.subject for one, _ in things])
    by_line: dict[Line, dict[str, Any]] = {}
    for row in rows + [_row(one, carton, expiries, said) for one, carton in things]:
        before = by_line.setdefault(line_of(row), row)
        if before is not row and row["quantity"] is not None:
            before["quantity"] += row["quantity"]  # some left, and some were packed since
    return list(by_line.values())


def _waits(one: OrderUnit, carton: UnitState | None) -> bool:
    """Whether it went into a carton that is here again and has not left with it yet.

    In one of which nobody knows that it came back it left: the clock of who packed it may be wrong.
    """
    here = carton is not None and (carton.status in IN_STOCK or is_emptied(carton))
    return here and one.status is not Status.SHIPPED


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


def name_of(connection: sa.Connection, site: str) -> str:
    """What people call a site."""
    return str(connection.execute(sa.select(sites.c.name).where(sites.c.site == site)).scalar_one())
