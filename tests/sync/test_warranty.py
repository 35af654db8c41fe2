"""How long a unit is covered, and who is told what."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.warranty import Claim, Dates, Starts, Term, WarrantyError, add_months, answer

DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-31", 1, "2028-02-29"),  # a leap year
        ("2026-08-31", 6, "2027-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
    ],
)
def test_months_end_with_the_same_day_or_with_the_months_last(start: str, months: int, end: str) -> None:
    assert add_months(start, months) == end


@given(day=DAYS, months=st.integers(1, 1_200))
def test_a_longer_warranty_never_ends_sooner(day: date, months: int) -> None:
    shorter, longer = add_months(day.isoformat(), months), add_months(day.isoformat(), months + 1)
    assert day.isoformat() < shorter < longer


@given(day=DAYS, months=st.integers(1, 240), starts=st.sampled_from(Starts))
def test_the_first_and_the_last_day_are_covered_and_the_days_around_them_are_not(
    day: date, months: int, starts: Starts
) -> None:
    term, dates = Term(months=months, starts=starts), Dates(**{starts.value: day.isoformat()})
    until = date.fromisoformat(add_months(day.isoformat(), months))

    def on(moment: date) -> Claim:
        return answer(term, dates, today=moment.isoformat()).claim

    assert on(day) is on(until) is Claim.COVERED
    assert on(day - timedelta(1)) is Claim.NOT_YET
    assert on(until + timedelta(1)) is Claim.EXPIRED


def test_a_warranty_that_runs_from_a_day_nobody_knows_says_so() -> None:
    term = Term(months=12, starts=Starts.MANUFACTURE)
    assert answer(term, Dates(sale="2026-01-01"), today="2026-02-01").claim is Claim.NO_DATE


def test_a_term_with_a_last_day_needs_no_first() -> None:
    told = answer(Term(until="2027-05-31"), Dates(), today="2027-05-31")
    assert (told.claim, told.since, told.until) == (Claim.COVERED, None, "2027-05-31")


def test_what_nobody_gave_a_warranty_has_none() -> None:
    assert answer(None, Dates(sale="2026-01-01"), today="2026-01-02").claim is Claim.NO_TERMS


@pytest.mark.parametrize(
    ("months", "since", "until", "says"),
    [
        (None, "2026-05-02", "2026-05-01", r"would end \(2026-05-01\) before it starts \(2026-05-02\)"),
        (None, "2026-05-02", None, "needs its months, or the day on which it ends"),
        (0, None, None, "lasts 1 to 1,200 months, and not 0"),
        (-6, None, None, "and not -6"),
        (1_201, None, None, "and not 1,201"),
    ],
)
def test_a_warranty_that_cannot_be_is_refused_in_a_sentence(
    months: int | None, since: str | None, until: str | None, says: str
) -> None:
    with pytest.raises(WarrantyError, match=says):
        Term(months=months, since=since, until=until)
