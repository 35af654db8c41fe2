"""Prices that the owner accepts, one list after the other."""

from __future__ import annotations

import pytest

from server.database import transact
from server.life_cycle import price_list
from server.life_cycle.markdown import Rule, Suggestion, When
from server.life_cycle.price_list import PriceError
from tests.handheld import CABLE, DAY, PHONE
from tests.server.site import SITE

OLD = Rule(name="old", when=When.AGE, days=90, percent=20.0)
SCARCE = Rule(name="scarce", when=When.RISE, days=7, percent=5.0)


def suggestion(rule: Rule, price: int, item: str = PHONE) -> Suggestion:
    return Suggestion(subject=item, item=item, quantity=3, rule=rule, was=100, price=price, floored=False)


DOWN, UP = suggestion(OLD, 80), suggestion(SCARCE, 105)


def accept(*these: Suggestion, now_ms: int = DAY) -> str:
    return transact(
        lambda c: price_list.accept(
            c,
            site=SITE,
            suggestions=these,
            currencies=dict.fromkeys((PHONE, CABLE), "EUR"),
            days=7,
            operator="Olga",
            now_ms=now_ms,
        )
    )


def end(subject: str, now_ms: int) -> int:
    return transact(lambda c: price_list.end(c, site=SITE, subjects=[subject], operator="Olga", now_ms=now_ms))


@pytest.mark.parametrize(("first", "second", "words"), [(DOWN, UP, "is marked down"), (UP, DOWN, "is raised")])
def test_a_product_is_not_marked_down_and_raised_at_once(
    warehouse: str, first: Suggestion, second: Suggestion, words: str
) -> None:
    accept(first)
    with pytest.raises(PriceError, match=f"{words} by PRICES-1: end that first"):
        accept(second, now_ms=DAY + 1_000)
    assert end(PHONE, DAY + 2_000) == 1
    assert accept(second, now_ms=DAY + 3_000) == "PRICES-3"


def test_one_list_that_says_both_is_refused_whole(warehouse: str) -> None:
    with pytest.raises(PriceError, match="in the same list: choose one of the two"):
        accept(DOWN, UP)
    assert accept(DOWN) == "PRICES-1"


def test_two_products_may_go_different_ways_and_one_may_go_down_twice(warehouse: str) -> None:
    accept(DOWN, suggestion(SCARCE, 105, CABLE))
    assert accept(suggestion(OLD, 70), now_ms=DAY + 1_000) == "PRICES-2"
