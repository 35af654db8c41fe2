"""From starting the handheld's program until its first scan beeps, and its memory then, beside OpenCV loaded alone.

By the clock, and in the time of one core: a shared machine's clock says little. A map of some size lies in its folder.
`python -m tests.bench.start [--rounds N] [--units N]`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path
from statistics import median
from typing import IO

import psutil

from scanner_client.clock import system_clock
from scanner_client.handheld import open_handheld
from tests.bench.site_map import load
from tests.end_to_end.forked import ROOT

Start = tuple[float, float, float]
"""Seconds by the clock, seconds of a core, megabytes held."""


def first_scan(home: Path) -> Start:
    """What it takes until the first scan is told."""
    words = ["scan", "--home", str(home), "--action", "inspect", "--location", "LOC:A-01", "--json"]
    begun = time.perf_counter()
    return _until_it_speaks([sys.executable, "-m", "scanner_client", *words], begun)


def opencv_alone() -> Start:
    """The same for a program that loads OpenCV and the decoder, and nothing else."""
    program = "import cv2, zxingcpp; print(input(), flush=True); input()"
    return _until_it_speaks([sys.executable, "-c", program], time.perf_counter())


def _until_it_speaks(command: list[str], begun: float) -> Start:
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    keys, told = _pipe(process.stdin), _pipe(process.stdout)
    try:
        keys.write(b"]d2010950600013435221S1\n")
        keys.flush()
        line = told.readline()
        seconds = time.perf_counter() - begun
        assert line, "it ended without a word"
        known = psutil.Process(process.pid)
        spent = known.cpu_times()
        return seconds, spent.user + spent.system, known.memory_info().rss / 1e6
    finally:
        process.kill()
        process.wait()
        keys.close()
        told.close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--units", type=int, default=100_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with open_handheld(home, system_clock()) as handheld:
            load(handheld, args.units)
        first_scan(home)  # compiled once, and read into memory
        pairs = [(first_scan(home), opencv_alone()) for _ in range(args.rounds)]
    for name, starts in zip(
        ("to the first scan", "OpenCV and the decoder alone"), zip(*pairs, strict=True), strict=True
    ):
        clock, core, memory = (median(values) for values in zip(*starts, strict=True))
        print(f"{name}: {clock:.2f} s by the clock, {core:.2f} s of a core, {memory:.0f} MB (medians of {args.rounds})")


if __name__ == "__main__":
    main()
