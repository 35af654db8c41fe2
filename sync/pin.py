"""A person's PIN, as it is stored and checked, also on a handheld with no network.

scrypt (RFC 7914) with N = 2^16, r = 8, p = 1 takes 64 MiB and about 0.15 s on a desk's core, three to five times that
on a handheld's. It comes with Python, so that both sides run the very same function and the handheld needs no library.

**What it does not do.** A PIN of four digits has 10,000 values. Whoever takes a handheld and reads its file can try
them all within half an hour on one core (six digits: two days), and no hash helps: only longer PINs do, and revoking
the handheld. What the thief gets is to scan under a name, each such scan signed by a handheld that is known to be
stolen; PINs open nothing else, and the console's passwords are no PINs. Those who only type are slowed by the
handheld's throttle.

>>> stored = hash_pin("7391", bytes(16), cost=2)
>>> check_pin("7391", stored), check_pin("7392", stored)
(True, False)
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from itertools import pairwise
from typing import Final

PIN_LENGTH_MIN: Final = 4
PIN_LENGTH_MAX: Final = 8
SALT_BYTES: Final = 16
COST: Final = 16
"""Binary logarithm of scrypt's N."""
COST_MAX: Final = 20
"""1 GiB: nothing that is asked for beyond it is one of ours."""
_BLOCK: Final = 8
_FIRST_GUESSES: Final = frozenset({"2580", "0852", "1004", "1010", "2468", "8642", "1357", "7531", "147258", "159753"})
"""Patterns of the keypad that thieves try first, beside runs and repeats."""


def weakness(pin: str, badge: str = "") -> str | None:
    """Why this will not do as a PIN, in a sentence that does not repeat it; None where it will."""
    if not (pin.isascii() and pin.isdigit() and PIN_LENGTH_MIN <= len(pin) <= PIN_LENGTH_MAX):
        return f"A PIN has {PIN_LENGTH_MIN} to {PIN_LENGTH_MAX} digits and nothing else."
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    repeats = any(pin == (pin[:n] * len(pin))[: len(pin)] for n in range(1, len(pin) // 2 + 1))
    if repeats or steps <= {1} or steps <= {9} or pin in _FIRST_GUESSES:
        return "This PIN is among the first that anyone would try: take one without a pattern."
    if badge and pin in badge:
        return "This PIN stands on the badge: take another one."
    return None


def hash_pin(pin: str, salt: bytes, *, cost: int = COST) -> str:
    """The PIN as it is stored: ``scrypt$cost$salt$hash``."""
    return "$".join(("scrypt", str(cost), b64encode(salt).decode(), b64encode(_scrypt(pin, salt, cost)).decode()))


def check_pin(pin: str, stored: str) -> bool:
    """Whether this is the PIN; what is no hash of ours matches nothing."""
    try:
        name, cost, salt, expected = stored.split("$")
        if name != "scrypt" or not 1 <= int(cost) <= COST_MAX:
            return False
        return hmac.compare_digest(_scrypt(pin, b64decode(salt), int(cost)), b64decode(expected))
    except ValueError:
        return False


def _scrypt(pin: str, salt: bytes, cost: int) -> bytes:
    n = 1 << cost
    return hashlib.scrypt(pin.encode(), salt=salt, n=n, r=_BLOCK, p=1, maxmem=2 * 128 * _BLOCK * n, dklen=32)
