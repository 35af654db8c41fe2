"""What spoils before it sells, by hand."""

from __future__ import annotations

import random

from server.life_cycle.spoil import Lot, Outlook, outlook


def _lot(name: str, days: int, quantity: int) -> Lot:
    return Lot(subject=name, lot=name, expiry=f"2026-01-{days + 1:02d}", days_left=days, quantity=quantity)


def _told(found: list[Outlook]) -> dict[str, tuple[float, float]]:
    return {one.lot.subject: (one.sells, one.spoils) for one in found}


def test_a_lot_that_sells_out_in_time_loses_nothing() -> None:
    (one,) = outlook([_lot("A", 10, 30)], pace=3)
    assert (one.sells, one.spoils, one.cover_days) == (30, 0, 10)


def test_what_expires_first_is_sold_first_and_what_comes_behind_it_may_spoil() -> None:
    found = outlook([_lot("B", 6, 40), _lot("A", 4, 20)], pace=5)
    assert _told(found) == {"A": (20, 0), "B": (10, 30)}
    assert [one.cover_days for one in found] == [4, 12]


def test_the_days_in_which_a_first_lot_spoilt_are_not_lost_to_the_next() -> None:
    assert _told(outlook([_lot("A", 2, 50), _lot("B", 10, 50)], pace=5)) == {"A": (10, 40), "B": (40, 10)}


def test_what_has_expired_or_never_sells_is_lost_whole() -> None:
    found = outlook([_lot("A", 0, 7), _lot("B", 5, 10)], pace=1)
    assert _told(found) == {"A": (0, 7), "B": (5, 5)}
    (still,) = outlook([_lot("B", 5, 10)], pace=0)
    assert (still.spoils, still.cover_days) == (10, None)


def test_over_many_shops_with_too_much_of_it_what_is_foretold_is_what_spoils() -> None:
    """Each day some pieces are asked for, about Poisson; what expires first is sold first, what is left is counted."""
    rng = random.Random(7)
    foretold = truly = 0.0
    for _ in range(200):
        pace = rng.uniform(1, 12)
        lots = [_lot(name, rng.randint(2, 20), rng.randint(5, 90)) for name in "ABC"]
        foretold += sum(one.spoils for one in outlook(lots, pace))
        left = {lot.subject: lot.quantity for lot in lots}
        for day in range(20):
            asked = sum(rng.random() < pace / 100 for _ in range(100))
            for lot in sorted(lots, key=lambda lot: (lot.expiry, lot.subject)):
                sold = min(asked, left[lot.subject]) if lot.days_left > day else 0
                left[lot.subject] -= sold
                asked -= sold
        truly += sum(left.values())
    assert truly > 2_000
    assert abs(foretold - truly) <= 0.05 * truly
