"""Which bins a count takes: by code, zone, product, value class, or by chance. Pure.

**Value classes** rank bins by the value of the stock that belongs in them: A are those that make up the first 80 % of
the whole, B the next 15 %, C the rest, bins without a priced product among them (H. F. Dickie, "ABC Inventory Analysis
Shoots for Dollars, not Pennies", Factory Management and Maintenance 109, 1951; the customary bounds).

**A spot count** draws bins by chance, those long uncounted more often: each bin's weight is the days since it was
counted, and the draw is the weighted one without replacement of Efraimidis and Spirakis (Information Processing Letters
97, 2006): the bins with the largest u^(1/weight). Each u comes from the seed and the bin's name, so that the draw can
be done again from what the count's document keeps.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b
from typing import Final

from server.counts.holdings import Holding
from server.counts.plan import CountError
from sync.walking import walking_order

A_SHARE, B_SHARE = 0.80, 0.95
DAY_MS: Final = 86_400_000
NEVER_DAYS: Final = 365
"""A bin that was never counted weighs as one counted a year ago."""


def by_codes(found: Sequence[Holding], codes: Sequence[str]) -> list[Holding]:
    """The bins with these codes or canonical names.

    Raises:
        CountError: there is none of that name.
    """
    known = {name: holding for holding in found for name in (holding.place, holding.code)}
    strange = [code for code in codes if code not in known]
    if strange:
        raise CountError(f"There is no location {strange[0]!r:.80} here.")
    return [known[code] for code in dict.fromkeys(codes)]


def by_zone(found: Sequence[Holding], zones: Collection[str]) -> list[Holding]:
    """Every bin of these zones."""
    return [holding for holding in found if holding.zone and holding.zone in zones]


def by_product(found: Sequence[Holding], item: str) -> list[Holding]:
    """Every bin where the records hold this product."""
    return [holding for holding in found if holding.pieces.get(item)]


def by_class(found: Sequence[Holding], letters: Collection[str]) -> list[Holding]:
    """Every bin of these value classes, A, B or C.

    Raises:
        CountError: the prices are in several currencies, so that bins cannot be ranked.
    """
    classes = value_classes(found)
    return [holding for holding in found if classes[holding.place] in letters]


def value_classes(found: Sequence[Holding]) -> dict[str, str]:
    """Bin -> A, B or C.

    Raises:
        CountError: the prices are in several currencies.
    """
    currencies = sorted({currency for holding in found for currency in holding.value})
    if len(currencies) > 1:
        raise CountError(f"Prices are in {' and '.join(currencies)}: bins can be ranked by value in one currency only.")
    worth = {holding.place: sum(holding.value.values()) for holding in found}
    whole, before = sum(worth.values()), 0
    classes = {}
    for place in sorted(worth, key=lambda place: (-worth[place], place)):
        share = before / whole if whole else 1.0
        letter = "A" if share < A_SHARE else "B" if share < B_SHARE else "C"
        classes[place] = letter if worth[place] else "C"
        before += worth[place]
    return classes


def weights(found: Sequence[Holding], now_ms: int) -> dict[str, int]:
    """Bin -> days since it was counted, at least 1: its weight in a draw."""
    return {h.place: NEVER_DAYS if h.counted_ms is None else max(1, (now_ms - h.counted_ms) // DAY_MS) for h in found}


def draw(weighted: Mapping[str, int], bins: int, seed: str) -> list[str]:
    """So many bins by chance, each the more likely the more it weighs; the same seed draws the same ones."""
    return sorted(weighted, key=lambda place: (-(_luck(seed, place) ** (1 / weighted[place])), place))[:bins]


def _luck(seed: str, place: str) -> float:
    """A number above 0 and up to 1, which this seed always gives to this bin."""
    digest = blake2b(f"{seed}\n{place}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest) + 1) / 2**64


def deal(found: Sequence[Holding], counters: Sequence[str]) -> dict[str, str]:
    """Bin -> counter: each has a stretch of the way, with about as much to scan as the others.

    A bin weighs as many scans as it takes, and one more for going there.
    """
    ordered = sorted(found, key=lambda holding: walking_order(holding.code))
    whole = sum(holding.scans + 1 for holding in ordered)
    dealt, before = {}, 0
    for holding in ordered:
        middle = before + (holding.scans + 1) / 2
        dealt[holding.place] = counters[min(len(counters) - 1, int(middle * len(counters) / whole))]
        before += holding.scans + 1
    return dealt
