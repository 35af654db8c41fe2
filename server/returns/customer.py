"""Customers' keys as hashes: good for saying "the same customer" and "another one", and for nothing else.

A shop's customer number stands in its orders and returns. What is kept of it is 64 bits of a keyed hash, the key being
this server's own secret: who has the ledger or a handheld cannot try all numbers.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

BYTES: Final = 8
_PURPOSE: Final = b"customer"


def hashed(secret: bytes, customer: str) -> str:
    """The hash of a customer's key, 16 hex digits; how it is written (case, blanks around) does not matter."""
    return blake2b(
        customer.strip().casefold().encode(), digest_size=BYTES, key=secret[:64], person=_PURPOSE
    ).hexdigest()
