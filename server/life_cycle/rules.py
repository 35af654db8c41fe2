"""The owner's rules for prices, and the floor below which nothing goes: set at the console, kept with who set them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server import named, owner_settings, prices
from server.currencies import MINOR_DIGITS
from server.life_cycle.markdown import Rule, When
from server.life_cycle.stage import Stage
from server.named import NamedError
from server.owner_settings import Kept
from server.typed_number import as_said

RULE: Final = "price_rule"
FLOOR: Final = "price_floor"
NAME_MAX: Final = 60
DAYS_MAX: Final = 3_650
_SITE: Final = "site"

DEFAULTS: Final = (
    Rule(name="90 days", when=When.AGE, days=90, percent=10),
    Rule(name="half a year", when=When.AGE, days=180, percent=25),
    Rule(name="a year", when=When.AGE, days=365, percent=40),
    Rule(name="declining", when=When.STAGE, days=45, percent=15, stage=Stage.DECLINE),
    Rule(name="expires in a month", when=When.EXPIRY, days=30, percent=20),
    Rule(name="expires in days", when=When.EXPIRY, days=3, percent=50),
    Rule(name="growing and scarce", when=When.RISE, days=14, percent=5, stage=Stage.GROWTH),
)
"""In force until the owner sets the first rule; assumed, to begin with something."""
FLOOR_PERCENT: Final = 100.0
"""Of the cost: nothing is sold at a loss unless the owner says so."""


class RuleError(ValueError):
    """It cannot be set so; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is in force."""

    rules: tuple[Rule, ...]
    set_by: dict[str, Kept]
    """By the rule's name; empty while the defaults are in force."""
    floor_percent: float
    """Of the cost."""
    floors: dict[str, int]
    """Product -> its own floor, in the currency's smallest unit."""

    def floor(self, item: str, price: int, cost: int | None) -> int:
        """Below this nothing of the product goes; where no cost is known, at its full price."""
        if item in self.floors:
            return self.floors[item]
        return price if cost is None else round(cost * self.floor_percent / 100)


def read(connection: sa.Connection, site: str) -> Rules:
    """The rules that are in force."""
    kept = owner_settings.kept(connection, site, RULE)
    floors = owner_settings.kept(connection, site, FLOOR)
    everywhere = floors.pop(_SITE, None)
    own = {name: None if each.value.get("none") else _rule(name, each) for name, each in kept.items()}
    return Rules(
        rules=tuple(rule for rule in ({rule.name: rule for rule in DEFAULTS} | own).values() if rule is not None),
        set_by=kept,
        floor_percent=everywhere.value["percent"] if everywhere else FLOOR_PERCENT,
        floors={item: each.value["amount"] for item, each in floors.items()},
    )


def _rule(name: str, kept: Kept) -> Rule:
    said = dict(kept.value)
    return Rule(
        name=name,
        when=When(said["when"]),
        days=said["days"],
        percent=said["percent"],
        stage=Stage(said["stage"]) if said.get("stage") else None,
    )


def _value(rule: Rule) -> dict[str, Any]:
    return {"when": rule.when.value, "days": rule.days, "percent": rule.percent, "stage": rule.stage}


def set_rule(connection: sa.Connection, *, site: str, rule: Rule, operator: str | None, now_ms: int) -> None:
    """Set a rule under its name; of the defaults, one that bears this name no longer holds.

    Raises:
        RuleError: it asks for what cannot be.
    """
    _check(rule)
    _keep(connection, site, rule.name, _value(rule), f"price rule {rule.name}: {rule.text}", operator, now_ms)


def drop_rule(connection: sa.Connection, *, site: str, name: str, operator: str | None, now_ms: int) -> None:
    """Drop a rule.

    Raises:
        RuleError: there is none of that name.
    """
    found = read(connection, site)
    if name not in {rule.name for rule in found.rules}:
        raise RuleError(f"There is no rule {name!r:.80}.")
    _keep(connection, site, name, {"none": True}, f"price rule {name}: dropped", operator, now_ms)


def _keep(
    connection: sa.Connection, site: str, name: str, value: dict[str, Any], told: str, operator: str | None, now_ms: int
) -> None:
    owner_settings.keep(
        connection, site=site, kind=RULE, key=name, value=value, told=told, operator=operator, now_ms=now_ms
    )


def _check(rule: Rule) -> None:
    if not (rule.name and rule.name.isprintable() and len(rule.name) <= NAME_MAX):
        raise RuleError(f"A rule needs a name of 1 to {NAME_MAX} characters, so that each mark-down can say its rule.")
    if not 0 < rule.percent < 100:
        turned = " A rise is a rule of its own kind." if rule.percent < 0 and rule.when is not When.RISE else ""
        given = as_said(rule.percent).capitalize()
        raise RuleError(f"{given} % is no mark-down: it takes more than 0 and less than 100 %.{turned}")
    if not 0 <= rule.days <= DAYS_MAX:
        raise RuleError(f"{as_said(rule.days).capitalize()} days will not do: it takes 0 to {DAYS_MAX}.")
    wants_stage = rule.when in (When.STAGE, When.RISE)
    if wants_stage and rule.stage in (None, Stage.UNKNOWN):
        raise RuleError("Say for which stage: introduction, growth, maturity or decline.")
    if not wants_stage and rule.stage is not None:
        raise RuleError("A rule of this kind looks at no stage: leave it out.")


def set_floor(connection: sa.Connection, *, site: str, percent: float, operator: str | None, now_ms: int) -> None:
    """Set the floor of everything, as a percentage of the cost.

    Raises:
        RuleError: it is below nought, or above ten times the cost.
    """
    if not 0 <= percent <= 1000:
        raise RuleError(f"A floor of {as_said(percent)} % of the cost will not do: it takes 0 to 1,000 %.")
    owner_settings.keep(
        connection,
        site=site,
        kind=FLOOR,
        key=_SITE,
        value={"percent": percent},
        told=f"price floor: {percent:g} % of the cost",
        operator=operator,
        now_ms=now_ms,
    )


def set_own_floor(
    connection: sa.Connection, *, site: str, item: str, amount: int | None, operator: str | None, now_ms: int
) -> None:
    """Set one product's own floor, in its currency's smallest unit; None goes back to that of everything.

    Raises:
        RuleError: the product has no price, or the floor lies over it.
    """
    try:
        item = named.product(connection, site, item)
    except NamedError as error:
        raise RuleError(str(error)) from None
    price = prices.read(connection, site, [item]).get(item)
    if amount is not None:
        if price is None:
            raise RuleError("This product has no price: import the product list with prices first.")
        if amount > price.minor:
            over, at = (_amount(value, price.currency) for value in (amount, price.minor))
            raise RuleError(f"A floor of {over} lies over the price of {at}: nothing could ever be marked down.")
        if amount < 0:
            raise RuleError("A floor below nought would pay people to take it away.")
    owner_settings.keep(
        connection,
        site=site,
        kind=FLOOR,
        key=item,
        value=None if amount is None else {"amount": amount},
        told=f"price floor of {item}: " + ("as of everything" if amount is None else str(amount)),
        operator=operator,
        now_ms=now_ms,
    )


def _amount(minor: int, currency: str) -> str:
    digits = MINOR_DIGITS.get(currency, 2)
    return f"{minor / 10**digits:,.{digits}f} {currency}".strip()


def ordered(rules: Sequence[Rule]) -> list[Rule]:
    """Rules as a list shows them: by what they look at, then by days."""
    return sorted(rules, key=lambda rule: (list(When).index(rule.when), rule.days, rule.name))
