"""What a cell may say."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from server import cells
from server.cells import CellError
from server.tabular import Cell


@pytest.mark.parametrize(
    ("read", "cell", "value"),
    [
        (cells.gtin_digits, "09506000134352", "09506000134352"),
        (cells.gtin_digits, "9506000134352", "09506000134352"),
        (cells.gtin_digits, 9506000134352, "09506000134352"),  # a number cell: noughts lost in front do no harm
        (cells.gtin_digits, " 9506 000 134352 ".strip(), "09506000134352"),
        (cells.quantity, "12", 12),
        (cells.quantity, 12, 12),
        (cells.quantity, "12,00", 12),
        (cells.quantity, Decimal("12.0"), 12),
        (cells.quantity, "1 200", 1200),
        (cells.quantity, "0", 0),
        (cells.date, "2027-02-28", "2027-02-28"),
        (cells.date, "2027-02-28 00:00:00", "2027-02-28"),
        (cells.date, "1.2.2027", "2027-02-01"),
        (cells.date, "31/12/2027", "2027-12-31"),
        (cells.date, "12/31/2027", "2027-12-31"),
        (cells.date, "5/5/2027", "2027-05-05"),
        (cells.date, "31-12-2027", "2027-12-31"),
        (cells.date, "2027/12/31", "2027-12-31"),
        (cells.date, dt.date(2027, 2, 28), "2027-02-28"),
        (cells.exact, "00123", "00123"),
        (cells.code, 4711, "4711"),
        (cells.text, "Desk\n lamp", "Desk lamp"),
        (cells.currency, "eur", "EUR"),
    ],
)
def test_what_can_be_read_without_guessing_is_taken(read: Callable[[Cell], Any], cell: Cell, value: Any) -> None:
    assert read(cell) == value


@pytest.mark.parametrize(
    ("read", "cell", "sentence"),
    [
        (
            cells.gtin_digits,
            "9.50600E+12",
            "'9.50600E+12' is a number that the spreadsheet shortened: format the column as text.",
        ),
        (cells.gtin_digits, "1234567", "'1234567' is no GTIN: it has 7 digits, not 8 to 14."),
        (cells.gtin_digits, "\u06609506000134352", "'\u06609506000134352' is no GTIN: it takes digits only."),
        (
            cells.exact,
            123,
            "123 is a number cell, in which leading noughts are lost: format the column as text.",
        ),
        (
            cells.code,
            dt.date(2026, 1, 2),
            "The spreadsheet made a date of it (2026-01-02): format the column as text.",
        ),
        (cells.quantity, "1,200", "The quantity '1,200' could be read in two ways: write it like 1200."),
        (cells.quantity, "1.200", "The quantity '1.200' could be read in two ways: write it like 1200."),
        (cells.quantity, "1.5", "The quantity '1.5' is no whole number: write it like 1200."),
        (cells.quantity, "9" * 20, "The quantity 99999999999999999999 is more than 1,000,000,000."),
        (cells.priority, "x", "The priority 'x' is no whole number: write it like 5."),
        (cells.quantity, "-3", "The quantity '-3' is no whole number: write it like 1200."),
        (cells.quantity, "٣", "The quantity '٣' is no whole number: write it like 1200."),
        (cells.quantity, "9999999999", "The quantity 9999999999 is more than 1,000,000,000."),
        (
            cells.date,
            "01/02/2027",
            "'01/02/2027' could be 2027-02-01 or 2027-01-02: write it as one of them.",
        ),
        (
            cells.date,
            "31/13/2027",
            "'31/13/2027' is no date as it is written here: write 2026-12-31 or 31.12.2026.",
        ),
        (
            cells.date,
            "2027-02-29",
            "'2027-02-29' is no date as it is written here: write 2026-12-31 or 31.12.2026.",
        ),
        (cells.code, "A\u202eB", "'A\\u202eB' is no code: 1 to 60 characters that can be printed."),
    ],
)
def test_what_would_be_a_guess_is_refused_with_the_value(
    read: Callable[[Cell], Any], cell: Cell, sentence: str
) -> None:
    with pytest.raises(CellError) as refused:
        read(cell)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("price", "currency", "units"),
    [("12,50", "EUR", 1250), ("12.5", "EUR", 1250), ("3", "EUR", 300), ("1200", "JPY", 1200), ("1.250", "KWD", 1250)],
)
def test_a_price_is_kept_in_the_currencys_smallest_unit(price: str, currency: str, units: int) -> None:
    assert cells.minor_units(cells.decimal(price), currency) == units


@pytest.mark.parametrize(
    ("price", "currency"), [("12.345", "EUR"), ("1.200", "EUR"), ("1.5", "JPY"), ("1,234,5", "EUR")]
)
def test_a_price_with_more_decimals_than_its_currency_has_is_refused(price: str, currency: str) -> None:
    with pytest.raises(CellError):
        cells.minor_units(cells.decimal(price), currency)
