"""The returns of a shop: what goes round, why, which lots fail, and what waits; truth beside it."""

from __future__ import annotations

from collections import Counter, defaultdict

from server.database import reading
from server.returns import desk, loops, lots
from server.returns.published import LOOPS
from sync.returning import DEFECT
from tests.server.running import sign_in
from tests.simulation.shop.fixture import Shop
from tests.simulation.shop.stockroom import SITE
from tests.simulation.shop.truth import Return, Truth


def by_unit(truth: Truth) -> dict[str, list[Return]]:
    """Each unit's returns, the first one first."""
    found: dict[str, list[Return]] = defaultdict(list)
    for one in sorted(truth.returns, key=lambda one: one.at_ms):
        found[one.unit].append(one)
    return found


def test_returns_are_counted_by_unit_with_why_and_units_that_go_round_are_set_apart_in_the_rates(
    simulated_shop: Shop,
) -> None:
    truth = simulated_shop.truth
    with simulated_shop.open() as app:
        told = sign_in(app, "Omar").get("/api/v1/returns/loops").get_json()
        with reading() as c:
            every = loops.units(c, SITE, least=1, limit=len(truth.returns) + 1)
    back = by_unit(truth)
    assert {one.unit: one.reasons for one in every} == {
        unit: tuple(one.reason for one in returns) for unit, returns in back.items()
    }
    going_round = {unit for unit, returns in back.items() if len(returns) >= LOOPS}
    assert {one["unit"] for one in told["units"]} == going_round
    for product in told["products"]:
        item = product["item"]
        returns = [one for one in truth.returns if truth.units[one.unit].item == item]
        assert product["returns"] == len(returns), item
        assert product["reasons"] == Counter(one.reason for one in returns), item
        assert product["loop_returns"] == sum(one.unit in going_round for one in returns), item
        delivered = [sale for sale in truth.sales if sale.item == item and not truth.orders[sale.order].undelivered]
        assert product["sold"] == sum(sale.quantity for sale in delivered), item
        others = sum(sale.quantity for sale in delivered if sale.subject not in going_round)
        rate = sum(one.unit not in going_round for one in returns) / others if others else None
        assert product["rate_without_loops"] == rate, item


def test_the_lots_that_fail_are_those_of_which_truly_broken_units_came_back_and_two_propose_a_recall(
    simulated_shop: Shop,
) -> None:
    truth = simulated_shop.truth
    with simulated_shop.open() as app, reading() as c:
        found = lots.failed(c, SITE)
        page = sign_in(app, "Omar").get("/returns/patterns")
    failures: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in sorted(truth.returns, key=lambda one: one.at_ms):
        unit = truth.units[one.unit]
        if one.reason == DEFECT and unit.lot is not None and one.unit not in failures[unit.item, unit.lot]:
            failures[unit.item, unit.lot].append(one.unit)
    assert {(lot.item, lot.lot): (lot.first, lot.failed) for lot in found} == {
        key: (units[0], len(units)) for key, units in failures.items()
    }
    for lot in found:
        siblings = {key for key, unit in truth.units.items() if (unit.item, unit.lot) == (lot.item, lot.lot)}
        assert sum(lot.siblings.values()) == len(siblings) - lot.failed
        assert lot.proposed == (lot.failed >= 2)
    assert page.status_code == 200


def test_what_waits_at_the_desk_is_what_was_quarantined_and_nothing_that_waits_is_told_to_be_restocked(
    simulated_shop: Shop,
) -> None:
    truth = simulated_shop.truth
    with simulated_shop.open(), reading() as c:
        waiting = desk.waiting(c, SITE, truth.end_ms)
    held = {unit for unit, returns in by_unit(truth).items() if returns[-1].to == "quarantined"}
    assert {row.unit for row in waiting} == held
    assert {row.outcome for row in waiting} == {"quarantine"}
