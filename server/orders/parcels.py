"""Tracking numbers: further names of cartons, so that a parcel is found by whatever label it still has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

from server import site_codes
from server.database import lock, stamp
from server.document_lines import Names
from server.effects import take_effect
from server.ledger import record
from server.orders.cancelling import OrderError
from server.tables import events, unit_states
from sync import tracking as tracking_numbers
from sync.labels import SiteCodes

TRACKING_CHARS_MAX: Final = tracking_numbers.TRACKING_CHARS_MAX


def tracking_key(tracking: str, codes: SiteCodes) -> str:
    """The name under which a scan of this tracking number is folded.

    Raises:
        OrderError: it is empty, too long, or reads as something else.
    """
    text = tracking.strip()
    if not text or len(text) > tracking_numbers.TRACKING_CHARS_MAX:
        raise OrderError(f"A tracking number has 1 to {tracking_numbers.TRACKING_CHARS_MAX} characters.")
    key = tracking_numbers.tracking_key(text.encode(errors="replace"), None, codes)
    if key is None:
        raise OrderError(f"{text!r} is no tracking number: a scan of it would say something else.")
    return key


def label_parcels(
    connection: sa.Connection,
    *,
    site: str,
    parcels: Iterable[tuple[str, str] | tuple[str, str, str]],
    operator: str | None,
    now_ms: int,
) -> int:
    """Join cartons and tracking numbers; returns how many. All of them, or none.

    Args:
        parcels: each (carton, tracking number), or with the carrier too; cartons by SSCC, plate or canonical name.

    Raises:
        OrderError: a carton is unknown here, or its tracking number cannot be one.
    """
    codes = site_codes.load(connection, site)
    names = Names(codes=codes)
    facts = []
    for carton, tracking, *carrier in parcels:
        key = carton if carton.startswith("https://") else names.container(carton)
        lock(connection, site, [key])
        order = _order_of(connection, site, key)
        fact = record(
            connection,
            site=site,
            action="label_parcel",
            operator=operator,
            now_ms=now_ms,
            subject=key,
            document=order,
            identifiers=(tracking_key(tracking, codes),),
            reason=carrier[0].strip() if carrier and carrier[0].strip() else None,
        )
        facts.append(fact)
    take_effect(connection, site, facts, now_ms, stamp(connection))
    return len(facts)


def _order_of(connection: sa.Connection, site: str, carton: str) -> str | None:
    """The order that a carton was closed for, or something in it was packed for."""
    t, e = unit_states.c, events.c
    row = connection.execute(sa.select(t.document).where(t.site == site, t.unit == carton)).first()
    packed = sa.select(e.document).where(e.site == site, e.container == carton, e.action == "pack").limit(1)
    found = connection.execute(packed).first()
    if row is None and found is None:
        raise OrderError(f"There is no carton {carton} here.")
    order = row.document if row is not None and row.document else found.document if found is not None else None
    return None if order is None else str(order)
