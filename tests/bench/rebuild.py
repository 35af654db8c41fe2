"""Everything folded anew while the server serves: units and events a second, memory, progress, and what a ping takes.

`python -m tests.bench.rebuild [--events N] [sqlite] [postgres]`.
"""

from __future__ import annotations

import subprocess
import sys
import time
from argparse import ArgumentParser
from tempfile import NamedTemporaryFile

import psutil

from tests.bench._databases import KINDS
from tests.bench._served import served
from tests.bench.check import asking, percentiles
from tests.bench.ingest import fill
from tests.end_to_end.forked import ROOT


def measure(kind: str, events: int) -> None:
    with served(kind) as (site, app), NamedTemporaryFile("w+", prefix="progress-") as progress:
        fill(app, events)
        ask = asking(site, lambda: "/readyz", {})
        command = [sys.executable, "-m", "flask", "--app", "server", "rebuild", "--all"]
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=site.environment(), stdout=subprocess.PIPE, stderr=progress, text=True
        )
        memory, answers = 0, []
        while process.poll() is None:
            memory = max(memory, psutil.Process(process.pid).memory_info().rss)
            asked = time.perf_counter()
            ask()
            answers.append(time.perf_counter() - asked)
            time.sleep(0.05)
        seconds = time.perf_counter() - begun
        told, _ = process.communicate()
        progress.seek(0)
        said = progress.read()
        assert process.returncode == 0, said
    p50, p99 = percentiles(answers)
    print(
        f"{kind}: {events:,} events folded anew in {seconds:.1f} s ({events / seconds:,.0f} events/s), at most "
        f"{memory / 1e6:.0f} MB, told {len(said.splitlines())} times how far; the server answered meanwhile in "
        f"{p50:.1f} / {p99:.1f} ms (p50 / p99). {told.strip()}"
    )


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("databases", nargs="*", default=KINDS)
    parser.add_argument("--events", type=int, default=50_000)
    args = parser.parse_args()
    for kind in args.databases:
        measure(kind, args.events)


if __name__ == "__main__":
    main()
