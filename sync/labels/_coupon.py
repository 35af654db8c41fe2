"""North American coupon codes: AI 8110 and the positive offer file's AI 8112 (GS1 General Specifications, 3.9)."""

from __future__ import annotations

from typing import Final

from sync.check_digits import are_digits
from sync.labels._dates import yymmdd_fault

_PREFIX_LENGTH_MIN: Final = 6
"""A length digit 0 stands for a company prefix or serial number of six digits, 1 for seven, and so on."""
_NO_PREFIX: Final = "9"
"""The length digit where a further purchase names no company of its own."""


class _MalformedError(Exception):
    """The coupon is malformed; the text says how."""


class _Digits:
    """The coupon's digits, taken from the front."""

    def __init__(self, text: str) -> None:
        if not are_digits(text):
            raise _MalformedError("has a character that is not a digit, or nothing")
        self._text = text
        self._at = 0

    def take(self, count: int, what: str) -> str:
        taken = self._text[self._at : self._at + count]
        if len(taken) < count:
            raise _MalformedError(f"ends within its {what}")
        self._at += count
        return taken

    def one_of(self, allowed: str, what: str) -> int:
        digit = self.take(1, what)
        if digit not in allowed:
            raise _MalformedError(f"has {digit} as its {what}, which is one of {allowed}")
        return int(digit)

    def skip_if(self, digit: str) -> bool:
        found = self._text[self._at : self._at + 1] == digit
        self._at += found
        return found

    def end(self) -> None:
        if self._at < len(self._text):
            raise _MalformedError(f"goes on with {self._text[self._at :]!r} after its last field")


def coupon_code(text: str) -> str | None:
    """What is wrong with the content of AI 8110; None when nothing is."""
    try:
        digits = _Digits(text)
        _prefix(digits, "company prefix")
        digits.take(6, "offer code")
        digits.take(digits.one_of("12345", "save value length"), "save value")
        _purchase(digits, "first purchase")
        _optional_fields(digits)
        digits.end()
    except _MalformedError as fault:
        return f"Coupon {text!r} {fault}."
    return None


def positive_offer(text: str) -> str | None:
    """What is wrong with the content of AI 8112; None when nothing is."""
    try:
        digits = _Digits(text)
        digits.one_of("01", "format")
        _prefix(digits, "funder")
        digits.take(6, "offer code")
        _sized(digits, "0123456789", "serial number")
        digits.end()
    except _MalformedError as fault:
        return f"Coupon offer {text!r} {fault}."
    return None


def _sized(digits: _Digits, lengths: str, what: str) -> None:
    digits.take(_PREFIX_LENGTH_MIN + digits.one_of(lengths, f"{what} length"), what)


def _prefix(digits: _Digits, what: str) -> None:
    _sized(digits, "0123456", what)


def _purchase(digits: _Digits, what: str) -> None:
    digits.take(digits.one_of("12345", f"{what} length"), f"{what} requirement")
    digits.one_of("012349", f"{what} requirement code")
    digits.take(3, f"{what} family code")


def _further_purchase(digits: _Digits, what: str) -> None:
    _purchase(digits, what)
    if not digits.skip_if(_NO_PREFIX):
        _prefix(digits, f"{what} company prefix")


def _optional_fields(digits: _Digits) -> None:
    """Fields 1 to 9, each announced by its own digit and in this order."""
    if digits.skip_if("1"):
        digits.one_of("0123", "additional purchase rule")
        _further_purchase(digits, "second purchase")
    if digits.skip_if("2"):
        _further_purchase(digits, "third purchase")
    expiry = _date(digits, "expiry date") if digits.skip_if("3") else None
    start = _date(digits, "start date") if digits.skip_if("4") else None
    if expiry and start and start > expiry:
        raise _MalformedError(f"starts on {start}, after it expires on {expiry}")
    if digits.skip_if("5"):
        _sized(digits, "0123456789", "serial number")
    if digits.skip_if("6"):
        _sized(digits, "1234567", "retailer")
    if digits.skip_if("9"):
        digits.one_of("01256", "save value code")
        digits.one_of("012", "item that the save value applies to")
        digits.take(1, "store coupon flag")
        digits.one_of("01", "flag against multiplying")


def _date(digits: _Digits, what: str) -> str:
    date = digits.take(6, what)
    if yymmdd_fault(date):
        raise _MalformedError(f"has {date} as its {what}, which is no date")
    return date
