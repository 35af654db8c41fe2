"""The owner's month on one page: stock value at its end, shrinkage, ageing, claims, and what customers sent back."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from server.adviser import settings
from server.adviser.presets import PRESETS
from server.claims import book
from server.month.value import Stock, Worth, read_stock, zone_of
from server.returns.came_back import read_returns
from server.sales import read_sales
from server.shrinkage import losses
from server.shrinkage.losses import Loss

OPEN: Final = frozenset({"drafted", "sent", "accepted"})
"""Fates after which the supplier still owes an answer or money."""


class MonthError(ValueError):
    """There is no such day to report of; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimThen:
    """A claim as it stood at a moment."""

    number: str
    supplier: str | None
    receipt: str
    status: str
    since_ms: int
    claimed: Mapping[str, int]
    """Currency -> smallest units."""
    credited: Mapping[str, int] | None
    """Currency -> smallest units, where it was credited within the month; else None."""
    credited_ms: int | None


@dataclass(slots=True)
class Returned:
    """One product's sales and returns within the month."""

    sold: int = 0
    back: int = 0
    again: int = 0
    """Of those that came back, units that had come back before."""
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float | None:
        """Returned in the month / sold in the month: some of what came back was sold before it."""
        return self.back / self.sold if self.sold else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """The report of one month, up to a day of it."""

    since_ms: int
    until_ms: int
    stock: Stock
    zones: Mapping[str, Worth]
    kinds: Mapping[str, Worth]
    """By kind of goods, as products are put into kinds today."""
    products: Mapping[str, Worth]
    losses: Sequence[Loss]
    """That counts found within the month."""
    claims: Sequence[ClaimThen]
    """Open at its end, or credited within it."""
    returns: Mapping[str, Returned]
    """By product, those with most returns first."""

    @property
    def claimed(self) -> Mapping[str, int]:
        """What is still open of claims, by currency."""
        return _sums(claim.claimed for claim in self.claims if claim.credited is None)

    @property
    def credited(self) -> Mapping[str, int]:
        """What was credited within the month, by currency."""
        return _sums(claim.credited for claim in self.claims if claim.credited is not None)


def span(day: str | None, now_ms: int) -> tuple[int, int]:
    """From the first of a day's month to the end of the day, but not beyond now; of no day, the month that ended last.

    Raises:
        MonthError: it is no date, or has not begun.
    """
    today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    try:
        last = date.fromisoformat(day) if day else today.replace(day=1) - timedelta(days=1)
    except ValueError:
        raise MonthError(f"{day!r:.40} is no date: write it as 2026-05-31.") from None
    if last > today:
        raise MonthError(f"{last} has not begun yet: choose a day up to today.")
    return _ms(last.replace(day=1)), min(_ms(last + timedelta(days=1)) - 1, now_ms)


def _ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def read(connection: sa.Connection, site: str, since_ms: int, until_ms: int) -> Month:
    """The report from one moment to another, by what had happened by then."""
    stock = read_stock(connection, site, until_ms)
    kinds = settings.read(connection, site)
    return Month(
        since_ms=since_ms,
        until_ms=until_ms,
        stock=stock,
        zones=stock.by(zone_of(connection, site)),
        kinds=stock.by(lambda item, _: PRESETS[kinds.preset_of(item)].title),
        products=stock.by(lambda item, _: item),
        losses=losses.read(connection, site, until_ms, since_ms=since_ms),
        claims=_claims(connection, site, since_ms, until_ms),
        returns=_returns(connection, site, since_ms, until_ms),
    )


def _claims(connection: sa.Connection, site: str, since_ms: int, until_ms: int) -> list[ClaimThen]:
    found = []
    for claim in book.every(connection, site):
        fates = [fate for fate in claim.fates if fate.at_ms <= until_ms]
        if not fates:
            continue
        last = fates[-1]
        credited_now = last.word == "credited" and last.at_ms >= since_ms
        if last.word in OPEN or credited_now:
            found.append(
                ClaimThen(
                    number=claim.number,
                    supplier=claim.supplier,
                    receipt=claim.receipt,
                    status=last.word,
                    since_ms=fates[0].at_ms,
                    claimed=claim.totals,
                    credited=last.credited if credited_now else None,
                    credited_ms=last.at_ms if credited_now else None,
                )
            )
    return found


def _returns(connection: sa.Connection, site: str, since_ms: int, until_ms: int) -> dict[str, Returned]:
    found: dict[str, Returned] = defaultdict(Returned)
    for sale in read_sales(connection, site, since_ms=since_ms, until_ms=until_ms + 1):
        found[sale.item].sold += sale.quantity
    for back in read_returns(connection, site, since_ms=since_ms, until_ms=until_ms + 1):
        one = found[back.item]
        one.back += back.quantity
        one.again += back.quantity if back.time > 1 else 0
        one.reasons[back.reason] += back.quantity
    return dict(sorted(found.items(), key=lambda each: (-each[1].back, -each[1].sold, each[0])))


def _sums(amounts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Currency -> the sum of what is in it: nobody said at what rate one would be another."""
    found: Counter[str] = Counter()
    for each in amounts:
        found.update(each)
    return dict(found)


def day_of(ms: int) -> str:
    """The day of a moment, ISO 8601, UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()
