"""Open a count: choose its bins, share them out, give it a number."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from server import named, papers
from server.counts import selection
from server.counts.holdings import Holding, holdings, lying
from server.counts.plan import CountError, Sort
from server.named import NamedError
from server.tables import documents as document_table
from sync.walking import walking_order

BINS_MAX: Final = 1_000
"""Bins of one count; whoever counts more opens several."""
SPOT_BINS: Final = 5
NUMBER_DIGITS_MAX: Final = 6
"""Of the numbers that are made up; what people write may be longer."""


class By(StrEnum):
    """How the bins of a count are chosen."""

    BINS = "bins"
    ZONE = "zone"
    PRODUCT = "product"
    CLASS = "class"
    SPOT = "spot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a person asks for."""

    by: By = By.BINS
    bins: Sequence[str] = ()
    """Codes or canonical names."""
    zones: Sequence[str] = ()
    product: str | None = None
    """GTIN, SKU or canonical name."""
    classes: Sequence[str] = ()
    """A, B, C."""
    spots: int = SPOT_BINS
    """Bins of a spot count."""
    seed: str | None = None
    """Of a spot count; made up where none is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The bins that were chosen, in walking order, and how."""

    bins: list[Holding]
    chosen: Mapping[str, Any]
    sort: Sort

    @property
    def units(self) -> int:
        return sum(holding.units for holding in self.bins)

    @property
    def without_number(self) -> int:
        return sum(holding.without_number for holding in self.bins)

    @property
    def lying(self) -> str:
        """What is expected, in words."""
        return lying(self.bins)


def choose(connection: sa.Connection, site: str, ask: Ask, now_ms: int) -> Choice:
    """The bins that a count as asked for would take.

    Raises:
        CountError: it would take none, or too many, or what is asked for is not here.
    """
    found = holdings(connection, site)
    chosen: dict[str, Any] = {"by": ask.by.value}
    if ask.by is By.BINS:
        bins = selection.by_codes(found, ask.bins)
    elif ask.by is By.ZONE:
        bins, chosen["zones"] = selection.by_zone(found, ask.zones), list(ask.zones)
    elif ask.by is By.PRODUCT:
        item = _item(connection, site, ask.product or "")
        bins, chosen["product"] = selection.by_product(found, item), item
    elif ask.by is By.CLASS:
        bins, chosen["classes"] = selection.by_class(found, ask.classes), sorted(ask.classes)
    else:
        bins = _spot(found, ask, now_ms, chosen)
    if not bins:
        raise CountError(_NONE[ask.by])
    if len(bins) > BINS_MAX:
        raise CountError(f"That is {len(bins):,} bins; one count takes {BINS_MAX:,}. Open several.")
    bins = sorted(bins, key=lambda holding: walking_order(holding.code))
    return Choice(bins=bins, chosen=chosen, sort=Sort.SPOT if ask.by is By.SPOT else Sort.CYCLE)


_NONE: Final = {
    By.BINS: "Name at least one bin.",
    By.ZONE: "No bin is in that zone.",
    By.PRODUCT: "The records hold that product in no bin.",
    By.CLASS: "No bin is of that value class.",
    By.SPOT: "There is no bin to draw.",
}


def _spot(found: Sequence[Holding], ask: Ask, now_ms: int, chosen: dict[str, Any]) -> list[Holding]:
    """Bins by chance; the seed and every bin's weight are kept, so that anyone can draw again and see."""
    seed = ask.seed or secrets.token_hex(8)
    weighted = selection.weights([h for h in found if not ask.zones or h.zone in ask.zones], now_ms)
    drawn = set(selection.draw(weighted, ask.spots, seed))
    chosen |= {"spots": ask.spots, "seed": seed, "zones": list(ask.zones), "days": weighted}
    return [holding for holding in found if holding.place in drawn]


def _item(connection: sa.Connection, site: str, product: str) -> str:
    try:
        return named.product_key(connection, site, product)
    except NamedError as error:
        raise CountError(str(error)) from None


def next_number(connection: sa.Connection, site: str) -> str:
    """A number that no document bears yet: COUNT-7."""
    query = sa.select(document_table.c.number).where(
        document_table.c.site == site, document_table.c.number.startswith("COUNT-")
    )
    tails = {n.removeprefix("COUNT-") for n in connection.execute(query).scalars()}
    taken = {int(tail) for tail in tails if tail.isascii() and tail.isdigit() and len(tail) <= NUMBER_DIGITS_MAX}
    following = range(max(taken, default=0) + 1, 10**NUMBER_DIGITS_MAX)
    number = next(n for n in (*following[:1], *range(1, len(taken) + 2)) if n not in taken)
    if papers.taken_by(connection, site, f"COUNT-{number}"):
        raise CountError("Give the count a number.")
    return f"COUNT-{number}"
