"""Which price a unit should go at: those that keep theirs first, then the rule that each mark-down names."""

from __future__ import annotations

from typing import Any

import pytest

from server.life_cycle.markdown import Candidate, Rule, Sold, When, suggest, suggest_rise
from server.life_cycle.stage import Stage

OLD = Rule(name="old", when=When.AGE, days=90, percent=10)
ANCIENT = Rule(name="ancient", when=When.AGE, days=180, percent=25)
FADING = Rule(name="fading", when=When.STAGE, days=30, percent=15, stage=Stage.DECLINE)
SHORT = Rule(name="short", when=When.EXPIRY, days=7, percent=50)
SCARCE = Rule(name="scarce", when=When.RISE, days=14, percent=5, stage=Stage.GROWTH)
RULES = (OLD, ANCIENT, FADING, SHORT, SCARCE)


def _unit(age: int | None = 10, left: int | None = None) -> Candidate:
    return Candidate(subject="u", item="i", quantity=1, age_days=age, days_left=left)


def _sold(**changed: Any) -> Sold:
    return Sold(**{"price": 10_000, "floor": 6_000, "stage": Stage.MATURITY, "cover_days": 60.0, **changed})


@pytest.mark.parametrize(
    ("unit", "sold"),
    [
        (_unit(), _sold()),
        (_unit(age=89), _sold()),
        (_unit(age=None), _sold(stage=Stage.DECLINE)),
        (_unit(age=29), _sold(stage=Stage.DECLINE)),
        (_unit(age=200), _sold(floor=10_000)),
        (_unit(age=200), _sold(floor=12_000)),
        (_unit(left=8), _sold()),
        (_unit(left=0), _sold()),
    ],
)
def test_young_units_expired_ones_and_those_at_their_floor_keep_their_price(unit: Candidate, sold: Sold) -> None:
    assert suggest(unit, sold, RULES) is None


@pytest.mark.parametrize(
    ("unit", "sold", "rule", "price", "floored"),
    [
        (_unit(age=90), _sold(), OLD, 9_000, False),
        (_unit(age=400), _sold(), ANCIENT, 7_500, False),
        (_unit(age=90), _sold(stage=Stage.DECLINE), FADING, 8_500, False),
        (_unit(left=7), _sold(), SHORT, 6_000, True),
        (_unit(left=3), _sold(floor=1_000), SHORT, 5_000, False),
    ],
)
def test_the_largest_mark_down_wins_and_the_floor_holds(
    unit: Candidate,
    sold: Sold,
    rule: Rule,
    price: int,
    floored: bool,  # noqa: FBT001  # a column of the table above
) -> None:
    found = suggest(unit, sold, RULES)
    assert found is not None
    assert (found.rule, found.price, found.floored) == (rule, price, floored)


def test_what_is_marked_down_already_is_marked_down_again_only_if_it_gets_cheaper() -> None:
    assert suggest(_unit(age=90), _sold(), RULES, offered=9_000) is None
    found = suggest(_unit(age=180), _sold(), RULES, offered=9_000)
    assert found is not None
    assert found.price == 7_500


def test_a_growing_product_of_which_little_is_left_may_rise_and_another_may_not() -> None:
    found = suggest_rise("i", 12, _sold(stage=Stage.GROWTH, cover_days=9.0), RULES)
    assert found is not None
    assert (found.price, found.rule) == (10_500, SCARCE)
    assert suggest_rise("i", 12, _sold(stage=Stage.GROWTH, cover_days=30.0), RULES) is None
    assert suggest_rise("i", 12, _sold(stage=Stage.GROWTH, cover_days=None), RULES) is None
    assert suggest_rise("i", 12, _sold(cover_days=9.0), RULES) is None
    assert suggest_rise("i", 12, _sold(stage=Stage.GROWTH, cover_days=9.0), RULES, offered=10_500) is None
