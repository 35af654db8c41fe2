"""A claim for units that failed: each with the facts that prove from which delivery of the supplier it came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import sqlalchemy as sa

from server import costs, named
from server.claims.book import open_of, put
from server.claims.claim import ClaimError, ClaimLine
from server.database import lock
from server.defects.origin import Origin, origin
from server.named import NamedError
from server.prices import Price

UNITS_MAX: Final = 500
REASON_MAX: Final = 300


def sorted_out(connection: sa.Connection, site: str, texts: Iterable[str]) -> tuple[list[str], list[str]]:
    """The units that somebody names by serial number, label or further name; and a sentence for each that is none."""
    found, wrong = [], []
    for text in dict.fromkeys(text.strip() for text in texts if text.strip()):
        try:
            found.append(named.known_unit(connection, site, text))
        except NamedError as error:
            wrong.append(str(error))
    return list(dict.fromkeys(found)), wrong


def all_named(connection: sa.Connection, site: str, texts: Iterable[str]) -> list[str]:
    """The units that somebody names; all that are wrong are told at once.

    Raises:
        ClaimError: one of them is no single unit that is known, or they are too many or none.
    """
    found, wrong = sorted_out(connection, site, texts)
    if wrong:
        raise ClaimError(" ".join(wrong[:3]) + " No claim was made.")
    if not found:
        raise ClaimError("Name at least one unit by its serial number or label.")
    if len(found) > UNITS_MAX:
        raise ClaimError(f"{len(found):,} units are named; one claim takes {UNITS_MAX}. Make several.")
    return found


def draft(
    connection: sa.Connection, *, site: str, units: Sequence[str], reason: str, operator: str | None, now_ms: int
) -> list[str]:
    """Claim these units, one claim for each delivery that they came from; returns the claims' numbers.

    Raises:
        ClaimError: a unit came under no delivery that is known, or is claimed already; nothing was claimed.
    """
    lock(connection, site, ["claims"])
    reason = reason.strip()
    if not reason:
        raise ClaimError("Say what is wrong with them.")
    if len(reason) > REASON_MAX:
        raise ClaimError(f"What is wrong has {len(reason)} characters; {REASON_MAX} fit.")
    by_delivery: dict[str, list[Origin]] = {}
    for unit in units:
        found = origin(connection, site, unit, now_ms, siblings=False)
        if found.notice is None:
            raise ClaimError(f"Nobody knows with which delivery {found.unit:.80} came: it can be claimed of none.")
        earlier = open_of(connection, site, found.unit)
        if earlier is not None:
            raise ClaimError(f"{found.unit:.80} is claimed in {earlier} already.")
        by_delivery.setdefault(found.notice, []).append(found)
    worth = costs.worth(connection, site, (one.unit for each in by_delivery.values() for one in each), now_ms)
    return [
        put(
            connection,
            site=site,
            receipt=notice,
            version=0,
            supplier=origins[0].supplier,
            reason=reason,
            lines=[_line(one, worth.get(one.unit)) for one in origins],
            operator=operator,
            now_ms=now_ms,
        )
        for notice, origins in by_delivery.items()
    ]


def _line(one: Origin, price: Price | None) -> ClaimLine:
    return ClaimLine(
        subject=one.unit,
        wrong="defective",
        carton=one.carton,
        quantity=1,
        condition=one.state.condition,
        value=price.minor if price else None,
        currency=price.currency if price else None,
        events=tuple(proof.event for proof in one.proof),
    )
