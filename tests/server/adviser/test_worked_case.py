"""The worked case: 5,000 orders a month at INR 2 a unit."""

from __future__ import annotations

from typing import Any

import pytest

from server.adviser.assumptions import CURRENCIES, SITE, Figure
from server.adviser.presets import PRESETS
from server.adviser.worked_case import Case, CaseError, break_evens, needed

FIGURES = {name: {**SITE, **CURRENCIES["INR"], **preset.figures} for name, preset in PRESETS.items()}


def test_five_thousand_orders_at_two_rupees_are_ten_thousand_a_month() -> None:
    case = Case()
    assert (case.units, case.cost) == (5_000, 10_000)
    assert Case(units_order=3).cost == 30_000
    assert [(one.price, round(one.units, 2), round(one.share, 5)) for one in needed(case)] == [
        (100, 100, 0.02),
        (500, 20, 0.004),
        (2_000, 5, 0.001),
        (15_000, 0.67, 0.00013),
        (60_000, 0.17, 0.00003),
    ]


def test_labels_pay_for_books_from_a_price_that_no_book_has_and_for_phones_from_that_of_a_cable() -> None:
    found = {one.preset.name: one for one in break_evens(Case(), FIGURES)}
    book = 0.01 * 0.6 * 0.15 + 0.05 * 0.001 * 0.5 + 0.05 * 0.001 * 0.5 + 0.005 * 0.6 * 0.3 + 0.002 * 0.6 * 0.3 * 0.2
    assert found["books"].saved == pytest.approx(book)
    assert found["books"].price == pytest.approx(2 / book)
    grouped = 0.005 * 0.6 * 0.3 * 0.5 + 0.002 * 0.6 * 0.3 * 0.2 * 0.5
    assert found["books"].price_beyond == pytest.approx(2 / (book - grouped))
    assert (found["electronics"].price or 0) < 200
    assert (found["books"].price or 0) > 1_000


def test_labels_that_save_nothing_never_pay() -> None:
    trusted = ("plate_trust", "shrink_found", "claims_refused", "credited_more", "timing_saved")
    nothing = dict.fromkeys(trusted, Figure(value=0, source="set by the owner"))
    whole = {"lot_share": Figure(value=100, source="set by the owner")}
    found = break_evens(Case(), {name: {**of, **nothing, **whole} for name, of in FIGURES.items()})
    assert {(one.price, one.price_beyond) for one in found} == {(None, None)}


@pytest.mark.parametrize("wrong", [{"orders": 0}, {"units_order": -1}, {"unit_cost": 0}, {"orders": float("nan")}])
def test_a_case_of_nothing_is_refused_in_a_sentence(wrong: dict[str, Any]) -> None:
    with pytest.raises(CaseError, match="must be more than nought"):
        Case(**wrong)
