"""The site's limits for returns: how often a unit or a product may come back, and what is always looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import sqlalchemy as sa

from server import named, owner_settings
from server.database import stamp
from server.named import NamedError
from server.returns import published
from sync.returning import SITE_WIDE, UNIT_MAX

KIND: Final = published.SETTING
MOST: Final = 1_000_000


class LimitError(ValueError):
    """The limits cannot be set so; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What holds for one product, or for all that have none of their own."""

    unit_max: int = UNIT_MAX
    """A unit that came back more often goes to inspection."""
    product_max: int = 0
    """A product of which more units are back for a second time goes to inspection; 0: there is no such limit."""
    always: bool = False
    """Every return of it is looked at."""
    recall_at: int = 2
    """So many defective ones of a lot, and a recall is proposed."""


def read(connection: sa.Connection, site: str) -> dict[str, Limits]:
    """Limits by product, those of the site under `SITE_WIDE`; always one for the site."""
    kept = owner_settings.kept(connection, site, KIND)
    found = {key: limits_of(one.value) for key, one in kept.items()}
    return {SITE_WIDE: Limits()} | found


def limits_of(value: Mapping[str, Any]) -> Limits:
    """The limits in a stored value."""
    return Limits(**{name: value[name] for name in Limits.__dataclass_fields__ if name in value})


def set_limits(
    connection: sa.Connection, *, site: str, item: str | None, limits: Limits, operator: str | None, now_ms: int
) -> None:
    """Set the limits of a product, or with no product of the site; handhelds obey from their next sync.

    Raises:
        LimitError: a number is out of its bounds, or there is no such product.
    """
    if not 0 <= limits.unit_max <= MOST or not 0 <= limits.product_max <= MOST or not 2 <= limits.recall_at <= MOST:
        raise LimitError(f"A limit is a number from 0 to {MOST:,}; a recall is proposed from 2 on.")
    try:
        item = named.product(connection, site, item) if item is not None else None
    except NamedError as error:
        raise LimitError(str(error)) from None
    key = item or SITE_WIDE
    told = f"limits for returns of {item or 'the site'}: {limits.unit_max} times a unit"
    owner_settings.keep(
        connection, site=site, kind=KIND, key=key, value=asdict(limits), told=told, operator=operator, now_ms=now_ms
    )
    of_all = published.items_back(connection, site) if item is None else []
    published.publish(connection, site, [key, *of_all], stamp(connection))
