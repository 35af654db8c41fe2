"""Dates on labels: six or eight digits, with 00 for a day that is not said (GS1 General Specifications, 7.12)."""

from __future__ import annotations

from calendar import monthrange
from typing import Final

from sync.check_digits import are_digits

READ_AGAINST: Final = 2026
"""The year that two-digit years are read against unless the caller gives another.

A constant, not the clock: a label read again in ten years' time must say what it said today.
"""


def yyyymmd0_fault(text: str) -> str | None:
    """What is wrong with eight digits as a date whose day may be 00; None when nothing is."""
    if len(text) != 8 or not are_digits(text):
        return f"{text!r} is not a date of eight digits."
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    if not 1 <= month <= 12:
        return f"{text!r} is not a date: there is no month {text[4:6]}."
    # The calendar module starts at year 1; year 0 of the proleptic calendar was a leap year like 2000.
    return None if day <= monthrange(year or 2000, month)[1] else f"{text!r} is not a date: it has no day {text[6:]}."


def yymmd0_fault(text: str) -> str | None:
    """The same of six digits. Only a year 00 differs between centuries, and 2000 was a leap year.

    So whether a label is valid never hangs on the clock.
    """
    if len(text) != 6 or not are_digits(text):
        return f"{text!r} is not a date of six digits."
    return f"{text!r} is not a date." if yyyymmd0_fault("20" + text) else None


def yyyymmdd_fault(text: str) -> str | None:
    """What is wrong with eight digits as a date with a day; None when nothing is."""
    return yyyymmd0_fault(text) or _dayless(text)


def yymmdd_fault(text: str) -> str | None:
    """What is wrong with six digits as a date with a day; None when nothing is."""
    return yymmd0_fault(text) or _dayless(text)


def iso_date(yymmdd: str, year: int = READ_AGAINST) -> str:
    """A label's valid six digits as an ISO date; day 00 is the last day of the month.

    `year` is the year in which the label is read: 51 to 99 years ahead of it means the century before, 50 or more
    years behind it the century after (GS1 General Specifications, section 7.12).

    >>> iso_date("290200", 2026)
    '2029-02-28'
    >>> iso_date("770101", 2026), iso_date("760101", 2026)
    ('1977-01-01', '2076-01-01')
    """
    two_digits, month, day = int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:])
    ahead = two_digits - year % 100
    century = year // 100 + (-1 if ahead > 50 else 1 if ahead <= -50 else 0)
    full = century * 100 + two_digits
    return f"{full:04}-{month:02}-{day or monthrange(full, month)[1]:02}"


def _dayless(text: str) -> str | None:
    return f"{text!r} is a date without its day." if text.endswith("00") else None
