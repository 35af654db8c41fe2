"""What the adviser computes, recomputed by hand: the arithmetic is written out here and calls nothing of the model."""

from __future__ import annotations

import pytest

from server.adviser.assumptions import CURRENCIES, SITE, Figure
from server.adviser.model import Advice, Product, advise
from server.adviser.presets import PRESETS
from server.adviser.regulations import MARKETS, Mode

EVERYWHERE = frozenset(MARKETS)


def _advice(
    preset: str,
    *,
    price: float,
    units: float,
    order: float = 1,
    on_hand: int = 0,
    cost: float | None = None,
    markets: frozenset[str] = EVERYWHERE,
    **changed: float,
) -> Advice:
    product = Product(
        key="x",
        name="x",
        mode="serial",
        currency="INR",
        price=price,
        cost=None if cost is None else Figure(value=cost, source="a list"),
        units_month=Figure(value=units, source="records"),
        units_order=Figure(value=order, source="records"),
        on_hand=on_hand,
    )
    figures = {**SITE, **CURRENCIES["INR"], **PRESETS[preset].figures}
    figures |= {name: Figure(value=value, source="a test") for name, value in changed.items()}
    return advise(product, PRESETS[preset], figures, markets)


def _amounts(advice: Advice, mode: Mode) -> dict[str, float]:
    option = advice.option(mode)
    return {line.name: line.amount for line in (*option.costs, *option.savings)}


def test_a_phone_by_hand() -> None:
    """15,000 rupees, 400 a month, 800 in stock: the maker's serial number costs two scans' wages and no label."""
    advice = _advice("electronics", price=15_000, units=400, on_hand=800)
    purchase = 15_000 * 0.88
    by_hand = {
        "scanning": 400 * 4 * 3 * 120 / 3600,
        "care": 30 * 60 * 120 / 3600,
        "shrinkage": 400 * 0.016 * purchase * 0.15,
        "swaps": 400 * 0.176 * 0.02 * 15_000 * 0.9,
        "fakes": 400 * 0.176 * 0.01 * 15_000 * 0.9,
        "warranty": 400 * 0.05 * purchase * 0.1 * 0.9,
        "supplier": 400 * 0.02 * purchase * 0.3,
        "recall": (800 + 12 * 400) * 0.01 / 12 * 0.5 * 15_000 * 0.9,
        "ageing": 400 * 0.03 * purchase * 0.3 * 0.2,
    }
    assert _amounts(advice, Mode.SERIAL) == pytest.approx(by_hand)
    assert advice.option(Mode.SERIAL).cost == pytest.approx(160 + 60)
    assert advice.option(Mode.SERIAL).net == pytest.approx(137_628 - 220)
    assert (advice.recommended, advice.by_money, advice.least) == (Mode.SERIAL, Mode.SERIAL, Mode.QUANTITY)


def test_a_blister_pack_by_hand() -> None:
    """200 rupees, 600 a month, two an order: money alone would say lot, the law asks for the serial of each pack."""
    advice = _advice("medicines", price=200, units=600, order=2, on_hand=900, cost=150)
    lot = {
        "scanning": 600 / 2 * 3 * 120 / 3600,
        "care": 10 * 60 * 120 / 3600,
        "supplier": 600 * 0.002 * 150 * 0.3 * 0.5,
        "recall": (900 + 12 * 600) * 0.03 / 12 * 3 * 200 * 0.9,
        "ageing": 600 * 0.02 * 150 * 1.0 * 0.2,
    }
    serial = {
        "scanning": 600 * 4 * 3 * 120 / 3600,
        "care": 30 * 60 * 120 / 3600,
        "shrinkage": 600 * 0.005 * 150 * 0.15,
        "swaps": 600 * 0.01 * 0.005 * 200 * 0.9,
        "fakes": 600 * 0.01 * 0.005 * 200 * 0.9,
        "warranty": 0.0,
        "supplier": 600 * 0.002 * 150 * 0.3,
        "recall": (900 + 12 * 600) * 0.03 / 12 * 3 * 200 * 0.9,
        "ageing": 600 * 0.02 * 150 * 1.0 * 0.2,
    }
    assert _amounts(advice, Mode.LOT) == pytest.approx(lot)
    assert _amounts(advice, Mode.SERIAL) == pytest.approx(serial)
    assert advice.by_money is Mode.LOT
    assert advice.recommended is advice.least is Mode.SERIAL
    assert advice.decided_by_law
    assert {law.market for law in advice.laws} == {"EU", "US"}
    assert _advice("medicines", price=200, units=600, markets=frozenset({"IN"})).recommended is Mode.LOT


def test_a_tea_towel_by_hand() -> None:
    """300 rupees, 100 a month: a printed plate costs 257 rupees more than what it finds, so pieces are counted."""
    advice = _advice("home", price=300, units=100, on_hand=200)
    purchase = 300 * 0.55
    plate = {
        "labels": 100 * 2,
        "sticking": 100 * 5 * 120 / 3600,
        "scanning": 100 * 4 * 3 * 120 / 3600,
        "care": 30 * 60 * 120 / 3600,
        "shrinkage": 100 * 0.016 * purchase * 0.15,
        "swaps": 100 * 0.08 * 0.002 * 300 * 0.5,
        "fakes": 100 * 0.08 * 0.0005 * 300 * 0.5,
        "warranty": 0.0,
        "supplier": 100 * 0.015 * purchase * 0.3,
        "recall": (200 + 12 * 100) * 0.002 / 12 * 0.1 * 300 * 0.9,
        "ageing": 100 * 0.001 * purchase * 0.2 * 0.2,
    }
    assert _amounts(advice, Mode.LPN) == pytest.approx(plate)
    spent = 200 + 50 / 3 + 40 + 60
    saved = 39.6 + 2.4 + 0.6 + 74.25 + 6.3 + 0.66
    assert advice.option(Mode.LPN).net == pytest.approx(saved - spent)
    assert advice.recommended is Mode.QUANTITY
    carton = (2 * 100 / 12 * 3 + 10 * 60) * 120 / 3600
    assert advice.option(Mode.IMPLICIT).cost == pytest.approx(carton)
    by_carton = 74.25 * 0.5 + 6.3 + 0.66 * 0.5
    pays_from = 300 * (spent - carton) / (saved - by_carton)
    assert advice.break_even_price == pytest.approx(pays_from)


def test_each_figure_is_shown_with_the_formula_that_was_computed() -> None:
    advice = _advice("home", price=300, units=100, on_hand=200)
    lines = {line.name: line.formula for line in (*advice.option(Mode.LPN).costs, *advice.option(Mode.LPN).savings)}
    assert lines["labels"] == "100 sold a month × 2.00 for one printed label"
    assert lines["swaps"] == (
        "100 sold a month × 8 % of the units sold come back × 0.2 % of what comes back is another unit than the one "
        "sold × 300.00 price × 50 % of the wrong units are told by a printed plate"
    )
    assert lines["recall"].startswith("(200 in stock + 12 × 100 sold a month) pieces × 0.2 % of such products")


@pytest.mark.parametrize(
    ("preset", "price", "units", "mode"),
    [
        ("electronics", 15_000, 400, Mode.SERIAL),
        ("luxury", 40_000, 50, Mode.SERIAL),
        ("jewellery", 60_000, 50, Mode.SERIAL),
        ("medicines", 200, 400, Mode.SERIAL),
        ("devices", 4_000, 50, Mode.SERIAL),
        ("collectibles", 5_000, 50, Mode.LPN),
        ("supplements", 900, 400, Mode.LOT),
        ("cosmetics", 700, 400, Mode.LOT),
        ("food", 60, 400, Mode.LOT),
        ("fast_fashion", 800, 50, Mode.QUANTITY),
        ("books", 400, 400, Mode.QUANTITY),
        ("home", 300, 50, Mode.QUANTITY),
        ("toys", 600, 50, Mode.QUANTITY),
    ],
)
def test_typical_goods_of_each_kind_get_the_advice_that_their_trade_would_give(
    preset: str, price: float, units: float, mode: Mode
) -> None:
    assert _advice(preset, price=price, units=units, on_hand=round(2 * units)).recommended is mode


def test_dear_perfume_that_is_faked_is_serialised_where_cosmetics_are_tracked_by_lot() -> None:
    assert _advice("cosmetics", price=1_000, units=200, fake_share=0.5).recommended is Mode.LOT
    assert _advice("cosmetics", price=1_000, units=200, fake_share=20).recommended is Mode.LPN


def test_what_is_gained_has_to_be_worth_an_hours_wage_before_anything_is_changed() -> None:
    assert _advice("home", price=300, units=100, on_hand=200).by_money is Mode.QUANTITY
    assert _advice("home", price=300, units=100, on_hand=200, worth_min=0).by_money is Mode.IMPLICIT


def test_a_device_without_a_serial_number_is_known_by_its_lot_to_the_law() -> None:
    advice = _advice("devices", price=100, units=1, on_hand=0, maker_serial=0)
    assert advice.least is Mode.LOT
    assert advice.option(Mode.SERIAL).barred
