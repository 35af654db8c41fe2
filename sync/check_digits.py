"""Check digits, all of them in one place.

biip's are not used: they take any Unicode digit, and a gatekeeper must not.
"""

from __future__ import annotations

from typing import Final

_PRIMES: Final = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)
_CSET_32: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CSET_82: Final = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
"""Characters of GS1 element strings in the order of their values (GS1 General Specifications, table 7.11-1)."""
_VALUE: Final = {character: value for value, character in enumerate(CSET_82)}


def are_digits(text: str) -> bool:
    """Whether the text is one or more of the ten ASCII digits and nothing else."""
    return text.isascii() and text.isdigit()


def mod10_digit(digits: str) -> int:
    """The check digit that belongs after these digits (GS1 General Specifications, section 7.9.1).

    >>> mod10_digit("0950600013435")
    2
    """
    total = 3 * sum(map(int, digits[-1::-2])) + sum(map(int, digits[-2::-2]))
    return -total % 10


def mod10_fault(digits: str) -> str | None:
    """What is wrong with the last digit as the GS1 check digit of the ones before it; None when it is right."""
    expected = mod10_digit(digits[:-1])
    if expected == int(digits[-1]):
        return None
    return f"The check digit of {digits!r} is {digits[-1]}, and {expected} was expected."


def luhn_digit(digits: str) -> int:
    """The check digit that belongs after these digits (ISO/IEC 7812-1 annex B; 3GPP TS 23.003 annex B for IMEI).

    >>> luhn_digit("49015420323751")
    8
    """
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-1::-2])
    return -(doubled + sum(map(int, digits[-2::-2]))) % 10


def check_pair(text: str) -> str:
    """The two check characters of a GMN or MUDI body (GS1 General Specifications, section 7.9.5).

    `text` has at most 23 characters of character set 82. Raises ValueError otherwise.

    >>> check_pair("1987654Ad4X4bL5ttr2310c")
    '2K'
    """
    if len(text) > len(_PRIMES):
        raise ValueError(f"{text!r} has {len(text)} characters; a check pair covers at most {len(_PRIMES)}.")
    if foreign := set(text) - _VALUE.keys():
        raise ValueError(f"{text!r} holds {min(foreign)!r}, which is not in GS1's character set 82.")
    total = sum(_VALUE[character] * prime for character, prime in zip(reversed(text), _PRIMES, strict=False))
    high, low = divmod(total % 1021, 32)
    return _CSET_32[high] + _CSET_32[low]
