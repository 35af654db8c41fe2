"""1,000 serialised units moved to another bin: by the label of their pallet, and unit by unit, from POST to answer.

`python -m tests.bench.moving [--rounds N] [sqlite] [postgres]`.
"""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser
from contextlib import ExitStack, nullcontext
from pathlib import Path
from statistics import median
from typing import Final

from server.database import reading
from server.queries import read_unit
from sync.protocol import EVENTS_PER_PUSH_MAX, pack
from tests.bench._databases import KINDS, database
from tests.bench._watch import Took, Watch
from tests.handheld import BIN_A, BIN_B, CARTON_1, DOCK, unit
from tests.server.running import NOW, SITE, Handheld, running_server

UNITS: Final = 1_000
NEWEST: Final = 10**15
"""Stamp of a cursor that has seen everything: what is pulled is another matter."""


def push(device: Handheld, first: int) -> Took:
    """What the server takes for everything from `first` on, batch by batch."""
    clock, core, cursor = 0.0, 0.0, f"inc1.{NEWEST}"
    for start in range(first, len(device.chain.lines) + 1, EVENTS_PER_PUSH_MAX):
        last = min(start + EVENTS_PER_PUSH_MAX - 1, len(device.chain.lines))
        body = pack(*device.chain.push(start, last, now_ms=NOW, cursor=cursor))
        with Watch() as watch:
            answer = device.send(body)
        clock, core = clock + watch.took.clock, core + watch.took.core
        assert answer.get_json()["accepted"] == last - start + 1, answer.text
    return Took(clock, core)


def place_of(key: str) -> str | None:
    with reading() as connection:
        found = read_unit(connection, SITE, key, NOW)
    return found.location if found else None


def measure(device: Handheld, rounds: int) -> tuple[list[Took], list[Took]]:
    """What each round took: the pallet by its label, and its units one by one."""
    units = [unit(f"S{n:04d}") for n in range(UNITS)]
    moment = NOW - 2_900_000

    def scan(action: str, subject: str, **fields: str) -> None:
        nonlocal moment
        moment += 100
        device.chain.scan(moment, action, subject, operator="Rosa", **fields)

    pallet, single = [], []
    for key in units:
        scan("receive", key, location=DOCK, container=CARTON_1)
    push(device, 1)
    for number in range(rounds):
        place = (BIN_A, BIN_B)[number % 2]
        first = len(device.chain.lines) + 1
        scan("move", CARTON_1, location=place)
        pallet.append(push(device, first))
        assert {place_of(key) for key in units[:: UNITS // 10]} == {place}
    for number in range(rounds):
        place = (BIN_A, BIN_B)[number % 2]
        first = len(device.chain.lines) + 1
        for key in units:
            scan("move", key, location=place)
        single.append(push(device, first))
        assert {place_of(key) for key in units[:: UNITS // 10]} == {place}
    return pallet, single


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("databases", nargs="*", default=KINDS)
    parser.add_argument("--rounds", type=int, default=6)
    args = parser.parse_args()
    for kind in args.databases:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = stack.enter_context(database(kind, folder))
            app = stack.enter_context(running_server(url, folder, watch=nullcontext))
            pallet, single = measure(Handheld(app).enrol(), args.rounds)
        for how, rounds in (("by their pallet's label", pallet), ("unit by unit", single)):
            clock, core = (UNITS / median(getattr(took, by) for took in rounds) for by in ("clock", "core"))
            print(f"{kind}: {how} {clock:,.0f} units/s by the clock, {core:,.0f} in the time of a core (medians)")


if __name__ == "__main__":
    main()
