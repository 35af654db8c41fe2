"""A queue of 10,000 scans drained by a handheld's own uploader into a server in processes of its own.

PouchDB beside it, in turn, where POUCHDB names a folder in which `npm install pouchdb pouchdb-server` was run.
`python -m tests.bench.drain [--rounds N] [sqlite] [postgres]`.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Final

from scanner_client.clock import system_clock
from scanner_client.handheld import open_handheld
from scanner_client.outbox import APPEND_MAX
from scanner_client.transport import Transport
from scanner_client.uploader import Uploader
from sync.event import decode
from tests.bench._databases import KINDS
from tests.bench._served import served
from tests.bench._shift import scan
from tests.end_to_end.forked import ROOT
from tests.end_to_end.site import Site, free_port
from tests.handheld import Chain

SCANS: Final = 10_000
SHIFT_MS: Final = 9_000_000
BATCH: Final = 1_000
"""PouchDB's best: 5,260 a second on an idle machine of this kind, against 3,900 in batches as they come."""


def queue(seed: int) -> list[bytes]:
    """The lines of a shift that ends now, by the clocks of this machine: another boot's have no times of their own."""
    clock = system_clock()
    now_ms = clock.wall_ms()
    chain = Chain(1, boot=clock.boot, boot_at_ms=now_ms - clock.boot_ms())
    begun_ms = max(chain.boot_at_ms, now_ms - SHIFT_MS)
    scan(chain, SCANS, random.Random(seed), begun_ms=begun_ms, seconds=0.9 * (now_ms - begun_ms) / 1000 / SCANS)
    return chain.lines


def drain(site: Site, lines: list[bytes]) -> float:
    """Seconds from the first push until the server has everything."""
    with tempfile.TemporaryDirectory() as place, closing(Transport()) as transport:
        home = Path(place)
        (code,) = site.invitations(1)
        words = ["enrol", "--home", place, "--code", code]
        subprocess.run([sys.executable, "-m", "scanner_client", *words], cwd=ROOT, check=True, capture_output=True)
        with open_handheld(home, system_clock()) as handheld:
            for first in range(0, len(lines), APPEND_MAX):
                handheld.commit([decode(line) for line in lines[first : first + APPEND_MAX]])
            begun = time.perf_counter()
            sent = sum(step.events for step in Uploader(handheld, transport).drain())
            seconds = time.perf_counter() - begun
            assert (sent, handheld.outbox.waiting()) == (len(lines), 0)
    return seconds


def replicate(modules: str, lines: list[bytes]) -> float:
    """Seconds that PouchDB takes for the same documents."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["node", str(Path(__file__).with_name("pouchdb.js")), folder, str(free_port()), str(BATCH)]
        environment = os.environ | {"NODE_PATH": str(Path(modules) / "node_modules")}
        done = subprocess.run(command, input=b"\n".join(lines), env=environment, check=True, capture_output=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("databases", nargs="*", default=KINDS)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    modules = os.environ.get("POUCHDB")
    for kind in args.databases:
        ours, theirs = [], []
        with served(kind) as (site, _):
            for seed in range(args.rounds):
                lines = queue(seed)
                ours.append(drain(site, lines))
                theirs += [replicate(modules, lines)] if modules else []
        rate = SCANS / median(ours)
        beside = f"; PouchDB {SCANS / median(theirs):,.0f}, ratio {median(theirs) / median(ours):.2f}" if theirs else ""
        print(f"{kind}: a queue of {SCANS:,} drained at {rate:,.0f} scans/s{beside} (medians of {args.rounds})")


if __name__ == "__main__":
    main()
