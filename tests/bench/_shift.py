"""One person's shift, as a handheld commits it: cartons received, units put away, moved, counted and picked."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from typing import Any, Final

from sync.check_digits import mod10_digit
from tests.handheld import Chain

PRODUCTS: Final = [f"{body}{mod10_digit(body)}" for body in (f"0950600013{n:03d}" for n in range(40))]
SERIAL: Final = string.ascii_uppercase + string.digits
PLACE: Final = "https://id.gs1.org/414/9506000134352/254/"
DOCK: Final = f"{PLACE}DOCK-1"
BINS: Final = [f"{PLACE}A-{n:03d}" for n in range(800)]
PLACES: Final = [DOCK, *BINS]
SECONDS_PER_SCAN: Final = 2.5
SCANS_PER_PLACE: Final = (4, 20)
WORK: Final = {"receive": 35, "put_away": 35, "count": 15, "move": 8, "pick": 7}
"""Shares of what is done, in per cent."""


def scan(chain: Chain, scans: int, rng: random.Random, *, begun_ms: int, seconds: float = SECONDS_PER_SCAN) -> int:
    """Commit so many scans, `seconds` apart on average; the time of the last, Unix milliseconds."""
    known: list[tuple[str, str]] = []
    now = float(begun_ms)
    for where, action, count in _stints(scans, rng):
        for _ in range(count):
            now += 1000 * seconds * rng.uniform(0.4, 1.6)
            new = action == "receive" or not known
            gtin, serial = _new_unit(rng) if new else known[rng.randrange(len(known))]
            known.append((gtin, serial))
            chain.scan(
                int(now),
                action,
                f"https://id.gs1.org/01/{gtin}/21/{serial}",
                barcode=f"01{gtin}21{serial}".encode(),
                operator="Rosa Diaz",
                cursor="4f21:88213",
                **where,
            )
    return int(now)


def _stints(scans: int, rng: random.Random) -> Iterator[tuple[dict[str, Any], str, int]]:
    """Where, what and how many at a time."""
    left = scans
    while left:
        count = min(left, rng.randint(*SCANS_PER_PLACE))
        (action,) = rng.choices(list(WORK), list(WORK.values()))
        yield _where(action, rng), action, count
        left -= count


def _where(action: str, rng: random.Random) -> dict[str, Any]:
    if action == "receive":
        body = f"39506000{rng.randrange(10**9):09d}"
        carton = f"https://id.gs1.org/00/{body}{mod10_digit(body)}"
        return {"location": DOCK, "container": carton, "document": f"ASN-{rng.randrange(1000, 1010)}"}
    place = {"location": BINS[rng.randrange(len(BINS))]}
    return place | {"document": "CC-77"} if action == "count" else place


def _new_unit(rng: random.Random) -> tuple[str, str]:
    return rng.choice(PRODUCTS), "".join(rng.choices(SERIAL, k=11))
