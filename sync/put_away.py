"""Where to put something away: the same suggestion at a handheld with no network and at the server. Pure.

>>> bins = [Bin(key="A", zone="small", held=3), Bin(key="B", zone="small", held=0), Bin(key="D", zone="dock", held=0)]
>>> suggest({}, home="small", bins=bins)
Suggestion(place='B', why=<Why.EMPTY: 'empty'>)
>>> suggest({"A": 2}, home=None, bins=bins).place
'A'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Why(StrEnum):
    """What speaks for a bin."""

    SAME_ITEM = "same_item"
    """The same product lies there already: one place to look for it, and one to count."""
    EMPTY = "empty"
    """It is empty, and in the product's home zone."""
    HOME_ZONE = "home_zone"
    """None of the product's home zone is empty; this one holds least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """A place that something could be put into."""

    key: str
    zone: str | None
    held: int
    """How much is in it, as far as is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A bin, and what speaks for it. Whoever stands before it decides."""

    place: str
    why: Why


def suggest(same_item: Mapping[str, int], *, home: str | None, bins: Iterable[Bin]) -> Suggestion | None:
    """The bin to take, or None where nothing speaks for any.

    Args:
        same_item: bins that hold this product, and how much of it.
        home: zone of the product; None where it has none, and then only a bin with the same product is suggested.
        bins: every bin of the site.
    """
    known = {bin_.key: bin_ for bin_ in bins}
    holding = {place: held for place, held in same_item.items() if place in known and held > 0}
    at_home = {place: held for place, held in holding.items() if known[place].zone == home} if home else {}
    for choice in (at_home, holding):
        if choice:
            return Suggestion(place=min(choice, key=lambda place: (-choice[place], place)), why=Why.SAME_ITEM)
    candidates = [bin_ for bin_ in known.values() if home is not None and bin_.zone == home]
    if not candidates:
        return None
    best = min(candidates, key=lambda bin_: (bin_.held, bin_.key))
    return Suggestion(place=best.key, why=Why.HOME_ZONE if best.held else Why.EMPTY)
