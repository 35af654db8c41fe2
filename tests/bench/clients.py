"""Events per second that a served database takes from one handheld and from four at once, beside the raw database.

In turn within one run: one handheld's batches over HTTP, four handhelds' at once, and the rows of the former inserted
and upserted over one connection by the driver alone. `python -m tests.bench.clients [--rounds N] [--stored N]
[postgres] [sqlite]`.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Final

import urllib3

from sync.protocol import EVENTS_PER_PUSH_MAX, SYNC_PATH
from tests.bench._databases import KINDS
from tests.bench._raw import RawDatabase, rows_of
from tests.bench._served import served, signed
from tests.bench.ingest import envelope, fill, prepare_shift
from tests.end_to_end.site import Site
from tests.server.running import Handheld

CLIENTS: Final = 4
BATCHES: Final = 4
"""Of each handheld in each round."""
Request = tuple[bytes, dict[str, str]]


def requests(device: Handheld, round_: int, cursor: str | None) -> list[Request]:
    """A round of one handheld, signed beforehand."""
    numbers = range(round_ * BATCHES, (round_ + 1) * BATCHES)
    return [(body, signed(device, body)) for body in (envelope(device, number, cursor) for number in numbers)]


def push(site: Site, each: Sequence[list[Request]]) -> float:
    """Events per second of these handhelds, all at once, each one batch after the other."""
    with urllib3.HTTPConnectionPool("127.0.0.1", site.port, maxsize=len(each)) as pool:

        def send(mine: list[Request]) -> None:
            for body, headers in mine:
                answer = pool.request("POST", SYNC_PATH, body=body, headers=headers)
                assert answer.json()["accepted"] == EVENTS_PER_PUSH_MAX, answer.data[:300]

        with ThreadPoolExecutor(len(each)) as threads:
            begun = time.perf_counter()
            list(threads.map(send, each))
            return sum(map(len, each)) * EVENTS_PER_PUSH_MAX / (time.perf_counter() - begun)


def measure(kind: str, rounds: int, stored: int) -> None:
    with served(kind) as (site, app):
        _, cursor = fill(app, stored)
        devices = [Handheld(app).enrol(name=f"HH-{n}") for n in range(CLIENTS + 1)]
        for seed, device in enumerate(devices, start=3):
            prepare_shift(device, (rounds + 1) * BATCHES, seed=seed)
        raw = RawDatabase(postgres=kind == "postgres")
        found = []
        for number in range(rounds + 1):
            alone, *together = (requests(device, number, cursor) for device in devices)
            one, four = push(site, [alone]), push(site, together)
            number_of = devices[0].chain.device_no
            first = number * BATCHES * EVENTS_PER_PUSH_MAX + 1
            runs = [(first + n * EVENTS_PER_PUSH_MAX, EVENTS_PER_PUSH_MAX - 1) for n in range(BATCHES)]
            batches = [rows_of(number_of, start, start + more) for start, more in runs]
            begun = time.perf_counter()
            for batch in batches:
                raw.store(batch)
            found.append((one, four, BATCHES * EVENTS_PER_PUSH_MAX / (time.perf_counter() - begun)))
    one, four, bare = (median(rates) for rates in zip(*found[1:], strict=True))
    of_one, of_four = (median(rates[side] / rates[2] for rates in found[1:]) for side in (0, 1))
    print(
        f"{kind}, {stored:,} events stored before: one handheld {one:,.0f} events/s, {CLIENTS} at once {four:,.0f}, "
        f"the raw database {bare:,.0f}; ratios {of_one:.2f} and {of_four:.2f} (medians of {rounds})"
    )


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("databases", nargs="*", default=KINDS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stored", type=int, default=100_000)
    args = parser.parse_args()
    for kind in args.databases:
        measure(kind, args.rounds, args.stored)


if __name__ == "__main__":
    main()
