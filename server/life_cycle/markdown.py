"""Which price a unit should go at, by the owner's rules. Pure.

A unit gets the largest mark-down of the rules that it meets; the floor holds whatever the rules say. A product whose
sales grow while little of it is left may rise in price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from server.life_cycle.stage import Stage


class When(StrEnum):
    """What a rule looks at."""

    AGE = "age"
    """Units that have lain for so many days or longer."""
    STAGE = "stage"
    """Units of products in a stage that have lain for so many days or longer."""
    EXPIRY = "expiry"
    """What expires within so many days."""
    RISE = "rise"
    """Products in a stage whose stock lasts for so many days or less: their price rises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the owner's."""

    name: str
    when: When
    days: int
    percent: float
    """Off the price; on it for `RISE`."""
    stage: Stage | None = None
    """For `STAGE` and `RISE`."""

    @property
    def text(self) -> str:
        """The rule in a sentence."""
        percent = f"{self.percent:g} %"
        return {
            When.AGE: f"{percent} off what has lain for {self.days} days or longer",
            When.STAGE: f"{percent} off what has lain for {self.days} days or longer of products in {self.stage}",
            When.EXPIRY: f"{percent} off what expires within {self.days} days",
            When.RISE: f"{percent} more for products in {self.stage} that are sold out within {self.days} days",
        }[self.when]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A unit, or pieces of a lot, that is for sale."""

    subject: str
    item: str
    quantity: int
    age_days: int | None
    """None where nobody knows when it came."""
    days_left: int | None
    """Until it expires; None where it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """What is known of its product. Amounts are in the currency's smallest unit."""

    price: int
    floor: int
    """Below this nothing of it is sold."""
    stage: Stage
    cover_days: float | None
    """So long its stock lasts; None where nothing sells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One price that should be another, and the rule that says so."""

    subject: str
    item: str
    quantity: int
    rule: Rule
    was: int
    price: int
    floored: bool
    """Whether the floor kept it from going lower."""


def suggest(candidate: Candidate, sold: Sold, rules: Sequence[Rule], offered: int | None = None) -> Suggestion | None:
    """The mark-down of one unit or lot; None where no rule asks for one, or it goes at that price already.

    Args:
        candidate: what is for sale.
        sold: what is known of its product.
        rules: the owner's.
        offered: the price that it is marked down to now, if it is.
    """
    met = [rule for rule in rules if rule.when is not When.RISE and _meets(candidate, sold, rule)]
    if not met or (candidate.days_left is not None and candidate.days_left <= 0):
        return None  # what has expired is for the bin, not for a lower price
    rule = max(met, key=lambda rule: rule.percent)
    wanted = round(sold.price * (1 - rule.percent / 100))
    price = max(wanted, sold.floor)
    if price >= (sold.price if offered is None else offered):
        return None
    return Suggestion(
        subject=candidate.subject,
        item=candidate.item,
        quantity=candidate.quantity,
        rule=rule,
        was=sold.price,
        price=price,
        floored=price > wanted,
    )


def _meets(candidate: Candidate, sold: Sold, rule: Rule) -> bool:
    if rule.when is When.EXPIRY:
        return candidate.days_left is not None and candidate.days_left <= rule.days
    old = candidate.age_days is not None and candidate.age_days >= rule.days
    return old and (rule.when is When.AGE or sold.stage is rule.stage)


def suggest_rise(
    item: str, quantity: int, sold: Sold, rules: Sequence[Rule], offered: int | None = None
) -> Suggestion | None:
    """A higher price for a whole product; None where no rule says so, or it goes at that price already."""
    met = [
        rule
        for rule in rules
        if rule.when is When.RISE and sold.stage is rule.stage and sold.cover_days is not None
        and sold.cover_days <= rule.days
    ]  # fmt: skip
    if not met:
        return None
    rule = max(met, key=lambda rule: rule.percent)
    price = round(sold.price * (1 + rule.percent / 100))
    if price <= (sold.price if offered is None else offered):
        return None
    return Suggestion(item=item, subject=item, quantity=quantity, rule=rule, was=sold.price, price=price, floored=False)
