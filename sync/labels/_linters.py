"""What GS1's Syntax Dictionary calls linters: one check each of one component's content.

A linter takes the component's characters and returns None, or the sentence that says what is wrong. Their rules are
those of the GS1 General Specifications; the names are the dictionary's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.resources import files
from typing import Final

from sync.check_digits import CSET_82, are_digits, check_pair, mod10_fault
from sync.labels._coupon import coupon_code, positive_offer
from sync.labels._dates import yymmd0_fault, yymmdd_fault, yyyymmd0_fault, yyyymmdd_fault

Linter = Callable[[str], str | None]

_LEADING_DIGITS: Final = 4
"""The shortest GS1 company prefix: what a key must begin with whoever issued it."""
_IBAN_LENGTH_MIN, _IBAN_LENGTH_MAX = 11, 34
_LATITUDE_MAX, _LONGITUDE_MAX = 1_800_000_000, 3_600_000_000
_CODE_LISTS: Final = {
    name: frozenset(" ".join(entry["codes"]).split())
    for name, entry in json.loads(files("sync.labels").joinpath("code_lists.json").read_text("utf-8")).items()
}


def _matches(pattern: str, complaint: str) -> Linter:
    fullmatch = re.compile(pattern, re.DOTALL).fullmatch
    return lambda text: None if fullmatch(text) else f"{text!r} {complaint}"


def _listed(name: str, what: str, *also: str) -> Linter:
    codes = _CODE_LISTS[name] | set(also)
    return lambda text: None if text in codes else f"{text!r} is not {what}."


def _characters(allowed: str, complaint: str) -> Linter:
    search = re.compile(f"[^{re.escape(allowed)}]").search

    def check(text: str) -> str | None:
        match = search(text)
        return f"{match[0]!r} in {text!r} {complaint}" if match else None

    return check


_digits = _characters("0123456789", "is not a digit.")
_cset82 = _characters(CSET_82, "is not in GS1's character set 82.")
_cset39 = _characters("#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", "is not in GS1's character set 39.")
_base64url = _characters("-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz", "is not base64url.")


def _cset64(text: str) -> str | None:
    body = text.rstrip("=")
    padding = len(text) - len(body)
    if padding > 2 or (padding and len(text) % 3):
        return f"{text!r} has {padding} padding characters, which its length does not call for."
    return _base64url(body)


def _csum(text: str) -> str | None:
    return mod10_fault(text) if are_digits(text) else _digits(text) or "There are no digits to check."


def _csumalpha(text: str) -> str | None:
    if len(text) < 2:
        return f"{text!r} is too short for a check pair."
    try:
        expected = check_pair(text[:-2])
    except ValueError as error:
        return str(error)
    return None if text[-2:] == expected else f"The check pair of {text!r} is {text[-2:]}, and {expected} was expected."


def _gcppos1(text: str) -> str | None:
    if are_digits(text[:_LEADING_DIGITS]) and len(text) >= _LEADING_DIGITS:
        return None
    return f"{text!r} does not begin with a GS1 company prefix: at least {_LEADING_DIGITS} digits."


def _gcppos2(text: str) -> str | None:
    return _gcppos1(text[1:])


def _nonzero(text: str) -> str | None:
    return _digits(text) or (None if text.strip("0") else f"{text!r} is nought, which makes no sense here.")


def _pieceoftotal(text: str) -> str | None:
    if fault := _digits(text):
        return fault
    half, odd = divmod(len(text), 2)
    piece, total = text[:half], text[half:]
    if not text or odd or not piece.strip("0") or not total.strip("0") or piece > total:
        return f"{text!r} is not a piece and its total, such as 0103 for the first of three."
    return None


def _posinseqslash(text: str) -> str | None:
    match = re.fullmatch(r"([1-9][0-9]*)/([1-9][0-9]*)", text)
    if match and int(match[1]) <= int(match[2]):
        return None
    return f"{text!r} is not a position in a sequence, such as 1/2."


def _iban(text: str) -> str | None:
    if not _IBAN_LENGTH_MIN <= len(text) <= _IBAN_LENGTH_MAX or text[:2] not in _CODE_LISTS["iso3166alpha2"]:
        return f"{text!r} is not an IBAN: it begins with a country and has {_IBAN_LENGTH_MIN} to {_IBAN_LENGTH_MAX}."
    if re.search("[^0-9A-Z]", text):
        return f"{text!r} is not an IBAN: it has capitals and digits only."
    number = "".join([str(int(character, 36)) for character in text[4:] + text[:4]])
    return None if int(number) % 97 == 1 else f"The check digits of IBAN {text!r} are wrong."


def _at_most(limit: int, what: str) -> Linter:
    def check(text: str) -> str | None:
        fault = _digits(text) or (None if len(text) == 10 else f"{text!r} is not {what} of ten digits.")
        return fault or (None if int(text) <= limit else f"{text!r} is not {what}: it is above {limit}.")

    return check


CHARACTERS: Final[dict[str, Linter]] = {"N": _digits, "X": _cset82, "Y": _cset39, "Z": _cset64}
"""Type letter of a component -> the check of its characters (GS1 General Specifications, section 7.11)."""

LINTERS: Final[dict[str, Linter]] = {
    "csum": _csum,
    "csumalpha": _csumalpha,
    "cset39": _cset39,
    "cset64": _cset64,
    "cset82": _cset82,
    "csetnumeric": _digits,
    "couponcode": coupon_code,
    "couponposoffer": positive_offer,
    "gcppos1": _gcppos1,
    "gcppos2": _gcppos2,
    "hasnondigit": _matches(r".*[^0-9].*", "needs a character that is not a digit."),
    "hh": _matches(r"[01][0-9]|2[0-3]", "is not an hour."),
    "hhmi": _matches(r"(?:[01][0-9]|2[0-3])[0-5][0-9]", "is not a time of day."),
    "hyphen": _matches(r"-+", "is not a hyphen."),
    "iban": _iban,
    "importeridx": _matches(r"[-0-9A-Z_a-z]", "is not an importer index."),
    "iso3166": _listed("iso3166", "an ISO 3166 country number"),
    "iso3166999": _listed("iso3166", "an ISO 3166 country number or 999", "999"),
    "iso3166alpha2": _listed("iso3166alpha2", "an ISO 3166 country"),
    "iso4217": _listed("iso4217", "an ISO 4217 currency number"),
    "iso5218": _matches(r"[0129]", "is not a code for a sex in ISO 5218."),
    "latitude": _at_most(_LATITUDE_MAX, "a latitude"),
    "longitude": _at_most(_LONGITUDE_MAX, "a longitude"),
    "mediatype": _listed("mediatype", "an AIDC media type"),
    "mi": _matches(r"[0-5][0-9]", "is not a minute."),
    "nonzero": _nonzero,
    "nozeroprefix": _matches(r"(?:[1-9][0-9]*)?", "is not a number without leading noughts."),
    "packagetype": _listed("packagetype", "a package type"),
    "pcenc": _matches(r"(?:[^%]|%[0-9A-Fa-f]{2})*", "has a % without two hexadecimal digits."),
    "pieceoftotal": _pieceoftotal,
    "posinseqslash": _posinseqslash,
    "ss": _matches(r"[0-5][0-9]", "is not a second."),
    "winding": _matches(r"[019]", "is not a winding direction."),
    "yesno": _matches(r"[01]", "is neither 0 nor 1."),
    "yymmd0": yymmd0_fault,
    "yymmdd": yymmdd_fault,
    "yyyymmd0": yyyymmd0_fault,
    "yyyymmdd": yyyymmdd_fault,
    "zero": _matches(r"0+", "is not nought."),
}
"""Name in the Syntax Dictionary -> check."""
