"""The offline map with a million units: bytes per unit, time to load, time to answer. And a queue as long.

Run as `python -m tests.bench.site_map [units]`.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scanner_client.clock import system_clock
from scanner_client.handheld import QUEUE_FILE, Handheld, open_handheld
from scanner_client.outbox import APPEND_MAX
from scanner_client.site_map import Cursor
from sync.protocol import CHANGES_PER_REPLY_MAX
from tests.scanner_client.scans import scan_of

UNITS = 1_000_000
ANSWERS, BINS_ASKED = 20_000, 21
PIECES = 100_000
BINS, DOCUMENTS, LOTS, PER_CARTON = 5_000, 2_000, 4_000, 20


def unit(number: int) -> str:
    return f"https://id.gs1.org/01/{9506000134352 + number % 300:014d}/21/SN{number:08d}"


def bin_name(number: int) -> str:
    return f"https://warehouse.example/414/HH/254/B-{number:05d}"


def changes(units: int, rng: random.Random) -> Iterator[list[Any]]:
    """Units as a server deals them: a bin each, an ASN, a carton in which they came, a lot, the minute since when."""
    for number in range(units):
        place = bin_name(rng.randrange(BINS))
        document, lot = f"ASN-{rng.randrange(DOCUMENTS)}", f"L{rng.randrange(LOTS)}"
        carton = f"https://id.gs1.org/00/{number // PER_CARTON:018d}"
        since = (20_000 + rng.randrange(600)) * 1440 + rng.randrange(1440)
        yield ["unit", unit(number), ["stored", place, place, document, carton, lot, None, None, None, since]]


def load(handheld: Handheld, units: int) -> None:
    """Page by page, as replies bring them."""
    page: list[list[Any]] = []
    for number, change in enumerate(changes(units, random.Random(1)), 1):
        page.append(change)
        if len(page) == CHANGES_PER_REPLY_MAX or number == units:
            now = Cursor(cursor=str(number), incarnation="i")
            handheld.site_map.apply(page, now, more=number < units, clock=handheld.clock)
            page = []


def load_pieces(handheld: Handheld) -> None:
    """Lots and products without units, twenty to a bin: as many, since when, and the expiry."""
    rng = random.Random(4)
    names = (f"https://id.gs1.org/01/{9506000134352 + n % 300:014d}/10/L{n % LOTS}" for n in range(PIECES))
    rows = [
        [
            "stock",
            f"{name} {bin_name(n % BINS)}",
            [rng.randrange(1, 500), (20_000 + rng.randrange(600)) * 1440, "2029-01-31"],
        ]
        for n, name in enumerate(names)
    ]
    for start in range(0, PIECES, CHANGES_PER_REPLY_MAX):
        page, now = rows[start : start + CHANGES_PER_REPLY_MAX], Cursor(cursor=f"p{start}", incarnation="i")
        handheld.site_map.apply(page, now, more=False, clock=handheld.clock)


def lying(handheld: Handheld) -> list[float]:
    """Seconds that it takes to say how many pieces lie in a bin, for some bins."""
    rng, seconds = random.Random(5), []
    for _ in range(BINS_ASKED):
        begun = time.perf_counter()
        found = handheld.site_map.pieces.inside(bin_name(rng.randrange(BINS)))
        seconds.append(time.perf_counter() - begun)
        assert found
    return sorted(seconds)


def answer(handheld: Handheld, units: int) -> list[float]:
    """Seconds of each answer, half of them about units that are not in the map."""
    rng, seconds = random.Random(2), []
    for _ in range(ANSWERS):
        key = unit(rng.randrange(2 * units))
        begun = time.perf_counter()
        known = handheld.site_map.find(key)
        seconds.append(time.perf_counter() - begun)
        assert (known is not None) == (int(key[-8:]) < units)
    return sorted(seconds)


def expect(handheld: Handheld) -> list[float]:
    """Seconds that it takes to name what belongs into a bin, for some bins."""
    rng, seconds = random.Random(3), []
    for _ in range(BINS_ASKED):
        begun = time.perf_counter()
        expected = handheld.site_map.expected_in(bin_name(rng.randrange(BINS)))
        seconds.append(time.perf_counter() - begun)
        assert expected
    return sorted(seconds)


def main(units: int) -> None:
    clock = system_clock()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with open_handheld(home, clock) as handheld:
            begun = time.perf_counter()
            load(handheld, units)
            print(f"load {units} units: {time.perf_counter() - begun:.1f} s")
        size = (home / QUEUE_FILE).stat().st_size
        print(f"size: {size / units:.1f} bytes a unit ({size / 1e6:.0f} MB)")
        with open_handheld(home, clock) as handheld:
            load_pieces(handheld)
            rows = handheld.site_map.pieces.size()
        more = (home / QUEUE_FILE).stat().st_size - size
        print(f"pieces: {more / rows:.1f} bytes a row ({rows} products or lots in a bin)")
        with open_handheld(home, clock) as handheld:
            print(f"how many pieces lie in a bin: median {lying(handheld)[BINS_ASKED // 2] * 1e6:.0f} µs")
            seconds = answer(handheld, units)
            print(f"answer: median {seconds[ANSWERS // 2] * 1e6:.0f} µs, 99 % {seconds[-ANSWERS // 100] * 1e6:.0f} µs")
            print(f"name what belongs into a bin: median {expect(handheld)[BINS_ASKED // 2] * 1000:.0f} ms")
            begun = time.perf_counter()
            handheld.site_map.apply([], Cursor(cursor="0", incarnation="j"), more=False, clock=clock)
            assert handheld.site_map.size() == 0
            print(f"forget them all for another incarnation: {time.perf_counter() - begun:.1f} s")
            begun = time.perf_counter()
            for first in range(0, units, APPEND_MAX):
                handheld.commit([scan_of(n) for n in range(first, first + APPEND_MAX)])
            print(f"queue {units} scans, {APPEND_MAX} a commit: {time.perf_counter() - begun:.1f} s")
        begun = time.perf_counter()
        with open_handheld(home, clock) as handheld:
            opened = time.perf_counter() - begun
            print(f"open a queue of {handheld.outbox.waiting()} scans: {opened * 1000:.0f} ms")
            begun = time.perf_counter()
            for number in range(200):
                handheld.commit([scan_of(number)])
            print(f"commit one scan behind it, synced: {(time.perf_counter() - begun) / 200 * 1000:.2f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else UNITS)
