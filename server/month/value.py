"""What the stock of a past moment was worth at cost, by place and by product, and how long it had lain."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Self

import sqlalchemy as sa

from server import costs
from server.inventory import zone_words
from server.month.then import Held, held
from server.zones import zones_of

DAY_MS: Final = 86_400_000
ROWS_AT_ONCE: Final = 2_000
"""Of what is held, so many are given their costs at a time."""
AGES: Final = ((30, "up to 30 days"), (90, "31 to 90 days"), (180, "91 to 180 days"), (365, "181 to 365 days"))
OLDER, UNKNOWN_AGE = "more than a year", "not known"
AGE_WORDS: Final = (*(word for _, word in AGES), OLDER, UNKNOWN_AGE)


@dataclass(slots=True)
class Worth:
    """Pieces, and what they are worth."""

    pieces: int = 0
    value: Counter[str] = field(default_factory=Counter)
    """Currency -> smallest units."""
    uncosted: int = 0
    """Pieces whose cost nobody has said; they are in no value."""

    def __iadd__(self, other: Worth) -> Self:
        self.pieces += other.pieces
        self.value.update(other.value)
        self.uncosted += other.uncosted
        return self


@dataclass(frozen=True, slots=True)
class Stock:
    """The stock of one moment."""

    at_ms: int
    lines: dict[tuple[str, str | None], Worth]
    """(product, location) -> what lay there; None for what lay in no bin."""
    ages: dict[str, Worth]
    """A word of `AGE_WORDS` -> what had been in stock so long without a break."""

    @property
    def total(self) -> Worth:
        return _sum(self.lines.values())

    def by(self, key: Callable[[str, str | None], str]) -> dict[str, Worth]:
        """The lines added up by what a product and a place are counted as, the dearest first."""
        found: dict[str, Worth] = defaultdict(Worth)
        for (item, place), worth in self.lines.items():
            found[key(item, place)] += worth
        return dict(sorted(found.items(), key=lambda each: (-sum(each[1].value.values()), each[0])))


def _sum(of: Iterable[Worth]) -> Worth:
    total = Worth()
    for worth in of:
        total += worth
    return total


def read_stock(connection: sa.Connection, site: str, at_ms: int) -> Stock:
    """The stock of a moment, Unix milliseconds, at what was known of costs by then."""
    found = Stock(at_ms, defaultdict(Worth), {word: Worth() for word in AGE_WORDS})
    waiting: list[Held] = []
    for each in held(connection, site, at_ms):
        waiting.append(each)
        if len(waiting) == ROWS_AT_ONCE:
            _add(connection, site, found, waiting)
            waiting.clear()
    _add(connection, site, found, waiting)
    return found


def _add(connection: sa.Connection, site: str, found: Stock, some: list[Held]) -> None:
    worth_of = costs.read(connection, site, (each.subject for each in some), found.at_ms)
    for each in some:
        cost = worth_of.get(each.subject)
        worth = Worth(pieces=each.pieces, uncosted=0 if cost else each.pieces)
        if cost:
            worth.value[cost.currency] = cost.minor * each.pieces
        found.lines[each.item, each.place] += worth
        found.ages[_age(each, found.at_ms)] += worth


def _age(each: Held, at_ms: int) -> str:
    if not each.since_ms:
        return UNKNOWN_AGE
    days = (at_ms - each.since_ms) // DAY_MS
    return next((word for most, word in AGES if days <= most), OLDER)


def zone_of(connection: sa.Connection, site: str) -> Callable[[str, str | None], str]:
    """What zone a line lies in, in words."""
    zones = zones_of(connection, site)
    return lambda _, place: zone_words(place, zones)
