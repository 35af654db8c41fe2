"""How long one scan takes to be checked online, beside a bare ping of the same server, idle and during three syncs.

Check and ping take turns over one connection each. `python -m tests.bench.check [--checks N] [--stored N] [sqlite]
[postgres]`.
"""

from __future__ import annotations

import random
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final
from urllib.parse import urlencode

import urllib3

from server import integrations
from server.context import now_ms
from server.database import writing
from server.roles import Task
from sync.event import decode
from sync.protocol import EVENTS_PER_PUSH_MAX, SYNC_PATH
from tests.bench._databases import KINDS
from tests.bench._served import served, signed
from tests.bench.ingest import STORED, envelope, fill, prepare_shift
from tests.end_to_end.site import SITE, Site
from tests.server.running import Handheld

WARM_UP: Final = 50
SYNCING: Final = 3
SYNCED_MAX: Final = 60
"""Batches of each handheld that syncs meanwhile."""


def percentiles(seconds: list[float]) -> tuple[float, float]:
    """Milliseconds, p50 and p99."""
    ordered = sorted(seconds)
    return 1000 * ordered[len(ordered) // 2], 1000 * ordered[-max(1, len(ordered) // 100)]


def take_turns(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each way, which are tried in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + WARM_UP):
        for name, way in ways.items():
            begun = time.perf_counter()
            way()
            if number >= WARM_UP:
                seconds[name].append(time.perf_counter() - begun)
    return seconds


def asking(site: Site, path: Callable[[], str], headers: dict[str, str]) -> Callable[[], object]:
    """A GET over a connection of its own."""
    pool = urllib3.HTTPConnectionPool("127.0.0.1", site.port, maxsize=1)

    def ask() -> None:
        answer = pool.request("GET", path(), headers=headers)
        assert answer.status == 200, answer.data

    return ask


@contextmanager
def syncing(site: Site, devices: list[Handheld], cursor: str | None) -> Iterator[list[int]]:
    """Handhelds that push one batch after the other until the block ends; how many each pushed."""
    ending, pushed = Event(), [0] * len(devices)

    def push(place: int, device: Handheld) -> None:
        pool = urllib3.HTTPConnectionPool("127.0.0.1", site.port, maxsize=1)
        while not ending.is_set() and pushed[place] < SYNCED_MAX:
            body = envelope(device, pushed[place], cursor)
            answer = pool.request("POST", SYNC_PATH, body=body, headers=signed(device, body))
            assert answer.json()["accepted"] == EVENTS_PER_PUSH_MAX, answer.data[:300]
            pushed[place] += 1

    threads = [Thread(target=push, args=each) for each in enumerate(devices)]
    for thread in threads:
        thread.start()
    yield pushed
    ending.set()
    for thread in threads:
        thread.join()


def measure(kind: str, checks: int, stored: int) -> None:
    with served(kind) as (site, app):
        _, cursor = fill(app, stored)
        with writing() as c:
            _, key = integrations.make(c, site=SITE, name="bench", tasks=[Task.LOOK], by=None, now_ms=now_ms())
        devices = [Handheld(app).enrol(name=f"HH-{n}") for n in range(1, 1 + SYNCING)]
        for seed, device in enumerate(devices, start=3):
            prepare_shift(device, SYNCED_MAX, seed=seed)
        known = [event.subject for event in map(decode, devices[0].chain.lines[:2000]) if event.subject]
        rng = random.Random(1)

        def path() -> str:
            scan = rng.choice(known).removeprefix("https://id.gs1.org/01/")
            gtin, _, serial = scan.partition("/21/")
            return "/api/v1/check?" + urlencode({"scan": f"01{gtin}21{serial}", "symbology": "]d2"})

        ways = {
            "ping": asking(site, lambda: "/healthz", {}),
            "check": asking(site, path, {"Authorization": f"Bearer {key}"}),
        }
        _say(f"{kind}, idle", take_turns(ways, checks))
        with syncing(site, devices, cursor) as pushed:
            found = take_turns(ways, checks)
        _say(f"{kind}, during {SYNCING} syncs ({sum(pushed) * EVENTS_PER_PUSH_MAX:,} events)", found)


def _say(when: str, seconds: dict[str, list[float]]) -> None:
    ping, check = percentiles(seconds["ping"]), percentiles(seconds["check"])
    print(
        f"{when}: ping {ping[0]:.2f} / {ping[1]:.2f} ms, check {check[0]:.2f} / {check[1]:.2f} ms (p50 / p99); "
        f"{check[0] / ping[0]:.1f} times the ping"
    )


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("databases", nargs="*", default=KINDS)
    parser.add_argument("--checks", type=int, default=500)
    parser.add_argument("--stored", type=int, default=STORED)
    args = parser.parse_args()
    for kind in args.databases:
        measure(kind, args.checks, args.stored)


if __name__ == "__main__":
    main()
